"""One delivered mail, as whoever looks at it has it."""

from __future__ import annotations

import email
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from functools import cached_property

from mentoring.mail_headers import READING


@dataclass(frozen=True)
class Sent:
    """A mail with the notice that it is; taken apart only where somebody looks into it."""

    at: datetime
    reader: str
    kind: str
    key: str
    raw: bytes

    @cached_property
    def message(self) -> EmailMessage:
        return parsed(self.raw)

    @property
    def has_calendar(self) -> bool:
        return b"text/calendar" in self.raw


def parsed(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(raw, policy=READING)

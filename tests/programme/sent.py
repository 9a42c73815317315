"""One delivered mail, as whoever looks at it has it."""

from __future__ import annotations

import email
import re
from base64 import b64decode
from binascii import a2b_qp
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from functools import cached_property

from icalendar import Calendar, Component

from mentoring.mail_headers import READING

_ZONES = re.compile(rb"BEGIN:VTIMEZONE\r\n.*END:VTIMEZONE\r\n", re.DOTALL)


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

    @cached_property
    def text(self) -> str:
        """The words of its text part."""
        return (content(self.raw, "text/plain") or b"").decode().replace("\r\n", "\n")

    @cached_property
    def ics(self) -> bytes | None:
        """Its calendar part, where it has one."""
        return content(self.raw, "text/calendar")

    @cached_property
    def calendar(self) -> Calendar:
        """That part read; the rules of its zones are left out, their names say enough here."""
        return Calendar.from_ical(_ZONES.sub(b"", self.ics or b""))

    @property
    def event(self) -> Component:
        return self.calendar.walk("VEVENT")[0]


def content(raw: bytes, kind: str) -> bytes | None:
    """The first part of a kind in a mail of ours: quicker than by all of its structure."""
    at = raw.find(b"\r\nContent-Type: " + kind.encode())
    if at < 0:
        return None
    begin = raw.index(b"\r\n\r\n", at)
    body = raw[begin + 4 : raw.index(b"\r\n--=_", begin)]
    head = raw[raw.rindex(b"\r\n--=_", 0, at) : begin].lower()
    if b"encoding: base64" in head:
        return b64decode(body)
    return a2b_qp(body) if b"encoding: quoted-printable" in head else body


def parsed(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(raw, policy=READING)

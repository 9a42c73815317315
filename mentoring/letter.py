"""A mail as it goes out: exact bytes."""

from __future__ import annotations

from dataclasses import dataclass

NOTICE = "X-Overlap-Notice"
"""The header that repeats the Message-ID, for providers that give mails one of their own."""


@dataclass(frozen=True)
class Letter:
    """One message for one recipient, serialised once: a retry sends the same bytes."""

    message_id: str
    sender: str
    recipient: str
    raw: bytes

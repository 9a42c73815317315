"""A mail as it goes out: exact bytes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Letter:
    """One message for one recipient, serialised once: a retry sends the same bytes."""

    message_id: str
    sender: str
    recipient: str
    raw: bytes

"""A mail server's report that a letter did not arrive (RFC 3464): whose, how, and which letter.

Only the machine's own part counts, never the words around it. Whether the report is believed is for
whoever knows the letters: it must name one by its Message-ID, which nobody can guess.
"""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message

from mentoring.letter import NOTICE
from mentoring.mail_headers import READING

_MOST_BLOCKS = 50
_STATUS = re.compile(r"\s*([245])\.(\d{1,3})\.(\d{1,3})\b")
_ID = re.compile(r"<[^<>\s]{3,250}>")
_WORDS = {
    "1.1": "no such mailbox",
    "1.2": "no such mail server",
    "1.3": "the address is not valid",
    "1.10": "the server takes no mail",
    "2.1": "the mailbox is closed",
    "2.2": "the mailbox is full",
    "4.4": "no way to the server",
    "7.1": "the server refuses our mail",
}


@dataclass(frozen=True)
class Failed:
    """One address that a report is about, in lower case; `status` as in RFC 3463, "5.1.1"."""

    address: str
    status: str
    lasting: bool

    @property
    def words(self) -> str:
        what = _WORDS.get(self.status.partition(".")[2], "the server can't deliver it")
        return f"it came back: {what} ({self.status})"


@dataclass(frozen=True)
class Bounce:
    """A delivery report: the letters that it may be about, by Message-ID, and whom it names."""

    about: tuple[str, ...]
    failed: tuple[Failed, ...]


def bounce_in(message: Message) -> Bounce | None:
    """The report in a mail; None for a mail that is no delivery report."""
    if message.get_content_type() != "multipart/report":
        return None
    parts = list(message.walk())
    reports = [p for p in parts if p.get_content_type() == "message/delivery-status"]
    if not reports:
        return None
    about = dict.fromkeys(number for part in parts for number in _letters(part))
    blocks = [block for report in reports for block in _blocks(report)][:_MOST_BLOCKS]
    failed = dict.fromkeys(found for block in blocks for found in _failed(block))
    return Bounce(tuple(about), tuple(failed))


def _blocks(report: Message) -> list[Message]:
    payload = report.get_payload()
    return [b for b in payload if isinstance(b, Message)] if isinstance(payload, list) else []


def _failed(block: Message) -> Iterator[Failed]:
    """Each of the addresses that a block names: the one we wrote to may be either."""
    action = str(block.get("Action", "")).strip().lower()
    status = _STATUS.match(str(block.get("Status", "")))
    if status is None or action not in ("failed", "delayed"):
        return
    lasting = action == "failed" and status[1] == "5"
    code = ".".join(str(int(part)) for part in status.groups())
    for name in ("Original-Recipient", "Final-Recipient"):
        kind, _, address = str(block.get(name, "")).partition(";")
        address = address.strip().strip("<>").lower()
        if kind.strip().lower() == "rfc822" and "@" in address:
            yield Failed(address, code, lasting)


def _letters(part: Message) -> Iterator[str]:
    """The Message-IDs of the letter that a part gives back, whole or by its header alone."""
    kind = part.get_content_type()
    if kind == "text/rfc822-headers":
        payload = part.get_payload(decode=True)
        raw = payload if isinstance(payload, bytes) else b""
        yield from _ids(email.message_from_bytes(raw, policy=READING))
    elif kind == "message/rfc822":
        payload = part.get_payload()
        for letter in payload if isinstance(payload, list) else []:
            yield from _ids(letter)


def _ids(letter: Message) -> Iterator[str]:
    for name in ("Message-ID", NOTICE):
        if found := _ID.search(str(letter.get(name, ""))):
            yield found[0]

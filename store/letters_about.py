"""Letters to somebody, or about them: found also inside the encodings of mails."""

from __future__ import annotations

import base64
import binascii
import codecs
import email
import email.policy
import re
import secrets
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.engine import Connection

from store.instants import instant
from store.outbox import QUEUED, SENDING, SENT, SUPERSEDED, UNKNOWN
from store.tables import HAS_WORDS, outbox

_OFF = "cancelled"
_OPEN = (QUEUED, SENDING)
_UNSETTLED = (QUEUED, "failed", "unknown")
_TOKEN = re.compile(r"[\w-]{24,}", re.ASCII)
_BATCH = 500


@dataclass(frozen=True)
class Said:
    """A letter that went out, or may have."""

    at: datetime
    kind: str
    recipient: str


def said_about(
    connection: Connection, address: str, uids: Collection[str], words: re.Pattern[str]
) -> list[Said]:
    """Letters to somebody, on their meetings, or that name them, as far as their words are kept."""
    numbers = {row[0] for row in _theirs(connection, address, uids)}
    out = outbox.c.state.in_((SENT, UNKNOWN))
    at = func.coalesce(outbox.c.sent_at, outbox.c.created_at)
    columns = (outbox.c.id, at, outbox.c.kind, outbox.c.recipient, outbox.c.raw)
    return [
        Said(instant(when), kind, recipient)
        for number, when, kind, recipient, raw in connection.execute(
            select(*columns).where(out).order_by(at, outbox.c.id)
        )
        if number in numbers or (raw and words.search(text_of(raw)))
    ]


def names_of(connection: Connection, address: str) -> set[str]:
    """By which names letters went to them."""
    query = select(outbox.c.raw).where(outbox.c.recipient == address, HAS_WORDS)
    found = set()
    for raw in connection.execute(query).scalars():
        heads = email.message_from_bytes(raw.partition(b"\r\n\r\n")[0], policy=email.policy.default)
        found |= {a.display_name for a in heads["To"].addresses} if heads["To"] else set()
    return found - {""}


def forget(
    connection: Connection, address: str, uids: Collection[str], words: re.Pattern[str]
) -> None:
    """Drop what need not go, and leave of the rest that is out the count alone.

    A cancellation still goes to both: neither is to wait for nobody. Letters to others in which
    they are named go too, and lose their words when they are out.
    """
    theirs = _theirs(connection, address, uids)
    for number, state, kind, recipient in theirs:
        if state == SENDING or (state == QUEUED and _must_go(kind, recipient, address)):
            continue
        _empty(connection, number, SUPERSEDED if state in _UNSETTLED else state)
    rest = select(outbox.c.id, outbox.c.raw).where(HAS_WORDS, outbox.c.state.not_in(_OPEN))
    for number, raw in connection.execute(rest).all():
        if words.search(text_of(raw)):
            connection.execute(outbox.update().where(outbox.c.id == number).values(raw=b""))


def _must_go(kind: str, recipient: str, address: str) -> bool:
    """A summary may tell of others too."""
    return kind == _OFF or (kind == "summary" and recipient != address)


def _theirs(
    connection: Connection, address: str, uids: Collection[str]
) -> list[tuple[int, str, str, str]]:
    """Letters to them, on their meetings, or with their address in the key."""
    key = re.compile(rf"(?<![\w.+-]){re.escape(address)}(?![\w-]|\.\w)")
    columns = (outbox.c.id, outbox.c.state, outbox.c.kind, outbox.c.recipient)
    likely = or_(outbox.c.recipient == address, outbox.c.key.contains(address, autoescape=True))
    query = select(*columns, outbox.c.key, outbox.c.uid)
    found = {}
    for which in (likely, *_batches(outbox.c.uid, uids)):
        for *row, name, uid in connection.execute(query.where(which)):
            if row[3] == address or uid in uids or key.search(name):
                found[row[0]] = (row[0], row[1], row[2], row[3])
    for uid in uids:  # keys of letters without a uid of their own, as of what could not be sent
        named = outbox.c.key.contains(uid, autoescape=True) & (outbox.c.uid == "")
        for number, *rest in connection.execute(select(*columns).where(named)):
            found[number] = (number, rest[0], rest[1], rest[2])
    return [found[number] for number in sorted(found)]


def _batches(column: ColumnElement[str], values: Collection[str]) -> Iterator[ColumnElement[bool]]:
    ordered = sorted(values)
    for start in range(0, len(ordered), _BATCH):
        yield column.in_(ordered[start : start + _BATCH])


def _empty(connection: Connection, number: int, state: str) -> None:
    """Leave a letter of which kind, when, and how it ended."""
    values = {"recipient": "", "message_id": "", "uid": "", "raw": b"", "error": ""}
    values |= {"key": f"forgotten:{secrets.token_hex(8)}", "state": state}
    connection.execute(outbox.update().where(outbox.c.id == number).values(**values))


def waiting_uids(connection: Connection, uids: Collection[str]) -> frozenset[str]:
    """Meetings of these on which a letter is still to go."""
    found: set[str] = set()
    for which in _batches(outbox.c.uid, uids):
        query = select(outbox.c.uid).where(which, outbox.c.state.in_(_OPEN))
        found |= set(connection.execute(query).scalars())
    return frozenset(found)


def waiting(
    connection: Connection, address: str, uids: Collection[str], words: re.Pattern[str]
) -> int:
    """How many letters to them, about their meetings, or that name them are still to go."""
    numbers = {row[0] for row in _theirs(connection, address, uids) if row[1] in _OPEN}
    query = select(outbox.c.id, outbox.c.raw).where(outbox.c.state.in_(_OPEN))
    for number, raw in connection.execute(query).all():
        if words.search(text_of(raw)):
            numbers.add(number)
    return len(numbers)


def text_of(raw: bytes) -> str:
    """Headers and every part of a mail as text, what signed links say inside too."""
    message = email.message_from_bytes(raw)  # the old policy is many times as fast
    text = "\n".join(_texts(message))
    whole = "\n".join((text, *map(_inside, _TOKEN.findall(text))))
    return " ".join(whole.split())  # lines are broken inside names too


def _texts(message: Message) -> Iterator[str]:
    for part in message.walk():
        yield from map(_header, part.values())
        if part.get_content_maintype() != "text":
            continue
        content = part.get_payload(decode=True)
        if isinstance(content, bytes):
            # Lines of calendars are folded.
            text = content.decode(_charset(part), "replace")
            yield text.replace("\r\n ", "").replace("\n ", "")


def _charset(part: Message) -> str:
    named = part.get_content_charset("utf-8")
    try:
        return codecs.lookup(named).name
    except LookupError:
        return "utf-8"


def _header(value: str) -> str:
    try:
        return str(make_header(decode_header(value)))
    except (LookupError, UnicodeDecodeError, HeaderParseError):
        return str(value)


def _inside(token: str) -> str:
    """The payload of a signed link, which is packed where that is shorter."""
    try:
        payload = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        return (zlib.decompress(payload) if payload[:1] == b"x" else payload).decode()
    except (binascii.Error, zlib.error, UnicodeDecodeError):
        return ""

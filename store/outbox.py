"""Rows of mail: queued with the state that causes it, sent once, kept as evidence.

queued → sending → sent | failed | unknown; superseded and expired leave the queue unsent.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, String, bindparam, exists, func, or_, select
from sqlalchemy.engine import Connection, Row

from mentoring.letter import Letter
from store.instants import instant, seconds
from store.tables import HAS_WORDS, outbox, received

QUEUED = "queued"
SENDING = "sending"
SENT = "sent"
FAILED = "failed"
UNKNOWN = "unknown"
SUPERSEDED = "superseded"
EXPIRED = "expired"
STATES = (QUEUED, SENDING, SENT, FAILED, UNKNOWN, SUPERSEDED, EXPIRED)


@dataclass(frozen=True)
class Queued:
    """A letter with what decides when it may go.

    `known_start` is when the reader thinks that the meeting is, where this letter changes that; at
    `expires_at` it has no use left.
    """

    id: int
    key: str
    kind: str
    letter: Letter
    uid: str
    attempts: int
    known_start: datetime | None
    expires_at: datetime | None
    since: datetime


_ADD = outbox.insert()
_CHANGE = outbox.update().where(outbox.c.id == bindparam("letter"))
_CLAIM = _CHANGE.where(outbox.c.state == QUEUED)


def enqueue(
    connection: Connection,
    *,
    key: str,
    kind: str,
    letter: Letter,
    now: datetime,
    uid: str = "",
    known_start: datetime | None = None,
    expires_at: datetime | None = None,
) -> None:
    """Queue a letter, under a key under which none was queued before."""
    row = {
        "key": key,
        "kind": kind,
        "recipient": letter.recipient,
        "message_id": letter.message_id,
        "raw": letter.raw,
        "uid": uid,
        "state": QUEUED,
        "created_at": seconds(now),
        "known_start": None if known_start is None else seconds(known_start),
        "expires_at": None if expires_at is None else seconds(expires_at),
    }
    connection.execute(_ADD, row)


_SAID = select(outbox.c.key).where(
    outbox.c.key >= bindparam("first"), outbox.c.key < bindparam("after")
)


def said(connection: Connection, prefix: str) -> frozenset[str]:
    """The keys of all letters ever queued that begin with this."""
    about = {"first": prefix, "after": prefix[:-1] + chr(ord(prefix[-1]) + 1)}
    return frozenset(connection.execute(_SAID, about).scalars())


_WITH_KEY = select(outbox.c.id).where(outbox.c.key == bindparam("key"))


def is_said(connection: Connection, key: str) -> bool:
    return connection.execute(_WITH_KEY, {"key": key}).first() is not None


_AMONG = select(outbox.c.key).where(outbox.c.key.in_(bindparam("keys")))


def said_among(connection: Connection, keys: Collection[str]) -> frozenset[str]:
    """Which of these keys were queued."""
    return frozenset(connection.execute(_AMONG, {"keys": list(keys)}).scalars())


def said_since(connection: Connection, prefix: str, since: datetime) -> list[tuple[str, datetime]]:
    """The keys that begin with this of letters queued since an instant, and when they were."""
    after = prefix[:-1] + chr(ord(prefix[-1]) + 1)
    query = (
        select(outbox.c.key, outbox.c.created_at)
        .where(outbox.c.key >= prefix, outbox.c.key < after, outbox.c.created_at >= seconds(since))
        .order_by(outbox.c.id)
    )
    return [(key, instant(at)) for key, at in connection.execute(query)]


def was_sent(connection: Connection, key: str) -> bool:
    """Whether the letter with this key went out, as far as anybody knows."""
    query = select(outbox.c.id).where(outbox.c.key == key, outbox.c.state.in_((SENT, UNKNOWN)))
    return connection.execute(query).first() is not None


_DUE = (
    select(outbox)
    .where(outbox.c.state == QUEUED, outbox.c.next_attempt <= bindparam("now"))
    .order_by(outbox.c.id)
)
_INTERRUPTED = select(outbox).where(outbox.c.state == SENDING).order_by(outbox.c.id)


def due(connection: Connection, sender: str, now: datetime) -> list[Queued]:
    """Queued letters whose next attempt has come, in the order they were queued."""
    rows = connection.execute(_DUE, {"now": seconds(now)})
    return [_queued(row, sender) for row in rows]


def interrupted(connection: Connection, sender: str) -> list[Queued]:
    """Letters that a process which is no more was sending."""
    return [_queued(row, sender) for row in connection.execute(_INTERRUPTED)]


def _queued(row: Row[Any], sender: str) -> Queued:
    return Queued(
        id=row.id,
        key=row.key,
        kind=row.kind,
        letter=Letter(row.message_id, sender, row.recipient, row.raw),
        uid=row.uid,
        attempts=row.attempts,
        known_start=instant(row.known_start),
        expires_at=instant(row.expires_at),
        since=instant(row.next_attempt),
    )


def claim(connection: Connection, letter: int, now: datetime) -> bool:
    """From here on the letter may be out: only evidence can tell after a crash.

    False where it is queued no more: another process has it, or it was taken back meanwhile.
    """
    values = {"state": SENDING, "error": "", "next_attempt": seconds(now)}
    return connection.execute(_CLAIM, {"letter": letter, **values}).rowcount == 1


def doubt(
    connection: Connection,
    since: datetime,
    now: datetime,
    *,
    sure_kinds: Collection[str],
    sure_readers: Collection[str],
) -> int:
    """Letters queued since an instant may be out already, but for these; returns how many."""
    doubted = connection.execute(
        outbox.update()
        .where(
            outbox.c.state == QUEUED,
            outbox.c.created_at >= seconds(since),
            outbox.c.kind.not_in(sure_kinds),
            outbox.c.recipient.not_in(sure_readers),
        )
        .values(state=SENDING, next_attempt=seconds(now))
    )
    return doubted.rowcount


def mark(
    connection: Connection,
    letter: int,
    state: str,
    *,
    error: str = "",
    sent_at: datetime | None = None,
) -> None:
    """Put a letter into a state."""
    values: dict[str, Any] = {"state": state, "error": error}
    if sent_at:
        values["sent_at"] = seconds(sent_at)
    connection.execute(_CHANGE, {"letter": letter, **values})


def put_off(
    connection: Connection, letter: int, state: str, *, error: str, next_attempt: datetime
) -> bool:
    """A letter was not taken: an attempt more. False where it was taken back meanwhile."""
    values = {"state": state, "error": error, "next_attempt": seconds(next_attempt)}
    open_ = (outbox.c.id == letter) & outbox.c.state.in_((QUEUED, SENDING))
    change = outbox.update().where(open_).values(attempts=outbox.c.attempts + 1, **values)
    return connection.execute(change).rowcount == 1


_SUPERSEDE = (
    outbox.update()
    .where(
        outbox.c.uid == bindparam("about"),
        outbox.c.recipient == bindparam("reader"),
        outbox.c.kind.in_(bindparam("kinds")),
        outbox.c.state == QUEUED,
    )
    .values(state=SUPERSEDED)
)


def supersede(connection: Connection, uid: str, recipient: str, kinds: Collection[str]) -> None:
    """Take letters on a meeting back that its reader has not got yet and needs no more."""
    about = {"about": uid, "reader": recipient, "kinds": list(kinds)}
    connection.execute(_SUPERSEDE, about)


def untouched(connection: Connection, sender: str, uid: str, recipient: str) -> Queued | None:
    """The newest letter that tells a reader of a meeting's time, if nobody tried to send it yet."""
    row = connection.execute(
        select(outbox)
        .where(
            outbox.c.uid == uid,
            outbox.c.recipient == recipient,
            outbox.c.kind.in_(("invite", "moved")),
            outbox.c.state == QUEUED,
            outbox.c.attempts == 0,
        )
        .order_by(outbox.c.id.desc())
    ).first()
    return _queued(row, sender) if row else None


def rewrite(connection: Connection, letter: int, raw: bytes) -> None:
    """Put other words into a letter that nobody tried to send yet."""
    connection.execute(
        outbox.update()
        .where(outbox.c.id == letter, outbox.c.state == QUEUED, outbox.c.attempts == 0)
        .values(raw=raw)
    )


def withdraw(connection: Connection, key: str) -> None:
    """Take one letter back, if it is still queued."""
    connection.execute(
        outbox.update()
        .where(outbox.c.key == key, outbox.c.state == QUEUED)
        .values(state=SUPERSEDED)
    )


_KNOWN_START = (
    select(outbox.c.expires_at)
    .where(
        outbox.c.uid == bindparam("about"),
        outbox.c.recipient == bindparam("reader"),
        outbox.c.kind.in_(("invite", "moved", "event", "event_moved")),
        outbox.c.state.in_((SENT, SENDING, UNKNOWN)),
    )
    .order_by(outbox.c.id.desc())
    .limit(1)
)


def known_start(connection: Connection, uid: str, recipient: str) -> datetime | None:
    """When this reader thinks that a meeting is; None where they never heard of it.

    An invite has no use left once its meeting starts, so its expiry is that start.
    """
    about = {"about": uid, "reader": recipient}
    return instant(connection.execute(_KNOWN_START, about).scalar())


def count(connection: Connection, state: str) -> int:
    found = select(func.count()).select_from(outbox).where(outbox.c.state == state)
    return connection.execute(found).scalar_one()


_MESSAGE = bindparam("message", type_=String)
_IF_NEW = select(_MESSAGE, bindparam("at", type_=BigInteger)).where(
    ~exists().where(received.c.message == _MESSAGE)
)
_NOTE = received.insert().from_select(["message", "at"], _IF_NEW).returning(received.c.at)


def remember(connection: Connection, message: str, now: datetime) -> bool:
    """Note that an incoming message was dealt with; False where it was before."""
    noted = connection.execute(_NOTE, {"message": message, "at": seconds(now)})
    return noted.first() is not None


@dataclass(frozen=True)
class Lost:
    """A letter that its reader did not get, or may not have got, and why."""

    key: str
    kind: str
    recipient: str
    state: str
    error: str


_LOST = (
    select(outbox.c.key, outbox.c.kind, outbox.c.recipient, outbox.c.state, outbox.c.error)
    .where(outbox.c.state.in_((FAILED, UNKNOWN)))
    .order_by(outbox.c.id)
)


def lost(connection: Connection) -> list[Lost]:
    """Letters that were refused for good or are in doubt."""
    return [Lost(*row) for row in connection.execute(_LOST)]


_BLANK = (
    outbox.update()
    .where(
        or_(
            outbox.c.created_at < bindparam("before"),
            outbox.c.kind.in_(bindparam("kinds")),
        ),
        outbox.c.state.not_in((QUEUED, SENDING)),
        HAS_WORDS,
    )
    .values(raw=b"")
)


def blank(connection: Connection, before: datetime, at_once: Collection[str]) -> None:
    """Forget the words of letters that wait no more and were queued before an instant, of some
    kinds whenever they were; what else the rows say is evidence, and stays."""
    connection.execute(_BLANK, {"before": seconds(before), "kinds": list(at_once)})


_FORGET_RECEIVED = received.delete().where(received.c.at < bindparam("before"))


def forget_received(connection: Connection, before: datetime) -> None:
    connection.execute(_FORGET_RECEIVED, {"before": seconds(before)})

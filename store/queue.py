"""The outbox as the coordinator sees it: to whom, of which kind, how it stands; never the words."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.engine import Connection

from mentoring.meeting import State
from store.instants import instant, seconds
from store.outbox import FAILED, QUEUED, SENDING, SENT, SUPERSEDED, UNKNOWN
from store.tables import HAS_WORDS, meetings, outbox

OPEN = (FAILED, UNKNOWN, SENDING, QUEUED)
"""States that are not settled, those that need somebody first."""
LOST = (FAILED, UNKNOWN)
_TIMES = ("invite", "moved", "cancelled", "event", "event_moved", "event_off")


@dataclass(frozen=True)
class Item:
    """One letter. `attempts` were made; the next is due at `next_attempt`."""

    id: int
    kind: str
    recipient: str
    uid: str
    state: str
    created_at: datetime
    next_attempt: datetime
    expires_at: datetime | None
    known_start: datetime | None
    sent_at: datetime | None
    attempts: int
    error: str


_COLUMNS = tuple(outbox.c[name] for name in Item.__dataclass_fields__)


def page(
    connection: Connection,
    states: Collection[str],
    first: int,
    most: int,
    recipients: Collection[str] = (),
) -> list[Item]:
    """Letters in these states, those that need somebody first, the newest first."""
    query = select(*_COLUMNS).where(outbox.c.state.in_(states))
    if recipients:
        query = query.where(outbox.c.recipient.in_(recipients))
    order = (outbox.c.state.not_in(LOST), outbox.c.id.desc())
    rows = connection.execute(query.order_by(*order).offset(first).limit(most))
    return [_item(row) for row in rows]


def _item(row: Row[Any]) -> Item:
    values = dict(row._mapping)
    for name in ("created_at", "next_attempt", "expires_at", "known_start", "sent_at"):
        values[name] = instant(values[name])
    return Item(**values)


def count(connection: Connection, states: Collection[str]) -> int:
    query = select(func.count()).select_from(outbox).where(outbox.c.state.in_(states))
    counted: int = connection.execute(query).scalar_one()
    return counted


def by_id(connection: Connection, number: int) -> Item | None:
    row = connection.execute(select(*_COLUMNS).where(outbox.c.id == number)).first()
    return _item(row) if row else None


def is_outdated(connection: Connection, item: Item) -> bool:
    """Whether a later letter tells the same reader of the same time, or the meeting is off.

    Who never heard of a meeting gets no cancellation either, so that no later letter says it.
    """
    if not item.uid:
        return False
    if item.kind != "cancelled" and _is_off(connection, item.uid):
        return True
    query = select(outbox.c.id).where(
        outbox.c.uid == item.uid,
        outbox.c.recipient == item.recipient,
        outbox.c.kind.in_(_TIMES),
        outbox.c.id > item.id,
        outbox.c.state.in_((SENT, *OPEN)),
    )
    return connection.execute(query).first() is not None


def _is_off(connection: Connection, uid: str) -> bool:
    query = select(meetings.c.uid).where(meetings.c.uid == uid, meetings.c.state == State.CANCELLED)
    return connection.execute(query).first() is not None


def resend(connection: Connection, number: int, now: datetime) -> bool:
    """Queue a letter again that was refused or is in doubt: the same bytes and Message-ID.

    False where it is in another state by now, or its words were deleted.
    """
    changed = connection.execute(
        outbox.update()
        .where(outbox.c.id == number, outbox.c.state.in_(LOST), HAS_WORDS)
        .values(state=QUEUED, next_attempt=seconds(now), attempts=0, error="", chained=False)
    )
    return changed.rowcount == 1


def settle(connection: Connection, number: int, now: datetime) -> bool:
    """One in doubt counts as sent from here on, a refused one as taken back; False for others.

    So who may have heard of a meeting in a letter in doubt still hears when it is off.
    """
    for state, values in (
        (UNKNOWN, {"state": SENT, "sent_at": seconds(now)}),
        (FAILED, {"state": SUPERSEDED}),
    ):
        changed = connection.execute(
            outbox.update()
            .where(outbox.c.id == number, outbox.c.state == state)
            .values(**values, error="settled by the coordinator")
        )
        if changed.rowcount == 1:
            return True
    return False


def skip(connection: Connection, number: int) -> bool:
    """Take a letter out of the queue; False where it is not in it any more."""
    changed = connection.execute(
        outbox.update()
        .where(outbox.c.id == number, outbox.c.state == QUEUED)
        .values(state=SUPERSEDED, error="skipped by the coordinator")
    )
    return changed.rowcount == 1

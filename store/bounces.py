"""Rows of addresses that mail came back from."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.engine import Connection

from store.instants import instant, seconds
from store.outbox import FAILED, SENT, UNKNOWN
from store.tables import outbox
from store.tables_bounces import bounces


@dataclass(frozen=True)
class Paused:
    """An address that gets no mail: since when, and what its server said."""

    address: str
    since: datetime
    reason: str


@dataclass(frozen=True)
class Gone:
    """A letter that left us: it may have come back."""

    id: int
    key: str
    recipient: str
    sent_at: datetime | None


_PAUSED = select(bounces).where(bounces.c.lifted_at.is_(None)).order_by(bounces.c.address)


def paused(connection: Connection) -> list[Paused]:
    """Every address that gets no mail now, by name."""
    rows = connection.execute(_PAUSED)
    return [Paused(row.address, instant(row.since), row.reason) for row in rows]


def pause(connection: Connection, address: str, reason: str, now: datetime) -> bool:
    """Mail no more to an address; False where none was mailed before."""
    known = select(bounces.c.address).where(
        bounces.c.address == address, bounces.c.lifted_at.is_(None)
    )
    if connection.execute(known).first():
        return False
    connection.execute(bounces.delete().where(bounces.c.address == address))
    values = {"address": address, "since": seconds(now), "reason": reason}
    connection.execute(bounces.insert().values(**values))
    return True


def lift(connection: Connection, address: str, now: datetime) -> bool:
    """Mail to an address again; False where it was not paused."""
    changed = connection.execute(
        bounces.update()
        .where(bounces.c.address == address, bounces.c.lifted_at.is_(None))
        .values(lifted_at=seconds(now))
    )
    return changed.rowcount == 1


def lifted_at(connection: Connection, address: str) -> datetime | None:
    """When mail to an address was last allowed again: older letters say nothing any more."""
    query = select(bounces.c.lifted_at).where(bounces.c.address == address)
    return instant(connection.execute(query).scalar())


def left(connection: Connection, message_ids: Collection[str]) -> list[Gone]:
    """The letters by these Message-IDs that are out, as far as anybody knows."""
    query = select(outbox.c.id, outbox.c.key, outbox.c.recipient, outbox.c.sent_at).where(
        outbox.c.message_id.in_(message_ids), outbox.c.state.in_((SENT, UNKNOWN, FAILED))
    )
    return [Gone(r.id, r.key, r.recipient, instant(r.sent_at)) for r in connection.execute(query)]

"""Rows of who asked to be forgotten: while something is still to be sent, and thirty days after."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.engine import Connection

from store.instants import seconds
from store.tables_privacy import forgetting, forgotten


def ask(connection: Connection, person: str, mark: str, now: datetime) -> None:
    """Note that this person is being forgotten; `mark` is a keyed digest of their address."""
    done(connection, person)
    connection.execute(forgetting.insert().values(person=person, asked_at=seconds(now), waiting=-1))
    connection.execute(forgotten.delete().where(forgotten.c.mark == mark))
    connection.execute(forgotten.insert().values(mark=mark, at=seconds(now)))


_ASKED = select(forgetting.c.person, forgetting.c.waiting)
_MARKED = select(forgotten.c.mark).where(forgotten.c.at >= bindparam("since"))


def asked(connection: Connection) -> dict[str, int]:
    """Of whom something is still kept, since so many letters are still to be sent."""
    rows = connection.execute(_ASKED)
    return {row.person: row.waiting for row in rows}


def waits(connection: Connection, person: str, letters: int) -> None:
    """Note for how many letters it waits; for none, it is done."""
    if not letters:
        done(connection, person)
    mine = forgetting.update().where(forgetting.c.person == person)
    connection.execute(mine.values(waiting=letters))


def done(connection: Connection, person: str) -> None:
    connection.execute(forgetting.delete().where(forgetting.c.person == person))


def is_marked(connection: Connection, mark: str) -> bool:
    query = select(forgotten.c.mark).where(forgotten.c.mark == mark)
    return connection.execute(query).first() is not None


def marked_since(connection: Connection, since: datetime) -> frozenset[str]:
    return frozenset(connection.execute(_MARKED, {"since": seconds(since)}).scalars())


_PRUNE = forgotten.delete().where(forgotten.c.at < bindparam("before"))


def prune(connection: Connection, before: datetime) -> None:
    """Forget who was forgotten before an instant."""
    connection.execute(_PRUNE, {"before": seconds(before)})

"""Rows of meetings whose date a partner keeps from their own supervisor: counted, never dated."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.engine import Connection

from store.instants import seconds
from store.tables_supervision import private_meetings


def mark(connection: Connection, uid: str, person: str, now: datetime) -> None:
    """Keep a meeting's date from this person's supervisor."""
    unmark(connection, uid, person)
    connection.execute(private_meetings.insert().values(uid=uid, person=person, at=seconds(now)))


def unmark(connection: Connection, uid: str, person: str) -> None:
    connection.execute(
        private_meetings.delete().where(
            private_meetings.c.uid == uid, private_meetings.c.person == person
        )
    )


def marked(connection: Connection, person: str) -> frozenset[str]:
    """The UIDs of the meetings that this person marked."""
    query = select(private_meetings.c.uid).where(private_meetings.c.person == person)
    return frozenset(connection.execute(query).scalars())

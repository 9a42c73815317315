"""Rows of what partners bring to a meeting and mean to do after it: for the two alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.engine import Connection

from mentoring.agenda import Item, ItemKind, Step
from store.instants import seconds
from store.tables import meetings
from store.tables_programme import agenda, next_steps

_ITEMS = select(agenda).where(agenda.c.uid == bindparam("which")).order_by(agenda.c.id)


def items(connection: Connection, uid: str) -> list[Item]:
    """A meeting's items, in the order they were added."""
    rows = connection.execute(_ITEMS, {"which": uid})
    return [Item(row.id, row.person, ItemKind(row.kind), row.text) for row in rows]


def add(
    connection: Connection, uid: str, person: str, kind: ItemKind, text: str, now: datetime
) -> None:
    connection.execute(
        agenda.insert().values(uid=uid, person=person, kind=kind, text=text, at=seconds(now))
    )


def remove(connection: Connection, uid: str, person: str, number: int) -> None:
    """Take an item of this person's away; another's stays."""
    connection.execute(
        agenda.delete().where(agenda.c.id == number, agenda.c.uid == uid, agenda.c.person == person)
    )


def steps(connection: Connection, uid: str) -> list[Step]:
    """What the two mean to do after a meeting, in the order they wrote it."""
    query = select(next_steps).where(next_steps.c.uid == uid).order_by(next_steps.c.id)
    return [Step(row.person, row.text) for row in connection.execute(query)]


def set_steps(
    connection: Connection, uid: str, person: str, texts: Sequence[str], now: datetime
) -> None:
    """Put one partner's next steps in the place of what they wrote before."""
    own = (next_steps.c.uid == uid) & (next_steps.c.person == person)
    connection.execute(next_steps.delete().where(own))
    for text in texts:
        connection.execute(
            next_steps.insert().values(uid=uid, person=person, text=text, at=seconds(now))
        )


_OVER = select(meetings.c.uid).where(meetings.c.end <= bindparam("by"))
_FORGET_OVER = [table.delete().where(table.c.uid.in_(_OVER)) for table in (agenda, next_steps)]


def purge(connection: Connection, ended_by: datetime) -> int:
    """Forget what was written for meetings that ended by an instant; how many rows that was."""
    about = {"by": seconds(ended_by)}
    return sum(connection.execute(forget, about).rowcount for forget in _FORGET_OVER)

"""Rows of what partners said of a meeting after it, and of how they say it is going."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import bindparam, func, select
from sqlalchemy.engine import Connection

from mentoring.met import Pulse, Said
from store.instants import instant, seconds
from store.tables_programme import logs, pulses

_SAID = select(logs).where(logs.c.uid == bindparam("which"))
_SAID_OF = (
    select(logs).where(logs.c.uid.in_(bindparam("which"))).order_by(logs.c.uid, logs.c.person)
)
_DROP = logs.delete().where(logs.c.uid == bindparam("which"), logs.c.person == bindparam("whose"))
_ADD = logs.insert()


def said(connection: Connection, uid: str) -> dict[str, Said]:
    """Each partner's word on a meeting, by their address."""
    rows = connection.execute(_SAID, {"which": uid})
    return {row.person: Said(row.met, row.minutes) for row in rows}


def said_of(connection: Connection, uids: Iterable[str]) -> dict[str, tuple[Said, ...]]:
    """The words on each of these meetings that anybody spoke of, by UID."""
    found: dict[str, tuple[Said, ...]] = {}
    for row in connection.execute(_SAID_OF, {"which": list(uids)}):
        found[row.uid] = (*found.get(row.uid, ()), Said(row.met, row.minutes))
    return found


def say(connection: Connection, uid: str, person: str, word: Said, now: datetime) -> None:
    """Note a partner's word; a later one takes its place."""
    connection.execute(_DROP, {"which": uid, "whose": person})
    said = {"met": word.met, "minutes": word.minutes, "at": seconds(now)}
    connection.execute(_ADD, {"uid": uid, "person": person, **said})


def last_pulse(connection: Connection, mentor: str, mentee: str, person: str) -> datetime | None:
    """When a partner last said how it is going."""
    query = select(func.max(pulses.c.at)).where(
        pulses.c.mentor == mentor, pulses.c.mentee == mentee, pulses.c.person == person
    )
    return instant(connection.execute(query).scalar())


def add_pulse(
    connection: Connection, mentor: str, mentee: str, person: str, value: Pulse, now: datetime
) -> None:
    connection.execute(
        pulses.insert().values(
            mentor=mentor, mentee=mentee, person=person, at=seconds(now), value=value
        )
    )

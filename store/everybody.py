"""What is kept of many people at once, each kind in one query."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import groupby

from sqlalchemy import bindparam, func, select
from sqlalchemy.engine import Connection

from mentoring.grid import Span
from mentoring.interval import Interval
from mentoring.meeting import State
from mentoring.programme_events import Rsvp
from store.booking import IS_LIVE
from store.busy_bits import among
from store.instants import seconds
from store.tables import busy, meetings
from store.tables_programme import rsvps

_TAKEN = select(meetings.c.mentor, meetings.c.mentee, meetings.c.start, meetings.c.end).where(
    IS_LIVE,
    meetings.c.end > bindparam("first"),
    meetings.c.start < bindparam("last"),
)


def taken(connection: Connection, window: Interval) -> dict[str, list[Span]]:
    """The live meetings that reach into the window, by each of their two people."""
    about = {"first": seconds(window.start), "last": seconds(window.end)}
    rows = connection.execute(_TAKEN, about)
    found: dict[str, list[Span]] = {}
    for mentor, mentee, start, end in rows:
        found.setdefault(mentor, []).append((start, end))
        found.setdefault(mentee, []).append((start, end))
    return found


def borne(connection: Connection, people: Collection[str]) -> dict[str, float]:
    """The awkward minutes that people have borne in meetings not called off."""
    found: dict[str, float] = {}
    for role, edge in ((meetings.c.mentor, "edge_mentor"), (meetings.c.mentee, "edge_mentee")):
        rows = connection.execute(
            select(role, func.sum(meetings.c[edge]))
            .where(meetings.c.state != State.CANCELLED, among(role, people))
            .group_by(role)
        )
        for person, minutes in rows:
            found[person] = found.get(person, 0.0) + minutes
    return found


def busy_spans(
    connection: Connection, people: Collection[str], window: Interval
) -> Iterator[tuple[str, list[Span]]]:
    """The busy stretches that reach into the window, one person after the other."""
    rows = connection.execute(
        select(busy.c.person, busy.c.start, busy.c.end)
        .where(
            among(busy.c.person, people),
            busy.c.end > seconds(window.start),
            busy.c.start < seconds(window.end),
        )
        .order_by(busy.c.person)
    )
    for person, group in groupby(rows, key=lambda row: row.person):
        yield person, [(start, end) for _, start, end in group]


def absent(connection: Connection) -> dict[str, frozenset[str]]:
    """Who said no, by programme event."""
    query = select(rsvps.c.event, rsvps.c.person).where(rsvps.c.answer == Rsvp.ABSENT)
    found: dict[str, set[str]] = {}
    for event, person in connection.execute(query):
        found.setdefault(event, set()).add(person)
    return {event: frozenset(people) for event, people in found.items()}

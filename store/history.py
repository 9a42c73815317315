"""What became of meetings, for strips and charts: dates and states, never a word of anybody's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select, tuple_
from sqlalchemy.engine import Connection

from mentoring.meeting import LIVE, State
from store import tallies
from store.booking import MEETING
from store.instants import instant, seconds
from store.overview import Key
from store.tables import meetings
from store.tables_programme import pulses
from store.tallies import Tally

_WEEK = 7 * 24 * 60 * 60


@dataclass(frozen=True)
class Past:
    """One meeting. `assumed` marks one that is held by nobody's word."""

    number: int
    state: State
    start: datetime
    end: datetime
    assumed: bool
    on_site: bool


@dataclass(frozen=True)
class Pulse:
    """How a partner said it is going."""

    person: str
    at: datetime
    value: str


def of_pairs(connection: Connection, keys: Sequence[Key]) -> dict[Key, list[Past]]:
    """The meetings of these pairs, first to last; briefings are none."""
    columns = meetings.c
    query = (
        select(
            columns.mentor,
            columns.mentee,
            columns.number,
            columns.state,
            columns.start,
            columns.end,
            columns.assumed,
            columns.on_site,
        )
        .where(tuple_(columns.mentor, columns.mentee).in_(keys), columns.kind == MEETING)
        .order_by(columns.start)
    )
    found: dict[Key, list[Past]] = {}
    for a, b, number, state, start, end, assumed, on_site in connection.execute(query):
        past = Past(number, State(state), instant(start), instant(end), assumed, on_site)
        found.setdefault((a, b), []).append(past)
    return found


@dataclass(frozen=True)
class Counts:
    """The whole cohort's meetings of one week."""

    held: int
    assumed: int
    missed: int
    planned: int

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.held + other.held,
            self.assumed + other.assumed,
            self.missed + other.missed,
            self.planned + other.planned,
        )


_NONE = Counts(0, 0, 0, 0)


def by_week(connection: Connection, first: datetime) -> dict[int, Counts]:
    """The cohort's meetings by the number of the week since `first`, from 0."""
    columns = meetings.c
    week = (columns.start - seconds(first)) // _WEEK
    held = columns.state == State.HELD

    def count(condition: object) -> object:
        return func.sum(case((condition, 1), else_=0))  # type: ignore[arg-type]

    query = (
        select(
            week.label("week"),
            count(held & ~columns.assumed),
            count(held & columns.assumed),
            count(columns.state == State.MISSED),
            count(columns.state.in_((State.CONFIRMED, State.PROPOSED))),
        )  # type: ignore[call-overload]
        .where(columns.kind == MEETING, columns.start >= seconds(first))
        .group_by("week")
    )
    found = {int(number): Counts(*row) for number, *row in connection.execute(query)}
    for tally in tallies.of_kind(connection, MEETING):
        number = (seconds(tally.noon(first.tzinfo)) - seconds(first)) // _WEEK
        if number >= 0:
            found[number] = found.get(number, _NONE) + _counted(tally)
    return found


def held_between(connection: Connection, first: datetime, last: datetime) -> int:
    """How many meetings that began in [first, last) the whole cohort held."""
    query = select(func.count()).where(
        meetings.c.kind == MEETING,
        meetings.c.state == State.HELD,
        meetings.c.start >= seconds(first),
        meetings.c.start < seconds(last),
    )
    count: int = connection.execute(query).scalar_one()
    return count + sum(
        tally.meetings
        for tally in tallies.of_kind(connection, MEETING)
        if tally.state == State.HELD and first <= tally.noon(first.tzinfo) < last
    )


def _counted(tally: Tally) -> Counts:
    held, number = tally.state == State.HELD, tally.meetings
    return Counts(
        held=number if held and not tally.assumed else 0,
        assumed=number if held and tally.assumed else 0,
        missed=number if tally.state == State.MISSED else 0,
        planned=number if tally.state in LIVE else 0,
    )


def pulses_of(connection: Connection, mentor: str, mentee: str) -> list[Pulse]:
    """What the two said of how it goes, the newest first."""
    query = (
        select(pulses.c.person, pulses.c.at, pulses.c.value)
        .where(pulses.c.mentor == mentor, pulses.c.mentee == mentee)
        .order_by(pulses.c.at.desc())
    )
    return [Pulse(person, instant(at), value) for person, at, value in connection.execute(query)]

"""What became of meetings, for strips and charts: dates and states, never a word of anybody's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select, tuple_
from sqlalchemy.engine import Connection

from mentoring.meeting import State
from store.instants import instant, seconds
from store.meetings import MEETING
from store.overview import Key
from store.tables import meetings
from store.tables_programme import pulses

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
    return {int(number): Counts(*row) for number, *row in connection.execute(query)}


def pulses_of(connection: Connection, mentor: str, mentee: str) -> list[Pulse]:
    """What the two said of how it goes, the newest first."""
    query = (
        select(pulses.c.person, pulses.c.at, pulses.c.value)
        .where(pulses.c.mentor == mentor, pulses.c.mentee == mentee)
        .order_by(pulses.c.at.desc())
    )
    return [Pulse(person, instant(at), value) for person, at, value in connection.execute(query)]

"""Programmes of any size with full calendars: the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from mentoring.grid import Span
from mentoring.hours import parse_hours
from mentoring.interval import Interval
from mentoring.roster import (
    Agreement,
    DateException,
    ExceptionKind,
    Mailbox,
    Pair,
    Person,
    Programme,
    Roster,
    Settings,
)
from service.sync import url_digest
from service.work import Outside, Work
from store import busy_bits, calendars
from store.calendars import OK, Calendar
from store.database import migrate, open_engine

NOW = datetime(2027, 1, 11, 13, 7, tzinfo=UTC)
DAY = timedelta(days=1)
BUSY_A_DAY = 6
ZONES = (
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Halifax",
    "America/Phoenix",
)
HOURS = (
    "Mon-Fri 09:00-17:00",
    "Mon-Thu 08:00-12:00, 13:00-17:00; Fri 08:00-12:00",
    "Mon-Fri 07:30-16:00",
    "Tue-Sat 10:00-18:30",
)
REGIONS = ("US", "US-CA", "CA", "")
_INSERT = 'INSERT INTO busy (person, item, start, "end") VALUES (?, ?, ?, ?)'
ORGANISER = Mailbox("Mentoring Office", "mentoring@example.org")


def person(number: int, chance: random.Random) -> Person:
    """One of many: every tenth is away for a week, so shares the rule of nobody."""
    away = NOW.date() + chance.randrange(3, 25) * DAY
    leave = DateException(ExceptionKind.OFF, away, away + 6 * DAY, "leave")
    return Person(
        f"person{number}@example.org",
        f"Person {number}",
        chance.choice(ZONES),
        parse_hours(chance.choice(HOURS)),
        holidays=chance.choice(REGIONS),
        calendar="file:x.ics",
        exceptions=(leave,) if number % 10 == 0 else (),
    )


def calendar(begin: datetime, days: int, chance: random.Random) -> list[Span]:
    """Six entries a day, at any minute of local American daytime, sorted by their begin."""
    first = int(begin.timestamp()) // 86_400 * 86_400
    found = []
    for day in range(days):
        for _ in range(BUSY_A_DAY):
            start = first + day * 86_400 + 60 * chance.randrange(12 * 60, 26 * 60)
            found.append((start, start + 60 * chance.choice((15, 25, 30, 30, 60, 60, 90))))
    return sorted(found)


def roster(pairs: int, seed: int = 1) -> Roster:
    """So many pairs: every mentor has two mentees or three."""
    chance = random.Random(seed)
    mentors = [person(number, chance) for number in range(max(1, pairs * 2 // 5))]
    mentees = [person(len(mentors) + number, chance) for number in range(pairs)]
    agreement = Agreement(horizon=timedelta(days=30))
    begin, end = NOW.date() - 30 * DAY, date(2027, 7, 30)
    found = tuple(
        Pair(mentors[number % len(mentors)].email, mentee.email, begin, end, agreement)
        for number, mentee in enumerate(mentees)
    )
    programme = Programme(
        "Bench", ORGANISER, "America/New_York", begin, end, "coordinator@example.org", "US"
    )
    people = {one.email: one for one in (*mentors, *mentees)}
    return Roster(programme, agreement, "month", Settings(), people, found)


@dataclass(frozen=True)
class Filled:
    """A programme in a store of its own; `busy` are everybody's stretches as they were written."""

    work: Work
    busy: dict[str, list[Span]]


def filled(folder: Path, pairs: int, days: int = 30, seed: int = 1) -> Filled:
    """A SQLite store in the folder with a calendar for everybody, read just now."""
    whole = roster(pairs, seed)
    engine = open_engine(make_url(f"sqlite:///{folder}/bench.db"))
    migrate(engine, now=NOW)
    chance = random.Random(seed + 1)
    known = {email: calendar(NOW + 2 * DAY, days, chance) for email in whole.people}
    _write(engine, whole, known)
    work = Work(whole, engine, cast(Outside, None), NOW, bytes(32))
    return Filled(work, known)


def _write(engine: Engine, whole: Roster, known: dict[str, list[Span]]) -> None:
    """What a reading of each calendar writes, in one transaction."""
    with engine.begin() as connection:
        cursor: Any = connection.connection.cursor()
        cursor.executemany(_INSERT, _rows(known))
        for email, spans in known.items():
            digest = url_digest(whole.people[email])
            calendars.save(connection, Calendar(email, digest, OK, NOW))
            busy_bits.write(connection, email, spans, NOW)


def _rows(known: dict[str, list[Span]]) -> Iterator[tuple[str, str, int, int]]:
    for email, spans in known.items():
        for number, (start, end) in enumerate(spans):
            yield email, str(number), start, end


def as_intervals(spans: list[Span]) -> tuple[Interval, ...]:
    return tuple(
        Interval(datetime.fromtimestamp(a, UTC), datetime.fromtimestamp(b, UTC)) for a, b in spans
    )

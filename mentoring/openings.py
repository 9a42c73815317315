"""The days on which a pair could meet, over its whole term, and the weeks in which it hardly can.

What is known far ahead counts: hours, holidays, leave, deadlines, pauses. Calendars are read for a
few weeks only, so an entry in one closes no day here; what entries do shows in a pair's record.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property, lru_cache
from statistics import median
from zoneinfo import ZoneInfo

from mentoring.availability import is_holiday
from mentoring.grid import SECONDS, Grid, quarters_in, starts
from mentoring.interval import Interval
from mentoring.roster import DateException, ExceptionKind, Pair, Person
from mentoring.worktime import common

_DAY, _WEEK = timedelta(days=1), timedelta(weeks=1)
_WEAK = 1 / 3
"""A week with no more than this share of the pair's usual days is weak."""


@dataclass(frozen=True)
class Openings:
    """`days` are those on which the pair could meet, sorted; from the Monday `first` to `last`."""

    first: date
    last: date
    days: tuple[date, ...]

    def after(self, day: date) -> int:
        """How many of the days lie before this one: the place of the first that does not."""
        return bisect_left(self.days, day)

    def near(self, due: date, earliest: date) -> int | None:
        """The place of the open day nearest to `due`, not before `earliest`; the earlier of two."""
        later = self.after(max(due, earliest))
        sooner = later - 1
        if later < len(self.days) and self.days[later] == due:
            return later
        if sooner < 0 or self.days[sooner] < earliest:
            return later if later < len(self.days) else None
        if later == len(self.days) or due - self.days[sooner] <= self.days[later] - due:
            return sooner
        return later

    @cached_property
    def a_week(self) -> int:
        """On how many days of its usual week the pair could meet."""
        return int(median(self.in_week(monday) for monday in self._mondays(self.first)))

    def in_rhythm(self, every: timedelta) -> float:
        """On how many days of a usual stretch so long the pair could meet; 1 at the least."""
        return max(1.0, every / _WEEK * self.a_week)

    def in_week(self, monday: date) -> int:
        return self.after(monday + _WEEK) - self.after(monday)

    def weak_weeks(self, today: date, end: date) -> list[date]:
        """The Mondays of the weeks from today's to the end's in which a meeting is unlikely."""
        most = int(self.a_week * _WEAK)
        return [
            monday
            for monday in self._mondays(monday_of(max(today, self.first)))
            if monday <= end and self.in_week(monday) <= most
        ]

    def _mondays(self, monday: date) -> Iterator[date]:
        while monday <= self.last:
            yield monday
            monday += _WEEK


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def openings(pair: Pair, people: tuple[Person, Person], zone: str) -> Openings:
    """The days of `zone` on which a meeting as they agreed it lies inside both people's hours.

    From the week of the pair's start to a rhythm past its end: what lies beyond decides where the
    last meeting is put.
    """
    first = monday_of(pair.start)
    last = monday_of(pair.end + pair.agreement.every) + _WEEK - _DAY
    tz = ZoneInfo(zone)
    window = Interval(_midnight(first, tz), _midnight(last + _DAY, tz))
    free = starts(common(*people, Grid.over(window)), quarters_in(pair.agreement.minutes))
    days = _with_start(first, last, tz, free)
    if pair.pauses:
        days = tuple(d for d in days if not any(p.first <= d <= p.last for p in pair.pauses))
    return Openings(first, last, days)


@lru_cache(maxsize=1024)
def _with_start(first: date, last: date, tz: ZoneInfo, free: int) -> tuple[date, ...]:
    """The days, both included, in which a bit is set; the first bit begins at the first midnight.

    Kept: a pair's hours over its whole term stay for months what they are.
    """
    days = [first + number * _DAY for number in range((last - first).days + 2)]
    edges = [int(_midnight(day, tz).timestamp()) for day in days]
    # The grid begins at the first whole quarter hour.
    offset = -(-edges[0] // SECONDS)
    bits = [max(0, edge // SECONDS - offset) for edge in edges]
    return tuple(
        day
        for day, begin, end in zip(days, bits, bits[1:], strict=False)
        if (free >> begin) & ((1 << (end - begin)) - 1)
    )


def _midnight(day: date, tz: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tz)


def why_weak(pair: Pair, people: tuple[Person, Person], known: Openings, monday: date) -> str:
    """A few words on what takes a week: who is away, deadlines, holidays, else the hours."""
    if not known.a_week:
        return "no shared hours"
    days = [monday + number * _DAY for number in range(7)]
    causes = [cause for person in people for cause in _causes(person, days)]
    if not causes and any(p.first <= d <= p.last for p in pair.pauses for d in days):
        causes = ["the pair rests"]
    few = "few shared hours" if known.in_week(monday) else "no shared hours"
    return ", ".join(dict.fromkeys(causes)) or few


def _causes(person: Person, days: list[date]) -> Iterator[str]:
    if _covered(person.exceptions, ExceptionKind.OFF, days):
        yield f"{person.name} is away"
    if _covered(person.exceptions, ExceptionKind.DEADLINE, days):
        yield f"{person.name} has a deadline"
    if any(is_holiday(person.holidays, day) for day in days if person.hours.on(day)):
        yield "public holidays"


def _covered(exceptions: tuple[DateException, ...], kind: ExceptionKind, days: list[date]) -> bool:
    return any(e.kind is kind and e.covers(day) for e in exceptions for day in days)

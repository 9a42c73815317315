"""Which hours one partner could open so that the two can meet on a day more of the week."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from mentoring.availability import local_day, meeting_hours, zone_at
from mentoring.grid import QUARTER, Grid, indices, quarters_in, starts, widened
from mentoring.hours import DAYS, WeeklyHours
from mentoring.interval import Interval
from mentoring.outlook import Case
from mentoring.roster import Person

_ENOUGH = 2
"""Days of a usual week on which a pair can meet, from which on more hours are not what it lacks."""
_FURTHEST = 8  # quarter hours
_LOOK = timedelta(weeks=2)
_A_DAY = 24 * 60


@dataclass(frozen=True)
class Opening:
    """Wider hours in words, and mentor and mentee with them."""

    words: str
    people: tuple[Person, Person]


def cheapest_opening(case: Case) -> Opening | None:
    """The fewest minutes, up to two hours, that make one more weekday; None where none do."""
    if case.days.a_week >= _ENOUGH:
        return None
    grid, bits = _next_weeks(case)
    quarters = quarters_in(case.pair.agreement.minutes)
    shut = grid.all & ~_open_days(case, grid, starts(bits[0] & bits[1], quarters))
    for further in range(1, _FURTHEST + 1):
        for this, other in ((0, 1), (1, 0)):
            wide = widened(bits[this], further) & grid.all
            for first in indices(starts(wide & bits[other], quarters) & shut):
                if opened := _opened(case, grid, bits[this], this, first, quarters):
                    return opened
    return None


def _next_weeks(case: Case) -> tuple[Grid, tuple[int, int]]:
    begin = datetime.combine(case.today, time(), ZoneInfo(case.zone))
    window = Interval(begin, begin + _LOOK)
    grid = Grid.over(window)
    mentor, mentee = (grid.inside(meeting_hours(person, window)) for person in case.people)
    return grid, (mentor, mentee)


def _open_days(case: Case, grid: Grid, found: int) -> int:
    """Every quarter hour of the days that have a start already."""
    zone = ZoneInfo(case.zone)
    days = {grid.at(i).astimezone(zone).date() for i in indices(found)}
    return grid.inside(
        Interval(begin, begin + timedelta(days=1))
        for begin in (datetime.combine(day, time(), zone) for day in days)
    )


def _opened(
    case: Case, grid: Grid, own: int, this: int, first: int, quarters: int
) -> Opening | None:
    """The hours that this partner opens for a meeting at a start, on their own wall clock."""
    outside = [i for i in range(first, first + quarters) if not own >> i & 1]
    person = case.people[this]
    begin, end = grid.at(outside[0]), grid.at(outside[-1]) + QUARTER
    zone = ZoneInfo(zone_at(person, begin))
    day = local_day(person, begin)
    start = _minutes(begin.astimezone(zone))
    span = (start, start + int((end - begin) / timedelta(minutes=1)))
    if span[1] > _A_DAY or not person.hours.on(day):
        return None  # not across midnight, nor on a day off
    wider = replace(person, hours=_with(person.hours, day.weekday(), span))
    people = (wider, case.people[1]) if this == 0 else (case.people[0], wider)
    clock = f"{begin.astimezone(zone):%H:%M}–{end.astimezone(zone):%H:%M}"
    words = f"{person.name} opens {DAYS[day.weekday()].title()} {clock} (their time)."
    return Opening(words, people)


def _minutes(wall: datetime) -> int:
    return wall.hour * 60 + wall.minute


def _with(hours: WeeklyHours, weekday: int, span: tuple[int, int]) -> WeeklyHours:
    days = list(hours.days)
    days[weekday] = tuple(_joined([*days[weekday], span]))
    return WeeklyHours(tuple(days))


def _joined(ranges: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The ranges sorted, those that touch made one."""
    before: tuple[int, int] | None = None
    for start, end in sorted(ranges):
        if before and start <= before[1]:
            before = (before[0], max(before[1], end))
            continue
        if before:
            yield before
        before = (start, end)
    if before:
        yield before

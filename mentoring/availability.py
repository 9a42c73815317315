"""When a person works, and so may be met or written to: hours, holidays and exceptions together."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import islice
from zoneinfo import ZoneInfo

import holidays

from mentoring.hours import WeeklyHours, day_span, parse_hours, stretches_of_day
from mentoring.interval import Interval, clipped, merged
from mentoring.roster import DateException, ExceptionKind, Person

OFFICE_HOURS = parse_hours("Mon-Fri 09:00-17:00")
"""For readers whose own hours nobody wrote down: supervisors outside the roster."""

_ABSENT = frozenset({ExceptionKind.OFF})
_BLOCKED = frozenset({ExceptionKind.OFF, ExceptionKind.DEADLINE})
_DAY = timedelta(days=1)
_LONG_AWAY = 60


def meeting_hours(person: Person, window: Interval) -> list[Interval]:
    """Stretches in which a meeting may lie: work hours less holidays, leave and deadlines."""
    return clipped(_stretches(person, *_days(window), _BLOCKED), window)


def reading_hours(person: Person, window: Interval) -> list[Interval]:
    """Stretches in which mail may arrive: work hours less holidays and leave."""
    return clipped(_read_on(person, *_days(window)), window)


def reads_at(person: Person, instant: datetime) -> bool:
    """Whether mail may reach this person at this instant."""
    window = Interval(instant, instant + timedelta(minutes=1))
    return any(s.start <= instant < s.end for s in reading_hours(person, window))


def working_days_between(person: Person, start: datetime, end: datetime) -> int:
    """How many of the person's working days began after the local day of `start`, up to `end`."""
    if end <= start:
        return 0
    stretches = reading_hours(person, Interval(start, end + timedelta(minutes=1)))
    first = local_day(person, start)
    return len({local_day(person, s.start) for s in stretches} - {first})


@lru_cache(maxsize=4096)
def working_day_before(person: Person, instant: datetime, days: int) -> datetime | None:
    """When the person begins work on their nth working day before the local day of `instant`.

    Days on which no mail may reach them don't count. None for somebody who is away for long.
    """
    day = local_day(person, instant)
    for _ in range(_LONG_AWAY):
        day -= _DAY
        worked = reading_hours(person, day_span(zone_on(person, day), day, day))
        days -= bool(worked)
        if days == 0:
            return worked[0].start
    return None


def works_on(person: Person, day: date) -> bool:
    """Whether the person's hours have this day at all, holidays and leave aside."""
    return bool(_hours_on(person, day).on(day))


def is_off(person: Person, day: date) -> bool:
    """Whether the person is on leave on a date."""
    return _first(person.exceptions, ExceptionKind.OFF, day) is not None


def local_day(person: Person, instant: datetime) -> date:
    """The date on the person's wall clock, in the zone in force for them then."""
    return instant.astimezone(ZoneInfo(zone_at(person, instant))).date()


def zone_at(person: Person, instant: datetime) -> str:
    """The IANA zone in force for the person: one they travel to, on its own dates there."""
    for e in person.exceptions:
        if e.kind is ExceptionKind.TIMEZONE:
            there = instant.astimezone(ZoneInfo(e.value)).date()
            if e.covers(there) and zone_on(person, there) == e.value:
                return e.value
    return person.timezone


def zone_on(person: Person, day: date) -> str:
    """The IANA zone in which the person lives on a date."""
    moved = _first(person.exceptions, ExceptionKind.TIMEZONE, day)
    return moved.value if moved else person.timezone


def is_holiday(region: str, day: date) -> bool:
    """Whether `day` is a public holiday of `region` ("US", "DE-BY"; empty means none)."""
    return bool(region) and day in _holidays(region, day.year)


def region_exists(region: str) -> bool:
    """Whether holidays of a region are known."""
    country, dash, subdivision = region.partition("-")
    if country not in _countries() or (dash and not subdivision):
        return False
    try:
        _holidays(region, 2027)
    except NotImplementedError:  # no such subdivision
        return False
    return True


@lru_cache(maxsize=1)
def _countries() -> frozenset[str]:
    return frozenset(holidays.list_supported_countries())


@lru_cache(maxsize=1024)
def _holidays(region: str, year: int) -> frozenset[date]:
    country, _, subdivision = region.partition("-")
    found = holidays.country_holidays(country, subdiv=subdivision or None, years=[year])
    return frozenset(found)


def _days(window: Interval) -> tuple[date, date]:
    """The first and last local date whose hours could reach into the window: twelve hours behind
    a shift may end two days later, fourteen ahead tomorrow has begun."""
    first = window.start.astimezone(UTC).date() - 2 * _DAY
    return first, window.end.astimezone(UTC).date() + _DAY


@lru_cache(maxsize=4096)
def _read_on(person: Person, first: date, last: date) -> tuple[Interval, ...]:
    """Kept: whether somebody reads now is asked for each of their letters, and in every pass."""
    return tuple(_stretches(person, first, last, _ABSENT))


def _stretches(
    person: Person, first: date, last: date, blocking: frozenset[ExceptionKind]
) -> list[Interval]:
    """The stretches that begin on these local dates."""
    days = [first + number * _DAY for number in range((last - first).days + 1)]
    blocked = {day for day in days if _is_blocked(person, day, blocking)}
    worked = [
        stretch
        for day in days
        if day not in blocked
        for stretch in _worked_on(person, day, blocked)
    ]
    # A night shift must not run on into a blocked day.
    closed = [day_span(zone_on(person, day), day, day) for day in sorted(blocked)]
    return subtract(merged(worked), closed)


def _worked_on(person: Person, day: date, blocked: Collection[date]) -> list[Interval]:
    """A day's stretches; if the next is blocked, they end at its midnight where the day began."""
    zone, next_day = zone_on(person, day), day + _DAY
    stretches = stretches_of_day(_hours_on(person, day).on(day), zone, day)
    if next_day not in blocked:
        return list(stretches)
    return subtract(stretches, [day_span(zone, next_day, next_day)])


def _is_blocked(person: Person, day: date, blocking: frozenset[ExceptionKind]) -> bool:
    return is_holiday(person.holidays, day) or any(
        e.kind in blocking and e.covers(day) for e in person.exceptions
    )


def _hours_on(person: Person, day: date) -> WeeklyHours:
    changed = _first(person.exceptions, ExceptionKind.HOURS, day)
    return changed.hours if changed and changed.hours else person.hours


def _first(
    exceptions: Iterable[DateException], kind: ExceptionKind, day: date
) -> DateException | None:
    return next((e for e in exceptions if e.kind is kind and e.covers(day)), None)


def subtract(stretches: Iterable[Interval], holes: Iterable[Interval]) -> list[Interval]:
    """What is left of the stretches outside the holes."""
    gaps = merged(holes)
    ends = [gap.end for gap in gaps]
    return [piece for s in stretches for piece in _outside(s, gaps, bisect_right(ends, s.start))]


def _outside(stretch: Interval, holes: Sequence[Interval], first: int) -> Iterator[Interval]:
    """The pieces of a stretch between the holes; those before the `first` end before it."""
    begin = stretch.start
    for hole in islice(holes, first, None):
        if hole.start >= stretch.end:
            break
        if begin < hole.start:
            yield Interval(begin, hole.start)
        begin = hole.end
    if begin == stretch.start:
        yield stretch
    elif begin < stretch.end:
        yield Interval(begin, stretch.end)

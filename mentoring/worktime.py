"""Work time kept: the hours of a rule over whole weeks, computed once for all who share it.

A rule is what hours follow from: zone, weekly hours, holidays' region and dated exceptions. What a
start means for somebody whatever their calendar says follows from the rule as well, and is kept.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from mentoring import costs
from mentoring.availability import meeting_hours, zone_at
from mentoring.grid import SECONDS, Grid, Span, inner_spans
from mentoring.hours import WeeklyHours
from mentoring.interval import Interval, clipped
from mentoring.roster import DateException, ExceptionKind, Person
from mentoring.where import LUNCH

Meaning = tuple[float, float, float, float, float, float]
"""Minutes at the edge of the day, minutes of the lunch hour, the costs of being near a deadline
and off the half hour, both costs, and the minutes at the edge and over lunch."""

_HOUR = 3600
_DAY = 24 * _HOUR
_WEEK = 7 * _DAY
_EPOCH = date(1970, 1, 1)
_THURSDAY = 3
_NOON, _ONE = (at.hour * _HOUR + at.minute * 60 for at in LUNCH)
_DEADLINE_REACH = timedelta(days=2)
_REACH = timedelta(days=4)
"""So far may an exception lie from the weeks that it matters to."""
_NAMED = frozenset({ExceptionKind.TIMEZONE, ExceptionKind.HOURS})


class Worktime:
    """When people of one rule may meet: `spans`, and their bits on `grid`.

    `rule` is a person with that rule. `meanings` are kept from the first time they are asked for.
    """

    __slots__ = (
        "_begins",
        "_known",
        "_stretches",
        "_travels",
        "_weekdays",
        "bits",
        "grid",
        "rule",
        "spans",
    )

    def __init__(self, rule: Person, spans: Iterable[Span], grid: Grid) -> None:
        self.rule = rule
        self.spans = tuple(sorted(spans))
        self.grid = grid
        self.bits = grid.filled(self.spans)
        self._begins = [begin for begin, _ in self.spans]
        self._travels = any(e.kind is ExceptionKind.TIMEZONE for e in rule.exceptions)
        self._known: dict[int, Meanings] = {}
        self._weekdays: dict[frozenset[int], int] = {}
        self._stretches: list[Interval] | None = None

    def hours(self, window: Interval) -> list[Interval]:
        """What `meeting_hours` gives for a window inside these weeks."""
        if self._stretches is None:
            self._stretches = [Interval(_instant(a), _instant(b)) for a, b in self.spans]
        first = bisect_right(self._begins, window.start.timestamp()) - 1
        last = bisect_right(self._begins, window.end.timestamp())
        return clipped(self._stretches[max(first, 0) : last], window)

    def holds(self, slot: Interval) -> bool:
        """Whether a time inside these weeks lies in one stretch of them, from end to end."""
        return self._around(slot.start.timestamp(), slot.end.timestamp()) is not None

    def _around(self, begin: float, end: float) -> Span | None:
        """The stretch that holds all of a time; None where none does."""
        number = bisect_right(self._begins, begin) - 1
        if number < 0 or self.spans[number][1] < end:
            return None
        return self.spans[number]

    def meanings(self, minutes: int) -> Meanings:
        """What meetings of a length mean for this rule, by the quarter hour that they start at."""
        if minutes not in self._known:
            self._known[minutes] = Meanings(self, minutes)
        return self._known[minutes]

    def meaning(self, quarter: int, minutes: int) -> Meaning:
        begin, end = quarter * SECONDS, quarter * SECONDS + minutes * 60
        local = begin + self.offset(begin)
        edge, lunch = self._edge_minutes(begin, end), self._lunch_minutes(begin, end)
        deadline = costs.NEAR_DEADLINE if self._near_deadline(local // _DAY) else 0.0
        odd = costs.ODD_QUARTER if local // 60 % 30 else 0.0
        return edge, lunch, deadline, odd, deadline + odd, edge + lunch

    def days(self, weekdays: frozenset[int]) -> int:
        """Bits of the quarter hours that begin on one of the weekdays, Monday = 0."""
        if weekdays not in self._weekdays:
            self._weekdays[weekdays] = self.grid.filled(self._days(weekdays))
        return self._weekdays[weekdays]

    def _days(self, weekdays: frozenset[int]) -> Iterator[Span]:
        at, end = self.grid.first * SECONDS, (self.grid.first + self.grid.size) * SECONDS
        while at < end:
            local = at + self.offset(at)
            if self._travels or _steady(self.rule.timezone, at // _DAY) is None:
                until = at + SECONDS
            else:
                until = min(at + _DAY - local % _DAY, at + _DAY - at % _DAY, end)
            if (local // _DAY + _THURSDAY) % 7 in weekdays:
                yield at, until
            at = until

    def day(self, begin: int) -> int:
        """The number of the local date (0 = 1 January 1970) at an instant."""
        return (begin + self.offset(begin)) // _DAY

    def offset(self, at: int) -> int:
        """Seconds east of UTC on these people's wall clock at an instant."""
        return _offset(self._zone(at), at)

    def _zone(self, at: int) -> str:
        return zone_at(self.rule, _instant(at)) if self._travels else self.rule.timezone

    def _edge_minutes(self, begin: int, end: int) -> float:
        """Minutes of the meeting in the first or last hour of the stretch it lies in."""
        stretch = self._around(begin, end)
        if stretch is None:
            return 0.0
        first, last = stretch
        edge = min(_HOUR, (last - first) / 2)
        return _shared(begin, end, first, first + edge) + _shared(begin, end, last - edge, last)

    def _lunch_minutes(self, begin: int, end: int) -> float:
        zone = self._zone(begin)
        offset = _offset(zone, begin)
        midnight = (begin + offset) // _DAY * _DAY
        noon, one = (midnight + at for at in (_NOON, _ONE))
        return _shared(
            begin,
            end,
            noon - _offset(zone, noon - offset),
            one - _offset(zone, one - offset),
        )

    def _near_deadline(self, number: int) -> bool:
        day = _EPOCH + timedelta(days=number)
        return any(
            e.kind is ExceptionKind.DEADLINE and day < e.first <= day + _DEADLINE_REACH
            for e in self.rule.exceptions
        )


class Meanings(dict[int, Meaning]):
    """A rule's meanings for one length, by quarter hours numbered from the epoch."""

    def __init__(self, work: Worktime, minutes: int) -> None:
        super().__init__()
        self._work, self._minutes = work, minutes

    def __missing__(self, quarter: int) -> Meaning:
        self[quarter] = self._work.meaning(quarter, self._minutes)
        return self[quarter]


def worktime(person: Person, window: Interval) -> Worktime:
    """The person's work time over the weeks that hold the window and a day around it."""
    first = (int(window.start.timestamp()) - _DAY) // _WEEK
    last = (int(window.end.timestamp()) + _DAY) // _WEEK + 1
    exceptions = person.exceptions and _that_matter(person.exceptions, first, last)
    return _kept(person.timezone, person.hours, person.holidays, exceptions, first, last)


def common(mentor: Person, mentee: Person, grid: Grid) -> int:
    """Bits of the grid's quarter hours in which both work."""
    window = Interval(grid.at(0), grid.at(grid.size))
    bits = grid.all
    for person in (mentor, mentee):
        work = worktime(person, window)
        bits &= grid.cut(work.bits, work.grid.first)
    return bits


def forget() -> None:
    """Drop what is kept of every rule."""
    _kept.cache_clear()
    _week.cache_clear()


def worktime_of(rule: Person, stretches: Iterable[Interval], grid: Grid) -> Worktime:
    """The work time of somebody whose stretches are given."""
    return Worktime(rule, inner_spans(stretches), grid)


@lru_cache(maxsize=2048)
def _kept(
    zone: str,
    hours: WeeklyHours,
    holidays: str,
    exceptions: tuple[DateException, ...],
    first: int,
    last: int,
) -> Worktime:
    rule = Person("", "", zone, hours, holidays, exceptions=exceptions)
    weeks = Interval(_instant(first * _WEEK), _instant(last * _WEEK))
    spans = (
        span
        for week in range(first, last)
        for span in _week(zone, hours, holidays, _that_matter(exceptions, week, week + 1), week)
    )
    return Worktime(rule, _joined(spans), Grid.over(weeks))


@lru_cache(maxsize=8192)
def _week(
    zone: str,
    hours: WeeklyHours,
    holidays: str,
    exceptions: tuple[DateException, ...],
    week: int,
) -> list[Span]:
    """One week's hours: windows that overlap share most of their weeks."""
    rule = Person("", "", zone, hours, holidays, exceptions=exceptions)
    whole = Interval(_instant(week * _WEEK), _instant((week + 1) * _WEEK))
    return inner_spans(meeting_hours(rule, whole))


def _joined(spans: Iterable[Span]) -> Iterator[Span]:
    """Spans in their order, those that were cut at a week's end made one again."""
    begin, end = 0, 0
    for first, last in spans:
        if first == end:
            end = last
            continue
        if end > begin:
            yield begin, end
        begin, end = first, last
    if end > begin:
        yield begin, end


def _that_matter(
    exceptions: tuple[DateException, ...], first: int, last: int
) -> tuple[DateException, ...]:
    """Those near the weeks, without words that change nothing."""
    begin = _instant(first * _WEEK).date() - _REACH
    end = _instant(last * _WEEK).date() + _REACH
    return tuple(
        e if e.kind in _NAMED else replace(e, value="")
        for e in exceptions
        if e.first <= end and begin <= e.last
    )


def _shared(begin: float, end: float, first: float, last: float) -> float:
    return max(0.0, (min(end, last) - max(begin, first)) / 60)


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _offset(zone: str, at: int) -> int:
    steady = _steady(zone, at // _DAY)
    return _asked(zone, at) if steady is None else steady


@lru_cache(maxsize=65536)
def _steady(zone: str, day: int) -> int | None:
    """The zone's offset if it stays the same all through a UTC day; no zone changes it twice."""
    at = day * _DAY
    found = {_asked(zone, at + hour * _HOUR) for hour in (0, 12, 24)}
    return found.pop() if len(found) == 1 else None


def _asked(zone: str, at: int) -> int:
    offset = _instant(at).astimezone(ZoneInfo(zone)).utcoffset()
    assert offset is not None  # noqa: S101 - a ZoneInfo always has one
    return int(offset.total_seconds())

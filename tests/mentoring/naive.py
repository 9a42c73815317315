"""A second engine, slow and plain, that shares no code with the first.

It looks at every five minutes and asks the wall clock; lists take the place of bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

from mentoring.asked import Side, Wanted
from mentoring.interval import Interval
from mentoring.roster import DateException, ExceptionKind, Person

CELL = timedelta(minutes=5)
QUARTER = timedelta(minutes=15)
DAY = timedelta(days=1)
AROUND = DAY
_BLOCKING = (ExceptionKind.OFF, ExceptionKind.DEADLINE)


@dataclass(frozen=True)
class Answer:
    """A start with its cost and what it is the sum of."""

    start: datetime
    cost: float
    terms: tuple[float, ...]


@dataclass(frozen=True)
class Outcome:
    ranked: list[Answer]
    other_days: list[datetime]
    rejected: dict[str, int]


def outcome(sides: tuple[Side, Side], wanted: Wanted) -> Outcome:
    """What the search finds, by looking at everything."""
    quarters: list[datetime] = [_whole_quarter(wanted.window.start)]
    while quarters[-1] + QUARTER <= wanted.window.end:
        quarters.append(quarters[-1] + QUARTER)
    quarters.pop()
    cells = [Interval(q, q + QUARTER) for q in quarters]
    worked = [_Worked(side.person, wanted.window) for side in sides]
    length = -(-wanted.minutes // 15)
    causes = _causes(cells, sides, worked, wanted)
    rejected: dict[str, int] = {}
    good = []
    for number in range(len(quarters) - length + 1):
        cause = next((name for name, bad in causes if any(bad[number : number + length])), None)
        if cause:
            rejected[cause] = rejected.get(cause, 0) + 1
        else:
            good.append(number)
    bad = dict(causes)
    free = [
        [
            not any(out)
            for out in zip(
                bad[f"outside {side.role} hours"],
                bad[f"{side.role} busy"],
                bad[f"{side.role} in another meeting"],
                strict=True,
            )
        ]
        for side in sides
    ]
    answers = [_answer(n, quarters, free, sides, worked, wanted) for n in good]
    ranked = sorted(answers, key=lambda a: (a.cost, a.start))
    return Outcome(ranked, _other_days(ranked, sides[1].person), rejected)


class _Worked:
    """Every five minutes around a window: whether somebody works then."""

    def __init__(self, person: Person, window: Interval) -> None:
        self.begin = _whole_quarter(window.start) - AROUND
        count = (window.end + AROUND - self.begin) // CELL
        dates = [self.begin.date() + n * DAY for n in range(-3, count // 288 + 4)]
        days = [_day(person, date) for date in dates]
        self.cells = []
        for number in range(count):
            instant = self.begin + number * CELL
            today = (instant.date() - dates[0]).days
            self.cells.append(works(days[today - 2 : today + 2], instant))

    def index(self, instant: datetime) -> int:
        return (instant - self.begin) // CELL

    def throughout(self, span: Interval) -> bool:
        return all(self.cells[self.index(span.start) : self.index(span.end - CELL) + 1])

    def stretch(self, span: Interval) -> Interval | None:
        """The unbroken work around a span; its ends may lie where nobody looks."""
        last = span.end - (span.end - self.begin) % CELL
        last += CELL if last < span.end else timedelta(0)
        low, high = self.index(span.start), self.index(last)
        if not all(self.cells[low:high]):
            return None
        while low > 0 and self.cells[low - 1]:
            low -= 1
        while high < len(self.cells) and self.cells[high]:
            high += 1
        return Interval(self.begin + low * CELL, self.begin + high * CELL)


def works(days: list[_Day], instant: datetime) -> bool:
    """Whether the wall clock shows work time at an instant."""
    found = False
    clocks: dict[ZoneInfo, int] = {}
    for day in days:
        if day.zone not in clocks:
            local = instant.astimezone(day.zone)
            clocks[day.zone] = local.toordinal() * 1440 + local.hour * 60 + local.minute
        minute = clocks[day.zone] - day.midnight
        if day.closed and 0 <= minute < 1440:
            return False
        if not day.closed and not (minute >= 1440 and day.closed_next):
            found |= any(a <= minute < b for a, b in day.ranges)
    return found


@dataclass(frozen=True)
class _Day:
    """A date as somebody lives it; `midnight` in minutes, as `works` counts them."""

    midnight: int
    zone: ZoneInfo
    ranges: tuple[tuple[int, int], ...]
    closed: bool
    closed_next: bool


def _day(person: Person, day: date) -> _Day:
    hours = next(
        (e.hours for e in person.exceptions if e.kind is ExceptionKind.HOURS and _on(e, day)),
        person.hours,
    )
    assert hours is not None
    return _Day(
        day.toordinal() * 1440,
        _zone(zone_on(person, day)),
        hours.days[day.weekday()],
        blocked(person, day),
        blocked(person, day + DAY),
    )


def blocked(person: Person, day: date) -> bool:
    if person.holidays and day in _holidays(person.holidays, day.year):
        return True
    return any(e.kind in _BLOCKING and _on(e, day) for e in person.exceptions)


def zone_on(person: Person, day: date) -> str:
    moved = (e for e in person.exceptions if e.kind is ExceptionKind.TIMEZONE and _on(e, day))
    return next((e.value for e in moved), person.timezone)


def zone_at(person: Person, instant: datetime) -> ZoneInfo:
    for e in person.exceptions:
        if e.kind is ExceptionKind.TIMEZONE:
            there = instant.astimezone(_zone(e.value)).date()
            if _on(e, there) and zone_on(person, there) == e.value:
                return _zone(e.value)
    return _zone(person.timezone)


def _on(exception: DateException, day: date) -> bool:
    return exception.first <= day <= exception.last


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@lru_cache(maxsize=256)
def _holidays(region: str, year: int) -> frozenset[date]:
    country, _, part = region.partition("-")
    return frozenset(holidays.country_holidays(country, subdiv=part or None, years=[year]))


def _whole_quarter(instant: datetime) -> datetime:
    floor = instant.replace(minute=instant.minute // 15 * 15, second=0, microsecond=0)
    return floor if floor == instant else floor + QUARTER


def _causes(
    cells: list[Interval], sides: tuple[Side, Side], worked: list[_Worked], wanted: Wanted
) -> list[tuple[str, list[bool]]]:
    """Each cause with whether it rules a quarter hour out, in the order in which they count."""
    buffer, none = wanted.buffer, timedelta(0)
    return [
        *(
            (f"outside {side.role} hours", [not own.throughout(cell) for cell in cells])
            for side, own in zip(sides, worked, strict=True)
        ),
        *((f"{s.role} busy", _hit(cells, s.busy, buffer)) for s in sides),
        *((f"{s.role} in another meeting", _hit(cells, s.taken, buffer)) for s in sides),
        ("asked before", _hit(cells, wanted.refused, none)),
    ]


def _hit(cells: list[Interval], spans: tuple[Interval, ...], margin: timedelta) -> list[bool]:
    wide = [(s.start - margin, s.end + margin) for s in spans if s.start < s.end or margin]
    return [any(a < cell.end and cell.start < b for a, b in wide) for cell in cells]


def _answer(
    number: int,
    quarters: list[datetime],
    free: list[list[bool]],
    sides: tuple[Side, Side],
    worked: list[_Worked],
    wanted: Wanted,
) -> Answer:
    start = quarters[number]
    span = Interval(start, start + timedelta(minutes=wanted.minutes))
    length = -(-wanted.minutes // 15)
    locals_ = [start.astimezone(zone_at(side.person, start)) for side in sides]
    here = (
        wanted.in_person
        and sides[0].person.site != ""
        and sides[0].person.site.casefold() == sides[1].person.site.casefold()
        and all(t.weekday() in s.person.onsite for t, s in zip(locals_, sides, strict=True))
    )
    more = min(max((sides[0].borne - sides[1].borne) / 60, -1.5), 1.5)
    weights = (1.5 * 2**more, 1.5 * 2**-more)
    terms = [round(abs((start - wanted.due).total_seconds() / 86_400) * 30, 3)]
    for own, weight in zip(worked, weights, strict=True):
        terms.append(round(_edge(own.stretch(span), span) * weight, 3))
    for local, weight in zip(locals_, weights, strict=True):
        noon = datetime.combine(local.date(), time(12), local.tzinfo).astimezone(UTC)
        one = datetime.combine(local.date(), time(13), local.tzinfo).astimezone(UTC)
        minutes = 0.0 if here and wanted.lunch else _shared(span, Interval(noon, one))
        terms.append(round(minutes * weight, 3))
    terms += [15.0 * _pieces(own, number, number + length) for own in free]
    for local, side in zip(locals_, sides, strict=True):
        near = any(
            e.kind is ExceptionKind.DEADLINE and 1 <= (e.first - local.date()).days <= 2
            for e in side.person.exceptions
        )
        terms.append(40.0 * near)
    terms += [5.0 * (local.minute % 30 != 0) for local in locals_]
    terms.append(-240.0 * here)
    told = (terms[0], *(term for term in terms[1:] if term))
    return Answer(start, round(sum(told), 3), told)


def _edge(stretch: Interval | None, span: Interval) -> float:
    if stretch is None:
        return 0.0
    hour = min(timedelta(hours=1), stretch.length / 2)
    first = _shared(span, Interval(stretch.start, stretch.start + hour))
    return first + _shared(span, Interval(stretch.end - hour, stretch.end))


def _shared(one: Interval, other: Interval) -> float:
    return max(0.0, (min(one.end, other.end) - max(one.start, other.start)).total_seconds() / 60)


def _pieces(free: list[bool], first: int, last: int) -> int:
    before = after = 0
    while before < 8 and first - before > 0 and free[first - before - 1]:
        before += 1
    while after < 8 and last + after < len(free) and free[last + after]:
        after += 1
    if before + after + last - first < 8:
        return 0
    return (0 < before < 4) + (0 < after < 4)


def _other_days(ranked: list[Answer], mentee: Person) -> list[datetime]:
    days: dict[date, datetime] = {}
    for answer in ranked:
        day = answer.start.astimezone(zone_at(mentee, answer.start)).date()
        days.setdefault(day, answer.start)
    return list(days.values())[1:6]

"""Which times suit a pair, what each would cost them, and why the others don't do.

Hours and busy times are hard: they rule a start out. Everything else is a cost in minutes of
inconvenience; the lowest sum wins, equal sums go to the earlier start.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from mentoring.availability import local_day, zone_at
from mentoring.grid import QUARTER, Grid, indices, quarters_in, starts
from mentoring.interval import Interval
from mentoring.roster import ExceptionKind, Person
from mentoring.where import LUNCH

DAY_FROM_DUE = 30.0
AT_EDGE = 1.0
OVER_LUNCH = 1.0
SPLINTER = 15.0
NEAR_DEADLINE = 40.0
ODD_QUARTER = 5.0
ON_SITE = -240.0

_EDGE = timedelta(hours=1)
_LONG_BLOCK = 8  # quarter hours
_SPLINTER = 4
_DEADLINE_REACH = timedelta(days=2)
_ALTERNATIVES = 5


@dataclass(frozen=True)
class Side:
    """One partner as the search sees them.

    `hours` are the stretches in which they may meet, `busy` what their calendar says, `taken` their
    other meetings, `borne` the inconvenient minutes that they have had so far.
    """

    role: str
    person: Person
    hours: tuple[Interval, ...]
    busy: tuple[Interval, ...] = ()
    taken: tuple[Interval, ...] = ()
    borne: float = 0.0


@dataclass(frozen=True)
class Wanted:
    """What is looked for: a meeting of `minutes` inside `window`, best near `due`.

    `in_person`: face to face on a day when both are on site, which is preferred; `lunch`: there is
    a place for lunch there, so that its hour is no cost.
    """

    window: Interval
    due: datetime
    minutes: int
    buffer: timedelta = timedelta(0)
    in_person: bool = True
    lunch: bool = False
    refused: tuple[Interval, ...] = ()


@dataclass(frozen=True)
class Reason:
    """One term of a slot's cost, in words."""

    text: str
    cost: float


@dataclass(frozen=True)
class Slot:
    """A time that suits both. `edges` are the minutes that each side (mentor, mentee) bears.

    `outside`: it lies outside hours, as both agreed, and `edges` says by how much; `borne` is how
    much each bent for meetings before.
    """

    interval: Interval
    cost: float
    reasons: tuple[Reason, ...]
    on_site: bool
    edges: tuple[float, float]
    outside: bool = False
    borne: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True)
class Found:
    """The outcome of a search. `rejected` counts quarter-hour starts by the first cause."""

    chosen: Slot | None
    alternatives: tuple[Slot, ...] = ()
    rejected: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Bits:
    """A side's time on the search's grid."""

    hours: int
    busy: int
    taken: int

    @property
    def free(self) -> int:
        return self.hours & ~self.busy & ~self.taken


def find_slot(mentor: Side, mentee: Side, wanted: Wanted) -> Found:
    """The best time for the two, the next best on other days, and what ruled the rest out."""
    grid, bits = _laid_out(mentor, mentee, wanted)
    ranked = _ranked(grid, mentor, mentee, bits, wanted)
    rejected = _rejected(grid, mentor, mentee, bits, wanted)
    if not ranked:
        return Found(None, (), rejected)
    others = tuple(islice(_other_days(ranked, mentee.person), _ALTERNATIVES))
    return Found(ranked[0], others, rejected)


def all_slots(mentor: Side, mentee: Side, wanted: Wanted) -> list[Slot]:
    """Every time that suits the two, the best first."""
    grid, bits = _laid_out(mentor, mentee, wanted)
    return _ranked(grid, mentor, mentee, bits, wanted)


def _laid_out(mentor: Side, mentee: Side, wanted: Wanted) -> tuple[Grid, tuple[Bits, Bits]]:
    grid = Grid.over(wanted.window)
    return grid, (side_bits(grid, mentor, wanted.buffer), side_bits(grid, mentee, wanted.buffer))


def _ranked(
    grid: Grid, mentor: Side, mentee: Side, bits: tuple[Bits, Bits], wanted: Wanted
) -> list[Slot]:
    quarters = quarters_in(wanted.minutes)
    feasible = starts(bits[0].free & bits[1].free & ~grid.touched(wanted.refused), quarters)
    return sorted(
        (_slot(grid.at(i), (mentor, mentee), bits, grid, wanted) for i in indices(feasible)),
        key=lambda slot: (slot.cost, slot.interval.start),
    )


def side_bits(grid: Grid, side: Side, buffer: timedelta) -> Bits:
    """A side's hours, busy times and other meetings as bits; the buffer widens the last two."""
    return Bits(
        hours=grid.inside(side.hours),
        busy=grid.touched(i.widened(buffer) for i in side.busy),
        taken=grid.touched(i.widened(buffer) for i in side.taken),
    )


def _other_days(ranked: list[Slot], person: Person) -> Iterator[Slot]:
    """The best slot of each day but the winner's, best first."""
    seen = {local_day(person, ranked[0].interval.start)}
    for slot in ranked[1:]:
        day = local_day(person, slot.interval.start)
        if day not in seen:
            seen.add(day)
            yield slot


def _rejected(
    grid: Grid, mentor: Side, mentee: Side, bits: tuple[Bits, Bits], wanted: Wanted
) -> dict[str, int]:
    quarters = quarters_in(wanted.minutes)
    left = starts(grid.all, quarters)
    counts: dict[str, int] = {}
    for cause, blocked in _causes(grid, (mentor, mentee), bits, wanted):
        ruled_out = left & ~starts(grid.all & ~blocked, quarters)
        counts[cause] = ruled_out.bit_count()
        left &= ~ruled_out
    return {cause: count for cause, count in counts.items() if count}


def _causes(
    grid: Grid, sides: tuple[Side, Side], bits: tuple[Bits, Bits], wanted: Wanted
) -> Iterable[tuple[str, int]]:
    for side, own in zip(sides, bits, strict=True):
        yield f"outside {side.role} hours", grid.all & ~own.hours
    for side, own in zip(sides, bits, strict=True):
        yield f"{side.role} busy", own.busy
    for side, own in zip(sides, bits, strict=True):
        yield f"{side.role} in another meeting", own.taken
    yield "asked before", grid.touched(wanted.refused)


def _slot(
    start: datetime, sides: tuple[Side, Side], bits: tuple[Bits, Bits], grid: Grid, wanted: Wanted
) -> Slot:
    interval = Interval(start, start + timedelta(minutes=wanted.minutes))
    on_site = wanted.in_person and shares_site(sides[0].person, sides[1].person, start)
    edges = (_edge_minutes(sides[0], interval), _edge_minutes(sides[1], interval))
    reasons = [
        *_cadence(interval, wanted),
        *_edges(sides, edges),
        *([] if on_site and wanted.lunch else _lunch(sides, interval)),
        *_splinters(sides, bits, grid, interval),
        *_deadlines(sides, interval),
        *_odd_quarter(sides, interval),
        *_site(on_site),
    ]
    cost = round(sum(reason.cost for reason in reasons), 3)
    return Slot(interval, cost, tuple(reasons), on_site, edges)


def _cadence(interval: Interval, wanted: Wanted) -> Iterator[Reason]:
    days = (interval.start - wanted.due).total_seconds() / 86_400
    side = "after" if days >= 0 else "before"
    yield Reason(f"{abs(days):.1f} days {side} the due date", round(abs(days) * DAY_FROM_DUE, 3))


def _edges(sides: tuple[Side, Side], edges: tuple[float, float]) -> Iterator[Reason]:
    borne = sides[0].borne + sides[1].borne
    for side, minutes in zip(sides, edges, strict=True):
        if minutes:
            share = 1 + (side.borne / borne if borne else 0.5)
            text = f"{minutes:.0f} minutes at the edge of the {side.role}'s day"
            yield Reason(text, round(minutes * AT_EDGE * share, 3))


def _edge_minutes(side: Side, interval: Interval) -> float:
    """Minutes of the meeting in the first or last hour of the stretch it lies in."""
    for stretch in side.hours:
        if stretch.contains(interval):
            early = stretch.start + min(_EDGE, stretch.length / 2)
            late = stretch.end - min(_EDGE, stretch.length / 2)
            first = _shared(interval, stretch.start, early)
            return first + _shared(interval, late, stretch.end)
    return 0.0


def _shared(interval: Interval, start: datetime, end: datetime) -> float:
    seconds = (min(interval.end, end) - max(interval.start, start)).total_seconds()
    return max(0.0, seconds / 60)


def _lunch(sides: tuple[Side, Side], interval: Interval) -> Iterator[Reason]:
    for side in sides:
        zone = ZoneInfo(zone_at(side.person, interval.start))
        day = interval.start.astimezone(zone).date()
        noon, one = (datetime.combine(day, at, zone) for at in LUNCH)
        minutes = _shared(interval, noon, one)
        if minutes:
            text = f"{minutes:.0f} minutes of the {side.role}'s lunch hour"
            yield Reason(text, minutes * OVER_LUNCH)


def _splinters(
    sides: tuple[Side, Side], bits: tuple[Bits, Bits], grid: Grid, interval: Interval
) -> Iterator[Reason]:
    """A long free block cut so that a piece too short for work is left."""
    first = grid.index(interval.start)
    last = -(-int((interval.end - grid.origin) / QUARTER * 100) // 100)
    for side, own in zip(sides, bits, strict=True):
        before = _free_run(own.free, first - 1, -1)
        after = _free_run(own.free, last, 1)
        if before + after + last - first < _LONG_BLOCK:
            continue
        pieces = sum(1 for piece in (before, after) if 0 < piece < _SPLINTER)
        if pieces:
            yield Reason(f"splinters the {side.role}'s free time", pieces * SPLINTER)


def _free_run(free: int, index: int, step: int) -> int:
    length = 0
    while index >= 0 and free >> index & 1 and length < _LONG_BLOCK:
        length += 1
        index += step
    return length


def _deadlines(sides: tuple[Side, Side], interval: Interval) -> Iterator[Reason]:
    for side in sides:
        day = local_day(side.person, interval.start)
        if any(
            e.kind is ExceptionKind.DEADLINE and day < e.first <= day + _DEADLINE_REACH
            for e in side.person.exceptions
        ):
            yield Reason(f"just before the {side.role}'s deadline", NEAR_DEADLINE)


def _odd_quarter(sides: tuple[Side, Side], interval: Interval) -> Iterator[Reason]:
    for side in sides:
        local = interval.start.astimezone(ZoneInfo(zone_at(side.person, interval.start)))
        if local.minute % 30:
            yield Reason(f"starts off the half hour for the {side.role}", ODD_QUARTER)


def _site(on_site: bool) -> Iterator[Reason]:
    if on_site:
        yield Reason("both are on site that day", ON_SITE)


def shares_site(mentor: Person, mentee: Person, start: datetime) -> bool:
    """Whether the two can meet face to face then: one site, a day on which both are there."""
    if not mentor.site or mentor.site.casefold() != mentee.site.casefold():
        return False
    return all(local_day(p, start).weekday() in p.onsite for p in (mentor, mentee))

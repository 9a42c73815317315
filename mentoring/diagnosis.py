"""When no time suits a pair: the smallest changes that would make one, the smallest first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import chain
from zoneinfo import ZoneInfo

from mentoring.availability import local_day, zone_at
from mentoring.grid import QUARTER, Grid, indices, quarters_in, starts, widened
from mentoring.interval import Interval
from mentoring.slots import Bits, Side, Wanted, side_bits

LOOK_FURTHER = timedelta(weeks=4)
"""How far beyond the agreed horizon a later week is looked for."""
MOST = 5
OUTSIDE_HOURS = 2.0
"""A minute beyond one's work hours counts as so many minutes of a shorter meeting."""
SOMETHING_ELSE = 30.0
"""What it costs to move something else, besides its minutes."""
DAY_LATER = 6.0

_SHORTER = (45, 30, 15)
_FURTHEST = 16  # quarter hours beyond the hours, on each end


class Remedy(StrEnum):
    """A meeting that is shorter; somebody frees a time, or opens hours; a later week."""

    SHORTER = "shorter"
    FREES = "frees"
    OPENS = "opens"
    LATER = "later"


@dataclass(frozen=True)
class Change:
    """One change that would make `slot` possible.

    `parts` are what mentor and mentee would give: the time to free, or the hours to open; None for
    who gives nothing. `cost` is minutes asked of whoever gives most, for the ranking.
    """

    remedy: Remedy
    slot: Interval
    cost: float
    parts: tuple[Interval | None, Interval | None] = (None, None)

    @property
    def minutes(self) -> int:
        return int(self.slot.length.total_seconds() // 60)


def smallest_changes(
    mentor: Side, mentee: Side, wanted: Wanted, until: datetime | None = None
) -> tuple[Change, ...]:
    """Changes that would each make a slot, the smallest first; empty where none is small.

    What is known of the sides reaches to `until`, `LOOK_FURTHER` beyond the window by default.
    """
    grid = Grid.over(wanted.window)
    sides = (mentor, mentee)
    bits = (_asked_of(grid, mentor, wanted), _asked_of(grid, mentee, wanted))
    found = chain(
        _shorter(grid, bits, wanted),
        _frees(grid, bits, wanted),
        _opens(grid, bits, wanted),
        _later(sides, wanted, until or wanted.window.end + LOOK_FURTHER),
    )
    return tuple(sorted(found, key=lambda change: change.cost)[:MOST])


def _asked_of(grid: Grid, side: Side, wanted: Wanted) -> Bits:
    """A side's time; one that was asked for before in vain is not asked for again."""
    bits = side_bits(grid, side, wanted.buffer)
    return replace(bits, taken=bits.taken | grid.touched(wanted.refused))


def _shorter(grid: Grid, bits: tuple[Bits, Bits], wanted: Wanted) -> Iterator[Change]:
    free = bits[0].free & bits[1].free
    for minutes in _SHORTER:
        if minutes < wanted.minutes and (allowed := starts(free, quarters_in(minutes))):
            slot = _slot(grid, next(indices(allowed)), minutes)
            yield Change(Remedy.SHORTER, slot, float(wanted.minutes - minutes))
            return


def _frees(grid: Grid, bits: tuple[Bits, Bits], wanted: Wanted) -> Iterator[Change]:
    """For each of the two: the first time inside both hours at which only they are busy."""
    for this, other in ((0, 1), (1, 0)):
        allowed = starts(bits[this].hours & ~bits[this].taken & bits[other].free, _length(wanted))
        if allowed:
            slot = _slot(grid, next(indices(allowed)), wanted.minutes)
            parts = (slot, None) if this == 0 else (None, slot)
            yield Change(Remedy.FREES, slot, wanted.minutes + SOMETHING_ELSE, parts)


def _opens(grid: Grid, bits: tuple[Bits, Bits], wanted: Wanted) -> Iterator[Change]:
    """Hours opened by one alone; by both where that asks less of each."""
    least = _FURTHEST + 1
    for opens in ((True, False), (False, True), (True, True)):
        for quarters in range(1, least if all(opens) else _FURTHEST + 1):
            free = [
                _opened(grid, own, quarters) if opened else own.free
                for own, opened in zip(bits, opens, strict=True)
            ]
            first = next(indices(starts(free[0] & free[1], _length(wanted))), None)
            if first is not None:
                least = min(least, quarters)
                yield _opening(grid, bits, first, wanted, 15 * quarters)
                break


def _opened(grid: Grid, bits: Bits, quarters: int) -> int:
    return widened(bits.hours, quarters) & grid.all & ~bits.busy & ~bits.taken


def _opening(grid: Grid, bits: tuple[Bits, Bits], first: int, wanted: Wanted, bent: int) -> Change:
    parts = (
        _beyond(grid, bits[0].hours, first, wanted),
        _beyond(grid, bits[1].hours, first, wanted),
    )
    slot = _slot(grid, first, wanted.minutes)
    return Change(Remedy.OPENS, slot, bent * OUTSIDE_HOURS, parts)


def _beyond(grid: Grid, hours: int, first: int, wanted: Wanted) -> Interval | None:
    """The part of a meeting that lies outside hours."""
    outside = [i for i in range(first, first + _length(wanted)) if not hours >> i & 1]
    return Interval(grid.at(outside[0]), grid.at(outside[-1]) + QUARTER) if outside else None


def _later(sides: tuple[Side, Side], wanted: Wanted, until: datetime) -> Iterator[Change]:
    """The first time beyond the window, as far as hours and calendars are known."""
    grid = Grid.over(Interval(wanted.window.end, max(wanted.window.end, until)))
    bits = [side_bits(grid, side, wanted.buffer) for side in sides]
    first = next(indices(starts(bits[0].free & bits[1].free, _length(wanted))), None)
    if first is not None:
        days = (grid.at(first) - wanted.window.end) / timedelta(days=1)
        cost = wanted.minutes + DAY_LATER * days
        yield Change(Remedy.LATER, _slot(grid, first, wanted.minutes), cost)


def _length(wanted: Wanted) -> int:
    return quarters_in(wanted.minutes)


def _slot(grid: Grid, first: int, minutes: int) -> Interval:
    begin = grid.at(first)
    return Interval(begin, begin + timedelta(minutes=minutes))


def in_words(change: Change, sides: tuple[Side, Side], wanted: Wanted) -> str:
    """A change for the coordinator, in English, on the wall clocks of those it asks."""
    match change.remedy:
        case Remedy.SHORTER:
            return f"{change.minutes} minutes instead of {wanted.minutes} would fit"
        case Remedy.LATER:
            day = local_day(sides[1].person, change.slot.start)
            monday = day - timedelta(days=day.weekday())
            return f"the week of {monday:%a %Y-%m-%d} has a time that suits both"
        case _:
            verb = "freed" if change.remedy is Remedy.FREES else "opened"
            parts = [
                f"the {side.role} {verb} {_wall(side, part.start, part.end)}"
                for side, part in zip(sides, change.parts, strict=True)
                if part
            ]
            return "if " + " and ".join(parts)


def _wall(side: Side, begin: datetime, end: datetime) -> str:
    name = zone_at(side.person, begin)
    zone = ZoneInfo(name)
    return f"{begin.astimezone(zone):%a %Y-%m-%d %H:%M}–{end.astimezone(zone):%H:%M} ({name})"

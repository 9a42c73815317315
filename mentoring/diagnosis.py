"""When no time suits a pair: the smallest change that would make one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain
from zoneinfo import ZoneInfo

from mentoring.availability import zone_at
from mentoring.grid import QUARTER, Grid, indices, quarters_in, starts, widened
from mentoring.slots import Bits, Side, Wanted, side_bits

_SHORTER = (45, 30, 15)
_FURTHEST = 16  # quarter hours beyond the hours, on each end


def smallest_change(mentor: Side, mentee: Side, wanted: Wanted) -> str | None:
    """One sentence for the coordinator, or None where no small change helps."""
    grid = Grid.over(wanted.window)
    sides = (mentor, mentee)
    bits = (side_bits(grid, mentor, wanted.buffer), side_bits(grid, mentee, wanted.buffer))
    suggestions = chain(
        _shorter(bits, wanted),
        _one_frees(grid, sides, bits, wanted),
        _opens(grid, sides, bits, wanted),
    )
    return next(suggestions, None)


def _shorter(bits: tuple[Bits, Bits], wanted: Wanted) -> Iterator[str]:
    free = bits[0].free & bits[1].free
    for minutes in _SHORTER:
        if minutes < wanted.minutes and starts(free, quarters_in(minutes)):
            yield f"{minutes} minutes instead of {wanted.minutes} would fit"
            return


def _one_frees(
    grid: Grid, sides: tuple[Side, Side], bits: tuple[Bits, Bits], wanted: Wanted
) -> Iterator[str]:
    """The first time inside both people's hours at which only one of them is busy."""
    for this, other in ((0, 1), (1, 0)):
        allowed = starts(bits[this].hours & ~bits[this].taken & bits[other].free, _length(wanted))
        first = next(indices(allowed), None)
        if first is not None:
            yield f"if the {sides[this].role} freed {_spoken(grid, sides[this], first, wanted)}"
            return


def _opens(
    grid: Grid, sides: tuple[Side, Side], bits: tuple[Bits, Bits], wanted: Wanted
) -> Iterator[str]:
    """Hours opened by the fewest minutes for the worse-off side; by one alone where that does."""
    for quarters in range(1, _FURTHEST + 1):
        wide = tuple(_opened(grid, own, quarters) for own in bits)
        for mentor, mentee in (
            (wide[0], bits[1].free),
            (bits[0].free, wide[1]),
            (wide[0], wide[1]),
        ):
            first = next(indices(starts(mentor & mentee, _length(wanted))), None)
            if first is not None:
                both = zip(sides, bits, strict=True)
                parts = [part for s, b in both if (part := _opening(grid, s, b, first, wanted))]
                yield "if " + " and ".join(parts)
                return


def _opened(grid: Grid, bits: Bits, quarters: int) -> int:
    return widened(bits.hours, quarters) & grid.all & ~bits.busy & ~bits.taken


def _length(wanted: Wanted) -> int:
    return quarters_in(wanted.minutes)


def _opening(grid: Grid, side: Side, bits: Bits, first: int, wanted: Wanted) -> str:
    """Which part lies outside the side's hours, on their own wall clock; empty where none does."""
    outside = [i for i in range(first, first + _length(wanted)) if not bits.hours >> i & 1]
    if not outside:
        return ""
    begin, end = grid.at(outside[0]), grid.at(outside[-1]) + QUARTER
    return f"the {side.role} opened {_wall(side, begin, end)}"


def _spoken(grid: Grid, side: Side, first: int, wanted: Wanted) -> str:
    begin = grid.at(first)
    return _wall(side, begin, begin + timedelta(minutes=wanted.minutes))


def _wall(side: Side, begin: datetime, end: datetime) -> str:
    name = zone_at(side.person, begin)
    zone = ZoneInfo(name)
    return f"{begin.astimezone(zone):%a %Y-%m-%d %H:%M}–{end.astimezone(zone):%H:%M} ({name})"

"""A pair without a common hour: the time that asks the least of both, fairly shared.

Only with both partners' consent, and never silently: their hours are theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mentoring.grid import QUARTER, Grid, indices, quarters_in, starts, widened
from mentoring.interval import Interval
from mentoring.slots import Side, Wanted, side_bits

FURTHEST = 16
"""Quarter hours beyond one's hours, at the most."""


@dataclass(frozen=True)
class Stretch:
    """A time outside hours. `minutes` is how far each side (mentor, mentee) bends for it: from the
    edge of their hours to the far end of the meeting."""

    interval: Interval
    minutes: tuple[int, int]


def have_common_hours(mentor: Side, mentee: Side, wanted: Wanted) -> bool:
    """Whether both work at once for long enough at all, whatever their calendars say."""
    grid = Grid.over(wanted.window)
    both = grid.inside(mentor.hours) & grid.inside(mentee.hours)
    return bool(starts(both, quarters_in(wanted.minutes)))


def least_stretch(
    mentor: Side, mentee: Side, wanted: Wanted, before: Sequence[tuple[float, float]]
) -> Stretch | None:
    """The time for which the worse-off side bends least; None beyond `FURTHEST`.

    `before` are the minutes that each bent in earlier meetings, first to last. Among times that ask
    as much of the worse-off, whoever bent more so far bends less now.
    """
    borne = _borne(before)
    grid = Grid.over(wanted.window)
    length = quarters_in(wanted.minutes)
    bits = [side_bits(grid, side, wanted.buffer) for side in (mentor, mentee)]
    taken = grid.touched(wanted.refused)
    for quarters in range(1, FURTHEST + 1):
        wide = [widened(own.hours, quarters) & grid.all & ~own.busy & ~own.taken for own in bits]
        found = [grid.at(i) for i in indices(starts(wide[0] & wide[1] & ~taken, length))]
        if found:
            both = [_bent(start, mentor, mentee, wanted.minutes) for start in found]
            return min(both, key=lambda stretch: _burden(stretch, borne, wanted.due))
    return None


def balance(before: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The minutes that mentor and mentee bent in all."""
    return sum(mentor for mentor, _ in before), sum(mentee for _, mentee in before)


def _borne(before: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Who has borne more: in all, or where they are even the last time."""
    mentor, mentee = balance(before)
    return before[-1] if before and mentor == mentee else (mentor, mentee)


def _bent(start: datetime, mentor: Side, mentee: Side, minutes: int) -> Stretch:
    interval = Interval(start, start + timedelta(minutes=minutes))
    return Stretch(interval, (outside(mentor, interval), outside(mentee, interval)))


def outside(side: Side, interval: Interval) -> int:
    """Minutes from the edge of the nearest work stretch to the far end of a time; 0 inside one."""
    reaches = [
        max(stretch.start - interval.start, interval.end - stretch.end, timedelta(0))
        for stretch in side.hours
    ]
    return int(min(reaches, default=timedelta(days=1)).total_seconds() // 60)


def _burden(
    stretch: Stretch, borne: tuple[float, float], due: datetime
) -> tuple[float, float, float, datetime]:
    """What to make small: the worse side, then who has borne more, then the distance from due."""
    mentor, mentee = stretch.minutes
    worse = -(-max(mentor, mentee) // int(QUARTER.total_seconds() // 60))
    more = mentor if borne[0] > borne[1] else mentee if borne[1] > borne[0] else mentor + mentee
    return worse, more, abs((stretch.interval.start - due).total_seconds()), stretch.interval.start

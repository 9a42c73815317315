"""One person's free time as bits: kept, and changed where something changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from mentoring.grid import Grid, Span
from mentoring.worktime import Worktime


@dataclass(frozen=True, slots=True)
class Bits:
    """A side's time on the search's grid."""

    hours: int
    busy: int
    taken: int

    @property
    def free(self) -> int:
        return self.hours & ~self.busy & ~self.taken


@dataclass(frozen=True, slots=True)
class Free:
    """Bits on the grid of a work time: `busy` by the calendar, `taken` by other meetings.

    `margin` are the seconds wanted free around each, which the bits hold already.
    """

    work: Worktime
    busy: int = 0
    taken: int = 0
    margin: int = 0

    @classmethod
    def of(
        cls, work: Worktime, busy: Iterable[Span], taken: Iterable[Span] = (), margin: int = 0
    ) -> Free:
        grid = work.grid
        return cls(work, grid.covered(busy, margin), grid.covered(taken, margin), margin)

    @property
    def bits(self) -> int:
        """The quarter hours that are free."""
        return self.work.bits & ~(self.busy | self.taken)

    def on(self, grid: Grid) -> Bits:
        """The part that lies on another grid."""
        own, first = self.work, self.work.grid.first
        return Bits(
            grid.cut(own.bits, first), grid.cut(self.busy, first), grid.cut(self.taken, first)
        )

    def with_busy(self, changed: Span, busy: Iterable[Span]) -> Free:
        """The same time after the calendar changed inside a span; see `Grid.renewed`."""
        return replace(self, busy=self.work.grid.renewed(self.busy, changed, busy, self.margin))

    def with_taken(self, meeting: Span) -> Free:
        """The same time with one more meeting."""
        return replace(self, taken=self.taken | self.work.grid.covered([meeting], self.margin))

"""Time as bits: one quarter hour of UTC a bit, a person's free time one int.

Hours round inwards and busy times outwards, so rounding never makes time free that isn't.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from mentoring.interval import Interval, merged

QUARTER = timedelta(minutes=15)
_SECONDS = int(QUARTER.total_seconds())


def quarters_in(minutes: int) -> int:
    """How many quarter hours a meeting of so many minutes touches."""
    return -(-minutes // 15)


@dataclass(frozen=True)
class Grid:
    """`size` quarter hours from `origin`; bit i stands for [origin + i × 15 min, … + 15 min)."""

    origin: datetime
    size: int

    @classmethod
    def over(cls, window: Interval) -> Grid:
        """The grid of all whole quarter hours inside the window."""
        first = -(-int(window.start.timestamp()) // _SECONDS)
        last = int(window.end.timestamp()) // _SECONDS
        origin = datetime.fromtimestamp(first * _SECONDS, tz=window.start.tzinfo)
        return cls(origin, max(0, last - first))

    def inside(self, stretches: Iterable[Interval]) -> int:
        """Bits of the quarter hours that lie wholly inside one of the stretches."""
        bits = 0
        for stretch in merged(stretches):
            bits |= self._run(
                -(-self._seconds(stretch.start) // _SECONDS), self._seconds(stretch.end) // _SECONDS
            )
        return bits

    def touched(self, stretches: Iterable[Interval]) -> int:
        """Bits of the quarter hours that any of the stretches touches."""
        bits = 0
        for stretch in stretches:
            if stretch.start < stretch.end:
                bits |= self._run(
                    self._seconds(stretch.start) // _SECONDS,
                    -(-self._seconds(stretch.end) // _SECONDS),
                )
        return bits

    def at(self, index: int) -> datetime:
        return self.origin + index * QUARTER

    def index(self, instant: datetime) -> int:
        return self._seconds(instant) // _SECONDS

    @property
    def all(self) -> int:
        return (1 << self.size) - 1

    def _seconds(self, instant: datetime) -> int:
        return int((instant - self.origin).total_seconds())

    def _run(self, first: int, last: int) -> int:
        first, last = max(first, 0), min(last, self.size)
        return ((1 << (last - first)) - 1) << first if first < last else 0


def starts(free: int, quarters: int) -> int:
    """Bits of the quarter hours from which `quarters` free ones follow without a gap."""
    run, length = free, 1
    while length < quarters:
        step = min(length, quarters - length)
        run &= run >> step
        length += step
    return run


def indices(bits: int) -> Iterator[int]:
    """The numbers of the bits that are set, lowest first."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


def widened(bits: int, quarters: int) -> int:
    """The bits with every run made longer by `quarters` on both ends."""
    for _ in range(quarters):
        bits |= bits << 1 | bits >> 1
    return bits

"""Time as bits: one quarter hour of UTC a bit, a person's free time one int.

Hours round inwards and busy times outwards, so rounding never makes time free that isn't.
Quarter hours are numbered from the epoch, so that bits of different people fit together. A `Span`
is a stretch [begin, end) in whole seconds since the epoch, as the store keeps it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil, floor

from mentoring.interval import Interval

Span = tuple[int, int]

QUARTER = timedelta(minutes=15)
SECONDS = 900
_DAY = 96
_ONE_DAY = (1 << _DAY) - 1
_READY = 8 * _DAY
_YES, _NO = ([digit * n for n in range(_READY)] for digit in (b"1", b"0"))


def quarters_in(minutes: int) -> int:
    """How many quarter hours a meeting of so many minutes touches."""
    return -(-minutes // 15)


@dataclass(frozen=True, slots=True)
class Grid:
    """`size` quarter hours from number `first`; bit i stands for the i-th of them."""

    first: int
    size: int

    @classmethod
    def over(cls, window: Interval) -> Grid:
        """The grid of all whole quarter hours inside the window."""
        first = -(-int(window.start.timestamp()) // SECONDS)
        last = int(window.end.timestamp()) // SECONDS
        return cls(first, max(0, last - first))

    def inside(self, stretches: Iterable[Interval]) -> int:
        """Bits of the quarter hours that lie wholly inside one of the stretches."""
        return self.filled(inner_spans(stretches))

    def touched(self, stretches: Iterable[Interval]) -> int:
        """Bits of the quarter hours that any of the stretches touches."""
        return self.covered(outer_spans(stretches))

    def filled(self, spans: Iterable[Span]) -> int:
        """Bits of the quarter hours that lie wholly inside the spans, joined where they meet."""
        joined: list[Span] = []
        for begin, end in sorted(spans):
            if joined and begin <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(joined[-1][1], end))
            else:
                joined.append((begin, end))
        whole = ((-(-begin // SECONDS), end // SECONDS) for begin, end in joined)
        return self.covered((a * SECONDS, b * SECONDS) for a, b in whole if a < b)

    def covered(self, spans: Iterable[Span], margin: int = 0) -> int:
        """Bits of the quarter hours that the spans touch, each `margin` seconds longer each way."""
        after, before = self.first * SECONDS + margin, self.first * SECONDS - margin
        text: list[bytes] = []
        add, at, size = text.append, 0, self.size
        for begin, end in sorted(spans):
            first, last = (begin - after) // SECONDS, -((before - end) // SECONDS)
            if first < at:
                first = at
            if last > size:
                last = size
            if first < last and (begin < end or margin):
                add(_NO[first - at] if first - at < _READY else b"0" * (first - at))
                add(_YES[last - first] if last - first < _READY else b"1" * (last - first))
                at = last
        return _read(text)

    def renewed(self, bits: int, changed: Span, spans: Iterable[Span], margin: int = 0) -> int:
        """Bits of busy times after something changed inside one span, and only there.

        `spans` are the busy times there are now, at least those that reach into `around(changed)`.
        """
        begin, end = around(changed, margin)
        part = Grid(begin // SECONDS, (end - begin) // SECONDS)
        hole, now = (self.cut(each, part.first) for each in (part.all, part.covered(spans, margin)))
        return bits & ~hole | now

    def at(self, index: int) -> datetime:
        return datetime.fromtimestamp((self.first + index) * SECONDS, UTC)

    def cut(self, bits: int, first: int) -> int:
        """The part on this grid of bits that begin at quarter hour number `first`."""
        shift = self.first - first
        moved = bits >> shift if shift >= 0 else bits << -shift
        return moved & self.all

    @property
    def all(self) -> int:
        return (1 << self.size) - 1


def _read(text: list[bytes]) -> int:
    """Bits that were written down as text, lowest first.

    That is linear, where setting them one by one in an int is not.
    """
    return int(b"".join(text)[::-1] or b"0", 2)


def around(changed: Span, margin: int = 0) -> Span:
    """The whole quarter hours that a change inside a span can touch."""
    begin, end = changed[0] - margin, changed[1] + margin
    return begin // SECONDS * SECONDS, -(-end // SECONDS) * SECONDS


def outer_spans(stretches: Iterable[Interval]) -> list[Span]:
    """The stretches in whole seconds, rounded outwards; an empty one stays empty."""
    both = ((s.start.timestamp(), s.end.timestamp()) for s in stretches)
    return [(floor(a), ceil(b) if a < b else floor(a)) for a, b in both]


def inner_spans(stretches: Iterable[Interval]) -> list[Span]:
    """The stretches in whole seconds, rounded inwards."""
    return [(ceil(s.start.timestamp()), floor(s.end.timestamp())) for s in stretches]


def starts(free: int, quarters: int) -> int:
    """Bits of the quarter hours from which `quarters` free ones follow without a gap."""
    run, length = free, 1
    while length < quarters:
        step = min(length, quarters - length)
        run &= run >> step
        length += step
    return run


def runs(bits: int) -> Iterator[tuple[int, int]]:
    """The runs of bits that are set, as [first, last), lowest first."""
    index = 0
    while rest := bits >> index:
        index += (rest & -rest).bit_length() - 1
        rest = bits >> index
        length = (~rest & rest + 1).bit_length() - 1
        yield index, index + length
        index += length


def indices(bits: int) -> Iterator[int]:
    """The numbers of the bits that are set, lowest first."""
    return rising(bits, 0)


def rising(bits: int, first: int) -> Iterator[int]:
    """The numbers of the bits that are set, from `first` upwards."""
    rest, base = bits >> first, first
    while rest:
        day = rest & _ONE_DAY
        while day:
            lowest = day & -day
            yield base + lowest.bit_length() - 1
            day ^= lowest
        rest >>= _DAY
        base += _DAY


def falling(bits: int, last: int) -> Iterator[int]:
    """The numbers of the bits that are set, from below `last` downwards."""
    base = last
    while base > 0:
        low = max(0, base - _DAY)
        day = (bits >> low) & ((1 << (base - low)) - 1)
        while day:
            highest = day.bit_length() - 1
            yield low + highest
            day ^= 1 << highest
        base = low


def widened(bits: int, quarters: int) -> int:
    """The bits with every run made longer by `quarters` on both ends."""
    for _ in range(quarters):
        bits |= bits << 1 | bits >> 1
    return bits

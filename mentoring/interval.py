"""A stretch of time between two instants."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, order=True)
class Interval:
    """Half-open stretch [start, end) between two instants, both kept in UTC.

    Raises ValueError for a naive time or an end before the start.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is not UTC or self.end.tzinfo is not UTC:  # most are: that is quick
            if self.start.tzinfo is None or self.end.tzinfo is None:
                raise ValueError("an interval needs times with a zone")
            object.__setattr__(self, "start", self.start.astimezone(UTC))
            object.__setattr__(self, "end", self.end.astimezone(UTC))
        if self.end < self.start:
            raise ValueError(f"an interval ends ({self.end}) before it starts ({self.start})")

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    def overlaps(self, other: Interval) -> bool:
        return self.start < other.end and other.start < self.end

    def contains(self, other: Interval) -> bool:
        return self.start <= other.start and other.end <= self.end

    def widened(self, margin: timedelta) -> Interval:
        return Interval(self.start - margin, self.end + margin)


def merged(intervals: Iterable[Interval]) -> list[Interval]:
    """The same stretches sorted, with those that touch or overlap made one; empty ones dropped."""
    result: list[Interval] = []
    for interval in sorted(i for i in intervals if i.end > i.start):
        if result and interval.start <= result[-1].end:
            result[-1] = Interval(result[-1].start, max(result[-1].end, interval.end))
        else:
            result.append(interval)
    return result


def clipped(intervals: Iterable[Interval], window: Interval) -> list[Interval]:
    """The parts of the stretches inside the window; empty ones dropped."""
    return [part for i in intervals if (part := _inside(i, window))]


def _inside(stretch: Interval, window: Interval) -> Interval | None:
    start, end = max(stretch.start, window.start), min(stretch.end, window.end)
    if start >= end:
        return None
    return stretch if window.contains(stretch) else Interval(start, end)

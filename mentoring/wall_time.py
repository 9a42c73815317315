"""A booked meeting's wall time, and its instant anew when the rules of its zone change.

The wall time that was agreed stays. It is kept as ISO 8601 local time with the offset that held
when it was booked: the offset tells the two hours apart that a change of clocks repeats.
"""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from mentoring.interval import Interval


def wall_time(instant: datetime, zone: str) -> str:
    """What a clock in `zone` reads, and its offset: "2027-03-16T13:00:00-04:00"."""
    return instant.astimezone(ZoneInfo(zone)).isoformat(timespec="seconds")


def instant_of(wall: str, zone: str) -> datetime:
    """When a clock in `zone` reads so by the rules as they are now, in UTC.

    An hour that comes twice is the one with the kept offset, else the first. One that is skipped is
    read by the offset before the gap (RFC 5545 section 3.3.5).
    """
    kept = datetime.fromisoformat(wall)
    first, second = (kept.replace(tzinfo=ZoneInfo(zone), fold=fold) for fold in (0, 1))
    if first.utcoffset() == kept.utcoffset():
        return first.astimezone(UTC)
    comes_twice = second.astimezone(UTC) > first.astimezone(UTC)
    if comes_twice and second.utcoffset() == kept.utcoffset():
        return second.astimezone(UTC)
    return first.astimezone(UTC)


def slot_at(wall: str, zone: str, booked: Interval) -> Interval:
    """A booked slot where its wall time puts it now; as long as it was."""
    start = instant_of(wall, zone)
    return Interval(start, start + booked.length)

"""Work hours: "Mon-Thu 08:00-16:30; Fri 08:00-12:00" read, and turned into instants of a zone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from mentoring.interval import Interval, merged
from mentoring.tables import quoted

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MIDNIGHT = 24 * 60
_CLAUSE = re.compile(r"\s*(?P<days>[^\d]*?)[\s:]*(?P<ranges>\d.*)", re.DOTALL)
_RANGE = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})\Z")
_EXAMPLE = 'write it like "Mon-Thu 08:00-16:30; Fri 08:00-12:00"'


class HoursError(ValueError):
    """A work-hours text that can't be read; the message says what is wrong, `mend` what to do."""

    def __init__(self, message: str, mend: str = _EXAMPLE) -> None:
        super().__init__(message)
        self.mend = mend


@dataclass(frozen=True)
class WeeklyHours:
    """Local work hours of a week.

    `days` has seven entries, Monday first; each is a sorted tuple of (start, end) in minutes after
    local midnight. An end past 1440 is a shift that ends on the next day.
    """

    days: tuple[tuple[tuple[int, int], ...], ...]

    def on(self, day: date) -> tuple[tuple[int, int], ...]:
        return self.days[day.weekday()]


def parse_hours(text: str) -> WeeklyHours:
    """Read a work-hours text. Raises HoursError."""
    days: list[list[tuple[int, int]]] = [[] for _ in DAYS]
    for clause in _clauses(text):
        match = _CLAUSE.fullmatch(clause)
        if match is None:
            raise HoursError(f"{quoted(clause.strip())} has no times")
        ranges = [_parse_range(part) for part in match["ranges"].split(",")]
        for day in _parse_days(match["days"]):
            days[day].extend(ranges)
    if not any(days):
        raise HoursError("no work hours are given")
    hours = WeeklyHours(tuple(tuple(sorted(ranges)) for ranges in days))
    _refuse_overlaps(hours)
    return hours


def spoken_hours(hours: WeeklyHours) -> str:
    """The hours as `parse_hours` reads them: "Mon-Thu 08:00-16:30; Fri 08:00-12:00"."""
    runs: list[tuple[int, int, tuple[tuple[int, int], ...]]] = []
    for day, ranges in enumerate(hours.days):
        if ranges and runs and runs[-1][1] == day - 1 and runs[-1][2] == ranges:
            runs[-1] = (runs[-1][0], day, ranges)
        elif ranges:
            runs.append((day, day, ranges))
    return "; ".join(f"{_spoken_days(a, b)} {_spoken_ranges(ranges)}" for a, b, ranges in runs)


def _spoken_days(first: int, last: int) -> str:
    begin, end = (DAYS[day].title() for day in (first, last))
    return begin if first == last else f"{begin}-{end}"


def _spoken_ranges(ranges: tuple[tuple[int, int], ...]) -> str:
    return ", ".join(f"{_clock(start)}-{_clock(end)}" for start, end in ranges)


def _clock(minutes: int) -> str:
    hour, minute = divmod(minutes if minutes <= _MIDNIGHT else minutes - _MIDNIGHT, 60)
    return f"{hour:02d}:{minute:02d}"


def _clauses(text: str) -> list[str]:
    plain = text.replace("–", "-").replace("—", "-")
    return [clause for clause in plain.split(";") if clause.strip()]


def _parse_days(text: str) -> list[int]:
    names = [name for name in re.split(r"[\s,]+", re.sub(r"\s*-\s*", "-", text.strip())) if name]
    if not names:
        raise HoursError("the times have no day before them")
    return [day for name in names for day in _day_range(name)]


def _day_range(name: str) -> Iterator[int]:
    first, dash, last = name.partition("-")
    start = parse_day(first)
    if not dash:
        yield start
        return
    end = parse_day(last)
    for step in range((end - start) % 7 + 1):
        yield (start + step) % 7


def parse_day(name: str) -> int:
    """A weekday's number, Monday = 0, from a name or its start ("Tue"). Raises HoursError."""
    word = name.strip().lower().rstrip(".")
    for number, full in enumerate(_DAY_NAMES):
        if len(word) >= 3 and full.startswith(word):
            return number
    raise HoursError(
        f"{quoted(name.strip())} is no day of the week", "use Mon Tue Wed Thu Fri Sat Sun"
    )


def _parse_range(text: str) -> tuple[int, int]:
    match = _RANGE.match(text.strip())
    if match is None:
        raise HoursError(f"{quoted(text.strip())} is no range of times")
    first, last = _minutes(match[1], match[2]), _minutes(match[3], match[4])
    if first == last:
        raise HoursError(f"{quoted(text.strip())} is empty", "for a whole day write 00:00-24:00")
    if first == _MIDNIGHT:
        raise HoursError(f"{quoted(text.strip())} starts at 24:00", "write 00:00 of the next day")
    return first, last if last > first else last + _MIDNIGHT


def _minutes(hour: str, minute: str) -> int:
    total = int(hour) * 60 + int(minute)
    if int(minute) > 59 or total > _MIDNIGHT:
        raise HoursError(f'"{hour}:{minute}" is no time of day', "use 00:00 to 24:00")
    return total


def _refuse_overlaps(hours: WeeklyHours) -> None:
    week = [
        (number * _MIDNIGHT + start, number * _MIDNIGHT + end, DAYS[number].title())
        for number, ranges in enumerate(hours.days)
        for start, end in ranges
    ]
    starts = [(start, day) for start, _, day in week]
    starts.append((starts[0][0] + 7 * _MIDNIGHT, starts[0][1]))
    for (_, end, day), (start, next_day) in zip(week, starts[1:], strict=True):
        if start < end:
            where = day if day == next_day else f"{day} and {next_day}"
            raise HoursError(f"two ranges overlap on {where}", "join them, or leave a break")


@lru_cache(maxsize=65536)
def stretches_of_day(
    ranges: tuple[tuple[int, int], ...], zone: str, day: date
) -> tuple[Interval, ...]:
    """The instants whose wall clock in `zone` reads inside `ranges` of `day`, and no others.

    A wall time that a zone change skips gives nothing; one that it repeats gives both.
    """
    return tuple(merged(piece for span in ranges for piece in _instants(span, zone, day)))


@lru_cache(maxsize=4096)
def day_span(zone: str, first: date, last: date) -> Interval:
    """From the first instant of `first` to the last of `last` on the wall clocks of `zone`."""
    pieces = [*_instants((0, _MIDNIGHT), zone, first), *_instants((0, _MIDNIGHT), zone, last)]
    if not pieces:  # a zone that crossed the date line has no such day
        edge = datetime.combine(first, datetime.min.time(), UTC)
        return Interval(edge, edge)
    return Interval(min(p.start for p in pieces), max(p.end for p in pieces))


def _instants(span: tuple[int, int], zone: str, day: date) -> Iterator[Interval]:
    tz = ZoneInfo(zone)
    midnight = datetime.combine(day, datetime.min.time())
    start, end = (midnight + timedelta(minutes=minute) for minute in span)
    offsets = {_offset(tz, wall.replace(fold=fold)) for wall in (start, end) for fold in (0, 1)}
    if len(offsets) == 1:
        offset = offsets.pop()
        yield Interval((start - offset).replace(tzinfo=UTC), (end - offset).replace(tzinfo=UTC))
        return
    reach = Interval(
        (start - max(offsets)).replace(tzinfo=UTC), (end - min(offsets)).replace(tzinfo=UTC)
    )
    for piece, offset in _constant_pieces(tz, reach):
        low = max(piece.start, (start - offset).replace(tzinfo=UTC))
        high = min(piece.end, (end - offset).replace(tzinfo=UTC))
        if low < high:
            yield Interval(low, high)


def _offset(tz: ZoneInfo, wall: datetime) -> timedelta:
    offset = wall.replace(tzinfo=tz).utcoffset()
    assert offset is not None  # noqa: S101 - a ZoneInfo always has one
    return offset


def _constant_pieces(tz: ZoneInfo, reach: Interval) -> Iterator[tuple[Interval, timedelta]]:
    """Cut `reach` where the zone's offset changes; each piece with its offset."""
    step = timedelta(minutes=15)
    at, begun = reach.start, reach.start
    offset = at.astimezone(tz).utcoffset() or timedelta()
    while at < reach.end:
        following = min(at + step, reach.end)
        next_offset = following.astimezone(tz).utcoffset() or timedelta()
        if next_offset != offset:
            edge = _edge(tz, at, following, offset)
            yield Interval(begun, edge), offset
            begun, offset = edge, next_offset
        at = following
    yield Interval(begun, reach.end), offset


def _edge(tz: ZoneInfo, low: datetime, high: datetime, offset: timedelta) -> datetime:
    """The first second in (low, high] at which the offset is another one."""
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        if middle.astimezone(tz).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return high

"""Looking ahead: weeks in which a pair's usual time, or all their common time, leaves their hours.

Clocks change on different days in different places; holidays and leave take whole weeks. Both are
known long before, so they are named and planned around before a meeting falls through.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from mentoring.availability import zone_at
from mentoring.grid import Grid, quarters_in, runs, starts
from mentoring.interval import Interval
from mentoring.notices import Party, Reader
from mentoring.roster import Person
from mentoring.worktime import common, worktime

AHEAD = timedelta(weeks=8)
_WEEK = timedelta(weeks=1)
LATEST = 3
"""So many meetings show what a pair's usual time is."""
_MOST_INSTEAD = 3


@dataclass(frozen=True)
class Usual:
    """When a pair mostly meets: a weekday, Monday = 0, and a wall-clock time of one zone."""

    weekday: int
    at: time
    zone: str

    def on(self, day: date, minutes: int) -> Interval:
        start = datetime.combine(day, self.at, ZoneInfo(self.zone)).astimezone(UTC)
        return Interval(start, start + timedelta(minutes=minutes))


@dataclass(frozen=True)
class Departure:
    """From `first` to `last`, days of the usual time, it lies outside the hours of `whose`.

    `clocks` is True where the two clocks stand differently then. `slot` is the first of those
    times; `instead` are times in that week that both work, the longest first.
    """

    first: date
    last: date
    whose: tuple[str, ...]
    clocks: bool
    slot: Interval
    instead: tuple[Interval, ...]


@dataclass(frozen=True)
class AheadNotice:
    """`kind` ahead: the usual time leaves somebody's hours (`departure`), or the two share no work
    hour for longer than their rhythm (`gap`). Nothing has to be done; `link` is the choices page.
    """

    key: str
    reader: Reader
    other: Party
    departure: Departure | None = None
    gap: Interval | None = None
    link: str = ""
    kind: str = "ahead"

    @property
    def mine(self) -> bool:
        """Whether the usual time leaves the reader's own hours."""
        return self.departure is not None and self.reader.email in self.departure.whose

    @property
    def first(self) -> date:
        return self.departure.first if self.departure else self._day(self.gap, end=False)

    @property
    def last(self) -> date:
        return self.departure.last if self.departure else self._day(self.gap, end=True)

    def _day(self, gap: Interval | None, *, end: bool) -> date:
        if gap is None:
            raise ValueError("a word about nothing ahead")
        return (gap.end if end else gap.start).astimezone(ZoneInfo(self.reader.zone)).date()


def usual_time(slots: Sequence[Interval], zone: str) -> Usual | None:
    """The weekday and time that at least two of the last three meetings share."""
    tz = ZoneInfo(zone)
    times = [slot.start.astimezone(tz) for slot in sorted(slots)[-LATEST:]]
    counted = Counter((local.weekday(), local.time()) for local in times)
    if not counted:
        return None
    (weekday, at), often = counted.most_common(1)[0]
    return Usual(weekday, at, zone) if often > 1 else None


def departures(
    mentor: Person, mentee: Person, usual: Usual, minutes: int, now: datetime
) -> list[Departure]:
    """Stretches of weeks, within eight, in which the usual time leaves somebody's hours.

    One that has begun is none: it was seen before.
    """
    apart = _apart(mentor, mentee, now)
    ahead = Interval(now, now + AHEAD + timedelta(minutes=minutes))
    hours = {p.email: worktime(p, ahead) for p in (mentor, mentee)}
    found: list[Departure] = []
    begun = True
    for slot, day in _weekly(usual, minutes, now):
        whose = tuple(email for email, work in hours.items() if not work.holds(slot))
        clocks = _apart(mentor, mentee, slot.start) != apart
        if not whose or begun:
            begun = begun and bool(whose)
            continue
        if found and found[-1].whose == whose and day - found[-1].last == _WEEK:
            before = found.pop()
            found.append(
                Departure(
                    before.first,
                    day,
                    whose,
                    before.clocks and clocks,
                    before.slot,
                    before.instead,
                )
            )
            continue
        instead = _instead(mentor, mentee, slot, minutes)
        found.append(Departure(day, day, whose, clocks, slot, instead))
    return found


def _weekly(usual: Usual, minutes: int, now: datetime) -> Iterator[tuple[Interval, date]]:
    today = now.astimezone(ZoneInfo(usual.zone)).date()
    day = today + timedelta(days=(usual.weekday - today.weekday()) % 7)
    while (slot := usual.on(day, minutes)).start < now + AHEAD:
        if slot.start > now:
            yield slot, day
        day += _WEEK


def _apart(mentor: Person, mentee: Person, at: datetime) -> timedelta | None:
    offsets = [at.astimezone(ZoneInfo(zone_at(p, at))).utcoffset() for p in (mentor, mentee)]
    return offsets[0] - offsets[1] if offsets[0] is not None and offsets[1] is not None else None


def _instead(mentor: Person, mentee: Person, slot: Interval, minutes: int) -> tuple[Interval, ...]:
    """The longest times of the slot's week that both work."""
    half = timedelta(days=3)
    grid = Grid.over(Interval(slot.start - half, slot.end + half))
    both = common(mentor, mentee, grid)
    stretches = (Interval(grid.at(first), grid.at(last)) for first, last in runs(both))
    fitting = [run for run in stretches if run.length >= timedelta(minutes=minutes)]
    return tuple(sorted(fitting, key=lambda run: (-run.length, run.start))[:_MOST_INSTEAD])


def gaps(
    mentor: Person, mentee: Person, minutes: int, window: Interval, longest: timedelta
) -> list[Interval]:
    """Stretches longer than `longest`, a quarter hour or more, in which no meeting can begin.

    Calendars are not looked at: what is said here is known for weeks ahead.
    """
    grid = Grid.over(window)
    possible = starts(common(mentor, mentee, grid), quarters_in(minutes))
    begins, ends = [window.start], []
    for first, after in runs(possible):
        ends.append(grid.at(first))
        begins.append(grid.at(after - 1))
    ends.append(window.end)
    both = zip(begins, ends, strict=True)
    return [Interval(begin, end) for begin, end in both if end - begin > longest]


def clear_of_gaps(
    mentor: Person,
    mentee: Person,
    minutes: int,
    due: datetime,
    earliest: datetime,
    every: timedelta,
) -> datetime:
    """The due date; brought forward where it lies in a gap longer than the rhythm.

    A gap that is nearer to its end is waited for instead.
    """
    window = Interval(earliest, due + 2 * every)
    for gap in gaps(mentor, mentee, minutes, window, every):
        if earliest < gap.start < due < gap.end and due - gap.start < gap.end - due:
            return gap.start
    return due

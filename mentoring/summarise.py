"""How a supervisor's summary gets its numbers: from meetings, hours, events and the clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from mentoring.availability import is_off, local_day, reading_hours, works_on
from mentoring.interval import Interval
from mentoring.meeting import LIVE, Meeting, State
from mentoring.met import Said, minutes_met
from mentoring.period import Period
from mentoring.roster import DateException, ExceptionKind, Pair, Person, Programme
from mentoring.summary import (
    AHEAD,
    BACK,
    Appointment,
    EventDate,
    Name,
    Part,
    Stage,
    Summary,
    Way,
    Week,
)

_DAY = timedelta(days=1)
_WEEK = timedelta(weeks=1)
_CONFLICTS_AHEAD = timedelta(weeks=4)
_START, _CLOSE, _AROUND_MIDPOINT = timedelta(days=30), timedelta(days=30), timedelta(days=14)
_NEXT = 3
_QUARTER = 15


@dataclass(frozen=True)
class Told:
    """A meeting with what a summary counts of it besides: never who said what.

    `lunch`: they meet at a place for lunch over the lunch hour. `moved_at` are the instants at
    which it moved for a deadline of this employee. `private`: counted, but never dated.
    """

    meeting: Meeting
    on_site: bool = False
    lunch: bool = False
    assumed: bool = False
    private: bool = False
    said: tuple[Said, ...] = ()
    moved_at: tuple[datetime, ...] = ()

    @property
    def start(self) -> datetime:
        return self.meeting.slot.start


@dataclass(frozen=True)
class Known:
    """What a summary says of an employee besides meetings.

    `partners` has a name for each pair in which both want theirs told, else None; `signed` counts
    the pairs whose agreement is in force; `attended` and `asked` are events, first to last.
    """

    partners: tuple[Name | None, ...] = ()
    signed: int = 0
    approved: bool = False
    attended: tuple[EventDate, ...] = ()
    asked: tuple[EventDate, ...] = ()


def summarise(
    person: Person,
    pairs: Sequence[Pair],
    meetings: Sequence[Told],
    known: Known,
    period: Period,
    programme: Programme,
    now: datetime,
) -> Summary:
    """The summary of one employee. The period's days are the programme's, all others their own.

    Confirmed meetings whose time is past count as held, and as assumed so until one of the two
    says that they met.
    """
    zone = ZoneInfo(programme.timezone)
    past = [m for m in meetings if _took_place(m.meeting, now)]
    over = [m for m in past if m.start.astimezone(zone).date() in period]
    coming = sorted((m for m in meetings if _is_coming(m.meeting, now)), key=lambda m: m.start)
    in_conflict = [m for m in coming if _touches_deadline(person, m, now)]
    weeks = _weeks(person, past, coming, now)
    shown = [m for m in past if local_day(person, m.start) >= weeks[0].first]
    return Summary(
        employee=Name(person.name),
        first=period.first,
        last=period.last,
        partners=tuple(name for name in known.partners if name),
        unnamed=known.partners.count(None),
        conflicts=tuple(local_day(person, m.start) for m in in_conflict if not m.private),
        conflicts_undated=sum(m.private for m in in_conflict),
        minutes_held=sum(duty_minutes(person, m) for m in over),
        minutes_agreed=sum(_agreed(person, pair, period) for pair in pairs),
        lunches=sum(m.lunch for m in over),
        held=len(over),
        assumed=sum(_is_assumed(m) for m in over),
        planned=len(coming),
        moved=sum(_moved_in(period, m, zone) for m in meetings if not m.private),
        next_meetings=tuple(_appointment(m) for m in coming if not m.private)[:_NEXT],
        attended=tuple(e for e in known.attended if e.slot.start.astimezone(zone).date() in period),
        coming=tuple(e for e in known.asked if e.slot.start > now)[:_NEXT],
        stage=stage_on(programme, now.astimezone(zone).date()),
        signed=known.signed,
        agreements=len(pairs),
        approved=known.approved,
        weeks=weeks,
        undated=len({m.meeting.uid for m in (*over, *shown, *coming) if m.private}),
    )


def _moved_in(period: Period, told: Told, zone: ZoneInfo) -> bool:
    return any(at.astimezone(zone).date() in period for at in told.moved_at)


def _took_place(meeting: Meeting, now: datetime) -> bool:
    if meeting.state is State.HELD:
        return True
    return meeting.state is State.CONFIRMED and meeting.slot.end <= now


def _is_coming(meeting: Meeting, now: datetime) -> bool:
    return meeting.state in LIVE and meeting.slot.start > now


def _is_assumed(told: Told) -> bool:
    return told.assumed or (told.meeting.state is State.CONFIRMED and not told.said)


def _appointment(told: Told) -> Appointment:
    return Appointment(told.meeting.slot, Way.ON_SITE if told.on_site else Way.VIRTUAL)


def duty_minutes(person: Person, told: Told) -> int:
    """The part of a meeting inside the person's work hours. A lunch is none of it."""
    if told.lunch:
        return 0
    minutes = minutes_met(told.said, int(told.meeting.slot.length.total_seconds() // 60))
    span = Interval(told.start, told.start + timedelta(minutes=minutes))
    worked = sum((stretch.length for stretch in reading_hours(person, span)), timedelta())
    return round(worked / timedelta(minutes=1))


def _agreed(person: Person, pair: Pair, period: Period) -> int:
    """Minutes that the pair's rhythm asks of the person in the days that period and pair share,
    to the quarter hour.

    Their own leave takes its share of the work days off, and so does a pause that the coordinator
    gave. The partner's leave does not: when a partner is away is nobody's business but the pair's.
    """
    first, last = max(pair.start, period.first), min(pair.end, period.last)
    if last < first:
        return 0
    days = [first + n * _DAY for n in range((last - first).days + 1)]
    at_work = [day for day in days if works_on(person, day)]
    present = [d for d in at_work if not is_off(person, d) and not _is_paused(pair, d)]
    share = len(present) / len(at_work) if at_work else 1
    minutes = len(days) * _DAY / pair.agreement.every * pair.agreement.minutes * share
    return round(minutes / _QUARTER) * _QUARTER


def _is_paused(pair: Pair, day: date) -> bool:
    return any(p.by_coordinator and p.first <= day <= p.last for p in pair.pauses)


def _touches_deadline(person: Person, told: Told, now: datetime) -> bool:
    if told.start > now + _CONFLICTS_AHEAD:
        return False
    days = Period(local_day(person, told.start), local_day(person, told.meeting.slot.end))
    return any(_touch(deadline, days) for deadline in _deadlines(person))


def _deadlines(person: Person) -> Iterator[DateException]:
    return (e for e in person.exceptions if e.kind is ExceptionKind.DEADLINE)


def _touch(deadline: DateException, days: Period) -> bool:
    return deadline.first <= days.last and deadline.last >= days.first


def _weeks(
    person: Person, past: Iterable[Told], coming: Iterable[Told], now: datetime
) -> tuple[Week, ...]:
    held, planned = _by_week(person, past), _by_week(person, coming)
    this = _monday(local_day(person, now))
    mondays = [this + n * _WEEK for n in range(-BACK, AHEAD)]
    return tuple(
        Week(
            monday,
            held.get(monday, 0),
            planned.get(monday, 0),
            any(_touch(d, Period(monday, monday + 6 * _DAY)) for d in _deadlines(person)),
        )
        for monday in mondays
    )


def _by_week(person: Person, meetings: Iterable[Told]) -> dict[date, int]:
    """Duty minutes by the week's Monday, without the meetings that are to have no date."""
    found: dict[date, int] = {}
    for told in meetings:
        if not told.private:
            monday = _monday(local_day(person, told.start))
            found[monday] = found.get(monday, 0) + duty_minutes(person, told)
    return found


def _monday(day: date) -> date:
    return day - day.weekday() * _DAY


def stage_on(programme: Programme, day: date) -> Stage:
    weeks = -(-((programme.end - programme.start).days + 1) // 7)
    week = (day - programme.start).days // 7 + 1
    return Stage(min(max(week, 1), weeks), weeks, _part(programme, day))


def _part(programme: Programme, day: date) -> Part:
    middle = programme.start + (programme.end - programme.start) / 2
    if day > programme.end:
        return Part.OVER
    if programme.end - day <= _CLOSE:
        return Part.CLOSING
    if abs(day - middle) <= _AROUND_MIDPOINT:
        return Part.MIDPOINT
    return Part.START if day - programme.start < _START else Part.UNDER_WAY

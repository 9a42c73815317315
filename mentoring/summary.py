"""What a supervisor is told of an employee: periods, counts and dates, never content."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from mentoring.interval import Interval
from mentoring.meeting import Meeting, State
from mentoring.met import Said, minutes_met
from mentoring.notices import Stage, Summary
from mentoring.roster import Pair, Programme

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Period:
    """Whole days, both ends included."""

    first: date
    last: date

    def name(self) -> str:
        return f"{self.first.isoformat()}..{self.last.isoformat()}"


@dataclass(frozen=True)
class Told:
    """A meeting with what a summary counts of it besides: never who said what."""

    meeting: Meeting
    on_site: bool = False
    assumed: bool = False
    said: tuple[Said, ...] = ()


def last_period(every: str, programme: Programme, today: date) -> Period | None:
    """The newest period that is over on `today` and touches the programme; None before the first.

    `every` is week (Monday to Sunday), 2 weeks (counted from the programme's first week) or month.
    """
    period = _month_before(today) if every == "month" else _weeks_before(every, programme, today)
    if period.last < programme.start or period.first > programme.end:
        return None
    return Period(max(period.first, programme.start), min(period.last, programme.end))


def _month_before(today: date) -> Period:
    last = today.replace(day=1) - _DAY
    return Period(last.replace(day=1), last)


def _weeks_before(every: str, programme: Programme, today: date) -> Period:
    length = timedelta(weeks=2 if every == "2 weeks" else 1)
    monday = programme.start - timedelta(days=programme.start.weekday())
    whole = (today - monday) // length
    first = monday + (whole - 1) * length
    return Period(first, first + length - _DAY)


def summarise(
    employee: str,
    pairs: Sequence[Pair],
    meetings: Sequence[Told],
    period: Period,
    programme: Programme,
    *,
    days: dict[str, date],
    now: datetime,
) -> Summary:
    """The summary of one employee's pairs.

    `days` gives each UID's day on the programme's clock. Confirmed meetings whose time is past
    count as held, and as assumed so until one of the two says that they met.
    """
    over = [m for m in meetings if _took_place(m.meeting, now) and _in(period, days[m.meeting.uid])]
    coming = sorted(
        (m for m in meetings if _is_coming(m.meeting, now)),
        key=lambda m: m.meeting.slot.start,
    )
    upcoming: Interval | None = coming[0].meeting.slot if coming else None
    return Summary(
        employee=employee,
        first=period.first,
        last=period.last,
        held=len(over),
        assumed=sum(_is_assumed(m) for m in over),
        planned=len(coming),
        minutes_held=sum(_minutes(m) for m in over),
        minutes_agreed=sum(_agreed(pair, period) for pair in pairs),
        next_meeting=upcoming,
        next_virtual=not coming[0].on_site if coming else True,
        stage=_stage(programme, period.last),
    )


def _took_place(meeting: Meeting, now: datetime) -> bool:
    if meeting.state is State.HELD:
        return True
    return meeting.state is State.CONFIRMED and meeting.slot.end <= now


def _is_coming(meeting: Meeting, now: datetime) -> bool:
    return meeting.state in (State.PROPOSED, State.CONFIRMED) and meeting.slot.start > now


def _in(period: Period, day: date) -> bool:
    return period.first <= day <= period.last


def _is_assumed(told: Told) -> bool:
    return told.assumed or (told.meeting.state is State.CONFIRMED and not told.said)


def _minutes(told: Told) -> int:
    return minutes_met(told.said, int(told.meeting.slot.length.total_seconds() // 60))


def _agreed(pair: Pair, period: Period) -> int:
    """Minutes that the pair's rhythm asks for in the days that period and pair share."""
    first, last = max(pair.start, period.first), min(pair.end, period.last)
    if last < first:
        return 0
    shared = (last - first + _DAY) / pair.agreement.every
    return round(shared * pair.agreement.minutes)


def _stage(programme: Programme, day: date) -> Stage:
    weeks = -(-((programme.end - programme.start).days + 1) // 7)
    week = (day - programme.start).days // 7 + 1
    return Stage(min(max(week, 1), weeks), weeks)

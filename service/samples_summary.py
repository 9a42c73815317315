"""Sample summaries: a supervisor's mail with all that a section may say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from mentoring.interval import Interval
from mentoring.notices import Notice, Reader
from mentoring.period import last_period
from mentoring.summarise import stage_on
from mentoring.summary import (
    AHEAD,
    BACK,
    Appointment,
    EventDate,
    EventKind,
    Name,
    Summary,
    SummaryNotice,
    Way,
    Week,
)
from service.samples import KEY, Sample, Sitting
from service.summaries import DEADLINE, next_week

_HELD = (0, 60, 0, 60, 30, 0, 60, 60, 0, 0, 0, 0)
_PLANNED = (0, 0, 0, 0, 0, 0, 0, 0, 60, 0, 60, 0)
_DEADLINE = 9
"""Which of the twelve weeks is a deadline's."""


def _summary(s: Sitting) -> Notice:
    """As it is sent a day after the month in which the pair's fortieth day lies."""
    programme = s.roster.programme
    month = s.pair.start + timedelta(days=40)
    period = last_period("month", programme, (month.replace(day=28) + timedelta(days=5)))
    if period is None:
        raise ValueError("the programme is too short for a summary")
    today = period.last + timedelta(days=1)
    at_one = time(13, tzinfo=ZoneInfo(programme.timezone))
    days = [today + timedelta(days=n) for n in (1, 15, 20)]
    slots = [
        Interval(start, start + timedelta(minutes=60))
        for start in (datetime.combine(day, at_one) for day in days)
    ]
    monday = today - timedelta(days=today.weekday())
    section = Summary(
        employee=Name(s.person.name),
        first=period.first,
        last=period.last,
        partners=(),
        unnamed=1,
        conflicts=(),
        conflicts_undated=0,
        minutes_held=150,
        minutes_agreed=240,
        lunches=1,
        held=3,
        assumed=1,
        planned=2,
        moved=1,
        next_meetings=tuple(Appointment(slot, Way.VIRTUAL) for slot in slots[:2]),
        attended=(),
        coming=(EventDate(EventKind.MIDPOINT, slots[2], Way.VIRTUAL),),
        stage=stage_on(programme, today),
        signed=1,
        agreements=1,
        approved=True,
        weeks=tuple(
            Week(monday + timedelta(weeks=n - BACK), _HELD[n], _PLANNED[n], n == _DEADLINE)
            for n in range(BACK + AHEAD)
        ),
        undated=1,
    )
    to = s.person.supervisor or s.person.mailbox
    as_read = Reader(to.name, to.email, programme.timezone)
    return SummaryNotice(
        KEY, as_read, (section,), copy=False, example=next_week(today), page=s.link(DEADLINE)
    )


SUMMARY: Mapping[str, Sample] = {"summary": _summary}

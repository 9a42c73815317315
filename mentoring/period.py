"""The stretches of days that summaries are about: weeks, fortnights or months of a programme."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from mentoring.roster import Programme

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Period:
    """Whole days, both ends included."""

    first: date
    last: date

    def name(self) -> str:
        return f"{self.first.isoformat()}..{self.last.isoformat()}"

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


def last_period(every: str, programme: Programme, today: date) -> Period | None:
    """The newest period that is over on `today` and touches the programme; None before the first.

    `every` is week (Monday to Sunday), 2 weeks (counted from the programme's first week) or month.
    """
    before = _around(every, programme, today).first - _DAY
    return _within(_around(every, programme, before), programme)


def running_period(every: str, programme: Programme, today: date) -> Period:
    """The period that `today` lies in; the programme's first or last outside of it."""
    day = min(max(today, programme.start), programme.end)
    return _within(_around(every, programme, day), programme) or Period(day, day)


def _within(period: Period, programme: Programme) -> Period | None:
    if period.last < programme.start or period.first > programme.end:
        return None
    return Period(max(period.first, programme.start), min(period.last, programme.end))


def _around(every: str, programme: Programme, day: date) -> Period:
    if every == "month":
        first = day.replace(day=1)
        return Period(first, (first + timedelta(days=31)).replace(day=1) - _DAY)
    length = timedelta(weeks=2 if every == "2 weeks" else 1)
    monday = programme.start - timedelta(days=programme.start.weekday())
    first = monday + (day - monday) // length * length
    return Period(first, first + length - _DAY)

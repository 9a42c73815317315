"""29 February, and the ends of years: days that a calendar has only sometimes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from mentoring.availability import meeting_hours, working_days_between
from mentoring.hours import parse_hours, stretches_of_day
from mentoring.interval import Interval
from mentoring.period import Period, last_period, running_period
from mentoring.roster import DateException, ExceptionKind, Mailbox, Person, Programme
from mentoring.roster_files import read_roster
from mentoring.week import week_of

LEAP = date(2028, 2, 29)
OFFICE = Mailbox("Office", "office@example.org")


def programme(start: date, end: date) -> Programme:
    return Programme("P", OFFICE, "America/New_York", start, end, "c@example.org")


def term(start: str, months: int) -> date:
    """The last day of a programme as overlap.toml would have it."""
    text = (
        '[programme]\nname = "P"\norganiser = "O <o@example.org>"\ntimezone = "UTC"\n'
        f'start = {start}\nmonths = {months}\ncoordinator = "c@example.org"\n'
    )
    people = "name,email,timezone,hours\nA,a@example.org,UTC,Mon 09:00-17:00\n"
    files = {"overlap.toml": text, "people.csv": people, "pairs.csv": "mentor,mentee\n"}
    roster, faults = read_roster({name: content.encode() for name, content in files.items()})
    assert roster is not None, faults
    return roster.programme.end


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2028-02-29", 12, "2029-02-28"),
        ("2027-03-01", 12, "2028-02-29"),
        ("2028-03-01", 12, "2029-02-28"),
        ("2027-08-31", 6, "2028-02-29"),
        ("2026-08-31", 6, "2027-02-28"),
        ("2027-08-29", 6, "2028-02-28"),
        ("2026-08-29", 6, "2027-02-28"),
        ("2027-12-31", 12, "2028-12-30"),
        ("2028-02-28", 12, "2029-02-27"),
    ],
)
def test_a_term_in_months(start: str, months: int, end: str) -> None:
    assert term(start, months).isoformat() == end


def test_a_month_report_holds_the_leap_day_and_comes_after_it() -> None:
    year = programme(date(2028, 1, 3), date(2028, 12, 29))
    february = Period(date(2028, 2, 1), LEAP)
    assert running_period("month", year, LEAP) == february
    before, after = LEAP, LEAP + timedelta(days=1)
    assert last_period("month", year, before) == Period(date(2028, 1, 3), date(2028, 1, 31))
    assert last_period("month", year, after) == february


@pytest.mark.parametrize("every", ["week", "2 weeks", "month"])
@pytest.mark.parametrize("start", [date(2027, 12, 29), date(2028, 2, 29), date(2026, 12, 31)])
def test_periods_follow_one_another_through_leap_days_and_years(every: str, start: date) -> None:
    year = programme(start, start + timedelta(days=430))
    seen: list[Period] = []
    for day in (year.start + timedelta(days=n) for n in range(460)):
        period = last_period(every, year, day)
        if period and period not in seen:
            seen.append(period)
    assert (seen[0].first, seen[-1].last) == (year.start, year.end)
    for one, two in pairwise(seen):
        assert two.first == one.last + timedelta(days=1)


def test_the_leap_day_is_a_working_day_like_any_other() -> None:
    zone = "America/New_York"
    person = Person("A", "a@example.org", zone, parse_hours("Mon-Fri 09:00-17:00"))
    around = Interval(datetime(2028, 2, 28, tzinfo=UTC), datetime(2028, 3, 2, tzinfo=UTC))
    days = [h.start.astimezone(ZoneInfo(zone)).date() for h in meeting_hours(person, around)]
    assert days == [date(2028, 2, 28), LEAP, date(2028, 3, 1)]
    assert working_days_between(person, around.start, around.end) == 3
    off = DateException(ExceptionKind.OFF, LEAP, LEAP, "")
    away = Person("A", "a@example.org", zone, person.hours, exceptions=(off,))
    days = [h.start.astimezone(ZoneInfo(zone)).date() for h in meeting_hours(away, around)]
    assert days == [date(2028, 2, 28), date(2028, 3, 1)]


def test_weeks_are_named_by_the_year_that_most_of_them_lies_in() -> None:
    days = ("2026-12-31", "2027-01-01", "2027-01-03", "2027-01-04", "2027-12-31", "2028-01-02")
    names = [week_of(date.fromisoformat(day)) for day in days]
    assert names == ["2026-W53", "2026-W53", "2026-W53", "2027-W01", "2027-W52", "2027-W52"]
    many = {week_of(date(2026, 1, 1) + timedelta(days=n)) for n in range(7 * 300)}
    assert len(many) == 301  # no two weeks share a name


@pytest.mark.parametrize(
    ("zone", "day", "hours", "length"),
    [
        # The gap and the fold at the beginning and the end of a night shift's hours.
        ("America/New_York", date(2027, 3, 14), (60, 150), 60),  # 01:00-02:30, 02:00 is 03:00
        ("America/New_York", date(2027, 3, 14), (150, 240), 60),  # 02:30-04:00
        ("America/New_York", date(2027, 11, 7), (60, 120), 120),  # 01:00-02:00, twice
        ("America/New_York", date(2027, 11, 7), (90, 180), 120),  # 01:30-03:00
        ("Australia/Lord_Howe", date(2027, 4, 4), (90, 150), 90),  # half an hour comes twice
        ("America/New_York", date(2028, 2, 29), (540, 1020), 480),
    ],
)
def test_hours_at_the_edges_of_a_change_of_clocks(
    zone: str, day: date, hours: tuple[int, int], length: int
) -> None:
    stretches = stretches_of_day((hours,), zone, day)
    assert sum((s.length for s in stretches), timedelta()) == timedelta(minutes=length)

"""Holidays, leave, deadlines and travel, laid over work hours."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mentoring.availability import (
    is_holiday,
    is_off,
    meeting_hours,
    reading_hours,
    reads_at,
    region_exists,
    subtract,
    working_day_before,
    working_days_between,
    works_on,
    zone_at,
    zone_on,
)
from mentoring.hours import parse_hours
from mentoring.interval import Interval
from mentoring.roster import DateException, ExceptionKind, Person

WEEK = Interval(datetime(2027, 1, 11, tzinfo=UTC), datetime(2027, 1, 19, tzinfo=UTC))


def person(
    hours: str = "Mon-Fri 09:00-17:00", *exceptions: DateException, region: str = ""
) -> Person:
    return Person(
        "a@example.org",
        "A",
        "America/New_York",
        parse_hours(hours),
        holidays=region,
        exceptions=exceptions,
    )


def days(stretches: list[Interval]) -> list[int]:
    return [s.start.day for s in stretches]


def span(kind: ExceptionKind, first: int, last: int, value: str = "") -> DateException:
    hours = parse_hours(value) if kind is ExceptionKind.HOURS else None
    return DateException(kind, date(2027, 1, first), date(2027, 1, last), value, hours)


def test_a_plain_week() -> None:
    assert days(meeting_hours(person(), WEEK)) == [11, 12, 13, 14, 15, 18]


def test_a_federal_holiday() -> None:
    assert days(meeting_hours(person(region="US"), WEEK)) == [11, 12, 13, 14, 15]


def test_leave_stops_meetings_and_mail_a_deadline_only_meetings() -> None:
    off = person("Mon-Fri 09:00-17:00", span(ExceptionKind.OFF, 12, 13))
    due = person("Mon-Fri 09:00-17:00", span(ExceptionKind.DEADLINE, 12, 13))
    assert days(meeting_hours(off, WEEK)) == days(reading_hours(off, WEEK)) == [11, 14, 15, 18]
    assert days(meeting_hours(due, WEEK)) == [11, 14, 15, 18]
    assert days(reading_hours(due, WEEK)) == [11, 12, 13, 14, 15, 18]


def test_a_night_shift_stops_at_a_blocked_day() -> None:
    nights = person("Mon-Fri 22:00-06:00", span(ExceptionKind.OFF, 13, 13))
    found = meeting_hours(nights, WEEK)
    tuesday = next(s for s in found if s.start == datetime(2027, 1, 13, 3, tzinfo=UTC))
    assert tuesday.end == datetime(2027, 1, 13, 5, tzinfo=UTC)  # midnight in New York
    assert not any(s.start.day == 14 and s.start.hour == 3 for s in found)


def test_a_night_shift_on_the_last_day_of_a_journey_stops_at_a_blocked_day_too() -> None:
    journey = span(ExceptionKind.TIMEZONE, 10, 12, "Asia/Kathmandu")
    nights = person("Mon-Fri 20:00-04:00", journey, span(ExceptionKind.OFF, 13, 13))
    last = next(s for s in meeting_hours(nights, WEEK) if s.start.day == 12)
    assert last == Interval(  # 20:00 to midnight in Kathmandu
        datetime(2027, 1, 12, 14, 15, tzinfo=UTC), datetime(2027, 1, 12, 18, 15, tzinfo=UTC)
    )


def test_travel_moves_hours_and_new_hours_replace_them() -> None:
    away = person("Mon-Fri 09:00-17:00", span(ExceptionKind.TIMEZONE, 12, 12, "Asia/Tokyo"))
    stretch = next(s for s in meeting_hours(away, WEEK) if s.start.day == 12 and s.start.hour == 0)
    assert stretch == Interval(
        datetime(2027, 1, 12, 0, tzinfo=UTC), datetime(2027, 1, 12, 8, tzinfo=UTC)
    )
    assert zone_at(away, stretch.start) == zone_at(away, stretch.end) == "Asia/Tokyo"
    assert zone_at(away, stretch.start + timedelta(hours=18)) == "America/New_York"
    short = person("Mon-Fri 09:00-17:00", span(ExceptionKind.HOURS, 12, 12, "Tue 10:00-11:00"))
    tuesday = [s for s in meeting_hours(short, WEEK) if s.start.day == 12]
    assert [s.length for s in tuesday] == [timedelta(hours=1)]


def test_working_days() -> None:
    friday = datetime(2027, 1, 15, 20, tzinfo=UTC)
    assert working_days_between(person(), friday, friday + timedelta(days=2)) == 0
    assert working_days_between(person(), friday, friday + timedelta(days=3)) == 1
    assert working_days_between(person(region="US"), friday, friday + timedelta(days=3)) == 0


def test_a_working_day_counts_from_the_minute_it_begins() -> None:
    friday, monday = (datetime(2027, 1, day, 14, tzinfo=UTC) for day in (15, 18))
    between = [
        working_days_between(person(), friday, monday + timedelta(seconds=seconds))
        for seconds in (-120, -60, -59, 0, 3600)
    ]
    assert between == [0, 0, 1, 1, 1]
    assert working_days_between(person(), friday, friday + timedelta(days=7)) == 5


def test_no_working_day_lies_between_an_instant_and_itself_or_an_earlier_one() -> None:
    monday = datetime(2027, 1, 18, 14, tzinfo=UTC)
    assert working_days_between(person(), monday, monday) == 0
    assert working_days_between(person(), monday, monday - timedelta(days=9)) == 0


def test_the_beginning_of_the_nth_working_day_before() -> None:
    tuesday = datetime(2027, 1, 19, 20, tzinfo=UTC)
    begin = {
        days: working_day_before(
            person("Mon-Fri 09:00-12:00, 13:00-17:00", region="US"), tuesday, days
        )
        for days in (1, 2, 5)
    }  # Monday the 18th is a holiday
    assert begin == {
        1: datetime(2027, 1, 15, 14, tzinfo=UTC),
        2: datetime(2027, 1, 14, 14, tzinfo=UTC),
        5: datetime(2027, 1, 11, 14, tzinfo=UTC),
    }


def test_nobody_is_looked_for_longer_than_sixty_days() -> None:
    away = DateException(ExceptionKind.OFF, date(2027, 3, 1), date(2027, 4, 28), "")
    someone = person("Mon-Sun 09:00-17:00", away)
    back = datetime(2027, 4, 29, 20, tzinfo=UTC)
    assert working_day_before(someone, back, 1) == datetime(2027, 2, 28, 14, tzinfo=UTC)
    assert working_day_before(someone, back + timedelta(days=1), 2) is None


def test_whether_a_day_is_worked_or_off() -> None:
    someone = person("Mon-Fri 09:00-17:00", span(ExceptionKind.OFF, 12, 13), region="US")
    assert [works_on(someone, date(2027, 1, day)) for day in (15, 16, 17, 18)] == [
        *(True, False, False, True)  # the holiday too is one of the person's days
    ]
    off = [is_off(someone, date(2027, 1, day)) for day in (11, 12, 13, 14)]
    assert off == [False, True, True, False]
    due = person("Mon-Fri 09:00-17:00", span(ExceptionKind.DEADLINE, 12, 13))
    assert not is_off(due, date(2027, 1, 12))


def test_mail_may_arrive_from_the_first_minute_to_before_the_last() -> None:
    nine, five = (datetime(2027, 1, 12, hour, tzinfo=UTC) for hour in (14, 22))
    second = timedelta(seconds=1)
    instants = nine - 61 * second, nine - second, nine, five - second, five
    assert [reads_at(person(), at) for at in instants] == [False, False, True, True, False]


def test_of_two_journeys_the_first_one_named_holds() -> None:
    there = span(ExceptionKind.TIMEZONE, 12, 14, "Asia/Tokyo")
    onward = span(ExceptionKind.TIMEZONE, 13, 15, "Asia/Kathmandu")
    someone = person("Mon-Fri 09:00-17:00", there, onward)
    noon = [datetime(2027, 1, day, 3, tzinfo=UTC) for day in (11, 12, 13, 14, 15)]
    zones = "America/New_York", *["Asia/Tokyo"] * 3, "Asia/Kathmandu"
    assert tuple(zone_at(someone, instant) for instant in noon) == zones
    twice = person("Mon-Fri 09:00-17:00", onward, there)  # on the 12th only Tokyo covers the day
    assert zone_at(twice, noon[1]) == "Asia/Tokyo"


@pytest.mark.parametrize(
    ("zone", "hours", "first", "last"),
    [
        ("Pacific/Kiritimati", "Wed 00:00-24:00", 10, 11),  # fourteen hours ahead
        ("Etc/GMT+12", "Sun 22:00-21:59", 8, 9),  # twelve behind, until Monday night
    ],
)
def test_hours_reach_into_a_tuesday(zone: str, hours: str, first: int, last: int) -> None:
    window = Interval(*(datetime(2027, 1, 12, hour, tzinfo=UTC) for hour in (first, last)))
    someone = Person("a@example.org", "A", zone, parse_hours(hours))
    assert meeting_hours(someone, window) == [window]


stretches = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 8)).map(
        lambda at: Interval(
            *(WEEK.start + minute * timedelta(minutes=1) for minute in (at[0], sum(at)))
        )
    ),
    max_size=6,
)


@given(stretches, stretches)
def test_what_is_left_outside_the_holes(held: list[Interval], holes: list[Interval]) -> None:
    left = subtract(held, holes)
    for minute in range(40):
        at = WEEK.start + timedelta(minutes=minute)
        within = [any(s.start <= at < s.end for s in some) for some in (left, held, holes)]
        assert within[0] == (within[1] and not within[2])
    assert all(s.start < s.end for s in left)
    assert subtract(held, []) == held


def test_regions() -> None:
    assert is_holiday("US", date(2027, 7, 5))  # observed: the Fourth is a Sunday
    assert is_holiday("DE-BY", date(2027, 1, 6))
    assert not is_holiday("DE-BE", date(2027, 1, 6))
    assert not is_holiday("", date(2027, 1, 1))


@pytest.mark.parametrize(
    ("region", "known"),
    [
        *[(region, True) for region in ("US", "US-CA", "DE-BY", "GB", "GB-SCT", "USA")],
        *[(region, False) for region in ("US-ZZ", "US-", "-", "us", "XX", "NYSE", "utils")],
        *[(region, False) for region in ("HolidayBase", "country_holidays", "__name__")],
    ],
)
def test_which_regions_are_known(region: str, known: bool) -> None:
    assert region_exists(region) == known


exceptions = st.lists(
    st.builds(
        lambda kind, first, length, zone: DateException(
            kind, first, first + timedelta(days=length), zone
        ),
        st.sampled_from([ExceptionKind.OFF, ExceptionKind.DEADLINE, ExceptionKind.TIMEZONE]),
        st.dates(date(2027, 1, 1), date(2027, 2, 28)),
        st.integers(0, 9),
        st.sampled_from(["Asia/Kathmandu", "Pacific/Auckland", "America/Los_Angeles"]),
    ),
    max_size=4,
)


@settings(max_examples=60, deadline=None)
@given(
    hours=st.sampled_from(["Mon-Fri 09:00-17:00", "Mon-Sun 20:00-04:00"]),
    found=exceptions,
    at=st.integers(0, 40 * 96),
)
def test_an_instant_is_readable_just_when_a_stretch_holds_it(
    hours: str, found: list[DateException], at: int
) -> None:
    someone = person(hours, *found, region="US")
    instant = datetime(2027, 1, 5, tzinfo=UTC) + at * timedelta(minutes=15)
    window = Interval(instant - timedelta(days=3), instant + timedelta(days=3))
    stretches = reading_hours(someone, window)
    assert reads_at(someone, instant) == any(s.start <= instant < s.end for s in stretches)
    for stretch in meeting_hours(someone, window):
        assert any(s.contains(stretch) for s in stretches)


def test_a_day_that_a_zone_skips_is_no_day() -> None:
    apia = Person(
        "a@example.org",
        "A",
        "Pacific/Apia",
        parse_hours("Mon-Sun 09:00-17:00"),
        exceptions=(DateException(ExceptionKind.OFF, date(2011, 12, 30), date(2011, 12, 31)),),
    )
    window = Interval(datetime(2011, 12, 28, 12, tzinfo=UTC), datetime(2012, 1, 3, tzinfo=UTC))
    local = [s.start.astimezone(ZoneInfo("Pacific/Apia")) for s in meeting_hours(apia, window)]
    assert [(when.day, when.hour) for when in local] == [(28, 9), (29, 9), (1, 9), (2, 9), (3, 9)]


@settings(max_examples=60, deadline=None)
@given(
    hours=st.sampled_from(["Mon-Fri 09:00-17:00", "Mon-Sun 20:00-04:00", "Sat 00:00-24:00"]),
    found=exceptions,
    start=st.integers(0, 60),
)
def test_a_meeting_lies_inside_hours_and_on_no_blocked_day(
    hours: str, found: list[DateException], start: int
) -> None:
    someone = person(hours, *found, region="US")
    begin = datetime(2027, 1, 1, tzinfo=UTC) + timedelta(days=start)
    for stretch in meeting_hours(someone, Interval(begin, begin + timedelta(days=6))):
        for at in (stretch.start, stretch.end - timedelta(seconds=1)):
            worked = [
                (wall.date(), day)
                for wall, day in local_readings(someone, at)
                if inside(someone.hours.on(day), wall, day)
            ]
            assert any(not blocked(someone, d) and not blocked(someone, w) for w, d in worked)


def local_readings(someone: Person, at: datetime) -> list[tuple[datetime, date]]:
    """Each wall clock the person may live by, with the days whose hours may hold it."""
    found = []
    for zone in {someone.timezone, *(e.value for e in someone.exceptions if e.value)}:
        wall = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        days_around = [wall.date(), wall.date() - timedelta(days=1)]
        found += [(wall, day) for day in days_around if zone_on(someone, day) == zone]
    return found


def inside(ranges: tuple[tuple[int, int], ...], wall: datetime, day: date) -> bool:
    minute = (wall - datetime.combine(day, datetime.min.time())) / timedelta(minutes=1)
    return any(low <= minute < high for low, high in ranges)


def blocked(someone: Person, day: date) -> bool:
    return is_holiday(someone.holidays, day) or any(
        e.kind in (ExceptionKind.OFF, ExceptionKind.DEADLINE) and e.covers(day)
        for e in someone.exceptions
    )

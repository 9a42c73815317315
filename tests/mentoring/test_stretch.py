"""Pairs without a common hour: the example of Mumbai and San Francisco, and who bends when."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentoring.availability import meeting_hours
from mentoring.hours import parse_hours
from mentoring.interval import Interval
from mentoring.roster import Person
from mentoring.slots import Side, Wanted
from mentoring.stretch import have_common_hours, least_stretch, outside

SAN_FRANCISCO = ZoneInfo("America/Los_Angeles")
MUMBAI = ZoneInfo("Asia/Kolkata")


def side(role: str, zone: ZoneInfo, hours: str, window: Interval) -> Side:
    person = Person(f"{role}@x.org", role, zone.key, parse_hours(f"Mon-Fri {hours}"))
    return Side(role, person, tuple(meeting_hours(person, window.widened(timedelta(days=1)))))


def both(day: date, hours: str = "09:00-17:00") -> tuple[Side, Side, Wanted]:
    start = datetime.combine(day, datetime.min.time(), SAN_FRANCISCO)
    window = Interval(start, start + timedelta(days=4))
    wanted = Wanted(window, start, 45)
    mentor = side("mentor", SAN_FRANCISCO, hours, window)
    return mentor, side("mentee", MUMBAI, "09:00-18:00", window), wanted


@pytest.mark.parametrize(
    ("day", "borne", "minutes", "here", "there"),
    [
        (date(2027, 1, 11), (0, 10), (105, 90), "18:00", "07:30"),
        (date(2027, 1, 11), (10, 0), (90, 105), "17:45", "07:15"),
        (date(2027, 7, 12), (10, 0), (120, 135), "07:00", "19:30"),  # 18:15 asks the same
        (date(2027, 7, 12), (0, 10), (135, 120), "06:45", "19:15"),
    ],
)
def test_the_worse_side_bends_least_and_they_take_turns(
    day: date, borne: tuple[float, float], minutes: tuple[int, int], here: str, there: str
) -> None:
    mentor, mentee, wanted = both(day)
    assert not have_common_hours(mentor, mentee, wanted)
    found = least_stretch(mentor, mentee, wanted, [borne])
    assert found is not None
    assert found.minutes == minutes
    assert f"{found.interval.start.astimezone(SAN_FRANCISCO):%H:%M}" == here
    assert f"{found.interval.start.astimezone(MUMBAI):%H:%M}" == there


def test_a_common_hour_is_no_case_for_it() -> None:
    mentor, mentee, wanted = both(date(2027, 1, 11), "19:00-23:30")
    assert have_common_hours(mentor, mentee, wanted)


@given(st.lists(st.sampled_from([0.0, 15.0, 90.0, 105.0, 240.0]), min_size=2, max_size=2))
def test_no_time_asks_less_of_the_worse_side(borne: list[float]) -> None:
    mentor, mentee, wanted = both(date(2027, 1, 11))
    found = least_stretch(mentor, mentee, wanted, [(borne[0], borne[1])])
    assert found is not None
    start = wanted.window.start
    while start + timedelta(minutes=45) <= wanted.window.end:
        slot = Interval(start, start + timedelta(minutes=45))
        assert max(outside(mentor, slot), outside(mentee, slot)) >= max(found.minutes)
        start += timedelta(minutes=15)

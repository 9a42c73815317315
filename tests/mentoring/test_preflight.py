"""Looking ahead: clocks that change on different days, and weeks without a common hour."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

from hypothesis import example, given, settings
from hypothesis import strategies as st

from mentoring.availability import meeting_hours
from mentoring.grid import QUARTER
from mentoring.hours import parse_hours
from mentoring.interval import Interval
from mentoring.preflight import (
    AHEAD,
    Usual,
    clear_of_gaps,
    departures,
    gaps,
    usual_time,
)
from mentoring.roster import DateException, ExceptionKind, Person

FORTNIGHT = timedelta(weeks=2)


def person(zone: str, hours: str = "Mon-Fri 09:00-17:00", *off: tuple[date, date]) -> Person:
    leave = tuple(DateException(ExceptionKind.OFF, first, last) for first, last in off)
    return Person(f"{zone}@x.org", zone, zone, parse_hours(hours), exceptions=leave)


def at(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), UTC)


def test_clocks_that_change_on_different_days_are_named_with_times_instead() -> None:
    berlin, boston = person("Europe/Berlin"), person("America/New_York")
    usual = Usual(1, time(9), "America/New_York")  # Tuesdays, 15:00 in Berlin
    now = at(date(2027, 2, 1), 12)
    assert departures(berlin, boston, usual, 60, now) == []  # 14:00 there: inside hours still
    early = Usual(1, time(16), "Europe/Berlin")  # 10:00 in Boston
    found = departures(berlin, person("America/New_York", "Mon-Fri 09:00-11:00"), early, 60, now)
    assert [(d.first, d.last, d.clocks) for d in found] == [
        (date(2027, 3, 16), date(2027, 3, 23), True)
    ]
    assert found[0].whose == ("America/New_York@x.org",)
    assert all(run.length >= timedelta(hours=1) for run in found[0].instead)
    assert found[0].instead[0].start == at(date(2027, 3, 15), 13)


def test_what_has_begun_is_not_told_again() -> None:
    berlin = person("Europe/Berlin")
    boston = person("America/New_York", "Mon-Fri 09:00-11:00")
    usual = Usual(1, time(16), "Europe/Berlin")
    for day in (date(2027, 3, 10), date(2027, 3, 17), date(2027, 3, 24)):
        found = departures(berlin, boston, usual, 60, at(day, 12))
        assert [d.first for d in found] == []


def test_two_of_the_last_three_make_a_usual_time() -> None:
    hour = timedelta(hours=1)
    starts = [at(date(2027, 1, 5), 15), at(date(2027, 1, 20), 9), at(date(2027, 2, 2), 15)]
    slots = [Interval(start, start + hour) for start in starts]
    assert usual_time(slots, "UTC") == Usual(1, time(15), "UTC")
    assert usual_time(slots[:2], "UTC") is None
    assert usual_time([], "UTC") is None


def test_leave_of_one_after_the_other_is_a_gap_and_the_meeting_comes_before_it() -> None:
    first = person("UTC", "Mon-Fri 09:00-17:00", (date(2027, 3, 1), date(2027, 3, 12)))
    other = person("UTC", "Mon-Fri 09:00-17:00", (date(2027, 3, 15), date(2027, 4, 2)))
    window = Interval(at(date(2027, 2, 15), 9), at(date(2027, 4, 20), 9))
    assert gaps(first, other, 60, window, FORTNIGHT) == [
        Interval(at(date(2027, 2, 26), 16), at(date(2027, 4, 5), 9))
    ]
    due, earliest = at(date(2027, 3, 3), 12), at(date(2027, 2, 20), 9)
    moved = clear_of_gaps(first, other, 60, due, earliest, FORTNIGHT)
    assert moved == at(date(2027, 2, 26), 16)
    late = at(date(2027, 3, 31), 12)  # nearer to the end: waited for
    assert clear_of_gaps(first, other, 60, late, earliest, FORTNIGHT) == late


ROUND_THE_CLOCK = "Mon-Sun 00:00-24:00"
WINDOW = timedelta(weeks=5)


@settings(max_examples=20, deadline=None)
@example(("UTC", "UTC"), (ROUND_THE_CLOCK, ROUND_THE_CLOCK), 7, 2, date(2027, 3, 1))
@given(
    st.tuples(*2 * [st.sampled_from(["UTC", "America/New_York", "Asia/Kathmandu"])]),
    st.tuples(*2 * [st.sampled_from([ROUND_THE_CLOCK, "Tue 10:00-15:00", "Wed,Fri 22:00-06:00"])]),
    st.integers(0, 60),
    st.integers(1, 3),
    st.dates(date(2027, 1, 1), date(2027, 12, 1)),
)
def test_a_gap_lies_between_two_starts_one_after_the_other(
    zones: tuple[str, str], hours: tuple[str, str], away: int, weeks: int, day: date
) -> None:
    leave = day + timedelta(days=3), day + timedelta(days=3 + away)
    both = person(zones[0], hours[0], leave), person(zones[1], hours[1])
    window, longest = Interval(at(day, 9), at(day, 9) + WINDOW), timedelta(weeks=weeks)
    around = Interval(window.start - timedelta(days=2), window.end + timedelta(days=2))
    worked = [meeting_hours(p, around) for p in both]
    quarters = (window.start + n * QUARTER for n in range(WINDOW // QUARTER - 3))
    starts = [
        begin
        for begin in quarters
        if all(any(s.contains(Interval(begin, begin + 4 * QUARTER)) for s in own) for own in worked)
    ]
    edges = pairwise([window.start, *starts, window.end])
    assert gaps(*both, 60, window, longest) == [
        Interval(begin, end) for begin, end in edges if end - begin > longest
    ]


@settings(max_examples=60, deadline=None)
@given(
    zones=st.tuples(
        *2 * [st.sampled_from(["America/New_York", "Europe/London", "Asia/Kathmandu"])]
    ),
    hours=st.tuples(*2 * [st.sampled_from(["Mon-Fri 09:00-17:00", "Tue 10:00-15:00"])]),
    day=st.dates(date(2027, 1, 1), date(2027, 12, 31)),
    weekday=st.integers(0, 4),
    hour=st.integers(8, 17),
)
def test_every_day_named_is_outside_and_every_time_instead_inside_hours(
    zones: tuple[str, str], hours: tuple[str, str], day: date, weekday: int, hour: int
) -> None:
    both = person(zones[0], hours[0]), person(zones[1], hours[1])
    now = at(day, 12)
    usual = Usual(weekday, time(hour), zones[1])
    around = Interval(now - timedelta(days=2), now + AHEAD + timedelta(days=5))
    worked = [meeting_hours(p, around) for p in both]
    for found in departures(*both, usual, 60, now):
        named = found.first
        while named <= found.last:
            slot = usual.on(named, 60)
            inside = [any(s.contains(slot) for s in hours) for hours in worked]
            assert not all(inside)
            named += timedelta(weeks=1)
        for run in found.instead:
            assert all(any(s.contains(run) for s in hours) for hours in worked)

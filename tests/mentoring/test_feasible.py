"""What two calendars allow of a rhythm: never more than is wanted, and nothing that is not free."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mentoring.feasible import Feasibility, feasibility
from mentoring.hours import parse_hours
from mentoring.interval import Interval
from mentoring.roster import Person
from mentoring.slots import Side, Wanted

MONDAY = datetime(2027, 1, 11, tzinfo=UTC)
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
FOUR_WEEKS = Interval(MONDAY, MONDAY + 4 * WEEK)
PERSON = Person("p@x.org", "P", "UTC", parse_hours("Mon-Fri 09:00-17:00"))
WORKDAYS = tuple(
    Interval(MONDAY + day * DAY + 9 * HOUR, MONDAY + day * DAY + 17 * HOUR)
    for day in range(28)
    if day % 7 < 5
)
hours_of_a_day = st.integers(0, len(WORKDAYS) - 1)


def side(*busy: Interval, hours: tuple[Interval, ...] = WORKDAYS) -> Side:
    return Side("mentor", PERSON, hours, busy)


def wanted(minutes: int = 60, buffer: int = 0) -> Wanted:
    return Wanted(FOUR_WEEKS, MONDAY, minutes, timedelta(minutes=buffer))


def week(number: int) -> Interval:
    return Interval(MONDAY + number * WEEK, MONDAY + (number + 1) * WEEK)


def test_two_free_calendars_allow_all() -> None:
    assert feasibility(side(), side(), wanted(), 2 * WEEK) == Feasibility(2.2, 2.2)
    assert feasibility(side(), side(), wanted(), WEEK) == Feasibility(4.3, 4.3)


def test_a_full_week_costs_its_share() -> None:
    full = side(week(1))
    assert feasibility(full, side(), wanted(), WEEK) == Feasibility(4.3, 3.3)  # 3 weeks of 4
    assert feasibility(full, side(week(2)), wanted(), WEEK) == Feasibility(4.3, 2.2)
    assert feasibility(full, side(week(2)), wanted(), 2 * WEEK) == Feasibility(2.2, 2.2)
    assert feasibility(full, side(week(0)), wanted(), 2 * WEEK) == Feasibility(2.2, 1.1)


def test_hours_that_never_meet_allow_nothing() -> None:
    evenings = tuple(Interval(s.end, s.end + 4 * HOUR) for s in WORKDAYS)
    found = feasibility(side(), side(hours=evenings), wanted(), 2 * WEEK)
    assert found == Feasibility(2.2, 0.0)


def test_a_gap_must_be_as_long_as_the_meeting_with_its_buffer() -> None:
    gap = 2 * HOUR  # from 10 to 12 on each day
    busy = tuple(
        stretch
        for s in WORKDAYS
        for stretch in (
            Interval(s.start, s.start + HOUR),
            Interval(s.start + HOUR + gap, s.end),
        )
    )
    tight = side(*busy)
    assert feasibility(tight, side(), wanted(120), WEEK).allowed == 4.3
    assert feasibility(tight, side(), wanted(135), WEEK).allowed == 0
    assert feasibility(tight, side(), wanted(90, buffer=15), WEEK).allowed == 4.3
    assert feasibility(tight, side(), wanted(105, buffer=15), WEEK).allowed == 0


def test_a_meeting_that_they_have_has_found_its_place() -> None:
    """It stands in both calendars, and is no reason to say that they have no time."""
    own = Interval(MONDAY + WEEK + 9 * HOUR, MONDAY + WEEK + 10 * HOUR)
    full = side(week(1))
    assert feasibility(full, side(), wanted(), WEEK, [own]) == Feasibility(4.3, 4.3)
    assert feasibility(full, side(), wanted(), WEEK, []) == Feasibility(4.3, 3.3)


def test_a_rhythm_longer_than_what_is_known_is_judged_by_what_is_known() -> None:
    assert feasibility(side(), side(), wanted(), 12 * WEEK) == Feasibility(0.4, 0.4)
    assert feasibility(side(FOUR_WEEKS), side(), wanted(), 12 * WEEK) == Feasibility(0.4, 0.0)


@given(
    busy=st.lists(st.tuples(hours_of_a_day, hours_of_a_day), max_size=12),
    more=st.tuples(hours_of_a_day, hours_of_a_day),
    minutes=st.integers(15, 240),
    weeks=st.integers(1, 12),
)
def test_more_to_do_never_allows_more(
    busy: list[tuple[int, int]], more: tuple[int, int], minutes: int, weeks: int
) -> None:
    def spans(days: list[tuple[int, int]]) -> list[Interval]:
        return [Interval(WORKDAYS[min(d)].start, WORKDAYS[max(d)].end) for d in days]

    before = feasibility(side(*spans(busy)), side(), wanted(minutes), weeks * WEEK)
    after = feasibility(side(*spans([*busy, more])), side(), wanted(minutes), weeks * WEEK)
    assert 0 <= after.allowed <= before.allowed <= before.wanted == after.wanted
    swapped = feasibility(side(), side(*spans(busy)), wanted(minutes), weeks * WEEK)
    assert swapped == before

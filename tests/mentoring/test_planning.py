"""The planning sheet: each of its answers follows from what is known of the two."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentoring.availability import meeting_hours
from mentoring.hours import parse_hours
from mentoring.interval import Interval
from mentoring.planning import (
    Apart,
    Idea,
    Sheet,
    best_times,
    card,
    hours_apart,
    idea,
    planning_sheet,
)
from mentoring.roster import (
    Agreement,
    DateException,
    Event,
    ExceptionKind,
    Mailbox,
    Pair,
    Person,
    Place,
    Programme,
    Roster,
    Settings,
)

NEW_YORK, DENVER, LONDON = "America/New_York", "America/Denver", "Europe/London"
MONDAY = datetime(2027, 1, 11, 5, tzinfo=UTC)
FIRST, LAST = date(2027, 1, 11), date(2027, 12, 17)
PLACES = (Place("Denver", "Corner Café", "coffee"), Place("Boise", "Room 4", "room"))


def person(name: str, zone: str, hours: str = "Mon-Fri 09:00-17:00", **more: Any) -> Person:
    return replace(Person(f"{name}@x.org", name, zone, parse_hours(hours)), **more)


def sheet(mentor: Person, mentee: Person, *events: Event) -> Sheet:
    pair = Pair(mentor.email, mentee.email, FIRST, LAST, Agreement())
    office = Mailbox("Office", "office@x.org")
    roster = Roster(
        Programme("Leadership", office, NEW_YORK, FIRST, LAST, "c@x.org"),
        Agreement(),
        "month",
        Settings(),
        {p.email: p for p in (mentor, mentee)},
        (pair,),
        events,
        PLACES,
    )
    return planning_sheet(roster, pair, MONDAY)


def spoken(stretch: Interval, zone: str) -> str:
    start, end = (t.astimezone(ZoneInfo(zone)) for t in (stretch.start, stretch.end))
    return f"{start:%a %H:%M}-{end:%H:%M}"


def test_the_best_times_are_the_common_hours_of_each_weekday() -> None:
    mentor = person("Ann", DENVER, "Mon-Thu 08:00-16:00")
    mentee = person("Bo", NEW_YORK, "Mon 09:00-17:00; Wed 09:00-11:00; Thu-Fri 12:00-17:00")
    monday, wednesday, thursday = "Mon 10:00-17:00", "Wed 10:00-11:00", "Thu 12:00-17:00"

    def times(minutes: int) -> list[str]:
        found = best_times(mentor, mentee, MONDAY, minutes)
        return [spoken(stretch, NEW_YORK) for stretch in found]

    assert times(60) == [monday, wednesday, thursday]
    assert times(61) == [monday, thursday]


def test_a_holiday_or_leave_in_the_first_week_hides_no_weekday() -> None:
    off = DateException(ExceptionKind.OFF, FIRST, FIRST + timedelta(days=4))
    mentor = person("Ann", NEW_YORK, holidays="US", exceptions=(off,))
    times = best_times(mentor, person("Bo", NEW_YORK), MONDAY, 60)
    # Mon 18 Jan is a holiday: the Monday that is left is the third.
    days = [t.start.astimezone(ZoneInfo(NEW_YORK)).date() for t in times]
    assert days == [date(2027, 1, 25), *(date(2027, 1, day) for day in (19, 20, 21, 22))]


def test_no_common_hour_gives_no_times() -> None:
    mumbai = person("Bo", "Asia/Kolkata", "Mon-Fri 09:00-18:00")
    assert best_times(person("Ann", "America/Los_Angeles"), mumbai, MONDAY, 45) == ()


zones = st.sampled_from((NEW_YORK, DENVER, LONDON, "Asia/Kolkata", "Pacific/Auckland", "UTC"))


@given(
    first=zones,
    second=zones,
    begin=st.integers(0, 400 * 24),
    minutes=st.integers(15, 240),
    hours=st.sampled_from(("Mon-Fri 09:00-17:00", "Sun-Thu 22:00-06:00", "Tue 07:00-11:30")),
)
def test_every_time_said_is_inside_both_ones_hours(
    first: str, second: str, begin: int, minutes: int, hours: str
) -> None:
    mentor, mentee = person("Ann", first, hours), person("Bo", second)
    at = MONDAY + timedelta(hours=begin)
    times = best_times(mentor, mentee, at, minutes)
    days = [t.start.astimezone(ZoneInfo(second)).weekday() for t in times]
    assert days == sorted(set(days))  # one a weekday, Monday first
    for stretch in times:
        assert stretch.start >= at
        assert stretch.length >= timedelta(minutes=minutes)
        for someone in (mentor, mentee):
            worked = meeting_hours(someone, stretch.widened(timedelta(days=1)))
            assert any(s.contains(stretch) for s in worked)


def test_clocks_that_change_together_stay_as_far_apart() -> None:
    ann, bo = person("Ann", DENVER), person("Bo", NEW_YORK)
    assert hours_apart(ann, bo, FIRST, LAST) == (Apart(FIRST, 120),)
    assert hours_apart(bo, ann, FIRST, LAST) == (Apart(FIRST, -120),)


def test_clocks_that_change_apart_are_said_with_their_days() -> None:
    """The United States change on 14 March and 7 November, Britain on 28 March and 31 October."""
    found = hours_apart(person("Ann", LONDON), person("Bo", NEW_YORK), FIRST, LAST)
    assert found == (
        Apart(FIRST, -300),
        Apart(date(2027, 3, 14), -240),
        Apart(date(2027, 3, 28), -300),
        Apart(date(2027, 10, 31), -240),
        Apart(date(2027, 11, 7), -300),
    )


def test_a_stay_in_another_zone_counts() -> None:
    there = DateException(ExceptionKind.TIMEZONE, date(2027, 2, 1), date(2027, 2, 14), value=LONDON)
    bo = person("Bo", NEW_YORK, exceptions=(there,))
    found = hours_apart(person("Ann", NEW_YORK), bo, FIRST, date(2027, 3, 1))
    assert found == (
        Apart(FIRST, 0),
        Apart(date(2027, 2, 1), 300),
        Apart(date(2027, 2, 15), 0),
    )


@pytest.mark.parametrize(
    ("mine", "theirs", "expected"),
    [
        (("Public speaking", "Budget"), ("public SPEAKING",), Idea.REHEARSE),
        (("Budget",), ("budget", "Law"), Idea.WRITE),
        (("Budget",), ("Law",), Idea.TEACH),
        (("Presenting",), ("Law",), Idea.TEACH),  # not shared
        (("Budget",), (), None),
        ((), (), None),
    ],
)
def test_one_idea_follows_from_what_they_know(
    mine: tuple[str, ...], theirs: tuple[str, ...], expected: Idea | None
) -> None:
    mentor, mentee = person("Ann", DENVER, expertise=mine), person("Bo", DENVER, expertise=theirs)
    found = sheet(mentor, mentee)
    assert found.idea is expected
    assert idea(mentor, mentee, found.expertise) is expected


def test_a_shared_site_names_the_common_days_and_its_places() -> None:
    ann = person("Ann", DENVER, site="Denver", onsite=frozenset({1, 2, 4}))
    bo = person("Bo", DENVER, site="denver", onsite=frozenset({4, 1}))
    found = sheet(ann, bo)
    assert (found.site, found.on_site, found.places) == ("Denver", (1, 4), PLACES[:1])
    apart = sheet(ann, replace(bo, site="Boise"))
    assert (apart.site, apart.on_site, apart.places) == ("", (), ())
    nowhere = sheet(replace(ann, site=""), replace(bo, site=""))
    assert (nowhere.site, nowhere.on_site, nowhere.places) == ("", (), ())


def test_the_first_tool_that_both_use() -> None:
    ann = person("Ann", DENVER, tools=("Zoom", "Teams"))
    assert sheet(ann, person("Bo", DENVER, tools=("teams",))).tool.casefold() == "teams"
    assert sheet(ann, person("Bo", DENVER)).tool == ""


def test_who_can_come_to_which_event() -> None:
    """10:00 in New York is 8:00 in Denver; a deadline is a reason not to come."""

    def event(title: str, day: int, hour: int) -> Event:
        start = datetime(2027, 2, day, hour, tzinfo=ZoneInfo(NEW_YORK))
        return Event(title, "forum", start, start + timedelta(hours=1), NEW_YORK)

    deadline = DateException(ExceptionKind.DEADLINE, date(2027, 2, 3), date(2027, 2, 3))
    ann, bo = person("Ann", DENVER), person("Bo", NEW_YORK, exceptions=(deadline,))
    past = replace(event("Past", 1, 9), start=MONDAY - timedelta(days=1), end=MONDAY)
    listed = sheet(
        ann, bo, past, event("A", 2, 12), event("B", 2, 10), event("C", 3, 12), event("D", 6, 12)
    )
    assert [(c.title, c.mentor, c.mentee) for c in listed.events] == [
        ("A", True, True),
        ("B", False, True),
        ("C", True, False),
        ("D", False, False),
    ]


def test_a_card_says_the_zone_in_which_they_are_then() -> None:
    there = DateException(ExceptionKind.TIMEZONE, FIRST, date(2027, 2, 14), value=LONDON)
    bo = person("Bo", NEW_YORK, exceptions=(there,), tools=("Teams",))
    assert card(bo, MONDAY).zone == LONDON
    assert card(bo, MONDAY + timedelta(days=60)).zone == NEW_YORK
    assert card(bo, MONDAY).tools == ("Teams",)

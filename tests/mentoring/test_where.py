"""Where a pair meets: the share in person, the place, the tool and its room."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentoring.hours import parse_hours
from mentoring.interval import Interval
from mentoring.roster import Agreement, Channel, Pair, Person, Place
from mentoring.where import (
    in_person_is_due,
    own_room,
    place_near,
    room_named,
    rooms_near,
    shared_tool,
)

PAIR = Pair("m@x.org", "e@x.org", date(2027, 1, 11), date(2027, 7, 30), Agreement())
CAFE = Place("Denver", "Corner Café", "coffee", "17th Street 1")
DINER = Place("Denver", "Union Diner", "lunch")
DELI = Place("denver", "Market Deli", "lunch")
ROOM = Place("Boise", "Room 4", "room")


@given(share=st.integers(0, 100), meetings=st.integers(1, 60))
def test_the_share_in_person_is_what_the_pair_agreed(share: int, meetings: int) -> None:
    pair = replace(PAIR, share=share)
    in_person = 0
    for met in range(meetings):
        in_person += in_person_is_due(pair, met, in_person)
    assert abs(in_person - meetings * share / 100) < 1


def test_a_channel_decides_alone() -> None:
    assert not in_person_is_due(replace(PAIR, channel=Channel.VIRTUAL, share=100), 4, 0)
    assert in_person_is_due(replace(PAIR, channel=Channel.IN_PERSON, share=0), 4, 4)


@pytest.mark.parametrize(
    ("hour", "number", "site", "expected"),
    [
        (9, 0, "Denver", CAFE),
        (12, 0, "Denver", DINER),
        (12, 1, "Denver", DELI),
        (11.5, 2, "Denver", DINER),  # it reaches into the lunch hour
        (13, 0, "Denver", CAFE),
        (9, 0, "Boise", ROOM),
        (12, 0, "Boise", ROOM),
        (9, 0, "Reno", None),
    ],
)
def test_a_place_fits_the_time_of_day(
    hour: float, number: int, site: str, expected: Place | None
) -> None:
    start = datetime(2027, 1, 12, tzinfo=UTC) + timedelta(hours=hour)
    slot = Interval(start, start + timedelta(hours=1))
    assert place_near((CAFE, DINER, DELI, ROOM), site, slot, "UTC", number) == expected


def test_rooms_take_turns_where_there_is_no_other_place() -> None:
    other = replace(ROOM, name="Room 5")
    start = datetime(2027, 1, 12, 9, tzinfo=UTC)
    near = ((CAFE, ROOM, other), "boise", Interval(start, start + timedelta(hours=1)), "UTC")
    assert [room.name for room in rooms_near(*near, 0)] == ["Room 4", "Room 5"]
    assert [room.name for room in rooms_near(*near, 3)] == ["Room 5", "Room 4"]
    assert room_named(*near, "Room 5") == other
    assert room_named(*near, "Room 6") is None
    assert not rooms_near((CAFE, replace(ROOM, site="Denver")), "Denver", *near[2:], 0)


def person(*, tools: tuple[str, ...] = (), links: tuple[str, ...] = ()) -> Person:
    hours = parse_hours("Mon-Fri 09:00-17:00")
    return Person("a@x.org", "A", "UTC", hours, tools=tools, links=links)


def test_the_first_tool_of_the_mentors_that_both_use() -> None:
    mentor = person(tools=("Teams", "zoom", "Webex"))
    assert shared_tool(mentor, person(tools=("Webex", "Zoom"))) == "zoom"
    assert shared_tool(mentor, person(tools=("Skype",))) == ""


@pytest.mark.parametrize(
    ("link", "tool", "found"),
    [
        ("https://zoom.us/j/123", "Zoom", True),
        ("https://example.zoom.us/my/lee", "zoom", True),
        ("https://notzoom.us/j/123", "Zoom", False),
        ("https://zoom.us.example.org/j/123", "Zoom", False),
        ("https://teams.microsoft.com/l/meetup-join/1", "Microsoft Teams", True),
        ("https://www.linkedin.com/in/lee", "Zoom", False),
        ("https://zoom.us/j/123", "Teams", False),
        ("https://zoom.us/j/123", "Carrier pigeon", False),
    ],
)
def test_ones_own_room_is_told_by_its_host(link: str, tool: str, found: bool) -> None:
    assert own_room(person(links=("https://x.org/me", link)), tool) == (link if found else "")

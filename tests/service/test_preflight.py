"""Whom the look ahead tells, and whom it leaves in peace."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from integrations.registry import Ports
from mentoring.choices import Choice, away, with_choices
from mentoring.interval import Interval
from mentoring.meeting import Attendance, Meeting, State
from service.passes import begin
from service.preflight import preflight
from service.roster_source import load
from service.work import Work
from store import meetings
from store.booking import Booking, Guest
from tests.world import DANA, LEE, World, at, kinds

PEOPLE = (
    "name,email,timezone,hours\n"
    "Dana Lee,dana@example.org,America/New_York,Mon-Fri 09:00-11:00\n"
    "Lee Park,lee@example.org,Europe/Berlin,Mon-Fri 15:00-17:00\n"
)
NOW = at("2027-02-10 12:00")
HOUR = timedelta(hours=1)
"""Tuesdays at 9:00 in New York are 15:00 in Berlin, but for two weeks in March: then 14:00."""


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "programme")


def met(number: int, start: datetime) -> Booking:
    sides = Attendance(LEE), Attendance(DANA)
    slot = Interval(start, start + HOUR)
    meeting = Meeting(f"{number}@overlap", LEE, DANA, State.HELD, 0, 1, slot, start, sides)
    guests = (
        Guest(LEE, "Lee", "Europe/Berlin", f"{number}a"),
        Guest(DANA, "Dana", "UTC", f"{number}b"),
    )
    return Booking(meeting, number, guests, "America/New_York", False, (0.0, 0.0), (), {})


def looked(world: World, end: str = "") -> Work:
    world.write(people=PEOPLE, pairs=f"mentor,mentee,end\n{LEE},{DANA},{end}\n")
    work = begin(
        load(world.directory), world.engine, Ports(load(world.directory), world.directory), NOW
    )
    with work.engine.begin() as connection:
        for number, day in ((1, "2027-01-26"), (2, "2027-02-09")):
            meetings.save(connection, met(number, at(f"{day} 09:00")))
    return work


def test_both_are_told_before_their_usual_time_goes(world: World) -> None:
    work = looked(world)
    preflight(work)
    assert sorted(kinds(world, "ahead")) == [DANA, LEE]
    preflight(work)
    assert len(kinds(world, "ahead")) == 2


@pytest.mark.parametrize(("end", "mails"), [("2027-03-18", 2), ("2027-03-15", 0)])
def test_what_begins_before_the_last_day_is_told_and_nothing_later(
    world: World, end: str, mails: int
) -> None:
    preflight(looked(world, end))
    assert len(kinds(world, "ahead")) == mails


def test_who_is_away_by_then_is_told_nothing(world: World) -> None:
    work = looked(world)
    choice = away(DANA, "2027-03-10", "2027-03-30", NOW.date())
    assert isinstance(choice, Choice)
    preflight(replace(work, roster=with_choices(work.roster, [choice])))
    assert kinds(world, "ahead") == []

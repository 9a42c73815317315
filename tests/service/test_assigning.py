"""All due pairs are given their times together, and each is booked by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from unittest.mock import patch
from zoneinfo import ZoneInfo

import pytest

from integrations.registry import Ports
from service.cohort import Plan, Planned, plan
from service.decisions import made_again
from service.explain import explain
from service.passes import begin
from service.roster_source import load
from service.work import Work, reading
from store import meetings
from tests.service.test_crash import Killed, Steps, one_pass
from tests.world import World, at, body, event_in, to

MONDAY = at("2027-01-11 12:00")
_HEAD = "name,email,timezone,hours,site,onsite\n"
AGREEMENT = '\n[agreement]\nhorizon = "8 days"\nnotice = "2 days"\n'


def people(**hours: str) -> str:
    """Each by a first name and work hours, on site in Denver on Wednesdays.

    Monday's half hour is too short to meet and long enough to be mailed in.
    """
    rows = (
        f'{name.title()},{name}@example.org,America/New_York,"Mon 12:00-12:30; {text}",Denver,Wed\n'
        for name, text in hours.items()
    )
    return _HEAD + "".join(rows)


def pairs(*keys: tuple[str, str]) -> str:
    rows = (f"{mentor}@example.org,{mentee}@example.org,virtual\n" for mentor, mentee in keys)
    return "mentor,mentee,channel\n" + "".join(rows)


SHARED = people(
    mo="Tue-Fri 09:00-17:00", ann="Wed 13:00-14:00; Thu 13:00-14:00", ben="Wed 13:00-14:00"
)
BOTH = pairs(("mo", "ann"), ("mo", "ben"))


@pytest.fixture
def shared(world: World) -> World:
    """Ann's cheapest time with Mo is the only one that Ben has."""
    world.write(people=SHARED, pairs=BOTH, agreement=AGREEMENT)
    return world


def booked(world: World) -> dict[str, str]:
    """When each mentee meets, in New York."""
    with reading(world.engine) as connection:
        return {
            b.meeting.mentee.partition("@")[0]: _local(b.meeting.slot.start)
            for b in meetings.live(connection)
        }


def _local(instant: datetime) -> str:
    return f"{instant.astimezone(ZoneInfo('America/New_York')):%a %H:%M}"


def why(world: World, work: Work, mentee: str) -> list[str]:
    """The reasons that `explain` gives the coordinator."""
    pair = next(p for p in work.roster.pairs if p.mentee == f"{mentee}@example.org")
    with reading(world.engine) as connection:
        reasons: list[str] = explain(work, connection, pair)["chosen"]["reasons"]
    return reasons


def proposals(world: World) -> list[EmailMessage]:
    return [m for m in world.sent() if any(p.get_content_subtype() == "calendar" for p in m.walk())]


def test_nobody_takes_the_only_time_of_another(shared: World) -> None:
    work = shared.step(MONDAY)
    assert booked(shared) == {"ann": "Thu 13:00", "ben": "Wed 13:00"}
    assert work.counts["proposed"] == 2
    assert work.counts["unschedulable"] == work.counts["failed"] == 0


def test_running_twice_proposes_nothing_more(shared: World) -> None:
    shared.step(MONDAY)
    assert len(proposals(shared)) == 4
    again = shared.step(MONDAY)
    assert again.counts["proposed"] == again.counts["sent"] == 0


def test_the_coordinator_reads_whom_the_cheapest_time_went_to(shared: World) -> None:
    work = shared.step(MONDAY)
    reasons = why(shared, work, "ann")
    assert reasons[-1].startswith("Wed 13 Jan 2027 13:00 EST, at a cost of ")
    assert reasons[-1].endswith("went to Mo and Ben, for whom it was the only time")
    assert not any("went to" in reason for reason in why(shared, work, "ben"))


def test_partners_are_not_told_who_got_the_time(shared: World) -> None:
    shared.step(MONDAY)
    for message in to(proposals(shared), "ann@example.org"):
        assert "Ben" not in body(message)
        assert "Ben" not in message.as_string()


def test_a_time_that_is_gone_by_its_turn_is_looked_for_anew(shared: World) -> None:
    """Ben's time is taken between the plan and his turn: his pair is told that there is none."""

    def meddled(work: Work) -> Plan:
        planned = plan(work)
        first, second = planned.times
        taken = planned.times[first].found
        meant = {**planned.times, second: replace(planned.times[second], found=taken)}
        return replace(planned, times=meant)

    with patch("service.passes.plan", meddled):
        work = shared.step(MONDAY)
    assert booked(shared) == {"ann": "Thu 13:00", "ben": "Wed 13:00"}
    assert work.counts["failed"] == 0


def test_a_plan_that_fails_leaves_each_pair_to_itself(shared: World) -> None:
    def broken(work: Work) -> Plan:
        raise RuntimeError

    with patch("service.passes.plan", broken):
        work = shared.step(MONDAY)
    assert booked(shared) == {"ann": "Wed 13:00"}
    assert work.counts["failed"] == 1
    assert work.counts["unschedulable"] == 1


def test_what_is_proposed_is_not_moved_for_another(shared: World) -> None:
    """Ben comes a pass later: the open proposal to Ann stays where it is."""
    shared.write(people=SHARED, pairs=pairs(("mo", "ann")), agreement=AGREEMENT)
    shared.step(MONDAY)
    assert booked(shared) == {"ann": "Wed 13:00"}
    shared.new = False
    shared.write(people=SHARED, pairs=BOTH, agreement=AGREEMENT)
    work = shared.step(MONDAY)
    assert booked(shared) == {"ann": "Wed 13:00"}
    assert work.counts["unschedulable"] == 1


def planned_for(world: World) -> Mapping[tuple[str, str], Planned]:
    roster = load(world.directory)
    return plan(begin(roster, world.engine, Ports(roster, world.directory), MONDAY)).times


def test_one_due_pair_is_no_cohort(world: World) -> None:
    world.write(people=SHARED, pairs=pairs(("mo", "ann")), agreement=AGREEMENT)
    assert planned_for(world) == {}


def test_pairs_that_share_nobody_get_what_they_would_get_alone(world: World) -> None:
    hours = dict.fromkeys(("mo", "ann", "kim", "ben"), "Tue-Fri 09:00-17:00")
    world.write(
        people=people(**hours), pairs=pairs(("mo", "ann"), ("kim", "ben")), agreement=AGREEMENT
    )
    for planned in planned_for(world).values():
        assert planned.found.chosen is not None
        assert planned.told == {}
        assert _local(planned.found.chosen.interval.start) == "Wed 13:00"


ROOMED = people(**dict.fromkeys(("mo", "ann", "kim", "ben"), "Wed 13:00-15:00"))
IN_PERSON = pairs(("mo", "ann"), ("kim", "ben")).replace("virtual", "in person")
ROOMS = "site,name,kind\nDenver,Room 1,room\n"


def test_a_room_takes_one_meeting_at_a_time(world: World) -> None:
    world.write(people=ROOMED, pairs=IN_PERSON, agreement=AGREEMENT, places=ROOMS)
    world.step(MONDAY)
    assert sorted(booked(world).values()) == ["Wed 13:00", "Wed 14:00"]


def test_two_rooms_take_two(world: World) -> None:
    two = ROOMS + "Denver,Room 2,room\n"
    world.write(people=ROOMED, pairs=IN_PERSON, agreement=AGREEMENT, places=two)
    world.step(MONDAY)
    assert list(booked(world).values()) == ["Wed 13:00", "Wed 13:00"]
    where = {str(event_in(message)["location"]) for message in proposals(world)}
    assert where == {"Room 1", "Room 2"}


def test_a_room_that_is_taken_since_an_earlier_pass_is_not_given_again(world: World) -> None:
    two = ROOMS + "Denver,Room 2,room\n"
    first = pairs(("mo", "ann")).replace("virtual", "in person")
    world.write(people=ROOMED, pairs=first, agreement=AGREEMENT, places=two)
    world.step(MONDAY)
    world.new = False
    world.write(people=ROOMED, pairs=IN_PERSON, agreement=AGREEMENT, places=two)
    world.step(MONDAY)
    assert list(booked(world).values()) == ["Wed 13:00", "Wed 13:00"]
    with reading(world.engine) as connection:
        assert {b.room for b in meetings.live(connection)} == {"Room 1", "Room 2"}


def test_a_time_without_a_free_room_is_passed_over_and_the_decision_says_so(
    world: World,
) -> None:
    """Wednesday's one room is Ann's since an earlier pass: the others meet on other days."""
    hours = dict.fromkeys(("mo", "ann", "kim", "ben", "zoe"), "Tue-Fri 13:00-14:00")
    first = pairs(("mo", "ann")).replace("virtual", "in person")
    world.write(people=people(**hours), pairs=first, agreement=AGREEMENT, places=ROOMS)
    world.step(MONDAY)
    world.new = False
    all_three = pairs(("mo", "ann"), ("kim", "ben"), ("kim", "zoe"))
    all_three = all_three.replace("virtual", "in person")
    world.write(people=people(**hours), pairs=all_three, agreement=AGREEMENT, places=ROOMS)
    work = world.step(MONDAY)
    assert booked(world) == {"ann": "Wed 13:00", "ben": "Thu 13:00", "zoe": "Fri 13:00"}
    assert why(world, work, "ben")[-1].endswith("did not fit beside the others' meetings and rooms")
    with reading(world.engine) as connection:
        for booking in meetings.live(connection):
            again = made_again(work, connection, booking.uid)
            assert again is not None
            assert (again["same"], again["differences"]) == (True, [])


def test_a_room_that_is_in_use_leaves_a_pair_its_other_times(world: World) -> None:
    """Nobody else wants anything of Kim and Ben: still their first time alone will not do."""
    hours = dict.fromkeys(("mo", "ann", "kim", "ben", "lou", "zoe"), "Wed 13:00-15:00")
    keys = ("mo", "ann"), ("kim", "ben"), ("lou", "zoe")
    first = pairs(keys[0]).replace("virtual", "in person")
    world.write(people=people(**hours), pairs=first, agreement=AGREEMENT, places=ROOMS)
    world.step(MONDAY)
    world.new = False
    rows = pairs(*keys).replace("virtual", "in person", 2)
    world.write(people=people(**hours), pairs=rows, agreement=AGREEMENT, places=ROOMS)
    world.step(MONDAY)
    assert booked(world) == {"ann": "Wed 13:00", "ben": "Wed 14:00", "zoe": "Wed 13:00"}


def told(world: World) -> list[tuple[str, str]]:
    world._seen.clear()
    return sorted((m["To"].addresses[0].addr_spec, str(m["Subject"])) for m in world.sent())


def in_a_world(directory: Path, play: Callable[[World], None]) -> list[tuple[str, str]]:
    world = World(directory)
    world.write(people=SHARED, pairs=BOTH, agreement=AGREEMENT)
    world.engine  # noqa: B018 - made before it is killed
    play(world)
    found = told(world)
    world.close()
    return found


@pytest.mark.slow
def test_killed_anywhere_the_cohort_comes_to_the_same(tmp_path: Path) -> None:
    """Also between two pairs' bookings: the one that stands leaves the other its time."""
    whole = Steps()
    expected = in_a_world(tmp_path / "whole", lambda world: one_pass(world, whole, 0))
    assert whole.taken > 20

    def killed(at_step: int) -> Callable[[World], None]:
        def play(world: World) -> None:
            with pytest.raises(Killed):
                one_pass(world, Steps(at_step), 0)
            one_pass(world, Steps(), 0)

        return play

    for number in range(1, whole.taken + 1, 2):  # a step after a commit is the next one before
        assert in_a_world(tmp_path / str(number), killed(number)) == expected, number

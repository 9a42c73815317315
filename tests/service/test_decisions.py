"""Decisions over real passes: kept, made again, told apart from what changed since, forgotten."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from service.booking import stamp
from service.decisions import made_again
from service.explain import explain
from service.in_force import in_force
from service.passes import begin
from service.purge import BUSY_KEPT, purge
from service.roster_source import load
from service.work import Work, reading
from store import meetings
from store.tables_engine import decisions
from tests.world import DANA, LEE, PAIRS, PEOPLE, World, at, kinds, to

MONDAY = at("2027-01-11 12:00")
PAIR = (LEE, DANA)


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path / "programme")
    world.write()
    return world


def replayed(work: Work) -> dict[str, object]:
    with reading(work.engine) as connection:
        (booking,) = meetings.of_pair(connection, *PAIR)
        holding = replace(work, roster=in_force(connection, work.roster))
        told = made_again(holding, connection, booking.uid)
    assert told is not None
    return told


def test_a_decision_follows_again_and_a_calendar_that_changed_is_named(world: World) -> None:
    work = world.step(MONDAY)
    told = replayed(work)
    assert (told["same"], told["differences"], told["changed_since"]) == (True, [], [])
    start = at("2027-01-14 09:00")
    world.calendar("dana", (start, start + timedelta(hours=1)))
    told = replayed(world.step(MONDAY + timedelta(hours=1)))
    assert (told["same"], told["changed_since"]) == (True, ["the mentee's calendar changed"])


EARLY = PEOPLE.replace("Mon-Fri 09:00-17:00", "Mon-Fri 11:00-12:00")


def test_a_meeting_in_the_first_hour_is_no_change_to_itself(world: World) -> None:
    """Its awkward minutes are borne since it is booked, but not before it."""
    world.write(people=EARLY)
    told = replayed(world.step(MONDAY))
    assert "edge of the mentee's day" in str(told["chosen"])
    assert (told["same"], told["changed_since"]) == (True, [])


def test_what_stands_just_beside_the_window_is_no_change(world: World) -> None:
    """The cohort reads more of a calendar than one pair's search does."""
    mo = "Mo Ray,mo@example.org,America/New_York,Mon-Fri 09:00-17:00,,\n"
    ann = "Ann Cho,ann@example.org,America/New_York,Mon-Fri 09:00-17:00,,\n"
    others = "mo@example.org,ann@example.org\n"
    world.write(people=PEOPLE + mo + ann, pairs=PAIRS + others)
    world.calendar("dana", (MONDAY + timedelta(hours=40), MONDAY + timedelta(hours=47)))
    told = replayed(world.step(MONDAY))
    assert (told["same"], told["changed_since"]) == (True, [])


def test_a_time_that_a_partner_asked_for_is_no_search_s(world: World) -> None:
    world.step(MONDAY)
    invite = next(m for m in to(world.sent(), DANA) if m.get_content_type() == "multipart/mixed")
    asked = at("2027-01-28 14:00")
    times = {"dtstart": asked, "dtend": asked + timedelta(hours=1)}
    world.reply(DANA, invite, "ACCEPTED", MONDAY, **times)
    work = world.step(MONDAY + timedelta(hours=2))
    told = replayed(work)
    assert (told["same"], told["chosen"]) == (None, None)
    assert told["differences"] == ["no search chose its time: somebody did"]
    with reading(work.engine) as connection:
        shown = explain(work, connection, work.roster.pairs[0])
    assert shown["chosen"]["start"] == stamp(asked)
    assert shown["chosen"]["reasons"] == ["somebody asked for this time (+0)"]


def test_a_move_is_a_decision_of_its_own_and_an_answer_that_does_not_follow_is_told(
    world: World,
) -> None:
    work = world.step(MONDAY)
    first = replayed(work)
    invite = next(m for m in to(world.sent(), DANA) if m.get_content_type() == "multipart/mixed")
    world.reply(DANA, invite, "DECLINED", MONDAY)
    work = world.step(MONDAY + timedelta(hours=2))
    second = replayed(work)
    assert second["same"] is True
    assert second["chosen"] != first["chosen"]
    with work.engine.begin() as connection:
        connection.execute(update(decisions).values(answer=decisions.c.answer.concat(" ")))
        forged = '{"chosen": null, "alternatives": [], "rejected": {}, "outside": false}'
        connection.execute(update(decisions).values(answer=forged))
    told = replayed(work)
    assert told["same"] is False
    assert [str(d).partition(":")[0] for d in told["differences"]] == [  # type: ignore[attr-defined]
        "chosen",
        "alternatives",
        "rejected",
    ]


def test_inputs_are_forgotten_with_the_busy_times_that_they_hold(world: World) -> None:
    work = world.step(MONDAY)
    with reading(work.engine) as connection:
        (booking,) = meetings.of_pair(connection, *PAIR)
    for days, kept in ((-1, True), (1, False)):
        then = booking.meeting.slot.end + BUSY_KEPT + timedelta(days=days)
        later = begin(load(world.directory), work.engine, work.outside, then)
        purge(later)
        told = replayed(later)
        assert (told["same"] is True) == kept
        assert told["digest"]
    assert "forgotten" in str(told["differences"])


def test_full_calendars_are_told_to_both_with_what_would_help(world: World) -> None:
    world.write(agreement='[agreement]\nhorizon = "2 weeks"\n')
    for name in ("dana", "lee"):
        spans = (
            (at(f"2027-01-{day:02d} 08:00"), at(f"2027-01-{day:02d} 20:00"))
            for day in range(11, 27)
        )
        world.calendar(name, *spans)
    world.step(MONDAY)
    assert sorted(kinds(world, "pattern")) == [DANA, LEE]
    mails = [m for m in world.sent() if "meeting pattern" in m["Subject"]]
    for mail in mails:
        text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
        assert "a time in the week of" in text
        assert "you free" not in text  # both are busy at once: one alone can't help
    world.step(MONDAY + timedelta(hours=1))
    assert len(kinds(world, "pattern")) == 2


def test_clocks_that_change_on_different_days_are_told_to_both_once(world: World) -> None:
    people = (
        "name,email,timezone,hours,calendar,supervisor\n"
        "Dana Lee,dana@example.org,America/New_York,Mon-Fri 09:00-10:00,,\n"
        "Lee Park,lee@example.org,Europe/Berlin,Mon-Fri 15:00-16:00,,\n"
    )
    world.write(people=people)
    now = at("2027-01-11 09:30")  # when both read
    told: list[tuple[str, str]] = []
    while now < at("2027-03-31 12:00"):
        world.step(now)
        for mail in world.sent():
            if mail.get_content_type() == "multipart/mixed" and "Proposed" in mail["Subject"]:
                person = mail["To"].addresses[0].addr_spec
                world.reply(person, mail, "ACCEPTED", now)
            if "usual time" in mail["Subject"] or "shared hours" in mail["Subject"]:
                told.append((mail["To"].addresses[0].addr_spec, mail["Subject"]))
        now += timedelta(days=1)
    subject = "No shared hours from Fri 12 Mar 2027"
    assert sorted(told) == [(DANA, subject), (LEE, subject)]  # letters of one pass go in any order

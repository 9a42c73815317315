"""Did you meet? Asked once, in hours; what both say, one says, or nobody says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from mentoring.meeting import LIVE
from mentoring.met import Pulse, Said
from service.met import say
from service.work import reading
from store import meetings
from store.booking import Booking
from store.tables_programme import pulses
from tests.service.test_prepare import (
    about,
    code_in,
    confirmed,
    invited,
    mail,
    play,
    text_of,
)
from tests.world import DANA, LEE, World, at, event_in

QUICK = ""
"""The agreement as it is: the first meeting comes within a few days."""


@dataclass
class Over:
    """A confirmed meeting that is over, with each one's code to say so."""

    uid: str
    end: datetime
    codes: dict[str, str]


@pytest.fixture
def over(world: World) -> Over:
    uid, start = confirmed(world, QUICK)
    end = start + timedelta(hours=1)
    asked = about(play(world, end, end + timedelta(days=2)), "Did you meet?")
    assert set(asked) == {DANA, LEE}
    return Over(uid, end, {who: code_in(m, "MET") for who, (_, m) in asked.items()})


def booking(world: World, uid: str) -> Booking:
    with reading(world.engine) as connection:
        found = meetings.by_uid(connection, uid)
    assert found is not None
    return found


def outcome(world: World, over: Over) -> tuple[str, bool]:
    found = booking(world, over.uid)
    return str(found.meeting.state), found.assumed


def test_both_are_asked_once_two_hours_after_in_their_hours(world: World) -> None:
    _, start = confirmed(world, QUICK)
    end = start + timedelta(hours=1)
    sent = play(world, start, end + timedelta(days=9))
    asked = about(sent, "Did you meet?")
    assert set(asked) == {DANA, LEE}
    for who, (moment, message) in asked.items():
        assert moment >= end + timedelta(hours=2)
        local = moment.astimezone(at("2027-01-11 12:00").tzinfo)
        first, last = {DANA: (9, 17), LEE: (11, 19)}[who]
        assert first <= local.hour < last
        assert moment <= end + timedelta(days=1)
        assert code_in(message, "MISSED") == code_in(message, "MET")


DAYS = {"at once": 0, "four working days": 4, "nine days": 9}


@pytest.mark.parametrize(
    ("dana", "lee", "later", "state", "assumed"),
    [
        ("MET", "MET", "at once", "held", False),
        ("MET", "", "at once", "confirmed", False),
        ("MET", "", "nine days", "held", False),
        ("", "MET", "nine days", "held", False),
        ("", "", "at once", "confirmed", False),
        ("", "", "nine days", "held", True),
        ("MISSED", "", "at once", "missed", False),
        ("MET", "MISSED", "at once", "missed", False),
        ("MISSED", "MET", "nine days", "missed", False),
        ("MISSED", "MISSED", "at once", "missed", False),
    ],
)
def test_what_they_say_settles_it(
    world: World, over: Over, dana: str, lee: str, later: str, state: str, assumed: bool
) -> None:
    now = over.end + timedelta(days=2)
    for who, word in ((DANA, dana), (LEE, lee)):
        if word:
            mail(world, f"Re: {word} {over.codes[who]}")
    world.step(now)
    world.step(over.end + timedelta(days=max(2, DAYS[later]), hours=3))
    assert outcome(world, over) == (state, assumed)


def test_a_word_can_be_taken_back_and_a_late_one_still_counts(world: World, over: Over) -> None:
    mail(world, f"MISSED {over.codes[DANA]}")
    world.step(over.end + timedelta(days=2))
    assert outcome(world, over) == ("missed", False)
    mail(world, f"MET {over.codes[DANA]} 45")
    world.step(over.end + timedelta(days=2, hours=1))
    assert outcome(world, over) == ("confirmed", False)
    world.step(over.end + timedelta(days=9))
    assert outcome(world, over) == ("held", False)
    mail(world, f"MISSED {over.codes[LEE]}")
    world.step(over.end + timedelta(days=12))
    assert outcome(world, over) == ("missed", False)


def test_after_thirty_days_nobody_can_rewrite_history(world: World, over: Over) -> None:
    world.step(over.end + timedelta(days=9))
    mail(world, f"MISSED {over.codes[LEE]}")
    world.step(over.end + timedelta(days=30))
    assert outcome(world, over) == ("held", True)


def test_who_has_spoken_before_is_not_asked(world: World) -> None:
    uid, start = confirmed(world, QUICK)
    end = start + timedelta(hours=1)
    work = world.step(end + timedelta(minutes=5))
    say(work, uid, DANA, Said(True))
    asked = about(play(world, end + timedelta(hours=1), end + timedelta(days=2)), "Did you meet?")
    assert set(asked) == {LEE}


def test_a_meeting_that_was_not_confirmed_is_missed_and_not_asked_about(world: World) -> None:
    invites = invited(world, QUICK)
    start = event_in(invites[DANA]).decoded("dtstart")
    sent = play(world, start, start + timedelta(days=3))
    assert not about(sent, "Did you meet?")
    uid = str(event_in(invites[DANA])["uid"])
    assert str(booking(world, uid).meeting.state) == "missed"
    work = world.step(start + timedelta(days=3))
    for who in (DANA, LEE):  # but they met all the same
        say(work, uid, who, Said(True))
    assert str(booking(world, uid).meeting.state) == "held"


def test_a_denial_leaves_the_rhythm_as_it_is(world: World, over: Over) -> None:
    mail(world, f"MISSED {over.codes[LEE]}")
    world.step(over.end + timedelta(days=2))
    with reading(world.engine) as connection:
        first, second = meetings.of_pair(connection, LEE, DANA)
    assert str(first.meeting.state) == "missed"
    assert second.meeting.state in LIVE
    apart = second.meeting.slot.start - first.meeting.slot.start
    assert timedelta(days=12) <= apart <= timedelta(days=16)


def test_a_summary_counts_what_was_said_and_how_long(world: World, over: Over) -> None:
    mail(world, f"MET {over.codes[DANA]} 30 minutes")
    mail(world, f"MET {over.codes[LEE]} 45")
    sent = play(world, over.end + timedelta(days=2), at("2027-02-02 18:00"), hours=6)
    text = text_of(about(sent, "Mentoring update")["boss@example.org"][1])
    assert "Time      0.63 of" in text
    assert "Meetings  1 held ·" in text


def test_a_summary_says_what_was_assumed(world: World, over: Over) -> None:
    sent = play(world, over.end + timedelta(days=2), at("2027-02-02 18:00"), hours=6)
    text = text_of(about(sent, "Mentoring update")["boss@example.org"][1])
    assert "Meetings  1 held (0 confirmed, 1 assumed)" in text


def test_a_pulse_is_kept_once_a_season(world: World, over: Over) -> None:
    early = world.step(over.end + timedelta(days=3))
    say(early, over.uid, DANA, Said(True), pulse=Pulse.WELL)  # day 30 has not come
    due = world.step(at("2027-02-12 12:00"))
    for _ in range(2):
        say(due, over.uid, DANA, Said(True), pulse=Pulse.POORLY)
    with reading(world.engine) as connection:
        rows = connection.execute(select(pulses.c.person, pulses.c.value)).all()
    assert [tuple(row) for row in rows] == [(DANA, "poorly")]

"""Many pairs at once find what each pair finds alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from mentoring.asked import Wanted
from mentoring.interval import Interval
from mentoring.meeting import Attendance, Meeting, State
from mentoring.programme_events import Rsvp, identified
from mentoring.roster import Event
from mentoring.slots import find_slot
from service.candidates import Key, candidates, unreliable
from service.sides import sides, unknown
from service.work import Work
from store import calendars, events, meetings
from store.booking import Booking, Guest
from store.calendars import UNREADABLE
from store.events import Answer, Kept
from tests.bench.programme import DAY, NOW, filled

PAIRS = 12


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Work]:
    """A dozen pairs with full calendars, a few meetings and an event in the middle."""
    work = filled(tmp_path, PAIRS).work
    forum = Event("Forum", "forum", NOW + 8 * DAY, NOW + 8 * DAY + timedelta(hours=3), "UTC")
    work = replace(work, roster=replace(work.roster, events=(forum,)))
    with work.engine.begin() as connection:
        for number, pair in enumerate(work.roster.pairs[::3]):
            start = NOW + timedelta(days=3, hours=number, minutes=8)
            state = State.CANCELLED if number == 2 else State.CONFIRMED
            meetings.save(connection, booking(pair.key, start, state))
        (id_,) = identified(work.roster.events)
        events.save(connection, Kept(id_, 0, "", forum.start, forum.end))
        not_coming = work.roster.pairs[0].mentee
        events.write(connection, id_, not_coming, Answer(Rsvp.ABSENT, NOW), NOW)
    yield work
    work.engine.dispose()


def booking(key: Key, start: datetime, state: State) -> Booking:
    uid = f"{key[1]}@overlap"
    slot = Interval(start, start + timedelta(hours=1))
    sides = (Attendance(key[0]), Attendance(key[1]))
    meeting = Meeting(uid, *key, state, 0, 1, slot, NOW, sides)
    guests = (Guest(key[0], "A", "UTC", uid + "a"), Guest(key[1], "B", "UTC", uid + "b"))
    return Booking(meeting, 1, guests, "UTC", False, (30.0, 7.5), (), {})


def asked(work: Work, buffer: int) -> dict[Key, Wanted]:
    """Windows of different places and lengths."""
    found = {}
    for number, pair in enumerate(work.roster.pairs):
        start = NOW + timedelta(days=2, hours=number)
        window = Interval(start, start + (20 + number) * DAY)
        due = start + timedelta(days=number, minutes=50)
        refused = (Interval(due, due + DAY),) if number % 4 == 0 else ()
        minutes = (30, 45, 50, 60)[number % 4]
        wide = timedelta(minutes=buffer if number % 2 else 0)
        found[pair.key] = Wanted(window, due, minutes, wide, refused=refused)
    return found


@pytest.mark.parametrize("buffer", [0, 15, 20, 30])
def test_what_is_found_for_many_is_what_is_found_for_one(work: Work, buffer: int) -> None:
    wanted = asked(work, buffer)
    chosen = 0
    with work.engine.begin() as connection:
        found = candidates(work, connection, wanted)
        assert set(found) == set(wanted)
        for pair in work.roster.pairs:
            people, each = work.roster.both_of(pair), wanted[pair.key]
            alone = find_slot(*sides(work, connection, people, each.window), each)
            assert found[pair.key].found() == alone
            chosen += alone.chosen is not None
    assert chosen > PAIRS // 2


def test_more_pairs_are_no_more_queries(work: Work) -> None:
    said: list[str] = []
    event.listen(work.engine, "before_cursor_execute", lambda *call: said.append(call[2]))
    counts = []
    with work.engine.begin() as connection:
        for many in (2, PAIRS):
            said.clear()
            wanted = dict(list(asked(work, 0).items())[:many])
            candidates(work, connection, wanted)
            unreliable(work, connection, work.roster.people)
            counts.append(len(said))
        assert candidates(work, connection, {}) == {}
    assert counts[0] == counts[1] <= 7


def test_what_another_calendar_said_is_not_known_of_a_new_one(work: Work) -> None:
    pair = work.roster.pairs[0]
    mentor, mentee = work.roster.both_of(pair)
    moved = replace(mentor, calendar=f"{mentor.calendar}.new")
    with work.engine.connect() as connection:
        assert unknown(work, connection, (mentor, mentee)) is None
        found = unknown(work, connection, (moved, mentee))
    assert found is not None
    assert "was not read lately" in found.reason


def test_an_unreliable_calendar_is_named_as_for_one_pair(work: Work) -> None:
    mentor, mentee = work.roster.both_of(work.roster.pairs[0])
    with work.engine.begin() as connection:
        known = calendars.load(connection, mentor.email)
        assert known is not None
        calendars.save(connection, replace(known, state=UNREADABLE, reason="no such file"))
        found = unreliable(work, connection, [mentor.email, mentee.email])
        alone = unknown(work, connection, (mentor, mentee))
    assert alone is not None
    assert found == {mentor.email: alone.reason}

"""The coordinator changes the roster mid-programme: meetings follow, and history stays."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.message import EmailMessage
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from mentoring.choices import Choice, ChoiceKind
from mentoring.meeting import LIVE, State
from service.work import reading
from store import calendars, choices, meetings
from store.booking import Booking
from store.tables import outbox
from tests.world import DANA, LEE, PAIRS, PEOPLE, World, at, body, calendar_of, event_in, to

MONDAY = at("2027-01-11 12:00")
SOON = timedelta(minutes=10)
ANN = "ann@example.org"
PEOPLE_ANN = f"Ann Ito,{ANN},America/New_York,Mon-Fri 09:00-17:00,file:ann.ics,\n"
ANN_TOO = PEOPLE + PEOPLE_ANN


def confirmed(world: World) -> Booking:
    """The first meeting, which both have accepted."""
    world.step(MONDAY)
    for invite in about_meetings(world.sent()):
        world.reply(invite["To"].addresses[0].addr_spec, invite, "ACCEPTED", MONDAY)
    world.step(MONDAY + SOON)
    return history(world)[0]


def about_meetings(messages: list[EmailMessage]) -> list[EmailMessage]:
    """Mails that change a calendar."""
    return [m for m in messages if any(p.get_filename() == "invite.ics" for p in m.walk())]


def history(world: World, mentor: str = LEE, mentee: str = DANA) -> list[Booking]:
    with reading(world.engine) as connection:
        return meetings.of_pair(connection, mentor, mentee)


def live(world: World, mentor: str = LEE, mentee: str = DANA) -> list[Booking]:
    return [b for b in history(world, mentor, mentee) if b.meeting.state in LIVE]


def queued_for(world: World, person: str) -> list[str]:
    """What waits to be sent to somebody."""
    with reading(world.engine) as connection:
        query = select(outbox.c.kind).where(
            outbox.c.recipient == person, outbox.c.state == "queued"
        )
        return list(connection.execute(query).scalars())


def test_a_partner_moves_to_another_zone(world: World) -> None:
    before = confirmed(world)
    first = before.meeting.slot.start
    world.sent()
    world.write(people=PEOPLE.replace("America/New_York", "Europe/London"))
    now = at("2027-01-12 11:30")  # 16:30 in London, where Lee's day has begun
    world.step(now)
    moved = history(world)[0]
    local = moved.meeting.slot.start.astimezone(at("2027-01-12 00:00").tzinfo)
    assert moved.uid == before.uid
    assert moved.meeting.slot.start != first
    assert local.hour == 11  # 16:00 in London, 8:00 in Los Angeles: the one hour they share
    mails = [m for m in about_meetings(world.sent()) if event_in(m)["uid"] == before.uid]
    (hers,) = to(mails, DANA)
    assert "4:00–5:00 PM GMT" in body(hers)
    assert "8:00–9:00 AM PST" in body(to(mails, LEE)[0])
    assert event_in(hers)["uid"] == before.uid
    assert event_in(hers)["dtstart"].params["TZID"] == "Europe/London"


def test_a_meeting_inside_the_new_zones_hours_stays(world: World) -> None:
    before = confirmed(world)
    world.sent()
    world.write(people=PEOPLE.replace("America/New_York", "America/Detroit"))
    world.step(MONDAY + timedelta(hours=1))
    assert history(world)[0] == before
    assert about_meetings(world.sent()) == []


def test_another_calendar_takes_the_old_ones_place_before_anything_is_proposed(
    world: World,
) -> None:
    full = [(at("2027-01-01 00:00"), at("2027-03-01 00:00"))]
    world.calendar("dana", *full)
    world.step(MONDAY)
    assert world.status(MONDAY)["state"] == "unschedulable"
    mornings = [(at(f"2027-01-{d} 09:00"), at(f"2027-01-{d} 16:00")) for d in range(12, 32)]
    world.calendar("new", *mornings)
    world.write(people=PEOPLE.replace("file:dana.ics", "file:new.ics"))
    world.step(MONDAY + SOON)
    (booking,) = live(world)
    assert booking.meeting.slot.start.astimezone(MONDAY.tzinfo).hour == 16
    with reading(world.engine) as connection:
        busy = [
            b.interval
            for b in calendars.busy_of(connection, (DANA, ""), booking.meeting.slot)[DANA]
        ]
        assert calendars.items_of(connection, DANA) == len(mornings)
    assert busy == []


def test_nothing_is_proposed_over_a_new_calendar_that_was_never_read(world: World) -> None:
    world.calendar("dana", (at("2027-01-01 00:00"), at("2027-03-01 00:00")))
    world.step(MONDAY)
    world.write(people=PEOPLE.replace("file:dana.ics", "file:missing.ics"))
    world.step(MONDAY + SOON)
    assert live(world) == []
    assert "calendar of Dana Lee" in str(world.status(MONDAY)["reason"])


def test_the_owner_of_a_new_calendar_hears_that_it_fails_as_of_the_old_one(world: World) -> None:
    def told() -> int:
        with reading(world.engine) as connection:
            query = select(outbox.c.key).where(outbox.c.kind == "calendar")
            return len(connection.execute(query).all())

    for number, name in enumerate(("gone", "gone_too"), 1):
        world.write(people=PEOPLE.replace("file:dana.ics", f"file:{name}.ics"))
        for hours in (0, 2):
            world.step(MONDAY + timedelta(hours=3 * number + hours))
        assert told() == number


def test_a_partner_leaves(world: World) -> None:
    confirmed(world)
    world.sent()
    heard = {b.uid for b in live(world)}
    only = "\n".join(line for line in PEOPLE.splitlines() if DANA not in line) + "\n"
    world.write(people=only + PEOPLE_ANN, pairs=f"mentor,mentee\n{LEE},{ANN}\n")
    world.calendar("ann")
    world.step(MONDAY + 2 * SOON)
    messages = world.sent()
    hers = to(messages, DANA)
    assert all(_is_cancel(m) and "has ended" in body(m) for m in hers)
    his = [m for m in about_meetings(to(messages, LEE)) if _is_cancel(m)]
    for mails in (hers, his):
        assert sorted(str(event_in(m)["uid"]) for m in mails) == sorted(heard)
    assert {b.meeting.state for b in history(world)} == {State.CANCELLED}
    for hours in (1, 24, 72, 24 * 14):
        world.step(MONDAY + timedelta(hours=hours))
        assert to(world.sent(), DANA) == []
    assert queued_for(world, DANA) == []


def _is_cancel(message: EmailMessage) -> bool:
    return bool(calendar_of(message)["method"] == "CANCEL")


def test_mail_that_waits_for_the_leavers_hours_is_not_sent_any_more(world: World) -> None:
    night = at("2027-01-11 03:00")
    world.step(night)
    assert "invite" in queued_for(world, DANA)
    only = "\n".join(line for line in PEOPLE.splitlines() if DANA not in line) + "\n"
    world.write(people=only + PEOPLE_ANN, pairs=f"mentor,mentee\n{LEE},{ANN}\n")
    world.calendar("ann")
    world.step(MONDAY)
    assert to(world.sent(), DANA) == []  # she never heard of it: there is nothing to cancel
    assert queued_for(world, DANA) == []


@contextmanager
def another() -> Iterator[World]:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder) / "programme")
        try:
            yield world
        finally:
            world.close()


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    new=st.integers(1, 3),
    busy=st.lists(st.tuples(st.integers(12, 29), st.integers(9, 15)), max_size=12),
    day=st.integers(0, 3),
)
def test_a_mentor_with_more_mentees_is_in_one_meeting_at_a_time(
    new: int, busy: list[tuple[int, int]], day: int
) -> None:
    with another() as world:
        world.write(agreement='[agreement]\nevery = "1 week"\n')
        first = confirmed(world)
        added = [f"m{n}@example.org" for n in range(new)]
        rows = "".join(f"M {a},{a},America/New_York,Mon-Fri 09:00-17:00,,\n" for a in added)
        starts = [at(f"2027-01-{d} {h:02d}:00") for d, h in sorted(set(busy))]
        world.calendar("lee", *((start, start + timedelta(hours=1)) for start in starts))
        pairs = PAIRS + "".join(f"{LEE},{a}\n" for a in added)
        world.write(people=PEOPLE + rows, pairs=pairs, agreement='[agreement]\nevery = "1 week"\n')
        for hours in (0, 5, 24):
            world.step(MONDAY + timedelta(days=day, hours=hours + 1))
        slots = sorted(
            b.meeting.slot for mentee in (DANA, *added) for b in live(world, LEE, mentee)
        )
        assert all(live(world, LEE, mentee) for mentee in added)
        assert all(a.end <= b.start for a, b in pairwise(slots))
        assert first.uid in {b.uid for b in history(world)}


def test_a_pair_is_split_and_matched_anew_and_back(world: World) -> None:
    old = confirmed(world)
    world.calendar("ann")
    world.write(people=ANN_TOO, pairs=f"mentor,mentee\n{LEE},{ANN}\n")
    world.step(MONDAY + 2 * SOON)
    count = len(history(world))
    assert {b.meeting.state for b in history(world)} == {State.CANCELLED}
    (fresh,) = live(world, LEE, ANN)
    assert (fresh.number, fresh.meeting.sequence) == (1, 0)
    assert fresh.uid != old.uid
    world.write(people=ANN_TOO, pairs=PAIRS)
    world.step(MONDAY + 3 * SOON)
    back = history(world)
    assert back[0].uid == old.uid
    assert [b.number for b in back] == list(range(1, count + 2))
    assert len({b.uid for b in back}) == len(back)
    assert back[-1].meeting.state is State.PROPOSED
    assert [b.meeting.state for b in history(world, LEE, ANN)] == [State.CANCELLED]


NIGHT = at("2027-01-12 03:00")


def taken_out(world: World, now: datetime) -> None:
    """A pass over files that the pair is no more in."""
    world.calendar("ann")
    world.write(people=ANN_TOO, pairs=f"mentor,mentee\n{LEE},{ANN}\n")
    world.step(now)


def cancelled(world: World) -> dict[str, list[str]]:
    """The UIDs that each reader was told to be off since the last call."""
    found: dict[str, list[str]] = {}
    for message in filter(_is_cancel, about_meetings(world.sent())):
        address = message["To"].addresses[0].addr_spec
        found.setdefault(address, []).append(str(event_in(message)["uid"]))
    return {address: sorted(uids) for address, uids in found.items()}


def test_a_pair_put_back_before_anybody_could_be_told_hears_nothing(world: World) -> None:
    confirmed(world)
    world.sent()
    before = history(world)
    taken_out(world, NIGHT)
    world.write(people=ANN_TOO, pairs=PAIRS)
    for hours in (1, 6, 9):  # Dana's day begins, then Lee's
        world.step(NIGHT + timedelta(hours=hours))
    assert history(world) == before
    told = about_meetings(world.sent())
    assert [m for m in told if str(event_in(m)["uid"]) in {b.uid for b in before}] == []


def test_a_pair_taken_out_at_night_is_told_in_the_morning(world: World) -> None:
    confirmed(world)
    world.sent()
    heard = sorted(b.uid for b in live(world))
    taken_out(world, NIGHT)
    assert cancelled(world) == {}
    world.step(at("2027-01-12 09:00"))
    assert live(world) == []
    assert cancelled(world) == {DANA: heard}
    world.step(at("2027-01-12 11:00"))
    assert cancelled(world) == {LEE: heard}


def test_a_near_meeting_of_a_pair_taken_out_is_off_at_any_hour(world: World) -> None:
    first = confirmed(world)
    world.sent()
    start = first.meeting.slot.start
    early = at(f"{start:%Y-%m-%d} 05:00")  # nobody's hours
    assert timedelta(hours=7) < start - early < timedelta(hours=12)
    taken_out(world, early)
    told = cancelled(world)
    assert told.keys() == {DANA, LEE}
    assert all(first.uid in uids for uids in told.values())


@pytest.mark.parametrize("state", [State.HELD, State.MISSED])
def test_meetings_that_were_are_kept_as_they_were(world: World, state: State) -> None:
    old = confirmed(world) if state is State.HELD else _silent(world)
    over = old.meeting.slot.end + timedelta(days=14)
    world.step(over)
    before = history(world)[0]
    assert before.meeting.state is state
    world.calendar("ann")
    world.write(people=ANN_TOO, pairs=f"mentor,mentee\n{LEE},{ANN}\n")
    world.step(over + SOON)
    assert history(world)[0] == before


def _silent(world: World) -> Booking:
    """A meeting that nobody answered, found out only after its time."""
    world.step(MONDAY)
    return history(world)[0]


def test_a_pair_that_ended_and_is_put_in_again_goes_on(world: World) -> None:
    confirmed(world)
    with world.engine.begin() as connection:
        end = Choice(DANA, ChoiceKind.END, MONDAY.date(), mentor=LEE, mentee=DANA)
        choices.add(connection, end, MONDAY)
    world.step(MONDAY + 2 * SOON)
    assert world.status(MONDAY)["state"] == "ended"
    world.calendar("ann")
    world.write(people=ANN_TOO, pairs=f"mentor,mentee\n{LEE},{ANN}\n")
    world.step(MONDAY + 3 * SOON)
    world.write(people=ANN_TOO, pairs=PAIRS)
    world.step(MONDAY + 4 * SOON)
    assert world.status(MONDAY)["state"] == "proposed"

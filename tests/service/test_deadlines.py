"""Supervisors' deadlines over real passes: who may enter one, what moves, and who hears what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from email.message import EmailMessage

import pytest

from mentoring.meeting import LIVE, State
from mentoring.notices import Why
from service.deadlines import authserv
from service.roster_source import RosterFaults, load
from service.work import reading
from store import deadlines, meetings, moves, private
from store.booking import Booking
from tests.world import DANA, LEE, PEOPLE, World, at, body, event_in, kinds, to

MONDAY = at("2027-01-11 12:00")
SOON = timedelta(minutes=10)
BOSS, OURS = "boss@example.org", "mx.ours.example"
PASS = f"Authentication-Results: {OURS}; dmarc=pass header.from=example.org"
FAIL = f"Authentication-Results: {OURS}; dmarc=fail header.from=example.org"
NONE = f"Authentication-Results: {OURS}; none"
BEN = "Ben Ortiz,ben@example.org,America/New_York,Mon-Fri 09:00-17:00,,Boss <boss@example.org>\n"


@pytest.fixture
def guarded(world: World) -> Iterator[World]:
    """A world whose receiving server vouches for senders."""
    vouching(world)
    yield world


def vouching(world: World) -> None:
    settings = world.directory / "overlap.toml"
    settings.write_text(settings.read_text() + f'authserv = "{OURS}"\n')


def confirmed(world: World) -> Booking:
    """The pair's first meeting, accepted by both."""
    world.step(MONDAY)
    messages = world.sent()
    for person in (DANA, LEE):
        world.reply(person, to(messages, person)[0], "ACCEPTED", MONDAY)
    world.step(MONDAY + SOON)
    world.sent()
    booking = history(world)[0]
    assert booking.meeting.state is State.CONFIRMED
    return booking


def history(world: World) -> list[Booking]:
    with reading(world.engine) as connection:
        return meetings.of_pair(connection, LEE, DANA)


def held(world: World) -> list[tuple[str, date, date]]:
    with reading(world.engine) as connection:
        return [(d.employee, d.first, d.last) for d in deadlines.holding(connection)]


def write(
    world: World, text: str, *above: str, sender: str = BOSS, subject: str = "Re: Mentoring update"
) -> None:
    """A mail with these fields above its own ones."""
    head = "\r\n".join([*above, f"From: The Boss <{sender}>", f"Subject: {subject}"])
    world.drop(f"{head}\r\n\r\n{text}\r\n\r\n> DEADLINE 4 Jan to 8 Jan\r\n".encode())


def day_of(booking: Booking) -> date:
    """The day on Dana's own calendar."""
    return booking.meeting.slot.start.astimezone(MONDAY.tzinfo).date()


def code_in(message: EmailMessage, word: str) -> str:
    return body(message).partition(f"{word} ")[2][:16]


def moved_for(world: World, uid: str) -> list[tuple[int, Why, str]]:
    with reading(world.engine) as connection:
        return [(m.sequence, m.why, m.person) for m in moves.of(connection, [uid])]


def test_a_deadline_by_mail_moves_a_confirmed_meeting_and_both_hear_a_neutral_line(
    guarded: World,
) -> None:
    before = confirmed(guarded)
    day = day_of(before)
    now = MONDAY + 2 * SOON
    write(guarded, f"DEADLINE {day:%d %b} to {day + timedelta(4):%d %b}", PASS)
    guarded.step(now)
    messages = guarded.sent()
    after = history(guarded)[0]
    assert held(guarded) == [(DANA, day, day + timedelta(4))]
    assert not day <= day_of(after) <= day + timedelta(4)
    assert (after.uid, after.meeting.sequence) == (before.uid, 1)
    assert after.meeting.tries == before.meeting.tries
    assert moved_for(guarded, after.uid) == [(1, Why.DEADLINE, DANA)]
    for person in (DANA, LEE):
        (moved,) = to(messages, person)
        assert "A work deadline takes the earlier time." in body(moved)
        assert event_in(moved).decoded("dtstart") == after.meeting.slot.start
        assert not re.search(r"(?i)boss|supervisor", body(moved))
        why = body(moved).partition("A work deadline")
        assert not re.search("Dana|Lee", why[0].splitlines()[-1] + why[2].splitlines()[0])
    (told,) = to(messages, BOSS)
    assert str(told["Subject"]).startswith("Deadline recorded ")
    assert "For Dana Lee" in body(told)
    assert "One meeting moves by itself." in body(told)
    zone = MONDAY.tzinfo
    for booking in (before, after):  # neither when it was nor when it is, nor with whom
        start = booking.meeting.slot.start.astimezone(zone)
        assert f"{start:%-I:%M}" not in body(told)
    assert f"{day_of(after):%-d %b}" not in body(told)
    assert "Lee Park" not in told.as_string()
    guarded.step(now + SOON)
    assert guarded.sent() == []


def test_undo_opens_the_days_and_leaves_the_meeting_where_it_is(guarded: World) -> None:
    day = day_of(confirmed(guarded))
    write(guarded, f"DEADLINE {day}", PASS)
    guarded.step(MONDAY + 2 * SOON)
    moved = history(guarded)[0]
    (told,) = to(guarded.sent(), BOSS)
    write(guarded, "", subject=f"Re: UNDO {code_in(told, 'UNDO')}")
    guarded.step(MONDAY + 3 * SOON)
    assert held(guarded) == []
    assert history(guarded)[0].meeting.slot == moved.meeting.slot
    (undone,) = guarded.sent()
    assert str(undone["Subject"]).startswith("Deadline undone ")
    assert "stay where they are" in body(undone)
    write(guarded, "", subject=f"UNDO {code_in(told, 'UNDO')} again")
    guarded.step(MONDAY + 4 * SOON)
    assert guarded.sent() == []
    write(guarded, f"DEADLINE {day} for Dana", PASS)  # the same days again, and said again
    guarded.step(MONDAY + 5 * SOON)
    assert [str(m["Subject"])[:17] for m in guarded.sent()] == ["Deadline recorded"]
    assert len(held(guarded)) == 1


def test_the_same_deadline_twice_is_one(guarded: World) -> None:
    for text in ("DEADLINE 8-12 Feb", "DEADLINE Feb 8 to Feb 12", "deadline 8 feb a 12 feb 2027"):
        write(guarded, text, PASS)
    guarded.step(MONDAY)
    assert held(guarded) == [(DANA, date(2027, 2, 8), date(2027, 2, 12))]
    assert kinds(guarded, "deadline") == [BOSS]


def test_a_fourth_move_for_a_deadline_still_finds_another_time(guarded: World) -> None:
    """It takes none of the three tries, so the pair is never asked to pick for it."""
    booking = confirmed(guarded)
    for number in range(1, 5):
        write(guarded, f"DEADLINE {day_of(history(guarded)[0])}", PASS)
        guarded.step(MONDAY + (number + 1) * SOON)
        (first,) = [b for b in history(guarded) if b.uid == booking.uid]
        assert (first.meeting.sequence, first.meeting.tries) == (number, 1)
        assert first.meeting.state in LIVE
    assert kinds(guarded, "propose") == []


def test_a_deadline_from_the_files_moves_it_too_and_is_noted(world: World) -> None:
    booking = confirmed(world)
    day = day_of(booking)
    world.write(exceptions=f"person,from,to,kind,value\n{LEE},{day},{day},deadline,SECRET\n")
    world.step(MONDAY + 2 * SOON)
    assert moved_for(world, booking.uid) == [(1, Why.DEADLINE, LEE)]
    for message in world.sent():
        assert "A work deadline takes the earlier time." in body(message)
        assert "SECRET" not in message.as_string()


def test_where_no_time_is_left_it_is_off_for_the_deadline(guarded: World) -> None:
    booking = confirmed(guarded)
    write(guarded, "DEADLINE 11 Jan to 10 Feb", PASS)
    guarded.step(MONDAY + 2 * SOON)
    off = history(guarded)[0]
    assert off.meeting.state is State.CANCELLED
    assert moved_for(guarded, booking.uid) == [(1, Why.DEADLINE, DANA)]
    messages = guarded.sent()
    for person in (DANA, LEE):
        assert "A work deadline takes the earlier time." in body(to(messages, person)[0])


def test_every_other_move_is_noted_with_its_own_reason(world: World) -> None:
    booking = confirmed(world)
    start = booking.meeting.slot.start
    world.calendar("dana", (start, start + timedelta(hours=1)))
    world.step(MONDAY + 2 * SOON)
    assert moved_for(world, booking.uid) == [(1, Why.CONFLICT, "")]
    world.write(pairs="mentor,mentee,end\nlee@example.org,dana@example.org,2027-01-11\n")
    world.step(MONDAY + 3 * SOON)
    assert moved_for(world, booking.uid)[-1] == (2, Why.PAIR_ENDED, "")


def test_leave_and_a_deadline_on_one_day_is_no_move_for_the_deadline(guarded: World) -> None:
    booking = confirmed(guarded)
    day = day_of(booking)
    guarded_file = f"person,from,to,kind,value\n{DANA},{day},{day},off,\n"
    guarded.write(exceptions=guarded_file)
    vouching(guarded)
    write(guarded, f"DEADLINE {day}", PASS)
    guarded.step(MONDAY + 2 * SOON)
    assert moved_for(guarded, booking.uid) == [(1, Why.HOURS, "")]


def test_a_private_meeting_is_not_counted(guarded: World) -> None:
    booking = confirmed(guarded)
    with guarded.engine.begin() as connection:
        private.mark(connection, booking.uid, DANA, MONDAY)
    write(guarded, f"DEADLINE {day_of(booking)}", PASS)
    guarded.step(MONDAY + 2 * SOON)
    (told,) = to(guarded.sent(), BOSS)
    assert "Meetings on these days, if any, move by themselves." in body(told)
    assert history(guarded)[0].meeting.sequence == 1


FORGED = {
    "our server says that it is forged": ([FAIL], BOSS),
    "a failing result above the sender's own passing one": ([FAIL, PASS], BOSS),
    "another sender": ([PASS.replace("example.org", "evil.example")], "boss@evil.example"),
    "an employee": ([PASS], DANA),
    "another's supervisor is no supervisor here": ([PASS], "other@example.org"),
}


@pytest.mark.parametrize("case", FORGED)
def test_what_is_forged_changes_nothing_and_is_never_answered(guarded: World, case: str) -> None:
    above, sender = FORGED[case]
    guarded.step(MONDAY)
    guarded.sent()
    write(guarded, "DEADLINE 8-12 Feb", *above, sender=sender)
    guarded.step(MONDAY + SOON)
    assert (held(guarded), guarded.sent()) == ([], [])


UNPROVEN = {
    "nothing was said of it": [],
    "our server found nothing": [NONE],
    "the sender's own field, below ours": [NONE, PASS],
    "another server's word": [PASS.replace(OURS, "evil.example")],
    "another domain is aligned": [
        f"Authentication-Results: {OURS}; dmarc=pass header.from=evil.example; "
        "dkim=pass header.d=evil.example; spf=pass smtp.mailfrom=evil.example"
    ],
}


@pytest.mark.parametrize("case", UNPROVEN)
def test_what_nobody_vouches_for_is_asked_back_at_the_supervisors_own_address(
    guarded: World, case: str
) -> None:
    guarded.step(MONDAY)
    guarded.sent()
    write(guarded, "DEADLINE 8-12 Feb", *UNPROVEN[case])
    write(guarded, "DEADLINE 15-19 Feb", *UNPROVEN[case])  # one answer a day
    guarded.step(MONDAY + SOON)
    (asked,) = guarded.sent()
    assert asked["To"].addresses[0].addr_spec == BOSS
    assert "Confirm the deadline" in str(asked["Subject"])
    assert held(guarded) == []
    write(guarded, "", sender=BOSS, subject=f"Re: CONFIRM {code_in(asked, 'CONFIRM')}")
    guarded.step(MONDAY + 2 * SOON)
    assert held(guarded) == [(DANA, date(2027, 2, 8), date(2027, 2, 12))]
    assert [str(m["Subject"])[:17] for m in guarded.sent()] == ["Deadline recorded"]


def test_headers_that_hide_another_sender_count_for_nothing(guarded: World) -> None:
    guarded.step(MONDAY)
    guarded.sent()
    for sender in (
        f'"{BOSS}" <evil@evil.example>',
        f"{BOSS} <evil@evil.example>",
        f"{BOSS}\r\nFrom: evil@evil.example",
        f"{BOSS}, evil@evil.example",
    ):
        guarded.drop(f"{PASS}\r\nFrom: {sender}\r\n\r\nDEADLINE 8-12 Feb\r\n".encode())
    guarded.drop(f"From: {BOSS}\r\n{PASS}\r\nSubject: DEADLINE 8-12 Feb\r\n\r\n".encode())
    guarded.step(MONDAY + SOON)
    assert held(guarded) == []
    assert kinds(guarded, "deadlinecheck") == [BOSS]  # for the last one, whose From is whole


def test_without_the_setting_a_passing_field_is_no_proof(world: World) -> None:
    write(world, "DEADLINE 8-12 Feb", PASS)
    world.step(MONDAY)
    assert held(world) == []
    assert kinds(world, "deadlinecheck") == [BOSS]


def test_an_old_confirmation_counts_no_more(world: World) -> None:
    write(world, "DEADLINE 8-12 Mar")
    world.step(MONDAY)
    (asked,) = to(world.sent(), BOSS)
    write(world, "", subject=f"CONFIRM {code_in(asked, 'CONFIRM')}")
    world.step(MONDAY + timedelta(days=15))
    assert held(world) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("DEADLINE 7/12", "write the month in letters"),
        ("DEADLINE next week", "No day could be read"),
        ("DEADLINE 12 Feb to 8 Feb", "before the first"),
        ("DEADLINE Tue 8 Feb", "The weekday is not that of the date"),
        ("DEADLINE 8 Feb\r\nDEADLINE 10 Feb", "No day could be read"),
        ("DEADLINE 2028-02-08", "more than a year away"),
    ],
)
def test_what_can_not_be_read_is_answered_once_a_day_with_a_right_form(
    guarded: World, text: str, said: str
) -> None:
    for number in range(3):
        write(guarded, f"{text}{' ' * number}", PASS)
    guarded.step(MONDAY)
    (told,) = to(guarded.sent(), BOSS)
    assert said in body(told)
    assert held(guarded) == []
    form = re.search(r"^ +(DEADLINE .+)$", body(told), re.MULTILINE)
    assert form is not None
    write(guarded, form[1], PASS)  # the form that it gives is a right one
    guarded.step(MONDAY + SOON)
    assert len(held(guarded)) == 1


def test_thanks_for_a_confirmation_is_no_new_deadline(guarded: World) -> None:
    guarded.step(MONDAY)
    guarded.sent()
    write(guarded, "Thank you!", PASS, subject="Re: Deadline recorded 8 – 12 Feb 2027")
    guarded.step(MONDAY + SOON)
    assert (held(guarded), guarded.sent()) == ([], [])


def test_automatic_mail_is_never_heeded(guarded: World) -> None:
    for header in ("Auto-Submitted: auto-replied", "List-Id: <a.example.org>", "Return-Path: <>"):
        write(guarded, "DEADLINE 8-12 Feb", header, PASS)
        write(guarded, "DEADLINE whenever", header)
    guarded.step(MONDAY)
    assert held(guarded) == []
    assert to(guarded.sent(), BOSS) == []


def with_ben(world: World) -> None:
    """The boss has two people, in one pair each."""
    ben = "lee@example.org,ben@example.org\n"
    world.write(people=PEOPLE + BEN, pairs=f"mentor,mentee\nlee@example.org,{DANA}\n{ben}")
    vouching(world)


def test_of_several_people_all_are_meant_or_the_one_who_is_named(world: World) -> None:
    with_ben(world)
    write(world, "DEADLINE 8-12 Feb", PASS)
    write(world, "DEADLINE Ben 15-19 Feb", PASS)
    world.step(MONDAY)
    for_all, for_ben = to(world.sent(), BOSS)
    assert "For all your people in this programme: Ben Ortiz, Dana Lee" in body(for_all)
    assert "For Ben Ortiz" in body(for_ben).splitlines()
    assert [(e, f.day) for e, f, _ in held(world)] == [
        ("ben@example.org", 8),
        (DANA, 8),
        ("ben@example.org", 15),
    ]
    write(world, "", subject=f"UNDO {code_in(for_all, 'UNDO')}")
    world.step(MONDAY + SOON)
    assert [f.day for _, f, _ in held(world)] == [15]
    assert len(to(world.sent(), BOSS)) == 1


def test_a_supervisor_who_is_none_any_more_holds_nothing_and_enters_nothing(world: World) -> None:
    vouching(world)
    booking = confirmed(world)
    day = day_of(booking)
    write(world, f"DEADLINE {day}", PASS)
    world.step(MONDAY + 2 * SOON)
    first = to(world.sent(), BOSS)[0]
    moved = day_of(history(world)[0])
    write(world, f"DEADLINE {moved}", PASS)
    world.write(people=PEOPLE.replace("boss@", "newboss@"))
    vouching(world)
    world.step(MONDAY + 3 * SOON)
    assert len(held(world)) == 1
    assert day_of(history(world)[0]) == moved  # nothing of theirs holds or comes
    work = world.step(MONDAY + 4 * SOON)
    assert not [e for e in work.roster.people[DANA].exceptions if e.first == day]
    assert to(world.sent(), BOSS) == []
    write(world, "", subject=f"UNDO {code_in(first, 'UNDO')}")
    world.step(MONDAY + 5 * SOON)
    assert (len(held(world)), to(world.sent(), BOSS)) == (1, [])


def test_a_supervisors_mail_waits_for_their_hours(guarded: World) -> None:
    evening = at("2027-01-11 20:00")
    guarded.step(MONDAY)
    guarded.sent()
    write(guarded, "DEADLINE 8-12 Feb", PASS)
    guarded.step(evening)
    assert (len(held(guarded)), guarded.sent()) == (1, [])
    guarded.step(at("2027-01-12 09:30"))
    assert [m["To"].addresses[0].addr_spec for m in guarded.sent()] == [BOSS]


def test_an_unreadable_calendar_does_not_keep_a_meeting_in_a_deadline(guarded: World) -> None:
    booking = confirmed(guarded)
    day = day_of(booking)
    write(guarded, f"DEADLINE {day}", PASS)
    (guarded.directory / "lee.ics").write_text("broken")
    now: datetime = MONDAY + timedelta(hours=2)
    while now < booking.meeting.slot.start - timedelta(hours=2):
        guarded.step(now)
        now += timedelta(hours=6)
    assert history(guarded)[0].meeting.state is State.CANCELLED
    assert moved_for(guarded, booking.uid) == [(1, Why.DEADLINE, DANA)]


def test_whose_word_is_taken_follows_from_the_inbox_or_the_setting(world: World) -> None:
    roster = load(world.directory)

    def named(**mail: str) -> str:
        return authserv(replace(roster, settings=replace(roster.settings, mail=mail)))

    assert named(inbox="google:office@example.org") == "mx.google.com"
    assert named(inbox="google:", authserv=OURS) == OURS
    for inbox in ("microsoft365:", "exchange:", "imaps://office@example.org/", ""):
        assert named(inbox=inbox) == ""


@pytest.mark.parametrize("name", ["", "mx example", "mx.example;", "mx.example."])
def test_a_server_name_that_can_be_none_is_refused_by_line(world: World, name: str) -> None:
    settings = world.directory / "overlap.toml"
    settings.write_text(settings.read_text() + f'authserv = "{name}"\n')
    with pytest.raises(RosterFaults) as refused:
        load(world.directory)
    (fault,) = refused.value.faults
    assert (fault.file, fault.line) == (str(settings), len(settings.read_text().splitlines()))
    assert "Authentication-Results" in fault.mend

"""The coordinator's week in real passes: silent when nothing needs anybody, once when it does."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentoring.interval import Interval
from mentoring.met import Pulse
from mentoring.notices import Party, PutBackNotice, Reader, Refusal
from mentoring.tables import Fault
from mentoring.week import AttentionNotice, Matter, Point, attention
from service import roster_faults
from service.compose import render
from service.post import post
from service.roster_source import load
from service.templates import shipped
from service.work import Work
from store import meetings, met, outbox
from tests.world import DANA, LEE, PEOPLE, World, at, to
from tests.world import body as text_part

BOSS, OFFICE = "boss@example.org", "coordinator@example.org"
MONDAY = at("2027-01-25 09:30")
WEEK = timedelta(days=7)
BROKEN = "<html>not a calendar"
PAIRS = f"mentor,mentee,goal\n{LEE},{DANA},1\n"
"""A goal so small that it is never at risk, whoever answers or not."""


@pytest.fixture
def world(world: World) -> World:
    world.write(pairs=PAIRS)
    return world


def body(message: EmailMessage) -> str:
    return text_part(message).replace("\r\n", "\n")


def digests(messages: Sequence[EmailMessage]) -> list[EmailMessage]:
    return [
        m for m in to(list(messages), OFFICE) if "need" in m["Subject"] and "you" in m["Subject"]
    ]


def accept_all(world: World, messages: Sequence[EmailMessage], now: datetime) -> None:
    for message in messages:
        person = message["To"].addresses[0].addr_spec
        if message.get_content_type() == "multipart/mixed" and person in (DANA, LEE):
            world.reply(person, message, "ACCEPTED", now)


def test_a_pair_that_meets_needs_nobody(world: World) -> None:
    """Five weeks of passes at noon, when both read; they accept everything."""
    for day in range(35):
        now = at("2027-01-11 12:30") + timedelta(days=day)
        world.step(now)
        messages = world.sent()
        assert digests(messages) == []
        accept_all(world, messages, now)


def test_a_calendar_that_stays_broken_is_told_each_week_and_shorter_the_second_time(
    world: World,
) -> None:
    accept_all(world, begun(world), at("2027-01-12 12:00"))
    (world.directory / "lee.ics").write_text(BROKEN)
    told = []
    # Monday 18 January is a federal holiday: that week begins on its first work hours.
    for day in ("14", "15", "18", "19", "20", "22", "25", "26"):
        now = at(f"2027-01-{day} 09:30")
        world.step(now)
        told += [(f"{now:%a %d}", m) for m in digests(world.sent())]
    assert [day for day, _ in told] == ["Tue 19", "Mon 25"]
    assert [m["Subject"] for _, m in told] == ["1 pair needs you"] * 2
    first, second = (body(m) for _, m in told)
    assert "Lee Park and Dana Lee\n- A calendar can't be read, since Thu 14 Jan 2027.\n" in first
    assert "  Ask Lee Park to publish the calendar again.\n" in first
    assert second.startswith("Nothing new needs you. This is still open.\n")
    still = "STILL OPEN\n- Lee Park and Dana Lee: A calendar can't be read, since Thu 14 Jan 2027\n"
    assert still in second
    assert "publish the calendar" not in second


def begun(world: World) -> list[EmailMessage]:
    world.step(at("2027-01-12 12:00"))
    return world.sent()


def test_nothing_is_told_twice_in_a_week_nor_outside_office_hours(world: World) -> None:
    breaks(world, MONDAY - timedelta(days=5))
    world.step(MONDAY.replace(hour=6))
    assert digests(world.sent()) == []
    assert world_keys(world, "coordinator:2027-W04") == frozenset()
    world.step(MONDAY.replace(hour=8, minute=59))
    assert digests(world.sent()) == []
    world.step(MONDAY.replace(hour=9, minute=0))
    assert len(digests(world.sent())) == 1
    for hours in (1, 2, 26, 50, 98):
        world.step(MONDAY + timedelta(hours=hours))
        assert digests(world.sent()) == []
    assert len(world_keys(world, "coordinator:")) == 1


def test_what_comes_up_after_a_silent_monday_waits_for_the_next(world: World) -> None:
    world.step(MONDAY)
    world.sent()
    breaks(world, MONDAY - timedelta(days=9))
    world.step(MONDAY + timedelta(hours=2))
    assert digests(world.sent()) == []
    world.step(MONDAY + WEEK)
    assert len(digests(world.sent())) == 1


def breaks(world: World, since: datetime) -> None:
    """Lee's calendar was read for the last time then."""
    (world.directory / "lee.ics").write_text(BROKEN)
    world.step(since)
    world.sent()


def world_keys(world: World, prefix: str) -> frozenset[str]:
    with world.engine.begin() as connection:
        return outbox.said(connection, prefix)


def test_a_mail_that_never_went_out_told_nobody(world: World) -> None:
    breaks(world, MONDAY - timedelta(days=5))
    folder = world.directory / "outbox"
    folder.write_text("a file where the folder should be")
    world.step(MONDAY)
    folder.unlink()
    world.step(MONDAY + WEEK)
    (message,) = digests(world.sent())
    assert "STILL OPEN" not in body(message)
    assert "publish the calendar again" in body(message)
    states = {state_of(world, key) for key in world_keys(world, "coordinator:")}
    assert states == {outbox.SENT, outbox.EXPIRED}


def state_of(world: World, key: str) -> str:
    with world.engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT state FROM outbox WHERE key = ?", (key,))
        return str(found.scalar_one())


def test_the_programmes_own_access_is_one_matter_and_no_pairs(tmp_path: Path) -> None:
    world = World(tmp_path / "programme")
    people = PEOPLE.replace("file:dana.ics", f"google:{DANA}")
    world.write(people=people.replace("file:lee.ics", f"google:{LEE}"), pairs=PAIRS)
    settings = world.directory / "overlap.toml"
    settings.write_text(settings.read_text() + '[google]\nservice_account = "file:gone.json"\n')
    world.step(MONDAY)
    (message,) = digests(world.sent())
    assert message["Subject"] == "1 thing needs you"
    text = body(message)
    assert "Access to Google Calendar\n- The programme can't read Dana Lee, Lee Park: " in text
    world.step(MONDAY + WEEK)
    (message,) = digests(world.sent())
    assert message["Subject"] == "1 thing needs you"  # nor when its owners had days to mend it
    world.close()


def test_an_inbox_and_a_calendar_that_do_not_answer_are_told_until_they_do(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORD", "word")
    settings = world.directory / "overlap.toml"
    sound = settings.read_text()
    dead = sound.replace('"maildir:inbox"', '"imap://office@127.0.0.1:1/INBOX"')
    settings.write_text(
        dead
        + 'inbox_password = "env:WORD"\n'
        + '[calendar]\nurl = "caldav://office@127.0.0.1:1/calendar/"\n'
        + '[caldav]\npassword = "env:WORD"\n'
    )
    for minutes in (40, 35, 0):  # the office opens in between
        world.step(MONDAY - timedelta(minutes=minutes))
    (message,) = digests(world.sent())  # the inbox may be back soon; the password is not there
    assert message["Subject"] == "1 thing needs you"
    assert "The programme's calendar\n- " in body(message)
    world.step(MONDAY + WEEK)
    (message,) = digests(world.sent())
    assert message["Subject"] == "2 things need you"
    text = body(message)
    assert "The programme's inbox\n- Answers by mail are not read: the inbox at 127.0.0.1" in text
    assert "The programme's calendar: Meetings are not shown or watched there: " in text
    assert text.count("since Mon 25 Jan 2027") == 2
    settings.write_text(sound)
    world.step(MONDAY + 2 * WEEK)
    assert not any("The programme's" in body(message) for message in digests(world.sent()))


def test_a_supervisors_mail_that_was_refused_is_told(world: World) -> None:
    work = world.step(MONDAY - timedelta(days=3))
    world.sent()
    lose(world, work, BOSS)
    lose(world, work, "left@example.org")
    world.step(MONDAY)
    (message,) = digests(world.sent())
    assert message["Subject"] == "1 thing needs you"
    assert "Mail to Boss\n- A mail was refused, or may not have arrived, since" in body(message)
    assert "Check the address boss@example.org in people.csv" in body(message)
    assert "left@" not in body(message)


def test_what_the_weekends_mails_say_is_left_to_them(world: World) -> None:
    """They wait for the coordinator's hours, and so arrive with the week's mail."""
    work = world.step(MONDAY - timedelta(days=2))
    lose(world, work, BOSS)
    world.step(MONDAY)
    assert digests(world.sent()) == []
    world.step(MONDAY + WEEK)
    assert [m["Subject"] for m in digests(world.sent())] == ["1 thing needs you"]


def lose(world: World, work: Work, recipient: str) -> None:
    slot = Interval(work.now + WEEK, work.now + WEEK + timedelta(hours=1))
    side = Party("x", "x@example.org", "UTC")
    reader = Reader("x", recipient, "UTC")
    key = f"lost:{recipient}"
    notice = PutBackNotice(key, reader, side, side, slot, slot, Refusal.BUSY)
    with world.engine.begin() as connection:
        post(work, connection, notice)
        for queued in outbox.due(connection, "x@example.org", work.now):
            if queued.key == key:
                outbox.mark(connection, queued.id, outbox.FAILED, error="550 no such user")


def test_a_refused_edit_is_told_until_it_is_mended(world: World) -> None:
    world.step(MONDAY - timedelta(days=1))
    fault = Fault("people.csv", 3, "column hours: is empty", "write hours like Mon-Fri 09:00-17:00")
    roster_faults.note(world.engine, [fault, fault], MONDAY - timedelta(days=1))
    roster_faults.note(world.engine, [fault, fault], MONDAY - timedelta(hours=1))
    world.step(MONDAY)
    (message,) = digests(world.sent())
    assert "The last edit was refused, with 2 faults, since Sun 24 Jan 2027." in body(message)
    assert "people.csv:3: column hours: is empty; write hours like" in body(message)
    roster_faults.note(world.engine, [], MONDAY)
    world.step(MONDAY + WEEK)
    assert digests(world.sent()) == []


def test_a_meeting_that_was_put_back_is_told_once(world: World) -> None:
    work = world.step(at("2027-01-22 12:00"))
    accept_all(world, world.sent(), work.now)
    with world.engine.begin() as connection:
        (booking,) = meetings.live(connection)
        side = Party("Lee Park", LEE, "America/Los_Angeles")
        slot = booking.meeting.slot
        key = f"putback:{booking.uid}:0:{slot.start.isoformat()}"
        post(
            work,
            connection,
            PutBackNotice(key, work.coordinator(), side, side, slot, slot, Refusal.BUSY),
        )
    world.step(MONDAY)
    (message,) = digests(world.sent())
    assert message["Subject"] == "1 pair needs you"
    assert "A meeting that was moved by hand was put back, since Fri 22 Jan 2027." in body(message)


@pytest.mark.parametrize("supervisor", [BOSS, OFFICE])
def test_how_it_goes_is_told_to_no_coordinator_who_is_a_supervisor(
    world: World, supervisor: str
) -> None:
    begun(world)
    world.write(people=PEOPLE.replace(BOSS, supervisor), pairs=PAIRS)
    with world.engine.begin() as connection:
        met.add_pulse(connection, LEE, DANA, LEE, Pulse.POORLY, MONDAY)
    world.step(MONDAY + WEEK)
    told = "".join(body(message) for message in digests(world.sent()))
    assert ("A partner says it goes poorly" in told) == (supervisor == BOSS)


def test_it_links_to_the_coordinators_page_where_there_are_pages(world: World) -> None:
    settings = world.directory / "overlap.toml"
    plain = settings.read_text()
    breaks(world, MONDAY - timedelta(days=5))
    settings.write_text(plain + '[web]\nbase_url = "https://mentoring.example.org/"\n')
    world.step(MONDAY)
    (message,) = digests(world.sent())
    assert "https://mentoring.example.org/coordinator\n" in body(message)
    settings.write_text(plain)
    world.step(MONDAY + WEEK)
    (message,) = digests(world.sent())
    assert "daemon.py status shows every pair." in body(message)


@pytest.mark.parametrize("broken", [0, 1, 3])
def test_so_many_pairs_in_need_are_one_mail(world: World, broken: int) -> None:
    names = [f"m{n}" for n in range(6)]
    rows = (
        f"{n.upper()},{n}@example.org,America/New_York,Mon-Fri 09:00-17:00,file:{n}.ics,"
        for n in names
    )
    pairs = (
        f"{a}@example.org,{b}@example.org,1" for a, b in zip(names[::2], names[1::2], strict=True)
    )
    for name in names:
        world.calendar(name)
    world.write(people=PEOPLE + "\n".join(rows) + "\n", pairs=PAIRS + "\n".join(pairs) + "\n")
    for name in names[: 2 * broken : 2]:
        (world.directory / f"{name}.ics").write_text(BROKEN)
    world.step(at("2027-01-20 12:00"))
    world.sent()
    for hours in (0, 1, 24):
        world.step(MONDAY + timedelta(hours=hours))
    told = [m["Subject"] for m in digests(world.sent())]
    wanted = {0: [], 1: ["1 pair needs you"], 3: ["3 pairs need you"]}
    assert told == wanted[broken]


@given(st.integers(0, 5000), st.integers(0, 5000))
def test_subjects_are_short_and_good_english(pairs: int, others: int) -> None:
    point = Point("No time suits both", None, "x")
    notice = AttentionNotice(
        "k", Reader("C", OFFICE, "UTC"), (Matter("k", "a", (point,)),), (), pairs, others, 0, ""
    )
    programme = PROGRAMME.programme
    subject = render(notice, programme, shipped()).subject
    assert len(subject) <= 60
    assert subject == subject.strip()
    assert re.fullmatch(r"(1 pair|\d+ pairs)?( and )?(1 thing|\d+ things)? needs? you", subject)
    assert subject.endswith("needs you") == (pairs + others == 1)


def test_more_than_fits_is_counted() -> None:
    found = [Matter(str(n), f"Pair {n}", (Point("x", None, "y"),), True) for n in range(63)]
    notice = attention("k", Reader("C", OFFICE, "UTC"), found, (), "")
    assert notice is not None
    text = render(notice, PROGRAMME.programme, shipped()).text
    assert "There are 43 more." in text
    assert text.count("\nPair ") + text.startswith("Pair ") == 20


PROGRAMME = load(Path(__file__).parent.parent.parent / "config")

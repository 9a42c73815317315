"""After three tries: several times for both, one of which is booked, or the coordinator hears."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

from sqlalchemy import select

from mentoring.poll import Poll
from service.work import reading
from store import meetings, polls
from store.tables import outbox
from tests.world import (
    DANA,
    LEE,
    PAIRS,
    PEOPLE,
    World,
    at,
    body,
    calendar_of,
    decline_all,
    event_in,
    kinds,
    to,
)

MONDAY = at("2027-01-11 12:00")


def asked(world: World) -> tuple[datetime, EmailMessage, EmailMessage]:
    """Three times are declined; when that was, and the question that each of the two got."""
    now, messages = decline_all(world, MONDAY)
    questions = [m for m in messages if str(m["Subject"]).startswith("Pick a time")]
    return now, to(questions, DANA)[0], to(questions, LEE)[0]


def code_in(message: EmailMessage) -> str:
    return body(message).partition("PICK ")[2][:16]


def pick(world: World, person: str, question: EmailMessage, numbers: str) -> None:
    subject = f"Re: PICK {code_in(question)} {numbers}"
    world.drop(f"From: {person}\r\nSubject: {subject}\r\n\r\n".encode())


def poll_of(world: World) -> Poll:
    with reading(world.engine) as connection:
        fallen = meetings.of_pair(connection, LEE, DANA)[0]
        poll = polls.by_id(connection, fallen.uid)
    assert poll is not None
    return poll


def test_the_times_are_on_different_half_days_and_suit_both(world: World) -> None:
    asked(world)
    poll = poll_of(world)
    local = [o.interval.start.astimezone(MONDAY.tzinfo) for o in poll.options]
    assert len(local) == 8
    assert len({(t.date(), t.hour >= 12) for t in local}) == 8
    assert len({t.isocalendar()[1] for t in local}) >= 3  # spread over the weeks
    assert all(11 <= t.hour < 17 for t in local)  # Lee starts at 8 in Los Angeles
    with reading(world.engine) as connection:
        fallen = meetings.of_pair(connection, LEE, DANA)[0]
    refused = (*fallen.refused, fallen.meeting.slot)
    assert len(refused) == 3
    assert not any(o.interval.overlaps(r) for o in poll.options for r in refused)


def test_each_reads_the_times_on_their_own_clock_first(world: World) -> None:
    _, for_dana, for_lee = asked(world)
    start = poll_of(world).options[0].interval.start
    assert f"{start.astimezone(MONDAY.tzinfo):%-I:%M}" in body(for_dana).split("for Lee Park")[0]
    assert "EST" in body(for_dana).split("for Lee Park:")[0]
    assert "PST" in body(for_lee).split("for Dana Lee:")[0]


def test_what_is_picked_shortly_before_is_reminded_of_in_the_same_pass(world: World) -> None:
    """Found by the simulation, seed 4: a second pass at the same instant sent the reminder."""
    _, for_dana, for_lee = asked(world)
    starts = [o.interval.start.astimezone(MONDAY.tzinfo) for o in poll_of(world).options]
    monday = next(number for number, start in enumerate(starts) if start.weekday() == 0)
    for person, question in ((DANA, for_dana), (LEE, for_lee)):
        pick(world, person, question, f"{monday + 1}")
    friday = (starts[monday] - timedelta(days=3)).replace(hour=15, minute=0)
    world.step(friday)
    assert sorted(kinds(world, "remind")) == [DANA, LEE]
    assert world.sent()
    world.step(friday)
    assert world.sent() == []


def test_a_shared_time_is_booked_and_confirmed_at_once(world: World) -> None:
    now, for_dana, for_lee = asked(world)
    pick(world, DANA, for_dana, "1 3 5")
    world.step(now + timedelta(minutes=20))
    assert world.sent() == []  # nobody is told who answered
    pick(world, LEE, for_lee, "5, 2")
    world.step(now + timedelta(minutes=40))
    messages = world.sent()
    fifth = poll_of(world).options[4].interval
    for reader in (DANA, LEE):
        (invite,) = to(messages, reader)
        event = event_in(invite)
        attendees: Any = event["attendee"]
        assert calendar_of(invite)["method"] == "REQUEST"
        assert event.decoded("dtstart") == fifth.start
        assert {a.params["PARTSTAT"] for a in attendees} == {"ACCEPTED"}
        assert str(invite["Subject"]).startswith("Booked:")
        assert "need not answer" in body(invite)
    assert to(messages, "coordinator@example.org") == []
    assert world.status(now)["state"] == "confirmed"
    with reading(world.engine) as connection:
        numbers = [b.number for b in meetings.of_pair(connection, LEE, DANA)]
    assert numbers == [1, 2]


def test_the_cheapest_shared_time_wins(world: World) -> None:
    now, for_dana, for_lee = asked(world)
    pick(world, DANA, for_dana, "1 2 3 4 5 6 7 8")
    pick(world, LEE, for_lee, "1 2 3 4 5 6 7 8")
    world.step(now + timedelta(minutes=20))
    best = min(poll_of(world).options, key=lambda option: option.cost)
    assert event_in(to(world.sent(), DANA)[0]).decoded("dtstart") == best.interval.start


def test_a_time_that_is_taken_meanwhile_is_not_booked(world: World) -> None:
    now, for_dana, for_lee = asked(world)
    third, fourth = (poll_of(world).options[n].interval for n in (2, 3))
    world.calendar("lee", (third.start, third.end))
    pick(world, DANA, for_dana, "3 4")
    pick(world, LEE, for_lee, "3 4")
    world.step(now + timedelta(minutes=20))
    assert event_in(to(world.sent(), DANA)[0]).decoded("dtstart") == fourth.start


def test_nothing_is_booked_while_a_calendar_cannot_be_read(world: World) -> None:
    now, for_dana, for_lee = asked(world)
    (world.directory / "lee.ics").write_text("no calendar")
    pick(world, DANA, for_dana, "3")
    pick(world, LEE, for_lee, "3")
    world.step(now + timedelta(minutes=20))
    assert "proposed" not in str(world.status(now)["state"])
    assert "can't be read" in str(world.status(now)["reason"])
    world.calendar("lee")
    world.step(now + timedelta(minutes=40))
    third = poll_of(world).options[2].interval
    assert event_in(to(world.sent(), DANA)[-1]).decoded("dtstart") == third.start


def escalated(world: World, now: datetime) -> None:
    """Both and the coordinator were told once, and the pair rests."""
    assert sorted(kinds(world, "pattern")) == ["coordinator@example.org", DANA, LEE]
    assert "coordinator was told" in str(world.status(now)["reason"])
    with reading(world.engine) as connection:
        fallen = meetings.of_pair(connection, LEE, DANA)[0]
        keys = connection.execute(select(outbox.c.key).where(outbox.c.kind == "pattern")).scalars()
        assert set(keys) == {
            f"escalate:{LEE}:{DANA}:{fallen.uid}:{to}"
            for to in (LEE, DANA, "coordinator@example.org")
        }


def test_nothing_shared_goes_to_both_and_the_coordinator(world: World) -> None:
    now, for_dana, for_lee = asked(world)
    pick(world, DANA, for_dana, "1 2")
    pick(world, LEE, for_lee, "3")
    now += timedelta(hours=1)
    world.step(now)
    escalated(world, now)
    world.sent()
    world.step(now + timedelta(days=1))
    assert world.sent() == []  # the pair rests for one rhythm


def test_none_is_an_answer_and_is_not_told_before_both_have_answered(world: World) -> None:
    now, for_dana, for_lee = asked(world)
    pick(world, DANA, for_dana, "none")
    world.step(now + timedelta(minutes=20))
    assert world.sent() == []
    pick(world, LEE, for_lee, "1 2 3")
    world.step(now + timedelta(minutes=40))
    escalated(world, now)


def test_the_silent_one_is_nudged_once_and_then_the_coordinator_hears(world: World) -> None:
    now, for_dana, _ = asked(world)
    pick(world, DANA, for_dana, "1 2")
    subjects: list[tuple[str, str]] = []
    for _ in range(9 * 24 // 6):
        now += timedelta(hours=6)
        world.step(now)
        subjects += [
            (m["To"].addresses[0].addr_spec, str(m["Subject"]).partition(":")[0])
            for m in world.sent()
        ]
    assert subjects[0] == (LEE, "Reminder")
    assert [s for _, s in subjects].count("Reminder") == 1
    escalated(world, now)


def test_nothing_else_is_proposed_while_both_are_asked(world: World) -> None:
    now, *_ = asked(world)
    for hours in (1, 20, 30):
        work = world.step(now + timedelta(hours=hours))
        assert work.counts["proposed"] == 0


def test_with_no_time_to_offer_the_coordinator_hears_at_once(world: World) -> None:
    full = [(at(f"2027-{m:02d}-01 00:00"), at(f"2027-{m + 1:02d}-01 00:00")) for m in range(1, 7)]

    def fill(number: int) -> None:
        if number == 2:
            world.calendar("dana", *full)

    now, messages = decline_all(world, MONDAY, before=fill)
    assert not [m for m in messages if str(m["Subject"]).startswith("Pick a time")]
    escalated(world, now)


def test_what_is_no_number_is_answered_with_the_right_form(world: World) -> None:
    now, for_dana, _ = asked(world)
    pick(world, DANA, for_dana, "9 tuesday")
    world.step(now + timedelta(minutes=20))
    (told,) = world.sent()
    assert f"PICK {code_in(for_dana)} 1 3" in body(told)
    assert "tuesday" not in body(told)
    world.step(now + timedelta(minutes=40))
    assert world.sent() == []


def test_the_question_is_asked_by_mail_alone_where_there_are_no_pages(world: World) -> None:
    _, for_dana, _ = asked(world)
    assert "http" not in body(for_dana)
    assert "PICK" in body(for_dana)


def test_a_pair_that_is_gone_is_asked_no_more(world: World) -> None:
    now, *_ = asked(world)
    others = PEOPLE + "Ann Ito,ann@example.org,America/New_York,Mon-Fri 09:00-17:00,,\n"
    world.write(people=others, pairs=PAIRS.replace(DANA, "ann@example.org"))
    world.step(now + timedelta(minutes=20))
    assert kinds(world, "pattern") == []
    with reading(world.engine) as connection:
        assert polls.running(connection) == []


def test_running_a_pass_twice_asks_and_books_once(world: World) -> None:
    now, for_dana, for_lee = asked(world)
    world.step(now)
    assert world.sent() == []
    pick(world, DANA, for_dana, "3")
    pick(world, LEE, for_lee, "3")
    for _ in range(2):
        world.step(now + timedelta(minutes=20))
    assert sorted(m["To"].addresses[0].addr_spec for m in world.sent()) == [DANA, LEE]

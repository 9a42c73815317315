"""The road of a programme event: asked, answered, moved, called off; who missed it is briefed."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from email.message import EmailMessage

import pytest

from integrations.registry import Ports
from mentoring.interval import Interval
from mentoring.meeting import State
from mentoring.programme_events import BRIEFED_WITHIN
from service import acts
from service.events import gatherings
from service.kept_free import kept_free
from service.passes import present
from service.roster_source import load
from service.work import reading
from store import events as store
from store import meetings, outbox, pauses
from store.booking import BRIEFING
from store.pauses import PairPause
from tests.demo.partners import answer_mail
from tests.web.served import served
from tests.world import DANA, LEE, PAIRS, PEOPLE, World, at, calendar_of, event_in, to

FORUM = at("2027-03-10 13:00")
MOVED = at("2027-03-11 13:00")
MAY, SAM = "may@example.org", "sam@example.org"
TWO_PAIRS = PAIRS + f"{SAM},{MAY}\n"
FOUR = (
    PEOPLE
    + "May Moss,may@example.org,America/New_York,Mon-Fri 09:00-17:00,,\n"
    + "Sam Soto,sam@example.org,America/Denver,Mon-Fri 08:00-16:00,,\n"
)
HEAD = "title,kind,start,end,timezone,place,link\n"


def row(start: datetime = FORUM, title: str = "Spring Forum") -> str:
    end = start + timedelta(hours=2)
    times = f"{start:%Y-%m-%d %H:%M},{end:%Y-%m-%d %H:%M}"
    return f"{title},forum,{times},America/New_York,Denver,https://example.org/forum\n"


@pytest.fixture
def cohort(world: World) -> World:
    world.write(people=FOUR, pairs=TWO_PAIRS, events=HEAD + row())
    return world


def play(world: World, start: datetime, until: datetime) -> list[EmailMessage]:
    """Passes every six hours; what was sent about events and briefings."""
    sent: list[EmailMessage] = []
    while start <= until:
        world.step(start)
        sent += world.sent()
        start += timedelta(hours=6)
    return [m for m in sent if "Forum" in m["Subject"]]


def text_of(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    content: str = body.get_content()
    return content


def say(world: World, message: EmailMessage, word: str) -> None:
    code = re.search(rf"{word} ([0-9a-f]{{16}})", text_of(message))
    assert code is not None
    who = message["To"].addresses[0].addr_spec
    world.drop(f"From: {who}\r\nSubject: {word} {code[1]}\r\n\r\n".encode())


def reply(world: World, who: str, invite: EmailMessage, partstat: str, now: datetime) -> None:
    world.drop(answer_mail(who, event_in(invite), "REPLY", partstat, now))


def answers(world: World, now: datetime) -> dict[str, tuple[str | None, bool | None]]:
    work = present(
        load(world.directory), world.engine, Ports(load(world.directory), world.directory), now
    )
    with reading(world.engine) as connection:
        (gathering,) = gatherings(work, connection)
        found = store.answers(connection, gathering.id)
    return {who: (str(a.rsvp) if a.rsvp else None, a.attended) for who, a in found.items()}


def asked(world: World) -> dict[str, EmailMessage]:
    """The first mail on the forum, to each."""
    first = play(world, FORUM - timedelta(days=31), FORUM - timedelta(days=28))
    assert len(first) == 4
    return {m["To"].addresses[0].addr_spec: m for m in first}


def test_each_gets_the_event_for_their_own_calendar_thirty_days_before(cohort: World) -> None:
    assert play(cohort, FORUM - timedelta(days=40), FORUM - timedelta(days=31)) == []
    for who, message in asked(cohort).items():
        event = event_in(message)
        assert calendar_of(message)["method"] == "REQUEST"
        assert event.decoded("dtstart") == FORUM
        attendees = event["attendee"]
        assert str(attendees) == f"mailto:{who}"  # who else comes is not theirs
    assert "Denver" in text_of(message)
    assert "https://example.org/forum" in text_of(message)


def test_the_whole_road_of_four(cohort: World) -> None:
    first = asked(cohort)
    now = FORUM - timedelta(days=20)
    say(cohort, first[DANA], "COMING")
    reply(cohort, LEE, first[LEE], "DECLINED", now)
    reply(cohort, MAY, first[MAY], "ACCEPTED", now)
    cohort.step(now)
    assert answers(cohort, now) == {
        DANA: ("in person", None),
        LEE: ("absent", None),
        MAY: ("online", None),  # her own site is another
    }
    week = play(cohort, FORUM - timedelta(days=7), FORUM - timedelta(days=4))
    assert [str(m["Subject"])[:24] for m in to(week, LEE)] == ["Can you make it after al"]
    assert len(week) == 4
    day = play(cohort, FORUM - timedelta(days=1), FORUM - timedelta(hours=1))
    assert {m["To"].addresses[0].addr_spec for m in day} == {DANA, MAY, SAM}
    assert all(str(m["Subject"]).startswith("Tomorrow") for m in day)
    after = play(cohort, FORUM + timedelta(hours=3), FORUM + timedelta(days=2))
    there = [m for m in after if str(m["Subject"]).startswith("Were you there")]
    assert {m["To"].addresses[0].addr_spec for m in there} == {DANA, MAY, SAM}
    say(cohort, to(there, DANA)[0], "YES")
    say(cohort, to(there, SAM)[0], "NO")
    later = play(cohort, FORUM + timedelta(days=2, hours=6), FORUM + timedelta(days=9))
    briefs = [m for m in later if str(m["Subject"]).startswith("Brief ")]
    # Dana said she was there and Lee had said no; May said she would come, and nobody denied it.
    assert {m["To"].addresses[0].addr_spec for m in briefs} == {DANA, MAY}


def test_who_says_no_in_the_last_week_is_asked_once_more_too(cohort: World) -> None:
    first = asked(cohort)
    now = FORUM - timedelta(days=5)
    play(cohort, FORUM - timedelta(days=7), now)
    say(cohort, first[LEE], "ABSENT")
    cohort.step(now)
    day = play(cohort, now, FORUM - timedelta(hours=1))
    assert [str(m["Subject"])[:24] for m in to(day, LEE)] == ["Can you make it after al"]


def test_who_says_no_twice_is_not_asked_a_third_time(cohort: World) -> None:
    first = asked(cohort)
    say(cohort, first[LEE], "ABSENT")
    week = play(cohort, FORUM - timedelta(days=20), FORUM - timedelta(days=5))
    (again,) = to(week, LEE)
    say(cohort, again, "ABSENT")
    assert to(play(cohort, FORUM - timedelta(days=4), FORUM - timedelta(hours=1)), LEE) == []


def booked(world: World) -> tuple[list[EmailMessage], datetime]:
    first = asked(world)
    now = FORUM - timedelta(days=20)
    say(world, first[DANA], "ONLINE")
    say(world, first[LEE], "ABSENT")
    world.step(now)
    over = play(world, FORUM + timedelta(hours=3), FORUM + timedelta(days=1))
    say(world, to(over, DANA)[0], "YES")
    now = FORUM + timedelta(days=1, hours=6)
    briefs = to(play(world, now, now + timedelta(hours=18)), DANA)
    assert len(briefs) == 1
    say(world, briefs[0], "BOOK")
    now += timedelta(hours=18)  # noon in Los Angeles
    world.step(now)
    return world.sent(), now


def test_who_missed_it_is_briefed_and_the_rhythm_is_not_disturbed(cohort: World) -> None:
    with reading(cohort.engine) as connection:
        cohort.step(FORUM - timedelta(days=32))
    sent, now = booked(cohort)
    for_lee = [m for m in to(sent, LEE) if "brief you" in str(m["Subject"])]
    assert len(for_lee) == 1
    invites = [m for m in to(sent, LEE) if str(m["Subject"]).startswith("Proposed")]
    event = event_in(invites[-1])
    assert event.decoded("dtend") - event.decoded("dtstart") == timedelta(minutes=30)
    with reading(cohort.engine) as connection:
        of_pair = meetings.of_pair(connection, LEE, DANA)
        briefing = meetings.by_uid(connection, str(event["uid"]))
    assert briefing is not None
    assert briefing.kind == BRIEFING
    assert briefing.uid not in {b.uid for b in of_pair}
    statuses = {a.email: str(a.partstat) for a in briefing.meeting.attendances}
    assert statuses == {DANA: "ACCEPTED", LEE: "NEEDS-ACTION"}
    reply(cohort, LEE, invites[-1], "DECLINED", now)
    cohort.step(now + timedelta(hours=1))
    off = [m for m in cohort.sent() if m["Subject"] and "off" in str(m["Subject"]).lower()]
    assert {m["To"].addresses[0].addr_spec for m in off} == {DANA, LEE}  # and not asked again


def test_a_pause_calls_a_briefing_off_too(cohort: World) -> None:
    cohort.step(FORUM - timedelta(days=32))
    sent, now = booked(cohort)
    (invite,) = [m for m in to(sent, LEE) if str(m["Subject"]).startswith("Proposed")][-1:]
    roster = load(cohort.directory)
    work = present(roster, cohort.engine, Ports(roster, cohort.directory), now)
    (pair,) = [pair for pair in roster.pairs if pair.key == (LEE, DANA)]
    until = (now + timedelta(weeks=3)).date().isoformat()
    with cohort.engine.begin() as connection:
        assert acts.pause(work, connection, "office@example.org", pair, until) is acts.Done.PAUSED
        booking = meetings.by_uid(connection, str(event_in(invite)["uid"]))
    assert booking is not None
    assert (booking.kind, booking.meeting.state) == (BRIEFING, State.CANCELLED)


def test_a_pair_that_the_coordinator_paused_is_asked_for_no_briefing(cohort: World) -> None:
    first = asked(cohort)
    say(cohort, first[DANA], "ONLINE")
    say(cohort, first[LEE], "ABSENT")
    cohort.step(FORUM - timedelta(days=20))
    rest = PairPause(LEE, DANA, (FORUM - timedelta(days=1)).date(), FORUM.date() + BRIEFED_WITHIN)
    with cohort.engine.begin() as connection:
        pauses.add(connection, rest, "office@example.org", FORUM)
    over = play(cohort, FORUM + timedelta(hours=3), FORUM + timedelta(days=1))
    say(cohort, to(over, DANA)[0], "YES")
    play(cohort, FORUM + timedelta(days=1, hours=6), FORUM + timedelta(days=3))
    with reading(cohort.engine) as connection:
        assert not [k for k in outbox.said(connection, "brief:") if f":{LEE}:{DANA}:" in k]


def test_a_moved_event_is_told_to_whoever_heard_of_it(cohort: World) -> None:
    first = asked(cohort)
    say(cohort, first[DANA], "COMING")
    now = FORUM - timedelta(days=20)
    cohort.step(now)
    cohort.write(people=FOUR, pairs=TWO_PAIRS, events=HEAD + row(MOVED))
    changed = play(cohort, now, now + timedelta(days=3))
    assert len(changed) == 4
    for message in changed:
        event = event_in(message)
        assert str(message["Subject"]).startswith("Changed")
        assert event["sequence"] == 1
        assert event["uid"] == event_in(first[message["To"].addresses[0].addr_spec])["uid"]
        assert event.decoded("dtstart") == MOVED
    assert answers(cohort, now) == {}  # another time is another question


def test_an_event_that_is_taken_out_is_called_off(cohort: World) -> None:
    first = asked(cohort)
    now = FORUM - timedelta(days=20)
    cohort.write(people=FOUR, pairs=TWO_PAIRS, events=HEAD)
    off = play(cohort, now, now + timedelta(days=3))
    assert len(off) == 4
    for message in off:
        assert calendar_of(message)["method"] == "CANCEL"
        event = event_in(message)
        assert event["sequence"] == 1
        assert event["uid"] == event_in(first[message["To"].addresses[0].addr_spec])["uid"]
    assert play(cohort, now + timedelta(days=4), FORUM + timedelta(days=3)) == []


def test_no_meeting_is_put_over_an_event_that_one_may_attend(cohort: World) -> None:
    first = asked(cohort)
    say(cohort, first[LEE], "ABSENT")
    now = FORUM - timedelta(days=20)
    cohort.step(now)
    roster = load(cohort.directory)
    with reading(cohort.engine) as connection:
        free = {
            who: kept_free(connection, roster, roster.people[who], event_span())
            for who in (DANA, LEE)
        }
    assert free[DANA] == [event_span()]
    assert free[LEE] == []


def event_span() -> Interval:
    return Interval(FORUM, FORUM + timedelta(hours=2))


def test_a_stranger_and_an_old_time_do_not_answer(cohort: World) -> None:
    first = asked(cohort)
    now = FORUM - timedelta(days=20)
    forged = answer_mail(DANA, event_in(first[DANA]), "REPLY", "DECLINED", now)
    cohort.drop(forged.replace(b"From: dana@", b"From: eve@"))
    cohort.step(now)
    assert answers(cohort, now) == {}
    cohort.write(people=FOUR, pairs=TWO_PAIRS, events=HEAD + row(MOVED))
    cohort.step(now + timedelta(hours=1))
    reply(cohort, DANA, first[DANA], "ACCEPTED", now)  # an answer to the time before
    cohort.step(now + timedelta(hours=2))
    assert answers(cohort, now) == {}


def test_the_pages_take_answers_and_their_links_alone_do_not(cohort: World) -> None:
    now = FORUM - timedelta(days=28)
    with served(cohort, now) as programme:
        first = asked(cohort)
        link = re.search(r"http://\S+/event/\S+", text_of(first[DANA]))
        assert link is not None
        before = answers(cohort, now)
        assert programme.http.get(link[0]).status_code == 200
        assert programme.http.post(link[0], data={"answer": "online"}).status_code == 403
        assert answers(cohort, now) == before
        assert programme.press(link[0], answer="online").status_code == 303
        assert "I come online" in programme.http.get(link[0]).text
        assert answers(cohort, now)[DANA] == ("online", None)
        programme.press(link[0], answer="nonsense")
        assert answers(cohort, now)[DANA] == ("online", None)
        programme.now = FORUM + timedelta(minutes=1)
        programme.press(link[0], answer="absent")
        assert answers(cohort, now)[DANA] == ("online", None)  # too late
        assert programme.http.get(link[0][:-2] + "zz").status_code == 404

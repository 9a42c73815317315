"""Before a meeting, through real passes: the nudge, items by mail, the reminder, forgetting."""

from __future__ import annotations

import email
import email.policy
import re
from datetime import datetime, timedelta
from email.message import EmailMessage
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from mentoring.agenda import LONGEST, MOST, Fault, ItemKind
from service.agenda import note
from service.work import reading
from store import agenda
from store.tables import meetings, outbox
from store.tables_programme import agenda as items
from store.tables_programme import next_steps
from tests.world import DANA, LEE, World, at, calendar_of, event_in, to

MONDAY = at("2027-01-11 12:00")
TEN_DAYS = '[agreement]\nnotice = "10 days"\n'
"""So that the first meeting is far enough away to be prepared."""
ZONES = {DANA: ZoneInfo("America/New_York"), LEE: ZoneInfo("America/Los_Angeles")}


def text_of(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    content: str = body.get_content()
    return content


def html_of(message: EmailMessage) -> str:
    body = message.get_body(("html",))
    assert body is not None
    content: str = body.get_content()
    return content


def invited(world: World, agreement: str = TEN_DAYS) -> dict[str, EmailMessage]:
    world.write(agreement=agreement)
    world.step(MONDAY)
    sent = world.sent()
    proposed = [m for m in sent if str(m["Subject"]).startswith("Proposed")]
    return {who: to(proposed, who)[0] for who in (DANA, LEE)}


def confirmed(world: World, agreement: str = TEN_DAYS) -> tuple[str, datetime]:
    """The UID and the start of a meeting that both accepted."""
    invites = invited(world, agreement)
    for who, invite in invites.items():
        world.reply(who, invite, "ACCEPTED", MONDAY)
    world.step(MONDAY + timedelta(hours=1))
    event = event_in(invites[DANA])
    start = event.decoded("dtstart")
    assert isinstance(start, datetime)
    return str(event["uid"]), start


def play(
    world: World, start: datetime, end: datetime, *, hours: int = 1
) -> list[tuple[datetime, EmailMessage]]:
    """Passes until `end`; every mail with the instant of its pass."""
    sent: list[tuple[datetime, EmailMessage]] = []
    now = start
    while now < end:
        world.step(now)
        sent += [(now, message) for message in world.sent()]
        now += timedelta(hours=hours)
    return sent


def about(
    sent: list[tuple[datetime, EmailMessage]], beginning: str
) -> dict[str, tuple[datetime, EmailMessage]]:
    """The one mail with such a subject to each reader."""
    found: dict[str, tuple[datetime, EmailMessage]] = {}
    for moment, message in sent:
        if str(message["Subject"]).startswith(beginning):
            who = message["To"].addresses[0].addr_spec
            assert who not in found
            found[who] = moment, message
    return found


def code_in(message: EmailMessage, word: str) -> str:
    found = re.search(rf"^ *{word} ([0-9a-f]{{16}})\b", text_of(message), re.MULTILINE)
    assert found is not None
    return found[1]


def mail(world: World, subject: str) -> None:
    world.drop(f"From: who@example.org\r\nSubject: {subject}\r\n\r\n".encode())


def working_days(first: datetime, last: datetime, zone: ZoneInfo) -> int:
    """Weekdays after the day of one instant up to the day of another."""
    day, count = first.astimezone(zone).date(), 0
    while day < last.astimezone(zone).date():
        day += timedelta(days=1)
        count += day.weekday() < 5
    return count


def test_both_are_asked_two_working_days_before_in_their_own_hours(world: World) -> None:
    _, start = confirmed(world)
    asked = about(play(world, MONDAY + timedelta(hours=2), start), "What will you discuss")
    assert set(asked) == {DANA, LEE}
    for who, (moment, message) in asked.items():
        assert working_days(moment, start, ZONES[who]) == 2
        first_hour = {DANA: 9, LEE: 8}[who]
        assert moment.astimezone(ZONES[who]).hour == first_hour
        assert start.astimezone(ZONES[who]).strftime("%A") in str(message["Subject"])
        assert "What do we expect of each other" in text_of(message)
        assert code_in(message, "AGENDA")
    assert code_in(asked[DANA][1], "AGENDA") != code_in(asked[LEE][1], "AGENDA")


def test_who_has_not_said_yes_is_not_asked(world: World) -> None:
    invites = invited(world)
    world.reply(DANA, invites[DANA], "ACCEPTED", MONDAY)
    world.reply(LEE, invites[LEE], "TENTATIVE", MONDAY)
    start = event_in(invites[DANA]).decoded("dtstart")
    sent = play(world, MONDAY + timedelta(hours=2), start - timedelta(hours=25))
    assert set(about(sent, "What will you discuss")) == {DANA}


def test_a_meeting_proposed_late_is_not_asked_about(world: World) -> None:
    _, start = confirmed(world, "")  # two days of notice
    assert start < MONDAY + timedelta(days=3)
    sent = play(world, MONDAY + timedelta(hours=2), start)
    assert not about(sent, "What will you discuss")
    assert set(about(sent, "Coming up")) == {DANA, LEE}


def test_what_both_note_by_mail_comes_with_the_reminder_and_into_their_events(
    world: World,
) -> None:
    uid, start = confirmed(world)
    sent = play(world, MONDAY + timedelta(hours=2), start - timedelta(hours=30))
    asked = about(sent, "What will you discuss")
    mail(world, f"Re: AGENDA {code_in(asked[DANA][1], 'AGENDA')} How do you say no?")
    mail(world, f"AGENDA {code_in(asked[LEE][1], 'AGENDA')} <b>Last year's review</b>")
    mail(world, f"AGENDA {code_in(asked[LEE][1], 'AGENDA')}")  # nothing said
    mail(world, f"AGENDA {'0' * 16} a stranger's")
    reminders = about(play(world, start - timedelta(hours=29), start), "Coming up")
    assert set(reminders) == {DANA, LEE}
    for who, (_, message) in reminders.items():
        words = text_of(message)
        assert "Question: How do you say no? (Dana Lee)" in words
        assert "Item: <b>Last year's review</b> (Lee Park)" in words
        assert "stranger" not in words
        assert "&lt;b&gt;Last year's review&lt;/b&gt;" in html_of(message)
        assert "<b>Last" not in html_of(message)
        assert calendar_of(message)["method"] == "REQUEST"
        event = event_in(message)
        assert str(event["uid"]) == uid
        assert event["sequence"] == 0  # RFC 5546 section 2.1.4: no significant change
        assert event.decoded("dtstamp") > event_in_first(world, who)
        assert event.decoded("dtstart") == start
        assert "How do you say no?" in str(event["description"])
        attendees = event["attendee"]
        assert {a.params["PARTSTAT"] for a in attendees} == {"ACCEPTED"}  # type: ignore[union-attr]
        assert {a.params["RSVP"] for a in attendees} == {"FALSE"}  # type: ignore[union-attr]
        assert event["summary"] == "Mentoring meeting"


def event_in_first(world: World, who: str) -> datetime:
    """DTSTAMP of the invite that this reader got first."""
    with reading(world.engine) as connection:
        query = select(outbox.c.raw).where(outbox.c.kind == "invite", outbox.c.recipient == who)
        raw = connection.execute(query).scalars().first()
    assert raw is not None
    stamp = event_in(email.message_from_bytes(raw, policy=email.policy.default)).decoded("dtstamp")
    assert isinstance(stamp, datetime)
    return stamp


def test_an_empty_agenda_is_no_news_for_a_calendar_and_brings_starters(world: World) -> None:
    _, start = confirmed(world)
    reminders = about(play(world, MONDAY + timedelta(hours=2), start), "Coming up")
    for _, message in reminders.values():
        assert "What do we expect of each other" in text_of(message)
        assert not [p for p in message.walk() if p.get_content_type() == "text/calendar"]


@pytest.mark.parametrize(
    ("now", "starter"),
    [
        ("2027-04-26 12:00", "Which talk, paper or briefing could one of us preview"),
        ("2027-07-12 12:00", "Whom could you mentor next?"),
    ],
)
def test_the_starters_follow_the_programme(world: World, now: str, starter: str) -> None:
    world.write(agreement='[agreement]\nnotice = "10 days"\n')
    world.step(at(now))
    invites = to(world.sent(), DANA), to(world.sent(), LEE)
    invite = next(m for m in invites[0] if m.get_content_type() == "multipart/mixed")
    world.reply(DANA, invite, "ACCEPTED", at(now))
    start = event_in(invite).decoded("dtstart")
    asked = about(play(world, at(now) + timedelta(hours=2), start), "What will you discuss")
    assert starter in text_of(asked[DANA][1])


def test_who_has_noted_something_is_not_asked(world: World) -> None:
    uid, start = confirmed(world)
    work = world.step(MONDAY + timedelta(hours=2))
    assert note(work, uid, DANA, ItemKind.TOPIC, "Networks") is None
    asked = about(play(world, MONDAY + timedelta(hours=3), start), "What will you discuss")
    assert set(asked) == {LEE}
    assert "Topic: Networks (Dana Lee)" in text_of(asked[LEE][1])


def test_items_are_bounded_and_the_same_one_counts_once(world: World) -> None:
    uid, start = confirmed(world)
    work = world.step(MONDAY + timedelta(hours=2))
    for _ in range(2):
        assert note(work, uid, DANA, ItemKind.ITEM, "again") is None
    for number in range(MOST - 1):
        assert note(work, uid, DANA, ItemKind.ITEM, f"item {number}") is None
    assert note(work, uid, DANA, ItemKind.ITEM, "one too many") is Fault.TOO_MANY
    assert note(work, uid, LEE, ItemKind.ITEM, "x" * (LONGEST + 1)) is Fault.TOO_LONG
    assert note(work, uid, "mallory@example.net", ItemKind.ITEM, "mine") is None
    with reading(world.engine) as connection:
        kept = agenda.items(connection, uid)
    assert len(kept) == MOST
    assert {item.person for item in kept} == {DANA}
    over = world.step(start + timedelta(hours=2))
    assert note(over, uid, LEE, ItemKind.ITEM, "too late") is None
    with reading(world.engine) as connection:
        assert len(agenda.items(connection, uid)) == MOST


@pytest.mark.parametrize("state", ["held", "missed"])
def test_all_that_was_written_is_gone_after_thirty_days(world: World, state: str) -> None:
    uid, start = confirmed(world)
    work = world.step(MONDAY + timedelta(hours=2))
    note(work, uid, DANA, ItemKind.ITEM, "CANARY of the agenda")
    play(world, start - timedelta(hours=26), start)
    with world.engine.begin() as connection:
        agenda.set_steps(connection, uid, LEE, ["CANARY of the steps"], start)
        connection.execute(meetings.update().where(meetings.c.uid == uid).values(state=state))
    end = start + timedelta(hours=1)
    world.step(end + timedelta(days=30, minutes=-1))
    assert b"CANARY" in kept(world)
    world.step(end + timedelta(days=31))  # it is looked once a day
    assert b"CANARY" not in kept(world)
    with reading(world.engine) as connection:
        sent = select(outbox.c.state).where(outbox.c.kind == "remind", outbox.c.uid == uid)
        assert set(connection.execute(sent).scalars()) == {"sent"}  # that it was sent stays known


def kept(world: World) -> bytes:
    """Everything that the store holds of partners' words."""
    with reading(world.engine) as connection:
        texts = [str(row) for row in connection.execute(select(items))]
        texts += [str(row) for row in connection.execute(select(next_steps))]
        for raw in connection.execute(select(outbox.c.raw)).scalars():
            message = email.message_from_bytes(raw, policy=email.policy.default)
            texts += [
                part.get_content()
                for part in message.walk()
                if raw and part.get_content_maintype() == "text"
            ]
    return "\n".join(texts).encode()


def test_a_briefing_is_reminded_of_and_no_more(world: World) -> None:
    uid, start = confirmed(world)
    with world.engine.begin() as connection:
        connection.execute(meetings.update().where(meetings.c.uid == uid).values(kind="briefing"))
    sent = play(world, MONDAY + timedelta(hours=2), start + timedelta(days=3))
    assert not about(sent, "What will you discuss")
    assert not about(sent, "Did you meet?")
    reminders = about(sent, "Coming up")
    assert set(reminders) == {DANA, LEE}
    assert all("AGENDA" not in text_of(message) for _, message in reminders.values())

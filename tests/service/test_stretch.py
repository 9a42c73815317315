"""Mumbai and San Francisco: asked, agreed by mail and page, and taking turns to bend."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.message import EmailMessage
from zoneinfo import ZoneInfo

import httpx
import pytest

from integrations.registry import Ports
from service.consent import Desk
from service.doors import Doors
from service.passes import present
from service.roster_source import load
from service.work import Work
from tests.world import DANA, LEE, World, at, event_in, to
from web.app import application
from web.serve import PageServer

MONDAY = at("2027-01-11 12:00")
PEOPLE = """name,email,timezone,hours
Dana Lee,dana@example.org,Asia/Kolkata,Mon-Fri 09:00-18:00
Lee Park,lee@example.org,America/Los_Angeles,Mon-Fri 09:00-17:00
"""
SHORT = '[agreement]\nminutes = 45\nevery = "1 week"\n'


def text_of(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    content: str = body.get_content()
    return content


def play(world: World, start: datetime, hours: int) -> list[EmailMessage]:
    """Passes every three hours; everything that was sent."""
    sent: list[EmailMessage] = []
    for step in range(0, hours, 3):
        world.step(start + timedelta(hours=step))
        sent += world.sent()
    return sent


def say(world: World, message: EmailMessage, word: str) -> None:
    code = re.search(rf"{word} ([0-9a-f]{{16}})", text_of(message))
    assert code is not None
    who = message["To"].addresses[0].addr_spec
    world.drop(f"From: {who}\r\nSubject: {word} {code[1]}\r\n\r\n".encode())


def asked(world: World) -> tuple[EmailMessage, EmailMessage]:
    world.write(people=PEOPLE, agreement=SHORT)
    sent = play(world, MONDAY, 24)
    about = [m for m in sent if m["Subject"].startswith("Would you meet")]
    assert len(about) == 2
    assert not any(m["Subject"].startswith("Proposed") for m in sent)
    return to(about, DANA)[0], to(about, LEE)[0]


def outside_hours(invite: EmailMessage) -> dict[str, int]:
    """Minutes from the edge of each one's day to the far end of the meeting, reckoned here."""
    start, end = (event_in(invite).decoded(name) for name in ("dtstart", "dtend"))
    bent = {}
    for who, zone, first, last in (
        (DANA, "Asia/Kolkata", 9, 18),
        (LEE, "America/Los_Angeles", 9, 17),
    ):
        begin, finish = (t.astimezone(ZoneInfo(zone)) for t in (start, end))
        early = first * 60 - (begin.hour * 60 + begin.minute)
        late = finish.hour * 60 + finish.minute - last * 60
        bent[who] = max(early, late, 0)
    return bent


def test_one_yes_books_nothing_and_two_take_turns(world: World) -> None:
    for_dana, for_lee = asked(world)
    assert world.status(MONDAY)["state"] == "unschedulable"
    assert "105 minutes outside" in text_of(for_dana) + text_of(for_lee)
    say(world, for_dana, "YES")
    now = MONDAY + timedelta(days=1)
    assert not [m for m in play(world, now, 24) if m["Subject"].startswith("Proposed")]
    say(world, for_lee, "YES")
    invites: list[EmailMessage] = []
    while len(invites) < 6:  # three meetings
        now += timedelta(hours=3)
        for invite in (m for m in play(world, now, 3) if m["Subject"].startswith("Proposed")):
            world.reply(invite["To"].addresses[0].addr_spec, invite, "ACCEPTED", now)
            assert "outside hours" in text_of(invite)
            invites.append(invite)
    bent = {str(event_in(invite)["uid"]): outside_hours(invite) for invite in invites}
    assert [sorted(minutes.values()) for minutes in bent.values()] == [[90, 105]] * 3
    worse = [max(minutes, key=lambda who: minutes[who]) for minutes in bent.values()]
    assert worse[0] != worse[1] != worse[2]
    world.step(now)
    assert world.status(now)["state"] == "confirmed"  # and it stands, outside hours as it is


def test_a_no_books_nothing(world: World) -> None:
    for_dana, for_lee = asked(world)
    say(world, for_dana, "YES")
    say(world, for_lee, "NO")
    sent = play(world, MONDAY + timedelta(days=1), 72)
    assert not [m for m in sent if m["Subject"].startswith(("Proposed", "Would you"))]


@pytest.fixture
def pages(world: World) -> Iterator[str]:
    def work() -> Work:
        roster = load(world.directory)
        return present(roster, world.engine, Ports(roster, world.directory), MONDAY)

    def desk() -> Desk:
        raise AssertionError("nobody connects a calendar here")

    app = application(Doors(desk, work, lambda _person: None, lambda: None))
    with PageServer(app, "127.0.0.1:0") as server:
        yield f"http://127.0.0.1:{server.port}"


def test_the_page_takes_the_answer_and_its_link_alone_does_not(world: World, pages: str) -> None:
    world.write(people=PEOPLE, agreement=SHORT)
    settings = world.directory / "overlap.toml"
    settings.write_text(settings.read_text() + f'[web]\nbase_url = "{pages}"\n')
    sent = play(world, MONDAY, 24)
    links = {}
    for message in sent:
        found = re.search(rf"{pages}/stretch/\S+", text_of(message))
        if found:
            links[message["To"].addresses[0].addr_spec] = found[0]
    with httpx.Client(timeout=10) as http:
        for link in links.values():
            assert http.get(link).status_code == 200
        now = MONDAY + timedelta(days=1)
        assert not [m for m in play(world, now, 24) if m["Subject"].startswith("Proposed")]
        forged = http.post(links[DANA], data={"answer": "yes", "form": "0" * 32})
        assert forged.status_code == 403
        for link in links.values():
            token = http.get(link).text.partition('name="form" value="')[2].partition('"')[0]
            said = http.post(link, data={"answer": "yes", "form": token}, follow_redirects=True)
            assert "You said yes" in said.text
        assert http.get(links[DANA][:-3] + "xyz").status_code == 404
        assert http.post(links[DANA], content=b"x" * 60_000).status_code == 413
    sent = play(world, MONDAY + timedelta(days=2), 24)
    assert len([m for m in sent if m["Subject"].startswith("Proposed")]) == 2

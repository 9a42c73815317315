"""Where a pair meets, told from its mails: on site, online, and what follows when that changes."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.message import EmailMessage
from zoneinfo import ZoneInfo

import pytest

from tests.world import DANA, LEE, World, at, body, event_in, to

MONDAY = at("2027-01-11 12:00")
DENVER = ZoneInfo("America/Denver")
HEAD = "name,email,timezone,hours,site,onsite,tools,links\n"
PLACES = "site,name,kind,address,link\nDenver,Corner Café,coffee,17th Street 1,\n"
ROOM = "https://zoom.us/j/42"


def people(hers: str = "Tue", his: str = "Tue") -> str:
    hours = "America/Denver,Mon-Fri 09:00-17:00,Denver"
    return (
        f"{HEAD}Dana Lee,{DANA},{hours},{hers},Teams; Zoom,https://zoom.us/j/1\n"
        f"Lee Park,{LEE},{hours},{his},Zoom; Teams,https://example.org/lee; {ROOM}\n"
    )


def pair(channel: str) -> str:
    return f"mentor,mentee,channel\n{LEE},{DANA},{channel}\n"


def day_of(message: EmailMessage) -> str:
    start: datetime = event_in(message).decoded("dtstart")
    return f"{start.astimezone(DENVER):%a}"


def with_event(world: World) -> list[EmailMessage]:
    sent = to(world.sent(), DANA)
    return [m for m in sent if any(p.get_filename() == "invite.ics" for p in m.walk())]


def accepted(world: World, now: datetime) -> EmailMessage:
    """The first meeting, to which both said yes."""
    world.step(now)
    sent = world.sent()
    for who in (DANA, LEE):
        world.reply(who, to(sent, who)[0], "ACCEPTED", now)
    world.step(now + timedelta(hours=1))
    world.sent()
    return to(sent, DANA)[0]


@pytest.mark.parametrize("channel", ["in person", "either"])
def test_other_days_on_site_move_the_meeting(world: World, channel: str) -> None:
    world.write(people=people(), pairs=pair(channel), places=PLACES)
    invite = accepted(world, MONDAY)
    assert day_of(invite) == "Tue"
    assert "Corner Café" in body(invite)
    world.write(people=people("Wed", "Tue Wed"), pairs=pair(channel), places=PLACES)
    world.step(MONDAY + timedelta(hours=2))
    (moved,) = with_event(world)
    assert event_in(moved)["uid"] == event_in(invite)["uid"]
    assert event_in(moved)["sequence"] == 1
    assert day_of(moved) == "Wed"
    assert "Corner Café" in body(moved)
    assert "no longer both on site" in body(moved)


def test_one_who_is_on_site_on_more_days_moves_nothing(world: World) -> None:
    world.write(people=people(), pairs=pair("in person"), places=PLACES)
    accepted(world, MONDAY)
    world.write(people=people("Tue Wed Thu"), pairs=pair("in person"), places=PLACES)
    world.step(MONDAY + timedelta(hours=2))
    assert not [m for m in with_event(world) if event_in(m)["sequence"] != 0]


def test_the_mentors_own_room_is_in_invite_and_reminder(world: World) -> None:
    world.write(people=people(), pairs=pair("virtual"))
    invite = accepted(world, MONDAY)
    assert ROOM in body(invite)
    assert str(event_in(invite)["location"]) == ROOM
    world.step(event_in(invite).decoded("dtstart") - timedelta(hours=20))
    (reminder,) = [m for m in to(world.sent(), DANA) if "Coming up" in str(m["Subject"])]
    assert ROOM in body(reminder)

"""The organiser's Google calendar: join links into invites, answers and hands read back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event as hook

from mentoring.agenda import ItemKind
from service.agenda import note
from service.work import reading
from store import meetings
from store.booking import Booking
from tests.servers.google import Google, google
from tests.world import DANA, LEE, World, at, event_in, to

OFFICE = "mentoring@example.org"
MONDAY = at("2027-01-11 12:00")
NIGHT = at("2027-01-12 03:00")


@pytest.fixture
def server() -> Iterator[Google]:
    with google() as running:
        for address in (OFFICE, DANA, LEE):
            running.user(address)
        yield running


@pytest.fixture
def world(tmp_path: Path, server: Google) -> Iterator[World]:
    made = World(tmp_path)
    made.write()
    server.service_account(
        tmp_path / "key.json", "calendar.events.owned", "calendar.events.readonly"
    )
    settings = tmp_path / "overlap.toml"
    settings.write_text(
        settings.read_text()
        + '[calendar]\nurl = "google:"\n'
        + f'[google]\nendpoint = "{server.url}"\nservice_account = "file:key.json"\n'
    )
    yield made
    made.close()


def booking(world: World) -> Booking:
    with reading(world.engine) as connection:
        return meetings.of_pair(connection, LEE, DANA)[-1]


def test_the_invite_has_the_link_and_the_same_uid(world: World, server: Google) -> None:
    world.step(MONDAY)
    (shown,) = server.events(OFFICE)
    invites = world.sent()
    assert {m["To"].addresses[0].addr_spec for m in invites} == {DANA, LEE}
    for invite in invites:
        assert str(event_in(invite)["uid"]) == shown["iCalUID"]
        assert str(event_in(invite)["location"]) == shown["hangoutLink"]
        assert shown["hangoutLink"] in invite.get_body(("plain",)).get_content()  # type: ignore[union-attr]
        assert invite["Message-ID"] == invite["X-Overlap-Notice"]
    assert server.calendars.mailed == []
    assert server.sent(OFFICE) == []


def test_answers_that_show_in_the_calendar_count(world: World, server: Google) -> None:
    world.step(MONDAY)
    uid = booking(world).uid
    server.answer(OFFICE, uid, DANA, "ACCEPTED")
    world.step(MONDAY + timedelta(minutes=1))
    assert world.status(MONDAY)["state"] == "proposed"
    server.answer(OFFICE, uid, LEE, "ACCEPTED")
    world.step(MONDAY + timedelta(minutes=2))
    assert world.status(MONDAY)["state"] == "confirmed"


def test_a_decline_in_the_calendar_moves_the_meeting_and_is_not_counted_twice(
    world: World, server: Google
) -> None:
    world.step(MONDAY)
    before = booking(world)
    server.answer(OFFICE, before.uid, DANA, "DECLINED")
    for minutes in range(1, 5):
        world.step(MONDAY + timedelta(minutes=minutes))
    after = booking(world)
    assert (after.uid, after.meeting.sequence, after.meeting.tries) == (before.uid, 1, 2)
    (shown,) = server.events(OFFICE)
    assert datetime.fromisoformat(shown["start"]["dateTime"]) == after.meeting.slot.start
    assert shown["hangoutLink"] == after.link


def test_an_answer_to_the_earlier_time_is_no_answer_to_the_new_one(
    world: World, server: Google
) -> None:
    server.calendars.keeps_answers = True
    world.step(MONDAY)
    uid = booking(world).uid
    server.answer(OFFICE, uid, DANA, "DECLINED")
    for minutes in range(1, 6):
        world.step(MONDAY + timedelta(minutes=minutes))
    assert booking(world).meeting.sequence == 1
    server.answer(OFFICE, uid, DANA, "ACCEPTED")
    server.answer(OFFICE, uid, LEE, "ACCEPTED")
    world.step(MONDAY + timedelta(minutes=6))
    assert world.status(MONDAY)["state"] == "confirmed"


def test_a_mail_that_is_newer_than_the_calendars_answer_wins(world: World, server: Google) -> None:
    world.step(MONDAY)
    first = booking(world)
    server.answer(OFFICE, first.uid, DANA, "TENTATIVE")
    world.step(MONDAY + timedelta(minutes=1))
    invite = to(world.sent(), DANA)[0]
    world.reply(DANA, invite, "ACCEPTED", (MONDAY + timedelta(minutes=2)).astimezone(UTC))
    world.step(MONDAY + timedelta(minutes=3))
    server.answer(OFFICE, first.uid, LEE, "ACCEPTED")  # shows Dana's tentative answer again
    world.step(MONDAY + timedelta(minutes=4))
    assert world.status(MONDAY)["state"] == "confirmed"


def test_a_move_by_hand_that_suits_both_is_taken(world: World, server: Google) -> None:
    world.step(MONDAY)
    before = booking(world)
    world.sent()
    start = before.meeting.slot.start + timedelta(minutes=30)
    server.move(OFFICE, before.uid, start, start + before.meeting.slot.length)
    for minutes in (1, 2, 3):
        world.step(MONDAY + timedelta(minutes=minutes))
    after = booking(world)
    assert (after.meeting.slot.start, after.meeting.sequence) == (start, 1)
    moved = world.sent()
    assert len(moved) == 2
    assert all("programme office changed it" in str(m) for m in moved)


def test_a_move_by_hand_out_of_hours_is_put_back_and_said(world: World, server: Google) -> None:
    world.step(MONDAY)
    before = booking(world)
    world.sent()
    start = before.meeting.slot.start + timedelta(hours=9)
    server.move(OFFICE, before.uid, start, start + before.meeting.slot.length)
    for minutes in (1, 2, 3):
        world.step(MONDAY + timedelta(minutes=minutes))
    (shown,) = server.events(OFFICE)
    assert datetime.fromisoformat(shown["start"]["dateTime"]) == before.meeting.slot.start
    assert booking(world).meeting.sequence == 0
    (told,) = world.sent()
    assert told["To"].addresses[0].addr_spec == "coordinator@example.org"
    assert told["Subject"] == "Put back: Lee Park and Dana Lee"


def test_a_move_by_hand_of_a_pair_that_was_taken_out_is_put_back(
    world: World, server: Google
) -> None:
    """Its meeting stands until the two may hear that it is off, for the pair may come back."""
    world.step(MONDAY)
    before = booking(world)
    world.sent()
    start = before.meeting.slot.start + timedelta(minutes=30)
    server.move(OFFICE, before.uid, start, start + before.meeting.slot.length)
    pairs = world.directory / "pairs.csv"
    there = pairs.read_text()
    pairs.write_text(there.splitlines(keepends=True)[0])
    world.step(NIGHT)
    (shown,) = server.events(OFFICE)
    assert datetime.fromisoformat(shown["start"]["dateTime"]) == before.meeting.slot.start
    pairs.write_text(there)
    world.step(NIGHT + timedelta(hours=1))
    assert booking(world) == before
    assert world.sent() == []


def test_a_meeting_deleted_by_hand_is_off_and_not_proposed_again_at_once(
    world: World, server: Google
) -> None:
    world.step(MONDAY)
    before = booking(world)
    world.sent()
    server.remove(OFFICE, before.uid)
    for minutes in (1, 2, 3):
        world.step(MONDAY + timedelta(minutes=minutes))
    assert sorted(m["Subject"].partition(":")[0] for m in world.sent()) == ["Off"] * 2
    assert world.status(MONDAY)["state"] == "waiting"
    assert "deleted in the programme's calendar" in str(world.status(MONDAY)["reason"])
    assert server.events(OFFICE) == []
    world.step(before.meeting.slot.end + timedelta(hours=1))
    assert booking(world).uid != before.uid


@pytest.mark.parametrize("quirk", ["own_ids", "no sync token"])
def test_a_server_that_is_not_quite_google_is_survived(
    world: World, server: Google, quirk: str
) -> None:
    server.calendars.own_ids = quirk == "own_ids"
    server.calendars.sync_tokens = quirk != "no sync token"
    world.step(MONDAY)
    uid = booking(world).uid
    (shown,) = server.events(OFFICE)
    server.answer(OFFICE, shown["iCalUID"], DANA, "DECLINED")
    for minutes in (1, 2):
        world.step(MONDAY + timedelta(minutes=minutes))
    assert booking(world).meeting.sequence == 1
    assert len(server.events(OFFICE)) == 1
    server.remove(OFFICE, shown["iCalUID"])
    world.step(MONDAY + timedelta(minutes=3))
    assert booking(world).uid == uid
    assert booking(world).meeting.state == "cancelled"


def test_another_calendar_for_the_organiser_calls_nothing_off(world: World, server: Google) -> None:
    world.step(MONDAY)
    before = booking(world)
    world.sent()
    server.user("second@example.org")
    settings = world.directory / "overlap.toml"
    for url, shows in (("google:second@example.org", 1), ("google:", 1)):
        text = settings.read_text().replace('url = "google:second@example.org"', 'url = "google:"')
        settings.write_text(text.replace('url = "google:"', f'url = "{url}"'))
        for minutes in (1, 2, 3):
            world.step(MONDAY + timedelta(minutes=minutes))
        assert len(server.events(url.partition(":")[2] or OFFICE)) == shows
    after = booking(world).meeting
    assert (after.state, after.sequence, after.slot) == ("proposed", 0, before.meeting.slot)
    assert world.sent() == []


def test_a_calendar_that_was_emptied_is_filled_again(world: World, server: Google) -> None:
    names = ("ann", "bob", "cat")
    rows = "".join(f"{n},{n}@example.org,America/New_York,Mon-Fri 09:00-17:00,,\n" for n in names)
    (world.directory / "people.csv").write_text((world.directory / "people.csv").read_text() + rows)
    pairs = "".join(f"lee@example.org,{n}@example.org\n" for n in names)
    (world.directory / "pairs.csv").write_text("mentor,mentee\n" + pairs)
    world.step(MONDAY)
    shown = {event["iCalUID"] for event in server.events(OFFICE)}
    assert len(shown) == 3
    world.sent()
    for uid in shown:
        server.remove(OFFICE, uid)
    for minutes in (1, 2, 3):
        world.step(MONDAY + timedelta(minutes=minutes))
    assert {event["iCalUID"] for event in server.events(OFFICE)} == shown
    assert world.sent() == []


def test_an_unchanged_calendar_is_read_by_one_request_and_written_by_none(
    world: World, server: Google
) -> None:
    people = (world.directory / "people.csv").read_text()
    (world.directory / "people.csv").write_text(
        people.replace("file:dana.ics", f"google:{DANA}").replace("file:lee.ics", f"google:{LEE}")
    )
    world.step(MONDAY)
    from integrations.registry import Ports
    from service.passes import begin, sync_all
    from service.roster_source import load

    roster = load(world.directory)
    ports = Ports(roster, world.directory)
    work = begin(roster, world.engine, ports, MONDAY + timedelta(minutes=15))
    sync_all(work)  # tokens are fetched, and the meeting just published shows up as news
    work = begin(roster, world.engine, ports, MONDAY + timedelta(minutes=30))
    server.requests.clear()
    written: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(("SELECT", "BEGIN", "PRAGMA")):
            written.append(statement)

    hook.listen(world.engine, "before_cursor_execute", note)
    sync_all(work)
    hook.remove(world.engine, "before_cursor_execute", note)
    assert [r.operation for r in server.requests] == ["calendar.events.list"] * 2
    assert written == []
    assert work.counts["synced"] == 2


def test_an_agenda_is_in_the_partners_events_and_never_in_the_organisers(
    world: World, server: Google
) -> None:
    world.step(MONDAY)
    made = booking(world)
    for who in (DANA, LEE):
        server.answer(OFFICE, made.uid, who, "ACCEPTED")
    work = world.step(MONDAY + timedelta(minutes=1))
    note(work, made.uid, DANA, ItemKind.ITEM, "CANARY of the agenda")
    world.sent()
    now = made.meeting.slot.start - timedelta(hours=26)
    while now < made.meeting.slot.start:
        world.step(now)
        now += timedelta(hours=1)
    reminders = [m for m in world.sent() if m["Subject"].startswith("Coming up")]
    assert {m["To"].addresses[0].addr_spec for m in reminders} == {DANA, LEE}
    for reminder in reminders:
        assert "CANARY" in str(event_in(reminder)["description"])
        assert str(event_in(reminder)["location"]) == made.link
    shown = next(e for e in server.events(OFFICE) if e["iCalUID"] == made.uid)
    assert "CANARY" not in str(shown)
    assert "CANARY" not in str(server.events(OFFICE))

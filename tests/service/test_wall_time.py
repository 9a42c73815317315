"""Clock rules that change under booked meetings: the hour stays, and only what moved is told.

The rules are TZif files of our own (RFC 9636), put where `zoneinfo` looks first.
"""

from __future__ import annotations

import struct
import zoneinfo
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from mentoring.interval import Interval
from mentoring.meeting import Partstat, State
from mentoring.wall_time import instant_of, slot_at, wall_time
from service.clock_rules import rules_version, take_up_rules
from store import meetings
from store.booking import Booking
from tests.world import DANA, LEE, World, at, body, event_in, to

PEOPLE = """name,email,timezone,hours,calendar,supervisor
Dana Lee,dana@example.org,America/Bogota,Mon-Fri 09:00-17:00,file:dana.ics,
Lee Park,lee@example.org,{other},Mon-Fri {hours},file:lee.ics,
"""
PAIRS = "mentor,mentee,start,end\nlee@example.org,dana@example.org,2027-01-11,2027-01-15\n"
NOW = at("2027-01-11 12:00")


def tzif(*changes: tuple[datetime, int]) -> bytes:
    """A zone whose offset from UTC, in hours, is the last of `changes` before an instant."""
    offsets = sorted({hours for _, hours in changes})
    names = [f"<{hours:+03d}>" for hours in offsets]
    letters = "\0".join(name.strip("<>") for name in names).encode() + b"\0"

    def block(letter: str) -> bytes:
        times = [int(instant.timestamp()) for instant, _ in changes]
        if letter == "i":
            times = [max(t, -(2**31)) for t in times]
        counts = struct.pack(">6l", 0, 0, 0, len(times), len(offsets), len(letters))
        data = b"".join(struct.pack(f">{letter}", t) for t in times)
        data += bytes(offsets.index(hours) for _, hours in changes)
        for number, hours in enumerate(offsets):
            start = sum(len(n.strip("<>")) + 1 for n in names[:number])
            data += struct.pack(">lbB", hours * 3600, 0, start)
        return b"TZif2" + bytes(15) + counts + data + letters

    last = changes[-1][1]
    return block("i") + block("q") + f"\n<{last:+03d}>{-last}\n".encode()


EVER = datetime(1970, 1, 1, tzinfo=UTC)
Rules = Callable[..., None]


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rules]:
    """Publish a version of the rules: `rules("2027a", Bogota=[(instant, hours), …])`."""
    folder = tmp_path / "zoneinfo"
    (folder / "America").mkdir(parents=True)
    usual = zoneinfo.TZPATH
    monkeypatch.setenv("PYTHONTZPATH", ":".join([str(folder), *usual]))  # for the calendars' reader

    def publish(version: str, **zones: list[tuple[datetime, int]]) -> None:
        before = rules_version()
        for name, changes in zones.items():
            (folder / "America" / name).write_bytes(tzif(*changes))
        (folder / "tzdata.zi").write_text(f"# version {version}\n# a test's own\n")
        zoneinfo.reset_tzpath(to=[str(folder), *usual])
        take_up_rules(before)

    try:
        yield publish
    finally:
        zoneinfo.reset_tzpath(to=usual)
        take_up_rules("")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "programme")
    yield made
    made.close()


def booked(world: World) -> Booking:
    with world.engine.connect() as connection:
        (booking,) = meetings.of_pair(connection, LEE, DANA)
    return booking


def accept(world: World, letters: list[EmailMessage], now: datetime, *people: str) -> None:
    for person in people:
        invite = next(m for m in to(letters, person) if m.get_content_type() == "multipart/mixed")
        world.reply(person, invite, "ACCEPTED", now)


SAME = {"Bogota": [(EVER, -5)], "Lima": [(EVER, -6)]}


def shift(booking: Booking, hours: int) -> dict[str, list[tuple[datetime, int]]]:
    """Bogota's clocks change the day before the meeting: from then on `hours` from UTC."""
    return {"Bogota": [(EVER, -5), (booking.meeting.slot.start - timedelta(days=1), hours)]}


# The rule


@pytest.mark.parametrize("instant", [NOW, at("2027-07-01 08:00"), at("2027-11-07 00:30")])
def test_a_wall_time_leads_back_to_its_instant(instant: datetime) -> None:
    for zone in ("America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"):
        assert instant_of(wall_time(instant, zone), zone) == instant


def test_of_an_hour_that_comes_twice_the_agreed_one_is_kept() -> None:
    first = datetime(2027, 11, 7, 5, 30, tzinfo=UTC)  # 01:30 EDT, and an hour later 01:30 EST
    for instant in (first, first + timedelta(hours=1)):
        assert instant_of(wall_time(instant, "America/New_York"), "America/New_York") == instant


def test_a_wall_time_that_is_skipped_is_read_by_the_offset_before() -> None:
    skipped = instant_of("2027-03-14T02:30:00-05:00", "America/New_York")
    assert skipped == datetime(2027, 3, 14, 7, 30, tzinfo=UTC)  # 03:30 EDT


def test_a_slot_keeps_its_length(rules: Rules) -> None:
    rules("2027a", Bogota=[(EVER, -5)])
    slot = Interval(NOW, NOW + timedelta(minutes=45))
    wall = wall_time(NOW, "America/Bogota")
    assert slot_at(wall, "America/Bogota", slot) == slot
    rules("2027b", Bogota=[(EVER, -4)])
    assert slot_at(wall, "America/Bogota", slot).length == slot.length
    assert slot_at(wall, "America/Bogota", slot).start == slot.start - timedelta(hours=1)


# Booked meetings


def test_the_agreed_hour_stays_and_both_are_told_once(world: World, rules: Rules) -> None:
    rules("2027a", **SAME)
    world.write(PEOPLE.format(other="America/Lima", hours="07:00-19:00"), PAIRS)
    world.step(NOW)
    letters = world.sent()
    accept(world, letters, NOW, DANA, LEE)
    now = NOW + timedelta(hours=1)
    world.step(now)
    before = booked(world)
    assert before.meeting.state is State.CONFIRMED
    assert (before.zone, before.rules) == ("America/Bogota", "2027a")
    world.sent()

    rules("2027b", **shift(before, -6))
    world.step(now)
    after = booked(world)
    assert after.meeting.sequence == before.meeting.sequence + 1
    assert after.meeting.slot.start == before.meeting.slot.start + timedelta(hours=1)
    zone = ZoneInfo("America/Bogota")
    wall = after.meeting.slot.start.astimezone(zone).replace(tzinfo=None)
    assert wall == datetime.fromisoformat(before.wall).replace(tzinfo=None)
    assert (after.uid, after.rules, after.why) == (before.uid, "2027b", "rules")
    # Dana's clock reads as before, so her yes stands; Lee's reads another hour, so he is asked.
    states = {a.email: a.partstat for a in after.meeting.attendances}
    assert states == {DANA: Partstat.ACCEPTED, LEE: Partstat.NEEDS_ACTION}
    told = world.sent()
    assert sorted(m["To"].addresses[0].addr_spec for m in told) == [DANA, LEE]
    for message in told:
        event: Any = event_in(message)
        assert int(str(event["SEQUENCE"])) == after.meeting.sequence
        assert event["DTSTART"].dt.astimezone(UTC) == after.meeting.slot.start
        assert "Clock rules were changed" in body(message)
        assert "Before:" not in body(message)
    world.step(now + timedelta(minutes=1))
    assert world.sent() == []
    assert booked(world) == after


def test_whose_instant_stays_hears_nothing(world: World, rules: Rules) -> None:
    rules("2027a", **SAME)
    world.write(PEOPLE.format(other="America/Lima", hours="07:00-19:00"), PAIRS)
    world.step(NOW)
    before = booked(world)
    world.sent()
    after_it = before.meeting.slot.end + timedelta(days=1)
    rules("2027b", Bogota=[(EVER, -5), (after_it, -6)])
    world.step(NOW + timedelta(minutes=1))
    assert world.sent() == []
    assert booked(world) == replace(before, rules="2027b")


def test_two_in_one_zone_have_nothing_to_answer_anew(world: World, rules: Rules) -> None:
    rules("2027a", **SAME)
    world.write(PEOPLE.format(other="America/Bogota", hours="09:00-17:00"), PAIRS)
    world.step(NOW)
    accept(world, world.sent(), NOW, DANA, LEE)
    now = NOW + timedelta(hours=1)
    world.step(now)
    before = booked(world)
    world.sent()
    rules("2027b", **shift(before, -6))
    world.step(now)
    after = booked(world)
    assert after.meeting.state is State.CONFIRMED
    assert after.meeting.accepted
    assert after.meeting.sequence == before.meeting.sequence + 1
    assert len(world.sent()) == 2


def test_an_hour_that_suits_no_more_is_proposed_anew(world: World, rules: Rules) -> None:
    rules("2027a", **SAME)
    world.write(PEOPLE.format(other="America/Lima", hours="08:00-16:00"), PAIRS)
    world.step(NOW)
    before = booked(world)
    there = slot_at(before.wall, "America/Bogota", before.meeting.slot)
    shifted = Interval(there.start + timedelta(hours=1), there.end + timedelta(hours=1))
    world.calendar("lee", (shifted.start, shifted.end))
    world.step(NOW + timedelta(minutes=1))
    world.sent()
    rules("2027b", **shift(before, -6))
    world.step(NOW + timedelta(minutes=2))
    after = booked(world)
    assert (after.why, after.meeting.state) == ("conflict", State.PROPOSED)
    assert after.meeting.sequence == before.meeting.sequence + 1
    assert not after.meeting.slot.overlaps(shifted)
    assert shifted in after.refused
    assert len(world.sent()) == 2
    assert (after.rules, after.wall) == (
        "2027b",
        wall_time(after.meeting.slot.start, "America/Bogota"),
    )


def test_a_store_from_before_learns_its_wall_times(world: World, rules: Rules) -> None:
    """What an upgrade leaves: no version kept, so the first pass only notes one."""
    rules("2027a", **SAME)
    world.write(PEOPLE.format(other="America/Lima", hours="07:00-19:00"), PAIRS)
    world.step(NOW)
    before = booked(world)
    with world.engine.begin() as connection:
        meetings.save(connection, replace(before, rules=""))
    world.sent()
    world.step(NOW + timedelta(minutes=1))
    assert booked(world) == before
    assert world.sent() == []


def test_the_version_is_that_of_the_files_that_are_read(rules: Rules) -> None:
    rules("2099z", Bogota=[(EVER, 1)])
    assert rules_version() == "2099z"
    zoneinfo.reset_tzpath(to=[])
    assert rules_version()[:2] == "20"  # the package's, where the system has none

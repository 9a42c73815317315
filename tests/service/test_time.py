"""Clocks that leap and come back, machines that sleep, and the ticker that must outlast both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import schedule
import time_machine
from sqlalchemy import select

from integrations.registry import Ports
from mentoring.interval import Interval
from mentoring.meeting import Partstat, State
from service import clock as service_clock
from service.clock import Service, tick
from service.health import Health
from service.roster_source import RosterSource
from service.steady import DOUBTED, LEAP, SteadyClock
from service.sync import is_known
from service.work import Work
from store import calendars, meetings, tables
from store.booking import Booking
from tests.world import DANA, LEE, World, at, to

DAY = timedelta(days=1)
NOW = at("2027-01-11 12:00")
PAIRS = "mentor,mentee,start,end\nlee@example.org,dana@example.org,2027-01-11,2027-01-15\n"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "programme")
    made.write()
    yield made
    made.close()


def booked(world: World) -> list[Booking]:
    with world.engine.connect() as connection:
        return meetings.of_pair(connection, LEE, DANA)


def keys(world: World, state: str = "sent") -> Counter[str]:
    with world.engine.connect() as connection:
        query = select(tables.outbox.c.key).where(tables.outbox.c.state == state)
        return Counter(connection.execute(query).scalars())


def accept(world: World, letters: list[EmailMessage], now: datetime, *people: str) -> None:
    for person in people:
        for invite in to(letters, person):
            if invite.get_content_type() == "multipart/mixed":
                world.reply(person, invite, "ACCEPTED", now)


def fortnight(world: World, instants: list[datetime]) -> list[EmailMessage]:
    """Play passes at these instants; both accept whatever they are invited to."""
    letters: list[EmailMessage] = []
    for now in instants:
        world.step(now)
        fresh = world.sent()
        accept(world, fresh, now, DANA, LEE)
        letters += fresh
    return letters


# Leaps of the clock that passes go by


@pytest.mark.parametrize("leap", [DAY, -DAY], ids=str)
def test_a_leap_and_back_doubles_nothing_and_loses_nothing(tmp_path: Path, leap: timedelta) -> None:
    steps = [NOW + timedelta(hours=12 * n) for n in range(9)]
    leapt = [*steps[:5], *(steps[4] + leap + timedelta(minutes=n) for n in (1, 2)), *steps[5:]]
    told = []
    for name, instants in (("straight", steps), ("leapt", leapt)):
        world = World(tmp_path / name)
        world.write()
        letters = fortnight(world, instants)
        ids = Counter(m["Message-ID"] for m in letters)
        assert max(ids.values()) == 1
        assert not keys(world, "queued")
        assert not keys(world, "expired")
        told.append({key for key in keys(world) if key.split(":")[0] in _ABOUT_MEETINGS})
        world.close()
    # UIDs differ, as each store has its secret; what was said about each meeting does not.
    assert _without_uids(told[0]) == _without_uids(told[1])


_ABOUT_MEETINGS = frozenset({"invite", "remind", "log", "change"})


def _without_uids(said: set[str]) -> Counter[str]:
    parts = (key.split(":") for key in said)
    return Counter(f"{words[0]} {words[-1]}" for words in parts)


def test_what_was_missed_by_a_clock_ahead_is_ahead_again(world: World) -> None:
    world.write(pairs=PAIRS)
    world.step(NOW)
    (before,) = booked(world)
    world.sent()
    world.step(before.meeting.slot.end + timedelta(minutes=5))
    assert booked(world)[0].meeting.state is State.MISSED
    world.sent()
    back = NOW + timedelta(minutes=5)
    world.step(back)
    (after,) = booked(world)
    assert (after.meeting.state, after.meeting.slot) == (State.PROPOSED, before.meeting.slot)
    assert world.sent() == []


def test_an_invite_that_a_clock_ahead_let_expire_still_goes_out(world: World) -> None:
    world.write(pairs=PAIRS)
    night = at("2027-01-11 01:00")  # outside both hours: the invites wait
    world.step(night)
    (before,) = booked(world)
    assert sum(keys(world, "queued").values()) >= 2
    world.step(before.meeting.slot.end + DAY)
    world.sent()
    assert {k.split(":")[0] for k in keys(world, "expired")} >= {"invite"}
    world.step(at("2027-01-11 12:00"))
    invited = [key for key in keys(world) if key.startswith(f"invite:{before.uid}")]
    assert {key.rpartition(":")[2] for key in invited} == {DANA, LEE}
    assert not keys(world, "expired")


def test_a_letter_does_not_wait_for_a_time_that_a_wrong_clock_wrote(world: World) -> None:
    outbox = world.directory / "outbox"
    outbox.write_text("no folder")
    world.step(NOW + DAY)
    assert sum(keys(world, "queued").values()) > 0
    outbox.unlink()
    world.step(NOW)
    assert not keys(world, "queued")
    assert len(world.sent()) >= 2


def test_what_lies_before_a_window_read_by_a_clock_ahead_is_read_again(world: World) -> None:
    nine = at("2027-01-12 09:00")
    whole_days = [(nine + DAY * n, nine + DAY * n + timedelta(hours=8)) for n in range(3)]
    world.calendar("dana", *whole_days)
    world.step(NOW)
    world.step(NOW + 5 * DAY)  # these days are past by then, and forgotten
    world.step(NOW + timedelta(minutes=15))
    with world.engine.connect() as connection:
        known = calendars.busy_of(connection, (DANA, ""), Interval(NOW, NOW + 4 * DAY))[DANA]
    assert [busy.interval for busy in known] == [Interval(*span) for span in whole_days]


def test_a_reading_from_the_future_proves_nothing(world: World) -> None:
    world.step(NOW + DAY)
    (world.directory / "dana.ics").write_text("garbage")
    world.step(NOW)
    with world.engine.connect() as connection:
        calendar = calendars.load(connection, DANA)
    assert not is_known(calendar, NOW)
    assert calendar is not None
    read = calendars.Calendar(DANA, "", calendars.OK, synced_at=NOW + DAY)
    assert not is_known(read, NOW)
    assert is_known(read, NOW + DAY + timedelta(hours=1))


def test_a_partners_clock_that_is_ahead_does_not_shut_their_mouth(world: World) -> None:
    world.step(NOW)
    invite = next(m for m in to(world.sent(), DANA) if m.get_content_type() == "multipart/mixed")
    world.reply(DANA, invite, "ACCEPTED", NOW + 300 * DAY)
    world.step(NOW + timedelta(minutes=5))
    world.reply(DANA, invite, "DECLINED", NOW + timedelta(minutes=10))
    world.step(NOW + timedelta(minutes=10))
    (booking,) = booked(world)
    assert booking.meeting.sequence == 1
    assert booking.meeting.attendances[1].partstat is Partstat.NEEDS_ACTION


# The clock that is held against the machine's uptime


@dataclass
class Machine:
    """A machine whose clock somebody sets, and which sleeps."""

    wall: datetime = datetime(2027, 1, 11, 17, tzinfo=UTC)
    up: timedelta = timedelta(hours=5)

    def now(self) -> datetime:
        return self.wall

    def uptime(self) -> timedelta:
        return self.up

    def goes_on(self, span: timedelta) -> None:
        self.wall += span
        self.up += span

    def clock(self) -> SteadyClock:
        return SteadyClock(self.now, self.uptime)


def test_time_that_goes_on_is_believed_also_after_a_sleep() -> None:
    machine = Machine()
    clock = machine.clock()
    for span in (timedelta(minutes=1), timedelta(days=3), timedelta(days=400)):
        machine.goes_on(span)
        assert clock.believed()


def test_a_clock_that_runs_fast_is_followed() -> None:
    machine = Machine()
    clock = machine.clock()
    for _ in range(200):
        machine.goes_on(timedelta(minutes=1))
        machine.wall += timedelta(seconds=10)
        assert clock.believed()


@pytest.mark.parametrize("leap", [DAY, -DAY], ids=str)
def test_a_leap_is_acted_on_only_once_it_has_stood(leap: timedelta) -> None:
    machine = Machine()
    clock = machine.clock()
    machine.wall += leap
    assert not clock.believed()
    machine.goes_on(DOUBTED - timedelta(seconds=1))
    assert not clock.believed()
    machine.wall -= leap  # somebody saw it
    assert clock.believed()
    machine.wall += leap
    assert not clock.believed()
    machine.goes_on(DOUBTED)
    assert clock.believed()
    machine.goes_on(timedelta(minutes=1))
    assert clock.believed()


def test_each_leap_is_doubted_for_its_own_time() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.wall += DAY
    assert not clock.believed()
    machine.goes_on(DOUBTED / 2)
    machine.wall += 2 * LEAP
    assert not clock.believed()
    machine.goes_on(DOUBTED / 2)
    assert not clock.believed()


# The running service


@dataclass
class Passes:
    """The service's own passes, one by one, on a machine of ours."""

    world: World
    machine: Machine = field(default_factory=Machine)

    def __post_init__(self) -> None:
        source = RosterSource(self.world.directory)
        health = Health(self.world.engine, source)
        nobody: Any = None
        no_grants: Any = lambda roster: SimpleNamespace(reseal=lambda: None)  # noqa: E731
        self.service = Service(
            source, self.world.engine, Ports, no_grants, nobody, health, self.machine.clock()
        )

    def one(self) -> list[EmailMessage]:
        self.service._guarded_pass()
        return self.world.sent()


def confirmed(world: World) -> Booking:
    """A meeting that both accepted, by passes of the scenario's own."""
    world.step(NOW)
    accept(world, world.sent(), NOW, DANA, LEE)
    world.step(NOW + timedelta(minutes=1))
    world.sent()
    (booking,) = booked(world)[:1]
    assert booking.meeting.state is State.CONFIRMED
    return booking


def reminders(world: World) -> list[str]:
    return sorted(key for key in keys(world) if key.startswith("remind:"))


def test_three_days_asleep_and_each_is_reminded_once(world: World) -> None:
    booking = confirmed(world)
    start = booking.meeting.slot.start
    passes = Passes(world)
    passes.machine.goes_on(start - timedelta(hours=2) - DAY * 3 - passes.machine.wall)
    passes.one()
    assert reminders(world) == []
    passes.machine.goes_on(DAY * 3)  # asleep; awake two hours before they meet
    for _ in range(3):
        passes.one()
        passes.machine.goes_on(timedelta(minutes=1))
    assert [key.rpartition(":")[2] for key in reminders(world)] == [DANA, LEE]
    nudged = [key for key in keys(world) if key.startswith(f"nudge:{booking.uid}")]
    assert len(nudged) == 0


def test_a_meeting_that_was_slept_through_is_not_reminded_of(world: World) -> None:
    booking = confirmed(world)
    passes = Passes(world)
    passes.machine.goes_on(booking.meeting.slot.start + DAY - passes.machine.wall)
    for _ in range(3):
        passes.one()
        passes.machine.goes_on(timedelta(minutes=1))
    about_it = [key for key in keys(world) if booking.uid in key]
    assert not [key for key in about_it if key.startswith(("remind", "prepare"))]
    asked = sorted(key for key in about_it if key.startswith("log:"))
    assert [key.rpartition(":")[2] for key in asked] == [DANA, LEE]
    assert booked(world)[0].meeting.state is State.CONFIRMED


def test_a_proposal_that_began_meanwhile_is_missed_once(world: World) -> None:
    world.step(NOW)
    world.sent()
    (booking,) = booked(world)
    passes = Passes(world)
    passes.machine.goes_on(booking.meeting.slot.start + timedelta(minutes=5) - passes.machine.wall)
    passes.one()
    after = booked(world)
    assert after[0].meeting.state is State.MISSED
    passes.machine.goes_on(timedelta(minutes=1))
    passes.one()
    assert [b.meeting.state for b in booked(world)] == [b.meeting.state for b in after]
    about_it = [key for key in keys(world) if booking.uid in key]
    assert len(about_it) == 2  # the two invites


def test_the_service_waits_while_its_clock_has_leapt(world: World) -> None:
    booking = confirmed(world)
    passes = Passes(world)
    passes.machine.goes_on(timedelta(minutes=2))
    passes.one()
    passes.machine.wall += 30 * DAY
    assert passes.one() == []
    assert booked(world)[0] == booking
    passes.machine.wall -= 30 * DAY
    passes.machine.goes_on(timedelta(minutes=1))
    passes.one()
    assert booked(world)[0] == booking


def test_calendars_are_read_on_after_the_clock_went_back(world: World) -> None:
    confirmed(world)
    passes = Passes(world)
    passes.machine.goes_on(timedelta(minutes=2))
    passes.one()
    passes.machine.wall -= DAY
    assert passes.one() == []
    passes.machine.goes_on(DOUBTED)
    passes.one()
    with world.engine.connect() as connection:
        calendar = calendars.load(connection, DANA)
    assert calendar is not None
    assert calendar.synced_at == passes.machine.wall.replace(microsecond=0)


def test_a_calendar_connected_while_others_are_read_is_read_soon(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes = Passes(world)
    reads: list[datetime] = []

    def read(work: Work, _stop: object) -> bool:
        reads.append(work.now)
        if len(reads) == 1:
            passes.service._connected(work.roster.people[DANA])
        return True

    monkeypatch.setattr(service_clock, "sync_all", read)
    for _ in range(3):
        passes.one()
        passes.machine.goes_on(timedelta(minutes=1))
    assert len(reads) == 2


@pytest.mark.parametrize("breaks", [True, False])
def test_calendars_that_were_not_all_read_are_read_at_the_next_pass(
    world: World, monkeypatch: pytest.MonkeyPatch, breaks: bool
) -> None:
    passes = Passes(world)
    passes.one()
    passes.service._connected(passes.service._source.roster.people[DANA])
    reads: list[datetime] = []

    def read(work: Work, _stop: object) -> bool:
        reads.append(work.now)
        if breaks and len(reads) == 1:
            raise OSError("the store is away")
        return len(reads) > 1

    monkeypatch.setattr(service_clock, "sync_all", read)
    for _ in range(3):
        passes.machine.goes_on(timedelta(minutes=1))
        passes.one()
    assert len(reads) == 2


def test_the_ticker_ticks_on_when_the_local_clock_goes_back() -> None:
    passes: list[datetime] = []
    ticker = schedule.Scheduler()
    with time_machine.travel(NOW, tick=False) as traveller:
        ticker.every(60).seconds.do(lambda: passes.append(datetime.now(UTC)))
        for step in (timedelta(seconds=61), -timedelta(hours=1), -DAY, DAY * 3):
            traveller.shift(step)
            tick(ticker)
        for _ in range(3):
            traveller.shift(timedelta(seconds=20))
            tick(ticker)
    assert len(passes) == 5  # one at each leap, and one a minute later

"""Each kind of record goes when its time is over, and a legal hold keeps all of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import structlog
from sqlalchemy import func, select

from service import purge
from service.status import status
from service.work import reading
from store import outbox, tables
from store.instants import seconds
from tests.world import DANA, LEE, PAIRS, PEOPLE, World, at

MONDAY = at("2027-01-11 12:00")
HOLD = '[privacy]\nhold = "Case 27-14"\n'
AFTER = timedelta(days=1)  # so often is looked


def words(world: World) -> int:
    """How many letters still have their words."""
    with reading(world.engine) as connection:
        query = select(func.count()).where(tables.outbox.c.raw != b"")
        count: int = connection.execute(query).scalar_one()
        return count


def busy(world: World) -> set[str]:
    with reading(world.engine) as connection:
        found = set(connection.execute(select(tables.busy.c.person)).scalars())
        found |= set(connection.execute(select(tables.calendars.c.person)).scalars())
        return found | set(connection.execute(select(tables.busy_bits.c.person)).scalars())


def age(world: World, days: int) -> None:
    """Letters were queued, digests and codes kept, so many days before Monday."""
    at_ = seconds(MONDAY - timedelta(days=days))
    with world.engine.begin() as connection:
        connection.execute(tables.outbox.update().values(created_at=at_))
        connection.execute(tables.received.update().values(at=at_))
        connection.execute(tables.codes.update().values(at=at_))


def kept(world: World, column: str) -> int:
    table = tables.metadata.tables[column]
    with reading(world.engine) as connection:
        count: int = connection.execute(select(func.count()).select_from(table)).scalar_one()
        return count


@pytest.fixture
def older(world: World) -> World:
    world.calendar("dana", (at("2027-01-20 09:00"), at("2027-01-20 12:00")))
    world.step(MONDAY)
    with world.engine.begin() as connection:
        outbox.remember(connection, "0" * 64, MONDAY)
    return world


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize(("days", "gone"), [(29, False), (31, True)])
def test_letters_lose_their_words_after_a_month(
    older: World, days: int, gone: bool, held: bool
) -> None:
    assert words(older)
    with older.engine.begin() as connection:
        waiting = tables.outbox.update().where(tables.outbox.c.id == 1)
        connection.execute(waiting.values(state="queued", recipient=LEE, next_attempt=2**31 - 1))
    age(older, days)
    older.write(agreement=HOLD if held else "")
    before = words(older)
    older.step(MONDAY + AFTER)
    assert words(older) == (1 if gone and not held else before)  # what waits keeps them


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize(("days", "gone"), [(398, False), (401, True)])
def test_digests_and_codes_go_after_a_year(older: World, days: int, gone: bool, held: bool) -> None:
    assert kept(older, "received")
    assert kept(older, "codes")
    age(older, days)
    older.write(agreement=HOLD if held else "")
    purge.purge(older.step(MONDAY + AFTER))
    assert (kept(older, "received") == 0) is (gone and not held)
    assert (kept(older, "codes") == 0) is (gone and not held)


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata"])
def test_what_is_done_once_a_day_waits_for_no_full_hour(
    older: World, monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    """A day of India begins at half past an hour of UTC."""
    toml = older.directory / "overlap.toml"
    toml.write_text(toml.read_text().replace("America/New_York", zone, 1))
    work = older.step(MONDAY)
    looks: list[datetime] = []
    monkeypatch.setattr(purge, "expire", lambda work: looks.append(work.now))
    for minutes in range(0, 48 * 60, 30):
        purge.purge(replace(work, now=MONDAY + timedelta(minutes=minutes)))
    assert len(looks) == 2


@pytest.mark.parametrize("held", [False, True])
def test_times_of_who_left_go_at_once(older: World, held: bool) -> None:
    assert busy(older) == {DANA, LEE}
    left = "".join(PEOPLE.splitlines(keepends=True)[:1] + PEOPLE.splitlines(keepends=True)[2:])
    older.write(left, PAIRS.splitlines()[0] + "\n", agreement=HOLD if held else "")
    older.step(MONDAY + AFTER)
    assert busy(older) == ({DANA, LEE} if held else {LEE})


def test_a_hold_is_logged_once_a_day_and_shown(older: World) -> None:
    older.write(agreement=HOLD)
    with structlog.testing.capture_logs() as logged:
        for hours in (24, 30, 49):
            work = older.step(MONDAY + timedelta(hours=hours))
    held = [entry["hold"] for entry in logged if entry["event"] == "legal_hold"]
    assert held == ["Case 27-14"] * 2
    with reading(older.engine) as connection:
        assert status(connection, work.roster, work.now)["hold"] == "Case 27-14"


def test_the_settings_are_checked(older: World) -> None:
    from service.roster_source import RosterFaults, load

    older.write(agreement="[privacy]\nrecords_years = 7\n")
    assert load(older.directory).settings.records_years == 7
    for wrong in ("records_years = 0", "hold = 3", 'hodl = "x"'):
        older.write(agreement=f"[privacy]\n{wrong}\n")
        with pytest.raises(RosterFaults, match=r"overlap.toml:\d+: .*privacy"):
            load(older.directory)

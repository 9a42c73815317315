"""Forecasts as a pass keeps them: made once, made anew when something changed or time went on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from mentoring.forecast import Forecast
from service.work import reading
from store import forecasts
from tests.world import DANA, LEE, PAIRS, World, at, to

NOON = at("2027-01-11 12:00")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PAIR = (LEE, DANA)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    world.write()
    yield world
    world.close()


def kept(world: World) -> dict[tuple[str, str], Forecast]:
    with reading(world.engine) as connection:
        return forecasts.all(connection)


def made_at(world: World) -> datetime:
    with reading(world.engine) as connection:
        return forecasts.known(connection)[PAIR].made_at


def play(world: World, now: datetime, days: int, answer: str) -> datetime:
    """Both partners give one answer to every invite, for so many days."""
    for _ in range(days * 2):
        world.step(now)
        for person in (DANA, LEE):
            for mail in to(world.sent(), person):
                if mail.get_content_type() == "multipart/mixed":
                    world.reply(person, mail, answer, now)
        now += 12 * HOUR
    return now


def test_a_pass_forecasts_every_pair_and_tells_the_pages(world: World) -> None:
    world.step(NOON)
    found = kept(world)[PAIR]
    assert (found.goal, found.held) == (11, 0)  # four of five of 14 turns in 201 days
    assert 0 < found.chance < 1
    assert 0 < found.expected < 16
    with reading(world.engine) as connection:
        assert forecasts.of(connection, *PAIR) == found
        assert forecasts.of(connection, DANA, LEE) is None


def test_the_same_instant_again_makes_nothing_anew(world: World) -> None:
    world.step(NOON)
    world.step(NOON + HOUR)
    before = made_at(world)
    world.step(NOON + 2 * HOUR)
    assert made_at(world) == before


def test_a_changed_agreement_is_seen_by_the_next_pass(world: World) -> None:
    world.step(NOON)
    before = kept(world)[PAIR]
    world.write(pairs=PAIRS.replace("mentee\n", "mentee,goal\n").replace(DANA, f"{DANA},3"))
    world.step(NOON + HOUR)
    after = kept(world)[PAIR]
    assert after.goal == 3
    assert after.chance > before.chance


def test_leave_makes_weeks_weak(world: World) -> None:
    world.step(NOON)
    assert date(2027, 3, 1) not in kept(world)[PAIR].weeks
    leave = f"person,from,to,kind,value\n{DANA},2027-03-01,2027-03-12,off,\n"
    world.write(exceptions=leave)
    world.step(NOON + HOUR)
    found = kept(world)[PAIR]
    assert dict(zip(found.weeks, found.why, strict=True))[date(2027, 3, 1)] == "Dana Lee is away"


def test_time_alone_makes_it_anew_daily_without_a_meeting_ahead(world: World) -> None:
    """Nobody's calendar has an hour: nothing stands ahead."""
    world.calendar("dana", (NOON, NOON + 60 * DAY))
    world.step(NOON)
    world.step(NOON + DAY)
    assert made_at(world) == NOON + DAY


def test_time_alone_makes_it_anew_weekly_with_a_meeting_ahead(world: World) -> None:
    now = play(world, NOON, 2, "ACCEPTED")
    world.step(now)
    before = made_at(world)
    world.step(now + DAY)
    assert made_at(world) == before
    world.step(now + 7 * DAY)
    assert made_at(world) == now + 7 * DAY


def test_who_never_agrees_is_expected_less(world: World) -> None:
    now = play(world, NOON, 40, "DECLINED")
    world.step(now)
    found = kept(world)[PAIR]
    assert found.chance < 0.05
    assert found.remedy
    assert found.remedy_chance > found.chance


def test_a_pair_that_is_gone_has_no_forecast(world: World) -> None:
    world.step(NOON)
    world.write(pairs="mentor,mentee\n")
    world.step(NOON + HOUR)
    assert kept(world) == {}

"""A year of random programmes: no invite outside anyone's hours, over a busy time, or twice."""

from __future__ import annotations

import random
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from store import facts
from tests.judge import Judge, Sheet, Span
from tests.world import World, event_in

ZONES = [
    "America/New_York",
    "America/Los_Angeles",
    "Europe/London",
    "Europe/Berlin",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
    "America/St_Johns",
    "UTC",
]
HOURS = [
    "Mon-Fri 09:00-17:00",
    "Mon-Thu 08:00-16:30; Fri 08:00-12:00",
    "Mon-Fri 08:00-12:00, 13:00-17:00",
    "Mon-Fri 00:00-24:00",
    "Tue-Sat 22:00-06:00",
    "Mon-Sun 07:15-19:45",
]
START, END = datetime(2027, 1, 11, tzinfo=UTC), datetime(2027, 12, 30, tzinfo=UTC)
NAMES = ("ann", "bob", "cat", "dov")


def roster(world: World, dice: random.Random) -> None:
    """Four people, one of them in every pair, with random zones, hours and exceptions."""
    people = ["name,email,timezone,hours,holidays,calendar"]
    exceptions = ["person,from,to,kind,value"]
    for name in NAMES:
        region = dice.choice(["US", "DE", "IN", "NZ"])
        zone, hours = dice.choice(ZONES), dice.choice(HOURS)
        people.append(f'{name},{name}@example.org,{zone},"{hours}",{region},file:{name}.ics')
        for _ in range(3):
            first = date(2027, 1, 11) + timedelta(days=dice.randrange(340))
            last = first + timedelta(days=dice.randrange(10))
            kind = dice.choice(["off", "deadline", "timezone", "hours"])
            value = {"timezone": dice.choice(ZONES), "hours": dice.choice(HOURS)}.get(kind, "x")
            exceptions.append(f'{name}@example.org,{first},{last},{kind},"{value}"')
    pairs = ["mentor,mentee", *(f"ann@example.org,{n}@example.org" for n in NAMES[1:])]
    world.write(
        people="\n".join(people) + "\n",
        pairs="\n".join(pairs) + "\n",
        exceptions="\n".join(exceptions) + "\n",
    )
    path = world.directory / "overlap.toml"
    path.write_text(path.read_text().replace("2027-07-30", "2027-12-30"))


def fill(world: World, dice: random.Random, now: datetime) -> dict[str, list[Span]]:
    """New calendars for everyone, a few weeks of random busy times."""
    busy: dict[str, list[Span]] = {}
    for name in NAMES:
        spans = []
        for _ in range(dice.randrange(60)):
            start = now + timedelta(minutes=dice.randrange(60 * 24 * 50))
            start = start.replace(second=0, microsecond=0)
            spans.append((start, start + timedelta(minutes=dice.randrange(5, 400))))
        world.calendar(name, *spans)
        busy[f"{name}@example.org"] = spans
    return busy


def answer(world: World, dice: random.Random, letters: list[bytes], now: datetime) -> None:
    """Accept mostly, decline sometimes, else say nothing."""
    import email
    import email.policy

    for raw in letters:
        message = email.message_from_bytes(raw, policy=email.policy.default)
        if b"METHOD:REQUEST" not in raw and b'method="REQUEST"' not in raw:
            continue
        said = dice.choices(["ACCEPTED", "DECLINED", ""], [8, 1, 1])[0]
        if said and event_in(message):
            world.reply(message["To"].addresses[0].addr_spec, message, said, now)


def play(seed: int, weeks: int) -> Judge:
    dice = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder) / "programme")
        roster(world, dice)
        judge = Judge(world.directory, timedelta(days=2), timedelta(weeks=4))
        now, until = START, min(END, START + timedelta(weeks=weeks))
        busy = fill(world, dice, now)
        with world.engine.begin() as connection:  # so that a seed plays the same every time
            facts.write(connection, facts.SECRET, "00" * 32)
        while now < until:
            if dice.random() < 0.04:
                busy = fill(world, dice, now)
            world.step(now)
            letters = sorted(world.letters())
            judge.look(now, letters, busy)
            answer(world, dice, letters, now)
            now += timedelta(hours=dice.choice([5, 9, 14, 24]))
        world.close()
        return judge


@pytest.mark.slow
@settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10**9))
def test_no_invite_breaks_a_promise_in_a_year(seed: int) -> None:
    judge = play(seed, weeks=51)
    assert judge.faults == []
    event(f"invites judged: {judge.judged // 20 * 20}+")


def test_no_invite_breaks_a_promise_in_a_few_weeks() -> None:
    judge = play(20270111, weeks=5)
    assert judge.faults == []
    assert judge.judged > 3


def test_the_judge_sees_a_time_outside_hours() -> None:
    sheet = Sheet("America/New_York", "Mon-Fri 09:00-17:00", "US")
    nine = datetime(2027, 1, 12, 14, tzinfo=UTC)
    hour = timedelta(hours=1)
    assert sheet.works(nine, nine + hour, deadlines=True)
    assert not sheet.works(nine - hour / 2, nine + hour / 2, deadlines=True)
    assert not sheet.works(nine + 6 * _DAY, nine + 6 * _DAY + hour, deadlines=True)  # a holiday


_DAY = timedelta(days=1)

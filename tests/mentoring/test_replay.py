"""A search made again from its kept inputs gives the same answer."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta

from mentoring.availability import meeting_hours
from mentoring.hours import parse_hours
from mentoring.interval import Interval
from mentoring.replay import differences, digest, packed, unpacked
from mentoring.roster import DateException, ExceptionKind, Person
from mentoring.slots import Search, Side, Wanted, search

ZONES = ("America/New_York", "Asia/Kathmandu", "Europe/Berlin", "Australia/Lord_Howe", "UTC")
HOURS = (
    "Mon-Fri 09:00-17:00",
    "Mon-Sun 07:10-12:05, 13:00-18:20",
    "Tue-Sat 22:00-06:00",
    "Mon-Fri 06:00-20:00",
)
WORDS = "the board's secret"


def drawn(rng: random.Random) -> Search:
    """A search as it may come: odd zones, travels, deadlines, buffers, places."""
    begin = datetime(2027, 1, 1, tzinfo=UTC) + timedelta(minutes=rng.randrange(500_000))
    window = Interval(begin, begin + timedelta(days=rng.randrange(3, 29)))
    sides = [_side(rng, role, window) for role in ("mentor", "mentee")]
    wanted = Wanted(
        window=window,
        due=begin + timedelta(seconds=rng.randrange(2_000_000)),
        minutes=rng.choice((15, 30, 45, 50, 60, 90)),
        buffer=timedelta(minutes=rng.choice((0, 0, 10, 15, 30))),
        in_person=rng.random() < 0.5,
        lunch=rng.random() < 0.5,
        refused=tuple(_spans(rng, window, 2)),
    )
    return search(sides[0], sides[1], wanted)


def _side(rng: random.Random, role: str, window: Interval) -> Side:
    first = window.start.date() + timedelta(days=rng.randrange(10))
    exceptions = (
        DateException(ExceptionKind.DEADLINE, first, first, WORDS),
        DateException(ExceptionKind.TIMEZONE, first, first + timedelta(days=3), rng.choice(ZONES)),
        DateException(ExceptionKind.OFF, first, first + timedelta(days=1), WORDS),
    )
    person = Person(
        f"{role}@x.org",
        role,
        rng.choice(ZONES),
        parse_hours(rng.choice(HOURS)),
        site="Denver",
        onsite=frozenset(rng.sample(range(7), 3)),
        exceptions=exceptions[: rng.randrange(4)],
    )
    return Side(
        role,
        person,
        tuple(meeting_hours(person, window.widened(timedelta(days=1)))),
        tuple(_spans(rng, window, 20)),
        tuple(_spans(rng, window, 3)),
        float(rng.randrange(0, 200)),
    )


def _spans(rng: random.Random, window: Interval, most: int) -> list[Interval]:
    found = []
    for _ in range(rng.randrange(most + 1)):
        begin = window.start + rng.random() * window.length
        found.append(Interval(begin, begin + timedelta(minutes=rng.randrange(1, 400))))
    return found


def test_a_thousand_searches_made_again_give_a_thousand_same_answers() -> None:
    rng = random.Random(7)
    answered = 0
    for _ in range(1000):
        asked = drawn(rng)
        text = json.dumps(packed(*asked.seats, asked.wanted))
        again = search(*unpacked(json.loads(text)))
        first, second = asked.found(), again.found()
        assert (first.chosen, first.alternatives) == (second.chosen, second.alternatives)
        assert first.rejected == second.rejected
        assert WORDS not in text
        assert "@x.org" not in text
        answered += first.chosen is not None
    assert answered > 300  # else little was shown


def test_the_digest_follows_the_inputs_and_a_change_is_named() -> None:
    rng = random.Random(11)
    asked = drawn(rng)
    inputs = packed(*asked.seats, asked.wanted)
    again = json.loads(json.dumps(inputs))
    assert digest(again) == digest(inputs)
    assert differences(inputs, again) == []
    again["mentee"]["busy"].append([0, 900])
    again["mentor"]["borne"] += 1
    assert digest(again) != digest(inputs)
    assert differences(inputs, again) == [
        "the mentor's inconvenience so far changed",
        "the mentee's calendar changed",
    ]

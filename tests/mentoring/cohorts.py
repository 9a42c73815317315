"""Cohorts for trying an assignment on: who shares whom, and how few times there are."""

from __future__ import annotations

import random

from mentoring.assignment_model import Option, Request

_WEEK = 5 * 32
"""Quarter hours of a work week of eight hours a day."""


def coupled(pairs: int, *, seed: int, rooms: int = 0) -> list[Request]:
    """Nearly all pairs hang together: mentors have three or so, mentees two, five times a pair.

    With rooms, three of ten times are in one of them.
    """
    dice = random.Random(seed)
    mentors, mentees = max(1, pairs * 3 // 10), max(1, pairs * 11 // 20)
    return [
        Request(
            (f"mentor {dice.randrange(mentors)}", f"mentee {dice.randrange(mentees)}"),
            _scarce(dice, rooms),
        )
        for _ in range(pairs)
    ]


def natural(pairs: int, *, seed: int) -> list[Request]:
    """As programmes are: one to three mentees a mentor, one mentor a mentee, forty times a pair."""
    dice = random.Random(seed)
    requests: list[Request] = []
    mentor = 0
    while len(requests) < pairs:
        open_hours = sorted(dice.sample(range(_WEEK - 4), 60))
        for _ in range(min(dice.choice((1, 1, 2, 3)), pairs - len(requests))):
            times = sorted(dice.sample(open_hours, 40))
            people = (f"mentor {mentor}", f"mentee {len(requests)}")
            requests.append(Request(people, tuple(_option(dice, start, 0) for start in times)))
        mentor += 1
    return requests


def _scarce(dice: random.Random, rooms: int) -> tuple[Option, ...]:
    count = max(1, min(30, round(dice.lognormvariate(1.7, 0.6))))
    return tuple(_option(dice, start, rooms) for start in dice.sample(range(_WEEK - 4), count))


def _option(dice: random.Random, start: int, rooms: int) -> Option:
    burden = dice.choice((0, 0, 0, 0, 15, 30, 60))
    uses = (f"room {dice.randrange(rooms)}",) if rooms and dice.random() < 0.3 else ()
    return Option(start, start + 4, burden, dice.randrange(900_000), uses)

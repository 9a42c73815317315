"""The ledger of awkward minutes: early, late, over lunch. Proposals even it out."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from mentoring.availability import meeting_hours
from mentoring.costs import shares
from mentoring.hours import parse_hours
from mentoring.interval import Interval
from mentoring.roster import Person
from mentoring.slots import Side, Wanted, find_slot

BEGIN = datetime(2027, 1, 4, tzinfo=UTC)
FORTNIGHT = timedelta(weeks=2)
ZONES = ("America/New_York", "America/Los_Angeles", "Europe/Berlin", "America/Chicago")
HOURS = ("Mon-Fri 09:00-17:00", "Mon-Fri 08:00-16:00", "Mon-Thu 07:30-17:30")


def side(role: str, person: Person, window: Interval, busy: list[Interval], borne: float) -> Side:
    hours = meeting_hours(person, window.widened(timedelta(days=1)))
    return Side(role, person, tuple(hours), tuple(busy), borne=borne)


def busy_times(rng: random.Random, window: Interval) -> list[Interval]:
    found = []
    for day in range(window.length.days):
        for _ in range(6):
            begin = window.start + timedelta(days=day, minutes=15 * rng.randrange(96))
            found.append(Interval(begin, begin + timedelta(minutes=15 * rng.randrange(1, 8))))
    return found


def a_year(seed: int, *, ledger: bool) -> list[float]:
    """By how many minutes the two of each of forty pairs are apart after a year."""
    rng = random.Random(seed)
    spread = []
    for _ in range(40):
        people = [
            Person(f"{n}@x.org", str(n), rng.choice(ZONES), parse_hours(rng.choice(HOURS)))
            for n in range(2)
        ]
        borne, due = [0.0, 0.0], BEGIN
        for _ in range(26):
            window = Interval(due, due + FORTNIGHT)
            both = [
                side(role, person, window, busy_times(rng, window), own * ledger)
                for role, person, own in zip(("mentor", "mentee"), people, borne, strict=True)
            ]
            found = find_slot(both[0], both[1], Wanted(window, due + FORTNIGHT / 2, 60))
            if found.chosen:
                borne = [own + more for own, more in zip(borne, found.chosen.edges, strict=True)]
            due += FORTNIGHT
        spread.append(abs(borne[0] - borne[1]))
    return spread


def test_over_a_year_the_two_are_less_than_half_as_far_apart() -> None:
    for seed in (1, 2):
        off, on = sum(a_year(seed, ledger=False)), sum(a_year(seed, ledger=True))
        assert on <= off / 2, (seed, on, off)


def test_a_minute_of_who_bore_more_is_dearer_and_ever_bounded() -> None:
    assert shares(0, 0) == shares(300, 300) == (1.5, 1.5)
    more, less = shares(120, 60)
    assert (more, less) == (3.0, 0.75)
    assert shares(10_000, 0) == shares(90, 0)


def test_lunch_counts_and_a_lunch_together_does_not() -> None:
    window = Interval(BEGIN, BEGIN + timedelta(days=1))
    here = Person(
        "a@x.org",
        "A",
        "UTC",
        parse_hours("Mon 11:00-14:00"),
        site="Denver",
        onsite=frozenset({0}),
    )
    both = [side(role, here, window, [], 0.0) for role in ("mentor", "mentee")]
    noon = BEGIN + timedelta(hours=12)
    outside_noon = tuple(
        Interval(a, b)
        for a, b in ((BEGIN, noon), (noon + timedelta(hours=1), BEGIN + timedelta(days=1)))
    )
    alone = Wanted(window, noon, 60, in_person=False, refused=outside_noon)
    together = Wanted(window, noon, 60, lunch=True, refused=outside_noon)
    apart, lunch = (find_slot(both[0], both[1], wanted).chosen for wanted in (alone, together))
    assert apart is not None
    assert lunch is not None
    assert apart.edges == (60.0, 60.0)
    assert lunch.edges == (0.0, 0.0)

"""One pair: cold, after one change, and over a year, against three other ways."""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from mentoring.asked import Seat, Wanted
from mentoring.free import Free
from mentoring.grid import Span, around, indices
from mentoring.interval import Interval
from mentoring.roster import Person
from mentoring.search import Search
from mentoring.worktime import Worktime, forget, worktime
from tests.bench.peers import Both, Peer, by_intervaltree, by_portion, by_sweep
from tests.bench.programme import DAY, NOW, calendar, person
from tests.bench.row import Row, Scale, typical

MINUTES = 60
LONGEST = 90 * 60
MONTH, YEAR = 30, 365
PEERS: dict[str, Peer] = {"sweep": by_sweep, "portion": by_portion, "intervaltree": by_intervaltree}


@dataclass(frozen=True)
class Case:
    """A pair, when each works, what keeps each busy, and one entry that is new."""

    people: tuple[Person, Person]
    works: tuple[Worktime, Worktime]
    busy: tuple[list[Span], list[Span]]
    changed: Span
    wanted: Wanted

    def frees(self) -> tuple[Free, Free]:
        return Free.of(self.works[0], self.busy[0]), Free.of(self.works[1], self.busy[1])

    def search(self, frees: tuple[Free, Free]) -> Search:
        mentor, mentee = self.people
        return Search(
            Seat("mentor", mentor, frees[0]), Seat("mentee", mentee, frees[1]), self.wanted
        )

    def cold(self) -> Search:
        """From stretches in seconds and the hours of the two rules."""
        return self.search(self.frees())

    def warm(self, known: tuple[Free, Free], after: list[Span]) -> Search:
        """From what was known before one entry of the mentor's came."""
        begin, end = around(self.changed)
        near = after[bisect_left(after, (begin - LONGEST,)) : bisect_left(after, (end,))]
        return self.search((known[0].with_busy(self.changed, near), known[1]))

    def for_peers(self) -> Both:
        return ((self.works[0].spans, self.busy[0]), (self.works[1].spans, self.busy[1]))


def case(number: int, days: int) -> Case:
    """Two people of the bench's programme; their meeting is due two weeks after the last one."""
    chance = random.Random(number)
    people = person(2 * number, chance), person(2 * number + 1, chance)
    start = NOW + 2 * DAY
    window = Interval(start, start + days * DAY)
    works = worktime(people[0], window), worktime(people[1], window)
    busy = calendar(start, days, chance), calendar(start, days, chance)
    changed = busy[0].pop(len(busy[0]) // 2)
    due = start + timedelta(days=chance.randrange(5, 15), minutes=15 * chance.randrange(16, 28))
    return Case(people, works, busy, changed, Wanted(window, due, MINUTES))


def starts(search: Search) -> list[int]:
    return [search.grid.first + index for index in indices(search.starts)]


def rows(scale: Scale) -> Iterator[Row]:
    month = [case(number, MONTH) for number in range(scale.sample)]
    told, quickest = _peers(month, scale)
    cold = typical([_starts_of(c.cold) for c in month], scale.repeats)
    yield Row(
        "one pair, cold: every start",
        cold,
        "µs",
        "30 days, 6 entries a day each, hours of the rule known; bits of all feasible starts",
        limit=120,
        peer=told,
        ratio=quickest / cold,
    )
    best = typical([_best_of(c.cold) for c in month], scale.repeats)
    yield Row("one pair, cold: the time and why", best, "µs", "and the best slot with reasons", 120)
    warm = [_warmed(c) for c in month]
    again = typical([_starts_of(each) for each in warm], scale.repeats)
    yield Row(
        "one pair, warm: every start",
        again,
        "µs",
        "after one new entry of the mentor's; the peers begin anew, as they keep nothing",
        limit=12,
        peer=told,
        ratio=quickest / again,
    )
    chosen = typical([_best_of(each) for each in warm], scale.repeats)
    yield Row("one pair, warm: the time and why", chosen, "µs", "and the best slot with reasons")
    whole = typical([_found_of(each) for each in warm], scale.repeats)
    yield Row(
        "one pair, warm: all that explain says",
        whole,
        "µs",
        "with the best of five other days and counts by cause",
    )
    yield from _hours(month, scale)
    yield from _year(cold, again, scale)


def _hours(month: list[Case], scale: Scale) -> Iterator[Row]:
    unknown = typical([_unknown_hours(c) for c in month], max(2, scale.repeats // 10))
    yield Row("hours of two new rules", unknown, "µs", "six weeks through zoneinfo, once a rule")
    known = typical([_known_hours(c) for c in month], scale.repeats)
    yield Row(
        "hours of two known rules", known, "µs", "looked up", ratio=unknown / known, peer="new"
    )


def _year(cold: float, warm: float, scale: Scale) -> Iterator[Row]:
    year = [case(number, YEAR) for number in range(max(2, scale.sample // 8))]
    repeats = max(2, scale.repeats // 4)
    for name, before, acts in (
        ("cold", cold, [_starts_of(c.cold) for c in year]),
        ("warm", warm, [_starts_of(_warmed(c)) for c in year]),
    ):
        longer = typical(acts, repeats)
        yield Row(
            f"one pair, {name}, a year by a month",
            longer / before,
            "×",
            f"{longer:.0f} µs over 365 days; linear is {YEAR / MONTH:.1f} ×",
            limit=1.2 * YEAR / MONTH,
        )


def _peers(cases: list[Case], scale: Scale) -> tuple[str, float]:
    """Every peer's typical time, in words, and the quickest's."""
    sample, repeats = cases[: max(2, scale.sample // 5)], max(2, scale.repeats // 10)
    times = {
        name: typical([_peer_of(peer, each) for each in sample], repeats)
        for name, peer in PEERS.items()
    }
    return ", ".join(f"{name} {time:,.0f} µs" for name, time in times.items()), min(times.values())


def _peer_of(peer: Peer, each: Case) -> Callable[[], object]:
    grid, given = each.cold().grid, each.for_peers()
    return lambda: peer(given, grid, MINUTES * 60)


def _warmed(each: Case) -> Callable[[], Search]:
    known, after = each.frees(), sorted([*each.busy[0], each.changed])
    return lambda: each.warm(known, after)


def _starts_of(make: Callable[[], Search]) -> Callable[[], object]:
    return lambda: make().starts


def _best_of(make: Callable[[], Search]) -> Callable[[], object]:
    return lambda: make().best()


def _found_of(make: Callable[[], Search]) -> Callable[[], object]:
    return lambda: make().found()


def _known_hours(each: Case) -> Callable[[], object]:
    return lambda: [worktime(one, each.wanted.window).bits for one in each.people]


def _unknown_hours(each: Case) -> Callable[[], object]:
    def act() -> object:
        forget()
        return [worktime(one, each.wanted.window).bits for one in each.people]

    return act

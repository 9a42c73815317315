"""Taking an assignment apart: what can't matter goes, what shares nothing is solved alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from mentoring.assignment_model import Option, Problem, Value

Kept = list[list[int]]
"""For each request the numbers of the options that are left, best first."""
_HELD = -1
_ROUNDS = 8


@dataclass(frozen=True)
class Row:
    """At some instant at the most `most` of these options can take one resource."""

    options: tuple[int, ...]
    most: int


@dataclass(frozen=True)
class Part:
    """Requests that depend on each other, with their options numbered through.

    `members` are the requests' numbers in the problem. Option i belongs to the member at position
    `owner[i]`, is number `pick[i]` of its request, and `of[m]` are the options of position m, best
    first. `rows` are all limits that can bind.
    """

    members: tuple[int, ...]
    owner: tuple[int, ...]
    pick: tuple[int, ...]
    burden: tuple[int, ...]
    cost: tuple[int, ...]
    start: tuple[int, ...]
    of: tuple[range, ...]
    rows: tuple[Row, ...]

    def value(self, choice: Sequence[int | None]) -> Value:
        """What a choice, one option or None for each member, comes to."""
        taken = [option for option in choice if option is not None]
        return Value(
            len(choice) - len(taken),
            sum(self.burden[option] for option in taken),
            sum(self.cost[option] for option in taken),
        )

    def option_rows(self) -> list[list[int]]:
        """For each option the numbers of the rows that it is in."""
        found: list[list[int]] = [[] for _ in self.owner]
        for number, row in enumerate(self.rows):
            for option in row.options:
                found[option].append(number)
        return found


@dataclass(frozen=True)
class Limit:
    """A row of the whole problem: (request, option) entries."""

    entries: tuple[tuple[int, int], ...]
    owners: frozenset[int]
    most: int


Limits = dict[str, list[Limit]]
"""The limits that each resource sets."""


def possible(problem: Problem) -> Kept:
    """The options that what is held leaves room for, best first."""
    standing: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for held in problem.held:
        for resource in held.uses:
            standing[resource].append((held.start, held.end))
    return [
        sorted(
            (
                number
                for number, option in enumerate(request.options)
                if _has_room(problem, standing, (*request.people, *option.uses), option)
            ),
            key=lambda number: request.options[number].rank,
        )
        for request in problem.requests
    ]


def _has_room(
    problem: Problem,
    standing: dict[str, list[tuple[int, int]]],
    resources: Sequence[str],
    option: Option,
) -> bool:
    for resource in resources:
        within = [
            (start, end)
            for start, end in standing.get(resource, ())
            if start < option.end and option.start < end
        ]
        if _most_at_once(within) >= problem.room_for(resource):
            return False
    return True


def _most_at_once(spans: list[tuple[int, int]]) -> int:
    return max((sum(1 for a, b in spans if a <= at < b) for at, _ in spans), default=0)


def reduced(problem: Problem) -> tuple[Kept, Limits]:
    """Options that some best assignment is made of, and the limits left among them.

    A request whose rivals can block no more than n of its times that don't overlap each other never
    needs one that is worse than n + 1 of them: whatever the rivals take, a better one is left.
    """
    kept = possible(problem)
    limits = limits_of(problem, kept)
    lengths = [_lengths(problem, number, left) for number, left in enumerate(kept)]
    looked_at: Iterable[int] = range(len(kept))
    wanting = _wanting(problem, kept)
    for _ in range(_ROUNDS):
        rivals = _rivals(limits, looked_at)
        shorter = [n for n in looked_at if _shorten(problem, n, kept[n], rivals[n], lengths)]
        if not shorter:
            break
        touched = {resource for n in shorter for resource in _resources(problem, n)}
        before = [limit for resource in touched for limit in limits.get(resource, ())]
        for resource in touched:
            limits[resource] = _limits_on(problem, kept, resource, wanting.get(resource, ()))
        looked_at = sorted(set().union(*(limit.owners for limit in before)))
    return kept, limits


def limits_of(problem: Problem, kept: Kept) -> Limits:
    """Every limit that can bind: who would take a resource at once, where that is too many."""
    return {
        resource: _limits_on(problem, kept, resource, numbers)
        for resource, numbers in _wanting(problem, kept).items()
    }


def _lengths(problem: Problem, number: int, left: Sequence[int]) -> tuple[int, int]:
    lengths = [problem.requests[number].options[o].length for o in left] or [1]
    return min(lengths), max(lengths)


def _resources(problem: Problem, number: int) -> tuple[str, ...]:
    request = problem.requests[number]
    uses = chain.from_iterable(option.uses for option in request.options)
    return tuple(dict.fromkeys((*request.people, *uses)))


def _wanting(problem: Problem, kept: Kept) -> dict[str, list[int]]:
    """The requests that could take each resource that more than one of them could."""
    wanting: dict[str, list[int]] = defaultdict(list)
    for number, left in enumerate(kept):
        for resource in _resources(problem, number) if left else ():
            wanting[resource].append(number)
    return {resource: numbers for resource, numbers in wanting.items() if len(numbers) > 1}


def _rivals(limits: Limits, looked_at: Iterable[int]) -> dict[int, set[int]]:
    """Who could stand in whose way."""
    rivals: dict[int, set[int]] = {number: set() for number in looked_at}
    for limit in chain.from_iterable(limits.values()):
        for owner in limit.owners:
            if owner in rivals:
                rivals[owner] |= limit.owners
    return rivals


def _shorten(
    problem: Problem,
    number: int,
    left: list[int],
    rivals: set[int],
    lengths: Sequence[tuple[int, int]],
) -> bool:
    """Drop the options that the request never needs; whether there were any."""
    if len(left) < 2:
        return False
    least = lengths[number][0]
    blocked = sum(-(-lengths[rival][1] // least) + 1 for rival in rivals if rival != number)
    enough = _enough(problem.requests[number].options, left, blocked)
    dropped = enough < len(left)
    del left[enough:]
    return dropped


def _enough(options: Sequence[Option], left: Sequence[int], blocked: int) -> int:
    """How many of the options, best first, hold more than `blocked` that don't overlap."""
    if len(left) <= blocked:
        return len(left)
    apart: list[Option] = []
    for count, number in enumerate(left, start=1):
        option = options[number]
        if all(option.start >= o.end or o.start >= option.end for o in apart):
            apart.append(option)
            if len(apart) > blocked:
                return count
    return len(left)


def _limits_on(problem: Problem, kept: Kept, resource: str, numbers: Iterable[int]) -> list[Limit]:
    """The limits that one resource sets to the requests that could take it."""
    spans: list[tuple[int, int, int, int]] = []
    for number in numbers:
        request = problem.requests[number]
        everywhere = resource in request.people
        for o in kept[number]:
            option = request.options[o]
            if everywhere or resource in option.uses:
                spans.append((option.start, option.end, number, o))
    if problem.room_for(resource) > 1:
        held = (h for h in problem.held if resource in h.uses)
        spans += [(h.start, h.end, _HELD, 0) for h in held]
    return list(_sweep(spans, problem.room_for(resource)))


def _sweep(spans: list[tuple[int, int, int, int]], capacity: int) -> Iterator[Limit]:
    """The largest sets of options that overlap at one instant and are too many for a resource."""
    if len({number for _, _, number, _ in spans}) <= capacity:
        return
    events = sorted(
        [(start, 1, number, o) for start, _, number, o in spans]
        + [(end, 0, number, o) for _, end, number, o in spans]
    )
    active: dict[tuple[int, int], int] = {}
    grown = False
    for _, begins, number, o in events:
        if begins:
            active[number, o] = active.get((number, o), 0) + 1
            grown = True
            continue
        if grown:
            yield from _limit(active, capacity)
            grown = False
        active[number, o] -= 1
        if not active[number, o]:
            del active[number, o]


def _limit(active: dict[tuple[int, int], int], capacity: int) -> Iterator[Limit]:
    held = sum(count for (number, _), count in active.items() if number == _HELD)
    entries = tuple(entry for entry in active if entry[0] != _HELD)
    owners = frozenset(number for number, _ in entries)
    if len(owners) > capacity - held:
        yield Limit(entries, owners, capacity - held)


def components(problem: Problem, kept: Kept, limits: Limits) -> Iterator[Part]:
    """The parts that share nothing with each other, in the order of their first requests.

    A request that nobody stands in the way of is in none.
    """
    leader = list(range(len(kept)))

    def find(number: int) -> int:
        while leader[number] != number:
            leader[number] = leader[leader[number]]
            number = leader[number]
        return number

    for limit in chain.from_iterable(limits.values()):
        roots = {find(owner) for owner in limit.owners}
        for root in roots:
            leader[root] = min(roots)
    own: dict[int, list[Limit]] = defaultdict(list)
    for limit in chain.from_iterable(limits.values()):
        own[find(min(limit.owners))].append(limit)
    members: dict[int, list[int]] = defaultdict(list)
    for number in range(len(kept)):
        members[find(number)].append(number)
    for first in sorted(own):
        yield _part(problem, kept, members[first], own[first])


def _part(problem: Problem, kept: Kept, members: list[int], limits: list[Limit]) -> Part:
    owner: list[int] = []
    pick: list[int] = []
    spans: list[range] = []
    flat: dict[tuple[int, int], int] = {}
    for position, number in enumerate(members):
        for o in kept[number]:
            flat[number, o] = len(owner)
            owner.append(position)
            pick.append(o)
        spans.append(range(len(owner) - len(kept[number]), len(owner)))
    options = [problem.requests[members[p]].options[o] for p, o in zip(owner, pick, strict=True)]
    rows = {(tuple(sorted(flat[entry] for entry in x.entries)), x.most) for x in limits}
    return Part(
        members=tuple(members),
        owner=tuple(owner),
        pick=tuple(pick),
        burden=tuple(option.burden for option in options),
        cost=tuple(option.cost for option in options),
        start=tuple(option.start for option in options),
        of=tuple(spans),
        rows=tuple(Row(*row) for row in sorted(rows)),
    )

"""One assignment for all due pairs at once: who meets when, so that nobody is in two places.

The best is, in this order: most requests get a time; the least burden; the least cost. What stands
already is never moved. Requests that share nothing with others take their best time; small groups
that do are solved by branch and bound, large ones by HiGHS, which is imported when one comes up.
The answer follows from the input alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mentoring.assignment_exact import branch_and_bound
from mentoring.assignment_greedy import improved, one_after_another
from mentoring.assignment_model import Bound, Held, Problem, Request, Value, exact, value_of
from mentoring.assignment_parts import Part, components, limits_of, possible, reduced

ALONE, EXACT, SOLVER = "alone", "exact", "solver"
SMALL = 8
"""Parts of so many requests are tried without the solver first."""
_SECONDS = 20.0


@dataclass(frozen=True)
class _Found:
    """A part's choice, one option or None for each member, and how it was come by."""

    choice: list[int | None]
    bound: Bound
    how: str
    seconds: float = 0.0


@dataclass(frozen=True)
class Assignment:
    """What each request gets, as the number of its option; None where nothing is left for it.

    No assignment is better than `bound`. `solved` counts requests by the way to their times:
    "alone" (nobody is in the way), "exact" or "solver". `largest` is the largest part's size.
    """

    chosen: tuple[int | None, ...]
    value: Value
    bound: Bound
    solved: Mapping[str, int]
    largest: int

    @property
    def gap(self) -> float:
        """How far from the best it may be, as a share; 0 where it is the best."""
        return self.bound.gap(self.value)


def assign(
    requests: Sequence[Request],
    held: Sequence[Held] = (),
    capacity: Mapping[str, int] | None = None,
    *,
    seconds: float = _SECONDS,
) -> Assignment:
    """The best times for all requests; never worse than one after another, each at its cheapest.

    `held` stands already. `capacity` is how many meetings a resource (a person, a room) takes at
    once: one, where it says nothing. `seconds` is the most that the solver may take, as a last
    resort: its own limits count work. Where they are not enough, `gap` says what may be missing.
    """
    problem = Problem(tuple(requests), tuple(held), dict(capacity or {}))
    kept, limits = reduced(problem)
    chosen: list[int | None] = [left[0] if left else None for left in kept]
    solved = Counter({ALONE: len(chosen)})
    bounds: list[Bound] = []
    largest = 1
    together: set[int] = set()
    for part in components(problem, kept, limits):
        found = _solved(part, seconds)
        seconds -= found.seconds
        bounds.append(found.bound)
        solved[found.how] += len(part.members)
        solved[ALONE] -= len(part.members)
        largest = max(largest, len(part.members))
        together.update(part.members)
        for member, option in zip(part.members, found.choice, strict=True):
            chosen[member] = None if option is None else part.pick[option]
    alone = [number for number in range(len(chosen)) if number not in together]
    bounds.append(exact(value_of(problem.requests, chosen, alone)))
    best = Assignment(
        tuple(chosen), value_of(requests, chosen), sum(bounds, Bound(0, 0, 0)), solved, largest
    )
    return best if best.gap == 0 else _never_worse(problem, best)


def _solved(part: Part, seconds: float) -> _Found:
    """A part's best choice, by the cheapest way that proves it."""
    start = improved(part, one_after_another(part))
    if len(part.members) <= SMALL:
        choice = branch_and_bound(part, start)
        if choice is not None:
            return _Found(choice, exact(part.value(choice)), EXACT)
    from mentoring.assignment_solver import solve  # half a second and 60 MB that few passes need

    solution = solve(part, start, seconds)
    return _Found(solution.choice, solution.bound, SOLVER, solution.seconds)


def _never_worse(problem: Problem, best: Assignment) -> Assignment:
    """The assignment, unless one after another is better: where the solver came to its limits."""
    plain = in_turn(problem.requests, problem.held, problem.capacity)
    value = value_of(problem.requests, plain)
    return best if best.value <= value else replace(best, chosen=tuple(plain), value=value)


def in_turn(
    requests: Sequence[Request], held: Sequence[Held], capacity: Mapping[str, int]
) -> list[int | None]:
    """What each request gets if one after another takes its cheapest option that is left."""
    problem = Problem(tuple(requests), tuple(held), capacity)
    kept = possible(problem)
    chosen: list[int | None] = [
        min(left, key=lambda o: (r.options[o].cost, r.options[o].start), default=None)
        for r, left in zip(requests, kept, strict=True)
    ]
    for part in components(problem, kept, limits_of(problem, kept)):
        for member, option in zip(part.members, one_after_another(part), strict=True):
            chosen[member] = None if option is None else part.pick[option]
    return chosen

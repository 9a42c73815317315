"""The cohort's assignment against all possible ones, and what holds of every one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mentoring import assignment
from mentoring.assignment import EXACT, SOLVER, Assignment, assign, in_turn
from mentoring.assignment_greedy import improved, one_after_another
from mentoring.assignment_model import Bound, Held, Option, Problem, Request, Value, value_of
from mentoring.assignment_parts import components, limits_of, possible, reduced
from tests.mentoring.cohorts import coupled

CAPACITY = {"hall": 2, "yard": 3}
PEOPLE = ("ann", "ben", "cy", "dee", "eve")
ROOMS = ("room", "hall", "yard")

options = st.builds(
    lambda start, length, burden, cost, uses: Option(start, start + length, burden, cost, uses),
    st.integers(0, 12),
    st.integers(1, 5),
    st.integers(0, 3),
    st.integers(0, 6),
    st.sampled_from([(), (), *((room,) for room in ROOMS)]),
)
requests = st.builds(
    lambda people, times: Request(tuple(people), tuple(times)),
    st.lists(st.sampled_from(PEOPLE), min_size=2, max_size=2, unique=True),
    st.lists(options, max_size=5),
)
held = st.builds(
    lambda start, length, uses: Held(start, start + length, (uses,)),
    st.integers(0, 14),
    st.integers(1, 4),
    st.sampled_from((*PEOPLE, *ROOMS)),
)
cohorts = st.tuples(st.lists(requests, max_size=5), st.lists(held, max_size=2))
Cohort = tuple[list[Request], list[Held]]


def meetings(
    cohort: Sequence[Request], chosen: Sequence[int | None]
) -> Iterator[tuple[Option, tuple[str, ...]]]:
    for request, number in zip(cohort, chosen, strict=True):
        if number is not None:
            option = request.options[number]
            yield option, (*request.people, *option.uses)


def is_possible(
    cohort: Sequence[Request],
    chosen: Sequence[int | None],
    standing: Sequence[Held] = (),
    capacity: Mapping[str, int] = CAPACITY,
) -> bool:
    """Minute by minute, nothing takes more than it may: written without the product's code."""
    load: dict[tuple[str, int], int] = {}
    for option, uses in meetings(cohort, chosen):
        for resource in uses:
            for minute in range(option.start, option.end):
                load[resource, minute] = load.get((resource, minute), 0) + 1
    taken = set(load)
    for stands in standing:
        for resource in stands.uses:
            for minute in range(stands.start, stands.end):
                load[resource, minute] = load.get((resource, minute), 0) + 1
    return all(load[place] <= capacity.get(place[0], 1) for place in taken)


def best_of_all(cohort: Sequence[Request], standing: Sequence[Held]) -> Value:
    """The best value there is, by trying everything."""
    every = product(*([None, *range(len(request.options))] for request in cohort))
    return min(
        value_of(cohort, chosen) for chosen in every if is_possible(cohort, chosen, standing)
    )


def by_the_solver_alone(cohort: Sequence[Request], standing: Sequence[Held]) -> Assignment:
    with patch.object(assignment, "SMALL", 0):
        return assign(cohort, standing, CAPACITY)


@settings(max_examples=200, deadline=None)
@given(cohorts)
def test_no_assignment_is_better(cohort: Cohort) -> None:
    got = assign(*cohort, CAPACITY)
    assert is_possible(cohort[0], got.chosen, cohort[1])
    assert got.value == value_of(cohort[0], got.chosen) == best_of_all(*cohort)
    assert got.gap == 0
    assert got.bound == Bound(got.value.unscheduled, got.value.burden, got.value.cost)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cohorts)
def test_the_solver_finds_the_best_as_well(cohort: Cohort) -> None:
    got = by_the_solver_alone(*cohort)
    assert EXACT not in got.solved
    assert is_possible(cohort[0], got.chosen, cohort[1])
    assert got.value == best_of_all(*cohort)
    assert got.gap == 0


@settings(max_examples=100, deadline=None)
@given(cohorts)
def test_what_is_left_out_is_in_some_best_assignment_never_missed(cohort: Cohort) -> None:
    kept, _ = reduced(Problem(tuple(cohort[0]), tuple(cohort[1]), CAPACITY))
    short = [
        replace(request, options=tuple(request.options[o] for o in left))
        for request, left in zip(cohort[0], kept, strict=True)
    ]
    assert best_of_all(short, cohort[1]) == best_of_all(*cohort)


@settings(max_examples=100, deadline=None)
@given(cohorts)
def test_moving_others_never_makes_it_worse(cohort: Cohort) -> None:
    problem = Problem(tuple(cohort[0]), tuple(cohort[1]), CAPACITY)
    kept = possible(problem)
    for part in components(problem, kept, limits_of(problem, kept)):
        plain = one_after_another(part)
        better = improved(part, plain)
        assert part.value(better) <= part.value(plain)
        whole: list[int | None] = [None] * len(problem.requests)
        for member, option in zip(part.members, better, strict=True):
            whole[member] = None if option is None else part.pick[option]
        assert is_possible(cohort[0], whole, cohort[1])


def each_at_its_cheapest(cohort: Sequence[Request], standing: Sequence[Held]) -> list[int | None]:
    """Booking one pair after another, as it was done before."""
    chosen: list[int | None] = [None] * len(cohort)
    for number, request in enumerate(cohort):
        order = sorted(
            range(len(request.options)),
            key=lambda o: (
                request.options[o].cost,
                request.options[o].start,
                request.options[o].burden,
            ),
        )
        for option in order:
            chosen[number] = option
            if is_possible(cohort, chosen, standing):
                break
            chosen[number] = None
    return chosen


@settings(max_examples=100, deadline=None)
@given(cohorts)
@example(
    (
        [
            Request(("ann", "ben"), (Option(2, 3, burden=1), Option(2, 4))),
            Request(("ann", "ben"), (Option(3, 4),)),
        ],
        [],
    )
)
def test_in_turn_is_what_one_after_another_gives(cohort: Cohort) -> None:
    plain = value_of(cohort[0], each_at_its_cheapest(*cohort))
    in_turn_now = value_of(cohort[0], in_turn(*cohort, CAPACITY))
    assert (in_turn_now.unscheduled, in_turn_now.cost) == (plain.unscheduled, plain.cost)


@pytest.mark.parametrize("rooms", [0, 4])
@pytest.mark.parametrize("seconds", [20.0, 0.0])
def test_a_large_cohort_that_hangs_together(rooms: int, seconds: float) -> None:
    cohort = coupled(300, seed=3, rooms=rooms)
    got = assign(cohort, seconds=seconds)
    assert got.solved[SOLVER] > 200
    assert is_possible(cohort, got.chosen, capacity={})
    plain = value_of(cohort, in_turn(cohort, (), {}))
    assert got.value <= plain
    assert plain.unscheduled > got.value.unscheduled
    if seconds:
        assert got.gap == 0
    else:  # no time for the solver: what it was given is what it gives, and says so
        assert got.gap > 0 or got.value == assign(cohort, seconds=20.0).value


def test_a_bound_is_a_bound() -> None:
    cohort = coupled(120, seed=5, rooms=2)
    best, hurried = assign(cohort), assign(cohort, seconds=0.0)
    assert best.gap == 0
    assert hurried.bound.unscheduled <= best.value.unscheduled <= hurried.value.unscheduled
    assert hurried.value >= best.value


def test_what_overlaps_in_part_is_in_the_way() -> None:
    cohort = [
        Request(("ann", "ben"), (Option(0, 4), Option(8, 12, cost=5))),
        Request(("ann", "cy"), (Option(3, 7), Option(20, 24, cost=9))),
    ]
    assert assign(cohort).chosen == (1, 0)


def test_who_has_only_one_time_gets_it() -> None:
    first = Request(("ann", "ben"), (Option(0, 4), Option(40, 44, cost=900)))
    assert assign([first, Request(("ann", "cy"), (Option(0, 4),))]).chosen == (1, 0)


def test_one_rival_may_stand_in_the_way_of_two_times() -> None:
    times = (Option(0, 4), Option(4, 8, cost=1), Option(8, 12, cost=2))
    cohort = [Request(("ann", "ben"), times), Request(("ann", "cy"), (Option(2, 6),))]
    assert assign(cohort).chosen == (2, 0)


def test_times_that_can_not_matter_are_left_out() -> None:
    times = tuple(Option(5 * n, 5 * n + 4, cost=n) for n in range(40))
    cohort = [Request(("ann", "ben"), times), Request(("ann", "cy"), times)]
    kept, _ = reduced(Problem(tuple(cohort)))
    assert [len(left) for left in kept] == [3, 3]


def test_a_burden_weighs_more_than_any_cost() -> None:
    cohort = [
        Request(("ann", "ben"), (Option(0, 4), Option(8, 12, burden=1))),
        Request(("ann", "cy"), (Option(0, 4), Option(20, 24, cost=10_000))),
    ]
    assert assign(cohort).chosen == (0, 1)


def test_what_stands_is_not_moved() -> None:
    cohort = [Request(("ann", "ben"), (Option(0, 4), Option(3, 7, cost=1), Option(4, 8, cost=2)))]
    assert assign(cohort, [Held(0, 4, ("ben",))]).chosen == (2,)


def test_a_room_takes_as_many_as_it_may() -> None:
    cohort = [Request((f"a{n}", f"b{n}"), (Option(0, 4, uses=("hall",)),)) for n in range(3)]
    assert assign(cohort).value.unscheduled == 2
    assert assign(cohort, capacity={"hall": 2}).value.unscheduled == 1
    assert assign(cohort, [Held(2, 9, ("hall",))], {"hall": 2}).value.unscheduled == 2
    assert assign(cohort, capacity={"hall": 3}).value.unscheduled == 0


@pytest.mark.parametrize(("end", "burden", "cost"), [(0, 0, 0), (4, -1, 0), (4, 0, -1)])
def test_an_option_has_a_length_and_no_reward(end: int, burden: int, cost: int) -> None:
    with pytest.raises(ValueError, match="empty or less than free"):
        Option(0, end, burden, cost)


def test_an_empty_cohort() -> None:
    assert assign([]).chosen == ()


def test_the_solver_says_nothing_on_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    assert assign(coupled(60, seed=1)).solved[SOLVER]
    assert capfd.readouterr() == ("", "")


_PRINT = """
import sys
from mentoring.assignment import assign
from tests.mentoring.cohorts import coupled
light = assign(coupled(6, seed=1))
assert "highspy" not in sys.modules and "numpy" not in sys.modules
print(light.chosen, [assign(coupled(150, seed=n, rooms=3)) for n in range(3)])
"""


def test_the_same_answer_in_every_process() -> None:
    """Whatever order sets have there; and a small cohort loads no solver."""
    answers = {
        subprocess.run(
            [sys.executable, "-c", _PRINT],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(filter(None, sys.path))},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(answers) == 1

"""Of those given 80 %, 75–85 % reach the goal: over a thousand played pairs, whatever the seed."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from tests.mentoring.reliability import Outcome, between, brier, deciles, measure

SEEDS = (1, 2, 3)
LOW, HIGH = 0.75, 0.85


@cache
def measured(seed: int) -> tuple[Outcome, ...]:
    return tuple(measure(seed))


def pooled() -> list[Outcome]:
    return [outcome for seed in SEEDS for outcome in measured(seed)]


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_of_those_given_80_per_cent_75_to_85_reach_their_goal(seed: int) -> None:
    given = between(measured(seed), LOW, HIGH)
    assert given.number > 150  # else it would say nothing
    assert LOW <= given.reached <= HIGH


@pytest.mark.slow
def test_every_chance_means_what_it_says() -> None:
    for tenth in deciles(pooled()):
        assert abs(tenth.reached - tenth.said) < 0.06, tenth
    assert brier(pooled()) < 0.1  # always to say what share reaches it would get 0.25


@pytest.mark.slow
@pytest.mark.parametrize("factor", [0.85, 1.15])
def test_a_model_that_flatters_or_frightens_is_found_out(factor: float) -> None:
    """The measure can fail: the same forecasts, a little biased."""
    biased = [replace(o, chance=min(1.0, o.chance * factor)) for o in pooled()]
    assert not LOW <= between(biased, LOW, HIGH).reached <= HIGH

"""Whether a pair reaches its goal: the chance, the weak weeks ahead, the cheapest remedy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from mentoring.chance import at_least, held_by_end
from mentoring.openings import why_weak
from mentoring.outlook import Case, goal_of, outlook
from mentoring.remedy import remedy
from mentoring.track import Cohort


@dataclass(frozen=True)
class Forecast:
    """What is to be expected of a pair by its end.

    `chance` that it holds `goal` meetings (0 to 1); `held` so far; `expected` in all, on average.
    `weeks` are the Mondays of coming weeks in which a meeting is unlikely or impossible, `why` a
    few words on each. `remedy` is the cheapest change that would help, as an English sentence, and
    `remedy_chance` the chance with it; empty, and `chance`, where none is needed or none helps.
    """

    chance: float
    goal: int
    held: int
    expected: float
    weeks: tuple[date, ...]
    remedy: str
    remedy_chance: float
    why: tuple[str, ...] = ()


def forecast(case: Case, cohort: Cohort) -> Forecast:
    """What the pair's days, its record and the cohort's let expect."""
    ahead, goal = outlook(case, cohort), goal_of(case.pair)
    held = held_by_end(ahead)
    chance = at_least(goal, held)
    better = remedy(case, cohort, ahead, goal, chance)
    weeks = case.days.weak_weeks(case.today, case.pair.end)
    return Forecast(
        chance=chance,
        goal=goal,
        held=ahead.held,
        expected=sum(count * p for count, p in held.items()),
        weeks=tuple(weeks),
        remedy=better.words if better else "",
        remedy_chance=better.chance if better else chance,
        why=tuple(why_weak(case.pair, case.people, case.days, week) for week in weeks),
    )

"""How far forecasts can be believed: a thousand pairs played, forecast, and compared.

`python -m tests.mentoring.reliability` measures the seeds that docs/forecast.md shows and draws its
plot anew.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from mentoring.chance import at_least, held_by_end
from mentoring.openings import Openings, openings
from mentoring.outlook import Case, goal_of, outlook
from mentoring.track import Kept, cohort
from tests.mentoring.partners_ahead import ZONE, Couple, couples

PAIRS = 1000
SEEDS = (1, 2, 3, 4, 5)
WHEN = (0.2, 0.4, 0.6, 0.8)
"""Shares of each pair's term after which it is forecast."""
DOCS = Path(__file__).parents[2] / "docs"


@dataclass(frozen=True)
class Outcome:
    """One forecast, and what came of it."""

    chance: float
    reached: bool


@dataclass(frozen=True)
class Bin:
    """Forecasts between two chances: how many, what they said on average, what came of them."""

    low: float
    high: float
    number: int
    said: float
    reached: float


Mutation = Callable[[float], float]


def measure(seed: int, pairs: int = PAIRS) -> list[Outcome]:
    """Play the pairs to their ends, forecast each at several points, compare."""
    played = couples(pairs, random.Random(seed))
    days = [openings(couple.pair, couple.people, ZONE) for couple in played]
    outcomes = []
    for share in WHEN:
        cases = [_case(c, d, share) for c, d in zip(played, days, strict=True)]
        at_large = cohort(case.record for case in cases)
        for couple, case in zip(played, cases, strict=True):
            goal = goal_of(couple.pair)
            chance = at_least(goal, held_by_end(outlook(case, at_large)))
            outcomes.append(Outcome(chance, couple.held >= goal))
    return outcomes


def _case(couple: Couple, days: Openings, share: float) -> Case:
    pair = couple.pair
    today = pair.start + timedelta(days=int((pair.end - pair.start).days * share))
    kept = tuple(Kept(day, state) for day, state in couple.known_on(today))
    return Case(pair, couple.people, kept, days, ZONE, today, couple.rests_until(today))


def between(outcomes: Sequence[Outcome], low: float, high: float) -> Bin:
    """The forecasts from `low` up to `high`, both included at the ends of the scale."""
    inside = [o for o in outcomes if low <= o.chance < high or o.chance == high == 1]
    number = len(inside)
    said = sum(o.chance for o in inside) / number
    return Bin(low, high, number, said, sum(o.reached for o in inside) / number)


def deciles(outcomes: Sequence[Outcome]) -> list[Bin]:
    return [between(outcomes, tenth / 10, (tenth + 1) / 10) for tenth in range(10)]


def brier(outcomes: Sequence[Outcome]) -> float:
    """The mean square of chance less outcome: 0 is best, 0.25 is what "50 %" always gets."""
    return sum((o.chance - o.reached) ** 2 for o in outcomes) / len(outcomes)


def plot(bins: Sequence[Bin]) -> str:
    """The reliability curve as SVG: said along, came true up; dots as large as they are many."""
    size, edge = 320, 48
    most = max(b.number for b in bins)

    def x(share: float) -> str:
        return f"{edge + share * size:.1f}"

    def y(share: float) -> str:
        return f"{edge + (1 - share) * size:.1f}"

    marks = [
        f'<circle cx="{x(b.said)}" cy="{y(b.reached)}" r="{3 + 9 * (b.number / most) ** 0.5:.1f}" '
        f'fill="#1f5fa8" fill-opacity="0.75"/>'
        for b in bins
    ]
    ticks = [
        f'<text x="{x(t / 10)}" y="{edge + size + 18}" text-anchor="middle">{t * 10}</text>'
        f'<text x="{edge - 8}" y="{y(t / 10)}" text-anchor="end" dy="4">{t * 10}</text>'
        for t in range(0, 11, 2)
    ]
    line = " ".join(f"{x(b.said)},{y(b.reached)}" for b in bins)
    whole = size + 2 * edge
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole} {whole + 8}" '
            f'width="{whole}" role="img" font-family="sans-serif" font-size="12">',
            "<title>Chances said, and how often they came true, in per cent</title>",
            f'<rect width="{whole}" height="{whole + 8}" fill="#fff"/>',
            f'<rect x="{x(0.75)}" y="{y(0.85)}" width="{size / 10}" height="{size / 10}" '
            'fill="#dbe9d3" stroke="#5a8a3c"/>',
            f'<path d="M{x(0)} {y(0)}L{x(1)} {y(1)}" stroke="#777" stroke-dasharray="4 4"/>',
            f'<rect x="{edge}" y="{edge}" width="{size}" height="{size}" fill="none" '
            'stroke="#444"/>',
            f'<polyline points="{line}" fill="none" stroke="#1f5fa8"/>',
            *marks,
            *ticks,
            f'<text x="{whole / 2}" y="{whole}" text-anchor="middle">chance said, %</text>',
            f'<text x="{edge}" y="{edge - 16}">reached the goal, %</text>',
            "</svg>",
            "",
        ]
    )


def main() -> None:
    measured = {seed: measure(seed) for seed in SEEDS}
    every = [outcome for outcomes in measured.values() for outcome in outcomes]
    print("| seed | said 75–85 % | on average | reached | Brier |\n|---|---|---|---|---|")  # noqa: T201
    for name, outcomes in [*measured.items(), ("all", every)]:
        b = between(outcomes, 0.75, 0.85)
        row = f"{name} | {b.number} | {b.said:.1%} | {b.reached:.1%} | {brier(outcomes):.4f}"
        print(f"| {row} |")  # noqa: T201
    print("\n| said | forecasts | on average | reached |\n|---|---|---|---|")  # noqa: T201
    for b in deciles(every):
        row = f"{b.low:.0%}–{b.high:.0%} | {b.number} | {b.said:.1%} | {b.reached:.1%}"
        print(f"| {row} |")  # noqa: T201
    (DOCS / "forecast-reliability.svg").write_text(plot(deciles(every)))


if __name__ == "__main__":
    main()

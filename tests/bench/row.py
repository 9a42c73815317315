"""A line of the table, and how long things take."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Row:
    """One figure. `limit` is what was promised of it, `at_least` where more is better.

    `peer` is what it was measured against in the same run, `ratio` the peer's figure by ours.
    """

    name: str
    figure: float
    unit: str
    how: str
    limit: float | None = None
    at_least: bool = False
    peer: str = ""
    ratio: float | None = None

    @property
    def kept(self) -> bool | None:
        """Whether the promise is kept; None where there is none."""
        if self.limit is None:
            return None
        return self.figure >= self.limit if self.at_least else self.figure <= self.limit


@dataclass(frozen=True)
class Scale:
    """How much of everything: `full` is what docs/performance.md shows, `small` what tests run."""

    sample: int
    repeats: int
    pairs: int
    people: int
    mails: int
    cohorts: tuple[int, ...]


FULL = Scale(
    sample=40, repeats=60, pairs=10_000, people=100_000, mails=300, cohorts=(500, 5_000, 50_000)
)
SMALL = Scale(sample=2, repeats=2, pairs=20, people=200, mails=2, cohorts=(40,))


def least(act: Callable[[], object], repeats: int) -> float:
    """Microseconds of processor time of the quickest of some calls."""
    taken = []
    for _ in range(repeats):
        begun = time.thread_time_ns()
        act()
        taken.append(time.thread_time_ns() - begun)
    return min(taken) / 1000


def typical(acts: list[Callable[[], object]], repeats: int) -> float:
    """Microseconds: the median, over different inputs, of the quickest call of each."""
    return median(least(act, repeats) for act in acts)

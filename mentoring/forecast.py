"""Whether a pair reaches its goal: the chance, the weak weeks ahead, the cheapest remedy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


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

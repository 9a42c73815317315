"""What a due pair asks of the cohort's assignment: the times that it may need, and their price."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from mentoring.costs import shares
from mentoring.slots import Slot

_UNIT = 1_000
"""Costs are counted in thousandths of a minute, as exactly as they are kept."""


@dataclass(frozen=True)
class Priced:
    """A slot as the cohort sees it, against the pair's own cheapest one.

    `burden` is how many more weighed minutes at the edge of their day the worse-off of the two
    would bear, `cost` how much more it costs. Both are zero for the cheapest, so a pair that is in
    nobody's way gets just what it would get alone.
    """

    slot: Slot
    burden: int
    cost: int


def needed(
    slots: Iterable[Slot],
    borne: tuple[float, float],
    blocked: int,
    buffer: timedelta = timedelta(0),
) -> list[Priced]:
    """The first of a pair's slots, the cheapest first, that it may need.

    `blocked` is how many of them, if any two are at least `buffer` apart, the other due pairs can
    take at the most. So no more are looked at than it takes to be sure that one is left.
    """
    found: list[Priced] = []
    apart: list[Slot] = []
    for slot in slots:
        best = found[0].slot if found else slot
        burden = max(0, round(_worse_off(slot, borne) - _worse_off(best, borne)))
        found.append(Priced(slot, burden, round((slot.cost - best.cost) * _UNIT)))
        wide = slot.interval.widened(buffer)
        if not burden and not any(wide.overlaps(other.interval) for other in apart):
            apart.append(slot)
        if len(apart) > blocked:
            break
    return found


def _worse_off(slot: Slot, borne: tuple[float, float]) -> float:
    """The larger of the two's minutes at the edge of their day, weighed by what each has borne."""
    return max(edge * share for edge, share in zip(slot.edges, shares(*borne), strict=True))


def blocked_at_most(own: int, rivals: Iterable[int]) -> int:
    """How many times of `own` minutes, apart from each other, rivals of such lengths can touch."""
    return sum(-(-length // own) + 1 for length in rivals)

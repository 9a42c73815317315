"""How many meetings a pair will have held by its end: a distribution, worked out exactly.

Each turn of the rhythm has a day: the nearest open one, as the search for a time has it, moved by
a delay. So the number of turns that fit before the end has a distribution, found day by day.
Whether a turn is held follows from the pair's habits; that these are known only so far makes the
number held a Beta-binomial. Nothing is drawn at random.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from mentoring.meeting import State
from mentoring.openings import Openings
from mentoring.track import Habits

_DAY = timedelta(days=1)
_TOO_LATE = 0.75
"""A delay of more than this share of a rhythm would be another turn."""
_NEVER = 1e-7
"""What is less likely than this is left out."""


@dataclass(frozen=True)
class Denser:
    """Between two dates, both included, the pair meets every `every`."""

    first: date
    last: date
    every: timedelta


@dataclass(frozen=True)
class Outlook:
    """All that a chance follows from.

    `pending` are live meetings, also those over of which nobody spoke yet. `due` is when the rhythm
    wants the next one, `earliest` the first day that can still be had. `extra` are meetings besides
    the rhythm.
    """

    held: int
    pending: tuple[State, ...]
    due: date
    earliest: date
    end: date
    every: timedelta
    days: Openings
    habits: Habits
    extra: int = 0
    denser: Denser | None = None
    spreads: dict[tuple[int, timedelta], list[tuple[int, float]]] = field(
        default_factory=dict, compare=False, repr=False
    )
    """What was worked out of turns that follow on one another; the same for `extra` and `denser`,
    so `replace` with another of these passes it on."""


def held_by_end(outlook: Outlook, turns: Sequence[float] = ()) -> dict[int, float]:
    """The chance of each number of meetings held by the end; `turns` as `turns_left` has them."""
    known = (*outlook.pending, *(State.PROPOSED,) * outlook.extra)
    held = {0: 1.0}
    for number, state in enumerate(known):
        held = _one_more(held, outlook.habits, number, state)
    result: dict[int, float] = {}
    for number, share in enumerate(turns or turns_left(outlook)):
        for count, p in held.items():
            total = outlook.held + count
            result[total] = result.get(total, 0.0) + share * p
        held = _one_more(held, outlook.habits, len(known) + number)
    return result


def at_least(goal: int, held: Mapping[int, float]) -> float:
    """The chance that so many meetings are held, 0 to 1."""
    if all(count >= goal for count in held):
        return 1.0
    return min(1.0, sum(p for count, p in held.items() if count >= goal))


def _one_more(
    held: Mapping[int, float], habits: Habits, number: int, state: State = State.PROPOSED
) -> dict[int, float]:
    """The distribution of meetings held after one more turn: what was held makes more likelier."""
    after: dict[int, float] = {}
    for count, p in held.items():
        succeeds = (habits.held + count) / (habits.held + habits.failed + number)
        if state is State.CONFIRMED:  # it can be missed, and is not lost any more
            succeeds /= succeeds + (1 - succeeds) * (1 - habits.lost)
        after[count + 1] = after.get(count + 1, 0.0) + p * succeeds
        after[count] = after.get(count, 0.0) + p * (1 - succeeds)
    return after


def turns_left(outlook: Outlook) -> list[float]:
    """The chances that no, one, two … turns of the rhythm fit before the end."""
    chances: list[float] = []
    following: dict[int, list[tuple[int, float]]] = {}
    at = dict(_spread(outlook, outlook.due, outlook.earliest))
    still = 1.0
    while True:
        fits = sum(at.values())
        chances.append(max(0.0, still - fits))
        if not at:
            return chances
        still = fits
        then: dict[int, float] = defaultdict(float)
        for place, p in at.items():
            if (known := following.get(place)) is None:
                known = following[place] = _following(outlook, place)
            for later, share in known:
                then[later] += p * share
        at = {place: p for place, p in then.items() if p > _NEVER}


def _following(outlook: Outlook, place: int) -> list[tuple[int, float]]:
    """Where the turn after one comes to lie."""
    day = outlook.days.days[place]
    denser = outlook.denser
    every = denser.every if denser and denser.first <= day <= denser.last else outlook.every
    if (place, every) not in outlook.spreads:
        # Half a rhythm between two meetings at the least.
        spread = _spread(outlook, day + every, day + max(every / 2, _DAY))
        outlook.spreads[place, every] = spread
    return outlook.spreads[place, every]


def _spread(outlook: Outlook, due: date, earliest: date) -> list[tuple[int, float]]:
    """Where a turn comes to lie before the end, by the place of its day among the open ones."""
    days, delays = outlook.days, outlook.habits.delays
    last, first = days.after(outlook.end + _DAY) - 1, days.after(earliest)
    place = days.near(due, earliest)
    if place is None or place > last:
        # Too late: the last days are tried, and there is no time for a delay.
        in_time = sum(share for late, share in delays if late <= 0)
        return [(last, in_time)] if last >= first else []
    most = int(days.in_rhythm(outlook.every) * _TOO_LATE)
    at: dict[int, float] = {}
    for late, share in delays:
        then = max(place + min(late, most), first)
        if then <= last:
            at[then] = at.get(then, 0.0) + share
    return list(at.items())

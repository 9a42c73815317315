"""How many meetings a pair will have held by its end: a distribution, worked out exactly.

Each turn of the rhythm has a day: the nearest open one, as the search for a time has it, moved by
a delay. So the number of turns that fit before the end has a distribution, found day by day from
the end backwards.
Whether a turn is held follows from the pair's habits; that these are known only so far makes the
number held a Beta-binomial. Nothing is drawn at random.
"""

from __future__ import annotations

from collections.abc import Mapping
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

Numbers = dict[int, float]
"""The chance of each number, of meetings or of turns."""
Spread = list[tuple[int, float]]
"""Where a turn comes to lie, by the place of its day among the open ones, and how likely."""


@dataclass(frozen=True)
class Denser:
    """Between two dates, both included, the pair meets every `every`."""

    first: date
    last: date
    every: timedelta


@dataclass(frozen=True)
class _Known:
    """What was worked out of an outlook; `extra` and `denser` change none of it.

    `spreads` by a turn's place and the rhythm after it, `after` the number of turns that follow
    one, by its place; `held` the number of meetings held after no, one, two … of those to come.
    """

    spreads: dict[tuple[int, timedelta], Spread] = field(default_factory=dict)
    after: dict[int, Numbers] = field(default_factory=dict)
    held: list[Numbers] = field(default_factory=lambda: [{0: 1.0}])


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
    known: _Known = field(default_factory=_Known, compare=False, repr=False)
    """Passed on by a `replace` of `extra` or `denser`, and by none other."""


def held_by_end(outlook: Outlook) -> Numbers:
    """The chance of each number of meetings held by the end."""
    result: Numbers = {}
    for number, share in turns_left(outlook).items():
        for count, p in _held_after(outlook, number).items():
            total = outlook.held + count
            result[total] = result.get(total, 0.0) + share * p
    return result


def at_least(goal: int, held: Mapping[int, float]) -> float:
    """The chance that so many meetings are held, 0 to 1."""
    if all(count >= goal for count in held):
        return 1.0
    return min(1.0, sum(p for count, p in held.items() if count >= goal))


def _held_after(outlook: Outlook, turns: int) -> Numbers:
    """Of the pending and extra meetings and so many turns, the number held."""
    rows, pending = outlook.known.held, outlook.pending
    last = len(pending) + outlook.extra + turns
    while len(rows) <= last:
        number = len(rows) - 1
        state = pending[number] if number < len(pending) else State.PROPOSED
        rows.append(_one_more(rows[-1], outlook.habits, number, state))
    return rows[last]


def _one_more(held: Numbers, habits: Habits, number: int, state: State) -> Numbers:
    """The distribution of meetings held after one more turn: what was held makes more likelier."""
    after: Numbers = {}
    for count, p in held.items():
        succeeds = (habits.held + count) / (habits.held + habits.failed + number)
        if state is State.CONFIRMED:  # it can be missed, and is not lost any more
            succeeds /= succeeds + (1 - succeeds) * (1 - habits.lost)
        after[count + 1] = after.get(count + 1, 0.0) + p * succeeds
        after[count] = after.get(count, 0.0) + p * (1 - succeeds)
    return after


def turns_left(outlook: Outlook) -> Numbers:
    """The chance that no, one, two … turns of the rhythm fit before the end."""
    spread = _spread(outlook, outlook.due, outlook.earliest)
    first = min((place for place, _ in spread), default=0)
    return _turns(spread, _after_each(outlook, first))


def _turns(spread: Spread, after: Mapping[int, Numbers]) -> Numbers:
    """How many turns fit, where the first lies as `spread` has it."""
    following: Numbers = {}
    known = following.get
    for place, share in spread:
        for more, p in after[place].items():
            following[more] = known(more, 0.0) + share * p
    found = {more + 1: p for more, p in following.items() if p > _NEVER}
    none = 1 - sum([share for _, share in spread])
    return found if none <= _NEVER else {0: none, **found}


def _after_each(outlook: Outlook, first: int) -> Mapping[int, Numbers]:
    """How many turns follow one, by its place, from `first` to the end: the last is found first."""
    days, denser, own = outlook.days, outlook.denser, outlook.known.after
    begin = days.after(denser.first) if denser else 0
    end = days.after(denser.last + _DAY) if denser else 0
    last = days.after(outlook.end + _DAY) - 1
    for place in range(last, max(first, end) - 1, -1):
        if place not in own:
            own[place] = _turns(_following(outlook, place, outlook.every), own)
    if denser is None or first >= end:
        return own
    after = dict(own)
    for place in range(min(last, end - 1), first - 1, -1):
        every = denser.every if place >= begin else outlook.every
        after[place] = _turns(_following(outlook, place, every), after)
    return after


def _following(outlook: Outlook, place: int, every: timedelta) -> Spread:
    """Where the turn after one comes to lie."""
    spreads = outlook.known.spreads
    if (place, every) not in spreads:
        day = outlook.days.days[place]
        # Half a rhythm between two meetings at the least.
        spreads[place, every] = _spread(outlook, day + every, day + max(every / 2, _DAY))
    return spreads[place, every]


def _spread(outlook: Outlook, due: date, earliest: date) -> Spread:
    """Where a turn comes to lie before the end."""
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

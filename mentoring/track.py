"""What a pair's past says of its habits, and what the cohort's says of those of a new pair.

The rhythm wants a meeting every so often: each of these turns is held or not. Not: it was missed,
or it was called off and none came before the next was due. A turn that is held may be late. A
pair's own past is read together with the cohort's (partial pooling): with little of its own it is
taken for one of many, and the more it has, the more its own counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import lgamma, log

from mentoring.meeting import LIVE, State
from mentoring.openings import Openings

_USUAL, _USUAL_WEIGHT = 0.75, 10.0
"""How often a turn is held where nobody's past is known, and how many turns' weight that has."""
_SPREADS = (1.5, 2.5, 4.0, 6.0, 9.0, 14.0, 20.0, 30.0, 50.0)
"""How alike pairs may be, as a Beta distribution's sum of counts."""
_LIKELY_SPREAD, _SPREAD_WIDTH = 6.0, 1.0
_USUAL_DELAYS = {0: 0.65, 1: 0.15, 2: 0.1, 4: 0.06, 8: 0.04}
_USUAL_LOST = 0.3
_OWN_DELAYS = 5.0
"""How many turns of its own weigh as much as the cohort's delays do."""
_FADES = 0.93
"""What a turn weighs against the next one: people change."""
_NEXT_TURN = 0.25
"""A meeting that comes this share of a rhythm before a later turn is that turn's."""


HELD, MISSED, LOST = "H", "M", "L"


@dataclass(frozen=True)
class Kept:
    """A meeting that was not called off: the day it is or was on, and how it stands."""

    day: date
    state: State


@dataclass(frozen=True)
class Record:
    """A pair's turns that are over, the first one first, and its delays.

    A turn is a letter: HELD, MISSED, or LOST where no meeting came of it. `delays` are counted in
    days on which the pair could meet.
    """

    turns: str = ""
    delays: tuple[int, ...] = ()

    def weighed(self, *kinds: str) -> float:
        """How many turns of these kinds there were; what is long ago counts less."""
        last = len(self.turns) - 1
        return sum(_FADES ** (last - n) for n, kind in enumerate(self.turns) if kind in kinds)


@dataclass(frozen=True)
class Habits:
    """What is to be expected of one pair.

    Its share of held turns is a Beta distribution with counts `held` and `failed`. `agreed` is the
    share of turns that come to a confirmed meeting, in the cohort. `delays` maps days on which the
    pair could meet to chances, which sum to 1.
    """

    held: float
    failed: float
    agreed: float
    delays: tuple[tuple[int, float], ...]


def record(
    kept: Sequence[Kept], days: Openings, *, start: date, every: timedelta, today: date
) -> Record:
    """What a pair's meetings say. Live ones count where they were put, not yet whether held."""
    turns, delays = "", []
    before: date | None = None
    for meeting in sorted(kept, key=lambda k: k.day):
        due = before + every if before else start
        _, late = _turns(days, due, meeting.day, every)
        turns += LOST * _turns(days, due, min(meeting.day, today), every)[0]
        # A lost turn shows when most of a rhythm is over: to count others sooner would flatter.
        if meeting.day + every * (1 - _NEXT_TURN) <= today:
            turns += _LETTERS.get(meeting.state, "")
        if before and late is not None:
            delays.append(late)
        before = meeting.day
    if before is None or before < today:
        due = before + every if before else start
        turns += LOST * _turns(days, due, today, every)[0]
    return Record(turns, tuple(delays))


_LETTERS = {State.HELD: HELD, State.MISSED: MISSED}


def _turns(days: Openings, due: date, met: date, every: timedelta) -> tuple[int, int | None]:
    """How many turns passed before a meeting, and how late it was for its own."""
    place = days.near(due, due - every / 2)
    if place is None:
        return 0, None
    skipped = int(max(timedelta(), met - days.days[place]) / every + _NEXT_TURN)
    if skipped:
        due = max(due, days.days[place]) + skipped * every
        place = days.near(due, due - every / 2)
    return skipped, None if place is None else days.after(met) - place


def pending(kept: Sequence[Kept]) -> list[State]:
    """The live meetings, as they stand: whether each is held is still to be seen."""
    return [meeting.state for meeting in kept if meeting.state in LIVE]


@dataclass(frozen=True)
class Cohort:
    """What is known of pairs at large: how often turns are held (`share`), how alike pairs are in
    that (`spread`), the share that comes to a confirmed meeting, and the delays."""

    share: float
    spread: float
    agreed: float
    delays: tuple[tuple[int, float], ...]

    def habits(self, own: Record) -> Habits:
        """A pair's habits, its own record weighed with the cohort's."""
        weights = {late: _OWN_DELAYS * chance for late, chance in self.delays}
        for late, times in Counter(own.delays).items():
            weights[late] = weights.get(late, 0.0) + times
        whole = sum(weights.values())
        return Habits(
            held=self.share * self.spread + own.weighed(HELD),
            failed=(1 - self.share) * self.spread + own.weighed(MISSED, LOST),
            agreed=self.agreed,
            delays=tuple((late, weight / whole) for late, weight in sorted(weights.items())),
        )


def cohort(records: Iterable[Record]) -> Cohort:
    """Learn from all pairs' records; from none, the usual."""
    known = list(records)
    turns = Counter(letter for r in known for letter in r.turns)
    whole = turns.total()
    share = (turns[HELD] + _USUAL * _USUAL_WEIGHT) / (whole + _USUAL_WEIGHT)
    usual_lost = _USUAL_LOST * (1 - _USUAL) * _USUAL_WEIGHT
    lost = (turns[LOST] + usual_lost) / (whole + _USUAL_WEIGHT)
    each = Counter((r.turns.count(HELD), len(r.turns) - r.turns.count(HELD)) for r in known)
    spread = max(_SPREADS, key=lambda s: _likelihood(each, share, s))
    return Cohort(share, spread, 1 - lost, _delays(known))


def _likelihood(turns: Counter[tuple[int, int]], share: float, spread: float) -> float:
    """Log likelihood of a Beta-binomial, with a slight pull to the usual spread."""
    a, b = share * spread, (1 - share) * spread
    pull = -((log(spread / _LIKELY_SPREAD) / _SPREAD_WIDTH) ** 2) / 2
    return pull + sum(
        times * (_log_beta(a + h, b + f) - _log_beta(a, b)) for (h, f), times in turns.items()
    )


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def _delays(records: Sequence[Record]) -> tuple[tuple[int, float], ...]:
    weights = {late: _USUAL_WEIGHT * chance for late, chance in _USUAL_DELAYS.items()}
    for late, times in Counter(late for r in records for late in r.delays).items():
        weights[late] = weights.get(late, 0.0) + times
    whole = sum(weights.values())
    return tuple((late, weight / whole) for late, weight in sorted(weights.items()))

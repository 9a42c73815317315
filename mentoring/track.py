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
_SPREADS = (2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 11.0, 16.0, 30.0)
"""How alike pairs may be, as the sum of a Beta distribution's two counts."""
_USUAL_SPREAD = 6.0
_USUAL_DELAYS = {0: 0.65, 1: 0.15, 2: 0.1, 4: 0.06, 8: 0.04}
_USUAL_LOST = 0.4
_OWN_DELAYS = 5.0
"""How many turns of its own weigh as much as the cohort's delays do."""
_FADES = 0.9
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

    Its share of held turns is a Beta distribution with counts `held` and `failed`. `lost` is the
    share of failed turns that no meeting was agreed on, in the cohort. `delays` are pairs of days
    on which the pair could meet and a chance; the chances sum to 1.
    """

    held: float
    failed: float
    lost: float
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
    """How many turns passed before a meeting, and how late it was for its own.

    Weeks in which they could not meet pass no turn, however long they were.
    """
    place = days.near(due, due - every / 2)
    if place is None:
        return 0, None
    by_date = int(max(timedelta(), met - days.days[place]) / every + _NEXT_TURN)
    by_days = max(0, days.after(met) - place) / days.in_rhythm(every)
    if skipped := min(by_date, int(by_days + 1 - _NEXT_TURN)):
        due = max(due, days.days[place]) + skipped * every
        place = days.near(due, due - every / 2)
    return skipped, None if place is None else days.after(met) - place


def pending(kept: Sequence[Kept]) -> list[State]:
    """The live meetings, as they stand: whether each is held is still to be seen."""
    return [meeting.state for meeting in kept if meeting.state in LIVE]


@dataclass(frozen=True)
class Cohort:
    """What is known of pairs at large: how often turns are held (`share`), how alike pairs are in
    that (`spread`), the share of failed turns that were lost, and the delays."""

    share: float
    spread: float
    lost: float
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
            lost=self.lost,
            delays=tuple((late, weight / whole) for late, weight in sorted(weights.items())),
        )


def cohort(records: Iterable[Record]) -> Cohort:
    """Learn from all pairs' records; from none, the usual."""
    known = list(records)
    # The first turn comes of the introduction: it says something of a pair, too much of pairs.
    turns = Counter(letter for r in known for letter in r.turns[1:])
    whole = turns.total()
    share = (turns[HELD] + _USUAL * _USUAL_WEIGHT) / (whole + _USUAL_WEIGHT)
    failed = turns[MISSED] + turns[LOST]
    lost = (turns[LOST] + _USUAL_LOST * _USUAL_WEIGHT) / (failed + _USUAL_WEIGHT)
    return Cohort(share, _spread(known, share), lost, _delays(known))


def _spread(known: Iterable[Record], share: float) -> float:
    """The spread that makes the cohort's records likeliest, with a slight pull to the usual."""
    each = Counter((r.turns.count(HELD), len(r.turns)) for r in known)

    def fit(spread: float) -> float:
        a, b = share * spread, (1 - share) * spread
        alike = sum(
            pairs * (_log_beta(a + held, b + turns - held) - _log_beta(a, b))
            for (held, turns), pairs in each.items()
        )
        return alike - log(spread / _USUAL_SPREAD) ** 2 / 2

    return max(_SPREADS, key=fit)


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def _delays(records: Sequence[Record]) -> tuple[tuple[int, float], ...]:
    weights = {late: _USUAL_WEIGHT * chance for late, chance in _USUAL_DELAYS.items()}
    for late, times in Counter(late for r in records for late in r.delays).items():
        weights[late] = weights.get(late, 0.0) + times
    whole = sum(weights.values())
    return tuple((late, weight / whole) for late, weight in sorted(weights.items()))

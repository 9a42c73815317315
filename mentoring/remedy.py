"""What would help a pair to reach its goal: the least change that does, and the chance with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from mentoring.chance import Denser, Outlook, at_least, held_by_end
from mentoring.opening_hours import cheapest_opening
from mentoring.outlook import Case, outlook
from mentoring.track import Cohort

LIKELY = 0.8
"""A chance that is good enough: above it no remedy is looked for, and the first with it wins."""
_SHORTER = (45, 30)
_MONTHS = 2
_MANY = 4
"""Days of a usual week on which a pair can meet, from which on a shorter meeting opens none."""
_HELPS = 0.05
"""What a change must give at the least to be worth a word."""
_MORE = ("one more meeting", "two more meetings", "three more meetings")
_APART = timedelta(weeks=2)
_DAY, _WEEK = timedelta(days=1), timedelta(weeks=1)
_LATE_IN_MONTH = 10


@dataclass(frozen=True)
class Remedy:
    """A change in words, and the chance with it."""

    words: str
    chance: float


def remedy(case: Case, cohort: Cohort, ahead: Outlook, goal: int, chance: float) -> Remedy | None:
    """The cheapest change that makes the goal likely, else the one that helps most.

    None where none is needed, or none helps.
    """
    if chance >= LIKELY or case.today > case.pair.end:
        return None
    best: Remedy | None = None
    for option in _options(case, cohort, ahead, goal):
        if option.chance >= LIKELY:
            return option
        if option.chance > (best.chance if best else chance + _HELPS):
            best = option
    return best


def _options(case: Case, cohort: Cohort, ahead: Outlook, goal: int) -> Iterator[Remedy]:
    """What could be changed, the cheapest first; the goal itself comes last."""
    yield from _more(ahead, goal, 1)
    yield from _shorter(case, cohort, goal)
    yield from _denser(case, ahead, goal, 1)
    yield from _wider(case, cohort, goal)
    yield from _more(ahead, goal, 2)
    yield from _denser(case, ahead, goal, 2)
    yield from _more(ahead, goal, 3)
    yield from _denser_to_the_end(case, ahead, goal)
    yield from _lower(ahead, goal)


def _more(ahead: Outlook, goal: int, extra: int) -> Iterator[Remedy]:
    """So many meetings besides the rhythm, within two weeks each."""
    by = min(ahead.earliest + extra * _APART, ahead.end)
    first, after = ahead.days.after(ahead.earliest), ahead.days.after(by + _DAY)
    if after - first >= extra:
        words = f"Hold {_MORE[extra - 1]} by {_day(ahead.days.days[after - 1])}."
        held = held_by_end(replace(ahead, extra=extra))
        yield Remedy(words, at_least(goal, held))


def _shorter(case: Case, cohort: Cohort, goal: int) -> Iterator[Remedy]:
    """Shorter meetings, where they open more days."""
    if case.days.a_week >= _MANY:
        return
    minutes = case.pair.agreement.minutes
    for less in _SHORTER:
        if less < minutes:
            agreement = replace(case.pair.agreement, minutes=less)
            shorter = case.under(replace(case.pair, agreement=agreement), case.people)
            if len(shorter.days.days) > len(case.days.days):
                words = f"Meet for {less} minutes instead of {minutes}."
                yield Remedy(words, at_least(goal, held_by_end(outlook(shorter, cohort))))


def _denser(case: Case, ahead: Outlook, goal: int, months: int) -> Iterator[Remedy]:
    """The rhythm doubled for a month, or two."""
    every = ahead.every / 2
    if every < _DAY:
        return
    for first, last in _whole_months(case.today, ahead.end, months):
        denser = Denser(max(first, case.today), last, every)
        words = f"Meet {_spoken_rhythm(every)} in {_spoken_months(first, last)}."
        yield Remedy(words, at_least(goal, held_by_end(replace(ahead, denser=denser))))


def _denser_to_the_end(case: Case, ahead: Outlook, goal: int) -> Iterator[Remedy]:
    every = ahead.every / 2
    if every >= _DAY:
        denser = Denser(case.today, ahead.end, every)
        held = held_by_end(replace(ahead, denser=denser))
        yield Remedy(f"Meet {_spoken_rhythm(every)} until the end.", at_least(goal, held))


def _whole_months(today: date, end: date, months: int) -> Iterator[tuple[date, date]]:
    """Runs of so many months ahead, first and last day; one that is well under way is left out."""
    first = today.replace(day=1)
    if today.day > _LATE_IN_MONTH:
        first = _next_month(first)
    for _ in range(_MONTHS):
        after = first
        for _ in range(months):
            after = _next_month(after)
        if after - _WEEK <= end:
            yield first, after - _DAY
        first = _next_month(first)


def _next_month(day: date) -> date:
    return (day + timedelta(days=31)).replace(day=1)


def _wider(case: Case, cohort: Cohort, goal: int) -> Iterator[Remedy]:
    """Hours that one of the two opens, where they share few."""
    opening = cheapest_opening(case)
    if opening is not None:
        wider = case.under(case.pair, opening.people)
        yield Remedy(opening.words, at_least(goal, held_by_end(outlook(wider, cohort))))


def _lower(ahead: Outlook, goal: int) -> Iterator[Remedy]:
    """The highest goal that is likely, down to half of it: less is no goal."""
    held = held_by_end(ahead)
    for less in range(goal - 1, max(0, ahead.held - 1, goal // 2 - 1), -1):
        chance = at_least(less, held)
        if chance >= LIKELY:
            yield Remedy(f"Aim for {less} instead of {_spoken_meetings(goal)}.", chance)
            return


def _spoken_rhythm(every: timedelta) -> str:
    if every == _WEEK:
        return "every week"
    if every * 2 == _WEEK:
        return "twice a week"
    weeks, rest = divmod(every, _WEEK)
    return f"every {every.days} days" if rest else f"every {weeks} weeks"


def _spoken_months(first: date, last: date) -> str:
    names = [f"{day:%B}" for day in (first, last)]
    return " and ".join(dict.fromkeys(names))


def _spoken_meetings(number: int) -> str:
    return f"{number} meetings" if number != 1 else "1 meeting"


def _day(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b %Y}"

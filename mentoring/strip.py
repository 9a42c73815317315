"""A pair's term week by week: what a strip shows, and the same in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from mentoring.roster import ExceptionKind, Pair, Person

_WEEK = timedelta(weeks=1)
_FRIDAY = timedelta(days=4)
_WORKDAYS = 5
_MOST_OFF = 3
"""A week with so many workdays blocked for one of the two counts as blocked."""


class Mark(StrEnum):
    """What became of a week's meeting, the strongest first."""

    MISSED = "missed"
    HELD = "held"
    ASSUMED = "held, as assumed"
    PLANNED = "planned"
    PROPOSED = "proposed"


class Blocked(StrEnum):
    DEADLINE = "a deadline"
    AWAY = "away"


_ORDER = list(Mark)


@dataclass(frozen=True)
class Met:
    """A meeting that counts for a strip, on the programme's day."""

    day: date
    mark: Mark


@dataclass(frozen=True)
class Week:
    """One week by its Monday; `now` for the one that today is in."""

    monday: date
    mark: Mark | None = None
    blocked: Blocked | None = None
    now: bool = False


def strip(
    pair: Pair, people: Iterable[Person], meetings: Sequence[Met], today: date
) -> tuple[Week, ...]:
    """Every week of the pair's term. Of two meetings in a week the one that matters more shows."""
    marks: dict[date, Mark] = {}
    for met in meetings:
        monday = _monday(met.day)
        known = marks.get(monday)
        if known is None or _ORDER.index(met.mark) < _ORDER.index(known):
            marks[monday] = met.mark
    both, weeks = tuple(people), []
    monday, last = _monday(pair.start), _monday(pair.end)
    while monday <= last:
        blocked = _blocked(pair, both, monday)
        weeks.append(Week(monday, marks.get(monday), blocked, monday == _monday(today)))
        monday += _WEEK
    return tuple(weeks)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _blocked(pair: Pair, people: Sequence[Person], monday: date) -> Blocked | None:
    """Why hardly anything can be planned in a week; a deadline is named before an absence."""
    if any(_covers(p.first, p.last, monday) >= _MOST_OFF for p in pair.pauses):
        return Blocked.AWAY
    away = None
    for person in people:
        for exception in person.exceptions:
            if _covers(exception.first, exception.last, monday) < _MOST_OFF:
                continue
            if exception.kind is ExceptionKind.DEADLINE:
                return Blocked.DEADLINE
            if exception.kind is ExceptionKind.OFF:
                away = Blocked.AWAY
    return away


def _covers(first: date, last: date, monday: date) -> int:
    """How many of a week's five workdays lie between two days."""
    days = (min(last, monday + _FRIDAY) - max(first, monday)).days + 1
    return min(max(days, 0), _WORKDAYS)


def in_words(weeks: Sequence[Week]) -> str:
    """The strip for who can't see it: "29 weeks. Held: weeks 2, 4. Missed: week 6."."""
    said = [f"{len(weeks)} weeks"]
    for kind in (*Mark, *Blocked):
        numbers = [n for n, week in enumerate(weeks, 1) if kind in (week.mark, week.blocked)]
        if numbers:
            word = "week" if len(numbers) == 1 else "weeks"
            said.append(f"{kind[0].upper()}{kind[1:]}: {word} {_ranges(numbers)}")
    now = next((n for n, week in enumerate(weeks, 1) if week.now), None)
    if now:
        said.append(f"Now: week {now}")
    return ". ".join(said) + "."


def _ranges(numbers: Sequence[int]) -> str:
    """1, 2, 3, 7 as "1 to 3, 7"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]} to {run[-1]}" if len(run) > 2 else _plain(run) for run in runs)


def _plain(run: Sequence[int]) -> str:
    return ", ".join(map(str, run))

"""What partners choose for themselves: to be away, to meet at other hours, to end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from mentoring.hours import HoursError, parse_hours
from mentoring.notices import Party, Reader
from mentoring.roster import DateException, ExceptionKind, Pair, Pause, Roster


class ChoiceKind(StrEnum):
    AWAY = "away"
    HOURS = "hours"
    END = "end"


@dataclass(frozen=True)
class Choice:
    """One partner's choice, theirs alone.

    `first` and `last` are local dates, both included; no `last` means until further notice. `value`
    holds the new hours of `hours`. `mentor` and `mentee` name the pair that `end` ends, from
    `first` on.
    """

    person: str
    kind: ChoiceKind
    first: date
    last: date | None = None
    value: str = ""
    mentor: str = ""
    mentee: str = ""


FURTHEST = timedelta(days=366)
"""Nobody plans to be away later than this; such a year is a slip of the finger."""
_LONGEST = 200


class Fault(StrEnum):
    """Why a choice can't be taken as it was written."""

    DATES = "dates"
    ORDER = "order"
    PAST = "past"
    FAR = "far"
    HOURS = "hours"
    NOT_AWAY = "not away"


def away(person: str, first: str, last: str, today: date) -> Choice | Fault:
    """Away between two dates in ISO 8601, both included."""
    start, end = _date(first), _date(last)
    if start is None or end is None:
        return Fault.DATES
    return _fault(start, end, today) or Choice(person, ChoiceKind.AWAY, start, end)


def other_hours(person: str, text: str, first: str, last: str, today: date) -> Choice | Fault:
    """Other work hours from a date until another; no `last` means until further notice."""
    start, end = _date(first), _date(last) if last else None
    if start is None or (last and end is None):
        return Fault.DATES
    if len(text) > _LONGEST or not text.isprintable():
        return Fault.HOURS
    try:
        parse_hours(text)
    except HoursError:
        return Fault.HOURS
    return _fault(start, end, today) or Choice(person, ChoiceKind.HOURS, start, end, text)


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _fault(first: date, last: date | None, today: date) -> Fault | None:
    if last and last < first:
        return Fault.ORDER
    if last and last < today:
        return Fault.PAST
    if max(first, last or first) > today + FURTHEST:
        return Fault.FAR
    return None


def is_over(choice: Choice, today: date) -> bool:
    """Whether a choice has nothing left to say, and so nothing to undo."""
    return choice.last is not None and choice.last < today


def pause_on(pair: Pair, first: date, last: date) -> Pause | None:
    """The pause that touches these days, joined with those that follow on it."""
    pauses = sorted(pair.pauses, key=lambda pause: pause.first)
    joined: Pause | None = None
    for pause in pauses:
        if joined and pause.first <= joined.last + timedelta(days=1):
            last_day = max(joined.last, pause.last)
            joined = Pause(joined.first, last_day, joined.by_coordinator or pause.by_coordinator)
        elif joined is None and pause.first <= last and pause.last >= first:
            joined = pause
    return joined


def mostly_paused(pair: Pair, first: date, last: date) -> Pause | None:
    """The pause that takes half of these days or more."""
    pause = pause_on(pair, first, last)
    if pause is None:
        return None
    taken = min(last, pause.last) - max(first, pause.first)
    return pause if taken * 2 >= last - first else None


def with_choices(roster: Roster, choices: Sequence[Choice]) -> Roster:
    """The roster as partners changed it since, the newest choice last in `choices`."""
    if not choices:
        return roster
    people = dict(roster.people)
    for choice in choices:
        if choice.person in people and choice.kind is not ChoiceKind.END:
            person = people[choice.person]
            exceptions = (_exception(choice), *person.exceptions)
            people[choice.person] = replace(person, exceptions=exceptions)
    pairs = tuple(_changed(pair, choices) for pair in roster.pairs)
    return replace(roster, people=people, pairs=pairs)


def _exception(choice: Choice) -> DateException:
    last = choice.last or date.max
    if choice.kind is ChoiceKind.AWAY:
        return DateException(ExceptionKind.OFF, choice.first, last)
    hours = parse_hours(choice.value)
    return DateException(ExceptionKind.HOURS, choice.first, last, choice.value, hours)


def with_pauses(roster: Roster, pauses: Mapping[tuple[str, str], Sequence[Pause]]) -> Roster:
    """The roster with what the coordinator paused, by pair."""
    if not pauses:
        return roster
    pairs = tuple(
        replace(pair, pauses=(*pair.pauses, *pauses[pair.key])) if pair.key in pauses else pair
        for pair in roster.pairs
    )
    return replace(roster, pairs=pairs)


def _changed(pair: Pair, choices: Iterable[Choice]) -> Pair:
    for choice in choices:
        if choice.kind is ChoiceKind.END and (choice.mentor, choice.mentee) == pair.key:
            pair = replace(pair, end=min(pair.end, choice.first - timedelta(days=1)))
        elif choice.kind is ChoiceKind.AWAY and choice.person in pair.key:
            pause = Pause(choice.first, choice.last or date.max)
            pair = replace(pair, pauses=(*pair.pauses, pause))
    return pair


@dataclass(frozen=True)
class ChosenNotice:
    """`kind` chosen: what this reader's mail was understood to say, and the code to undo it.

    `other` is the partner with whom it ends, empty for the rest; `undone` where it was taken back.
    """

    key: str
    reader: Reader
    choice: ChoiceKind
    first: date
    last: date | None
    hours: str
    other: str
    code: str
    undone: bool = False
    kind: str = "chosen"


@dataclass(frozen=True)
class EndCheckNotice:
    """`kind` endcheck: does this reader mean to end the mentoring? `code` says so."""

    key: str
    reader: Reader
    other: Party
    code: str
    link: str = ""
    kind: str = "endcheck"


@dataclass(frozen=True)
class EndedNotice:
    """`kind` ended: to both and the coordinator; never who ended it."""

    key: str
    reader: Reader
    mentor: Party
    mentee: Party
    for_coordinator: bool
    kind: str = "ended"

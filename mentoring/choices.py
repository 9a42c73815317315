"""What partners choose for themselves: to be away, to meet at other hours, to end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from mentoring.hours import parse_hours
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


def _changed(pair: Pair, choices: Iterable[Choice]) -> Pair:
    for choice in choices:
        if choice.kind is ChoiceKind.END and (choice.mentor, choice.mentee) == pair.key:
            pair = replace(pair, end=min(pair.end, choice.first - timedelta(days=1)))
        elif choice.kind is ChoiceKind.AWAY and choice.person in pair.key:
            pause = Pause(choice.first, choice.last or date.max)
            pair = replace(pair, pauses=(*pair.pauses, pause))
    return pair

"""What a search for a pair's time is given, and what it answers: plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mentoring.availability import local_day
from mentoring.costs import Reason
from mentoring.free import Free
from mentoring.interval import Interval
from mentoring.roster import Person


@dataclass(frozen=True)
class Side:
    """One partner as the search sees them.

    `hours` are the stretches in which they may meet, `busy` what their calendar says, `taken` their
    other meetings, `borne` the inconvenient minutes that they have had so far.
    """

    role: str
    person: Person
    hours: tuple[Interval, ...]
    busy: tuple[Interval, ...] = ()
    taken: tuple[Interval, ...] = ()
    borne: float = 0.0


@dataclass(frozen=True)
class Wanted:
    """What is looked for: a meeting of `minutes` inside `window`, best near `due`.

    `in_person`: face to face on a day when both are on site, which is preferred; `lunch`: there is
    a place for lunch there, so that its hour is no cost.
    """

    window: Interval
    due: datetime
    minutes: int
    buffer: timedelta = timedelta(0)
    in_person: bool = True
    lunch: bool = False
    refused: tuple[Interval, ...] = ()


@dataclass(frozen=True)
class Slot:
    """A time that suits both. `edges` are the awkward minutes that each side (mentor, mentee)
    bears, `borne` those that each bore before: in their first and last hour, and over lunch.

    `outside`: it lies outside hours, as both agreed, and both are minutes outside hours.
    """

    interval: Interval
    cost: float
    reasons: tuple[Reason, ...]
    on_site: bool
    edges: tuple[float, float]
    outside: bool = False
    borne: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Seat:
    """A side as bits: what the search works on."""

    role: str
    person: Person
    free: Free
    borne: float = 0.0


Asked = tuple[Seat, Seat, Wanted]


@dataclass(frozen=True)
class Found:
    """The outcome of a search. `rejected` counts quarter-hour starts by the first cause.

    `asked` is what the search was given.
    """

    chosen: Slot | None
    alternatives: tuple[Slot, ...] = ()
    rejected: Mapping[str, int] = field(default_factory=dict)
    asked: Asked | None = field(default=None, compare=False)


def shares_site(mentor: Person, mentee: Person, start: datetime) -> bool:
    """Whether the two can meet face to face then: one site, a day on which both are there."""
    both = (mentor, mentee)
    return one_site(*both) and all(local_day(p, start).weekday() in p.onsite for p in both)


def one_site(mentor: Person, mentee: Person) -> bool:
    """Whether the two have a site in common."""
    return bool(mentor.site) and mentor.site.casefold() == mentee.site.casefold()

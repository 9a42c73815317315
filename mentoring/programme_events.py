"""The programme's own events: who is asked when, what they answered, who was there."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from mentoring.availability import local_day
from mentoring.interval import Interval
from mentoring.notices import Party, Reader
from mentoring.roster import Event, Pair, Person

STEPS = (30, 7, 1)
"""Days before an event on which its mails are due."""
BRIEFED_WITHIN = timedelta(days=21)
BRIEFING_MINUTES = 30


class Rsvp(StrEnum):
    """How somebody comes to an event, or that they don't."""

    IN_PERSON = "in person"
    ONLINE = "online"
    ABSENT = "absent"


COMING = frozenset({Rsvp.IN_PERSON, Rsvp.ONLINE})


def identified(events: Sequence[Event]) -> dict[str, Event]:
    """Each event by an id that outlives a change of its time, place or link.

    It is the event of its title and kind, the first, second … of that name.
    """
    known: dict[str, Event] = {}
    seen: dict[tuple[str, str], int] = {}
    for event in sorted(events, key=lambda e: e.start):
        name = (event.title.casefold(), event.kind)
        seen[name] = seen.get(name, 0) + 1
        text = "\0".join((*name, str(seen[name])))
        known[hashlib.sha256(text.encode()).hexdigest()[:16]] = event
    return known


def invited(pairs: Sequence[Pair], people: Mapping[str, Person], event: Event) -> tuple[str, ...]:
    """Everyone in a pair that runs on the event's day, each on their own clock."""
    found = {
        email: None
        for pair in pairs
        for email in pair.key
        if pair.start <= local_day(people[email], event.start) <= pair.end
    }
    return tuple(found)


def is_invited(pairs: Sequence[Pair], person: Person, start: datetime) -> bool:
    """Whether one of a person's own pairs runs on the day of an event that starts then."""
    day = local_day(person, start)
    return any(p.start <= day <= p.end for p in pairs)


def due_step(start: datetime, now: datetime) -> int | None:
    """The newest of the steps that is due; None before the first, and once the event began."""
    if now >= start:
        return None
    due = [step for step in STEPS if now >= start - timedelta(days=step)]
    return min(due, default=None)


def ways(event: Event) -> tuple[Rsvp, ...]:
    """How one can come: in person where there is a place, online where there is a link."""
    found = [Rsvp.IN_PERSON] if event.place or not event.link else []
    return (*found, *([Rsvp.ONLINE] if event.link else []))


def accepted_way(event: Event, person: Person) -> Rsvp:
    """What a calendar's plain "accept" means: in person at one's own site, else online."""
    if Rsvp.ONLINE not in ways(event):
        return Rsvp.IN_PERSON
    at_home = event.place and person.site.casefold() == event.place.casefold()
    return Rsvp.IN_PERSON if at_home else Rsvp.ONLINE


def is_asked(step: int, answer: Rsvp | None, answered: datetime | None, start: datetime) -> bool:
    """Whether a reminder is of use: who can't come is asked once more, at the step after they said
    so (`answered`), then left."""
    if answer is not Rsvp.ABSENT or step == STEPS[1]:
        return True
    last_asked = start - timedelta(days=STEPS[1])
    return step == STEPS[2] and answered is not None and answered >= last_asked


def was_there(
    answer: Rsvp | None, said: bool | None, working_days: int, patience: int
) -> bool | None:
    """Whether somebody attended; None while nobody can tell.

    Their word counts. Without one, who said no was not there; who said yes was, and who never
    answered was not, after so many working days of `patience`.
    """
    if said is not None:
        return said
    if answer is Rsvp.ABSENT:
        return False
    return answer in COMING if working_days >= patience else None


def to_brief(
    present: Collection[str], absent: Collection[str], pair: Pair
) -> tuple[str, str] | None:
    """Who of a pair was there and who was not; None where there is nobody to brief."""
    for one, other in (pair.key, pair.key[::-1]):
        if one in present and other in absent:
            return one, other
    return None


@dataclass(frozen=True)
class EventFacts:
    """An event as its mails describe it."""

    uid: str
    sequence: int
    title: str
    slot: Interval
    zone: str
    place: str
    link: str
    ways: tuple[Rsvp, ...]


@dataclass(frozen=True)
class EventNotice:
    """`kind` event, event_moved or event_off. `step` is how many days ahead it was due; `again`
    asks once more who said that they can't come. `code` answers by mail, `page` is the page."""

    kind: str
    key: str
    reader: Reader
    event: EventFacts
    step: int
    answer: Rsvp | None
    again: bool
    code: str
    page: str = ""


@dataclass(frozen=True)
class AttendedNotice:
    """`kind` attended: were you there?"""

    key: str
    reader: Reader
    event: EventFacts
    code: str
    page: str = ""
    kind: str = "attended"


@dataclass(frozen=True)
class BriefNotice:
    """`kind` brief: the reader was at an event that their partner missed; `slot` suits both."""

    key: str
    reader: Reader
    other: Party
    event: EventFacts
    slot: Interval | None
    code: str
    page: str = ""
    kind: str = "brief"


@dataclass(frozen=True)
class BriefedNotice:
    """`kind` briefed: the reader's partner will brief them on an event, at `slot`."""

    key: str
    reader: Reader
    other: Party
    event: EventFacts
    slot: Interval
    kind: str = "briefed"

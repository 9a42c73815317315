"""The planning sheet: what a new pair should settle, answered from the data where it can be.

The questions are the closing ones of "Mentoring Virtually in a Teleworking Environment": the best
times, zones, technology, places, shared expertise, and the programme's events.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from mentoring.availability import local_day, meeting_hours, zone_at
from mentoring.interval import Interval, merged
from mentoring.notices import Party, Reader
from mentoring.roster import Event, Pair, Person, Place, Roster
from mentoring.where import shared_tool

_LOOKED_AT = timedelta(weeks=3)
_MOST_CHANGES = 4


class Idea(StrEnum):
    """One concrete way to collaborate: write together, rehearse a talk, or teach each other."""

    WRITE = "write"
    REHEARSE = "rehearse"
    TEACH = "teach"


_TALKS = ("speak", "present", "brief", "talk")


@dataclass(frozen=True)
class Apart:
    """From `since` on the mentee's clock is `minutes` ahead of the mentor's; negative: behind."""

    since: date
    minutes: int


@dataclass(frozen=True)
class Chance:
    """A programme event, and who of the two works then and has nothing against it."""

    title: str
    slot: Interval
    place: str
    link: str
    mentor: bool
    mentee: bool


@dataclass(frozen=True)
class Card:
    """What one partner may know of the other."""

    name: str
    zone: str
    site: str
    tools: tuple[str, ...]
    links: tuple[str, ...]
    expertise: tuple[str, ...]


@dataclass(frozen=True)
class Sheet:
    """The answers. `times` is one common stretch a weekday, in a week near the pair's start;
    `on_site` the weekdays, Monday = 0, on which both are at `site`."""

    mentor: Party
    mentee: Party
    times: tuple[Interval, ...]
    apart: tuple[Apart, ...]
    tool: str
    site: str
    on_site: tuple[int, ...]
    places: tuple[Place, ...]
    expertise: tuple[str, ...]
    idea: Idea | None
    events: tuple[Chance, ...]


@dataclass(frozen=True)
class IntroNotice:
    """`kind` intro: who the other is, and the planning sheet; `link` shows it as a page."""

    key: str
    reader: Reader
    other: Card
    mine: Card
    sheet: Sheet
    link: str = ""
    kind: str = "intro"


def card(person: Person, at: datetime) -> Card:
    return Card(
        person.name,
        zone_at(person, at),
        person.site,
        person.tools,
        person.links,
        person.expertise,
    )


def planning_sheet(roster: Roster, pair: Pair, at: datetime) -> Sheet:
    """What the data says of a pair from an instant on."""
    mentor, mentee = roster.both_of(pair)
    site = mentor.site if mentor.site.casefold() == mentee.site.casefold() else ""
    shared = _shared(mentor.expertise, mentee.expertise)
    return Sheet(
        mentor=Party(mentor.name, mentor.email, zone_at(mentor, at)),
        mentee=Party(mentee.name, mentee.email, zone_at(mentee, at)),
        times=best_times(mentor, mentee, at, pair.agreement.minutes),
        apart=hours_apart(mentor, mentee, at.date(), pair.end),
        tool=shared_tool(mentor, mentee),
        site=site,
        on_site=tuple(sorted(mentor.onsite & mentee.onsite)) if site else (),
        places=tuple(p for p in roster.places if site and p.site.casefold() == site.casefold()),
        expertise=shared,
        idea=idea(mentor, mentee, shared),
        events=tuple(_chance(e, mentor, mentee) for e in roster.events if e.end > at),
    )


def best_times(mentor: Person, mentee: Person, at: datetime, minutes: int) -> tuple[Interval, ...]:
    """The longest stretch that both work, for each weekday, in the weeks after an instant."""
    window = Interval(at, at + _LOOKED_AT)
    common = _common(meeting_hours(mentor, window), meeting_hours(mentee, window))
    longest: dict[int, Interval] = {}
    for stretch in common:
        day = local_day(mentee, stretch.start).weekday()
        if stretch.length >= timedelta(minutes=minutes):
            longest[day] = max(longest.get(day, stretch), stretch, key=lambda s: s.length)
    return tuple(longest[day] for day in sorted(longest))


def _common(first: Iterable[Interval], second: Sequence[Interval]) -> list[Interval]:
    return merged(
        Interval(max(a.start, b.start), min(a.end, b.end))
        for a in first
        for b in second
        if a.overlaps(b)
    )


def hours_apart(mentor: Person, mentee: Person, first: date, last: date) -> tuple[Apart, ...]:
    """How far apart their clocks are on the first day, and each change until the last."""
    changes: list[Apart] = []
    day = first
    while day <= last and len(changes) <= _MOST_CHANGES:
        minutes = _offset(mentee, day) - _offset(mentor, day)
        if not changes or changes[-1].minutes != minutes:
            changes.append(Apart(day, minutes))
        day += timedelta(days=1)
    return tuple(changes)


def _offset(person: Person, day: date) -> int:
    """Minutes ahead of UTC at noon of a day."""
    noon = datetime.combine(day, time(12), ZoneInfo(person.timezone))
    offset = noon.astimezone(ZoneInfo(zone_at(person, noon))).utcoffset() or timedelta()
    return int(offset.total_seconds() // 60)


def _shared(first: Sequence[str], second: Sequence[str]) -> tuple[str, ...]:
    known = {name.casefold() for name in second}
    return tuple(name for name in first if name.casefold() in known)


def idea(mentor: Person, mentee: Person, shared: Sequence[str]) -> Idea | None:
    """What the two could do together: by shared expertise, else by what each has."""
    if any(word in name.casefold() for name in shared for word in _TALKS):
        return Idea.REHEARSE
    if shared:
        return Idea.WRITE
    return Idea.TEACH if mentor.expertise and mentee.expertise else None


def _chance(event: Event, mentor: Person, mentee: Person) -> Chance:
    slot = Interval(event.start, event.end)
    can = (_works(person, slot) for person in (mentor, mentee))
    return Chance(event.title, slot, event.place, event.link, *can)


def _works(person: Person, slot: Interval) -> bool:
    return any(stretch.contains(slot) for stretch in meeting_hours(person, slot))

"""A supervisor's section on one employee: what the store knows, told through `Summary` alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.engine import Connection

from mentoring.availability import zone_at
from mentoring.interval import Interval
from mentoring.notices import Why
from mentoring.period import Period
from mentoring.programme_events import Rsvp, invited, ways
from mentoring.roster import Event, Pair, Person
from mentoring.summarise import Known, Told, summarise
from mentoring.summary import EventDate, EventKind, Name, Summary, Way
from mentoring.where import place_near
from service.events import Gathering, attendance, gatherings
from service.welcome import NAMED, YES
from service.work import Work
from store import agreements, approvals, events, meetings, met, moves, preferences, private
from store.booking import Booking
from store.events import Answer

_WAYS = {Rsvp.IN_PERSON: Way.ON_SITE, Rsvp.ONLINE: Way.VIRTUAL}


@dataclass(frozen=True)
class Cohort:
    """What all sections of a pass share: read once."""

    named: frozenset[str]
    signed: frozenset[tuple[str, str]]
    events: Sequence[tuple[Gathering, Mapping[str, Answer], frozenset[str]]]


def cohort(work: Work, connection: Connection) -> Cohort:
    return Cohort(
        named=preferences.people_with(connection, NAMED, YES),
        signed=frozenset(agreements.in_force(connection)),
        events=[
            (g, events.answers(connection, g.id), frozenset(_asked(work, g.event)))
            for g in gatherings(work, connection)
        ],
    )


def _asked(work: Work, event: Event) -> Sequence[str]:
    return invited(work.roster.pairs, work.roster.people, event)


def running_in(work: Work, period: Period) -> dict[str, list[Pair]]:
    """Everybody's pairs that run on some day of the period."""
    found: dict[str, list[Pair]] = {}
    for pair in work.roster.pairs:
        if pair.start <= period.last and pair.end >= period.first:
            for email in pair.key:
                found.setdefault(email, []).append(pair)
    return found


def section(
    work: Work,
    connection: Connection,
    shared: Cohort,
    person: Person,
    pairs: Sequence[Pair],
    period: Period,
) -> Summary:
    """What this employee's supervisor is told of them for a period, as it stands now."""
    known = Known(
        partners=tuple(_partner(work, shared, pair, person) for pair in pairs),
        signed=sum(pair.key in shared.signed for pair in pairs),
        approved=_is_approved(connection, person),
        attended=tuple(_attended(work, shared, person)),
        asked=tuple(
            _event_date(gathering, answers.get(person.email, Answer()))
            for gathering, answers, asked in shared.events
            if person.email in asked
        ),
    )
    told = _told(work, connection, person)
    return summarise(person, pairs, told, known, period, work.roster.programme, work.now)


def _partner(work: Work, shared: Cohort, pair: Pair, person: Person) -> Name | None:
    """The partner's name where both want theirs told."""
    if not shared.named >= set(pair.key):
        return None
    other = pair.mentee if person.email == pair.mentor else pair.mentor
    return Name(work.roster.people[other].name)


def _is_approved(connection: Connection, person: Person) -> bool:
    boss = person.supervisor
    return boss is not None and approvals.at(connection, person.email, boss.email) is not None


def _told(work: Work, connection: Connection, person: Person) -> list[Told]:
    bookings = meetings.of_person(connection, person.email)
    uids = [booking.uid for booking in bookings]
    said, hidden = met.said_of(connection, uids), private.marked(connection, person.email)
    moved = _moved(connection, uids, person)
    return [
        Told(
            b.meeting,
            on_site=b.on_site,
            lunch=_is_lunch(work, b),
            assumed=b.assumed,
            private=b.uid in hidden,
            said=said.get(b.uid, ()),
            moved_at=moved.get(b.uid, ()),
        )
        for b in bookings
    ]


def _moved(
    connection: Connection, uids: Sequence[str], person: Person
) -> dict[str, tuple[datetime, ...]]:
    """When each of these meetings moved for a deadline of this person."""
    found: dict[str, tuple[datetime, ...]] = {}
    for move in moves.of(connection, uids):
        if move.why is Why.DEADLINE and move.person == person.email:
            found[move.uid] = (*found.get(move.uid, ()), move.at)
    return found


def _is_lunch(work: Work, booking: Booking) -> bool:
    """Whether the place that the invite names is one for lunch."""
    if not booking.on_site:
        return False
    mentor, slot = work.person(booking.guests[0]), booking.meeting.slot
    zone = zone_at(mentor, slot.start)
    place = place_near(work.roster.places, mentor.site, slot, zone, booking.number)
    return place is not None and place.kind == "lunch"


def _attended(work: Work, shared: Cohort, person: Person) -> Iterator[EventDate]:
    for gathering, answers, _ in shared.events:
        answer = answers.get(person.email, Answer())
        if attendance(work, gathering, person, answer):
            yield _event_date(gathering, answer)


def _event_date(gathering: Gathering, answer: Answer) -> EventDate:
    """An event as all who are asked see it, but for how this one comes; never that they don't."""
    event = gathering.event
    open_ways = [_WAYS[way] for way in ways(event)]
    chosen = _WAYS.get(answer.rsvp) if answer.rsvp else None
    only = open_ways[0] if len(open_ways) == 1 else Way.EITHER
    return EventDate(
        EventKind(event.kind or EventKind.OTHER), Interval(event.start, event.end), chosen or only
    )

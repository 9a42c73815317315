"""Gathering what the rules need of a pair: each one's hours, busy times and other meetings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.engine import Connection

from integrations.ports import OPAQUE, item_key
from mentoring.deadlines import whose_deadline, without_deadlines
from mentoring.interval import Interval
from mentoring.notices import Why
from mentoring.roster import Person
from mentoring.slots import Side, shares_site
from mentoring.worktime import worktime
from service.kept_free import kept_free
from service.sync import is_known, is_of
from service.work import Work
from store import calendars, meetings, outbox
from store.booking import Booking
from store.calendars import Busy, Calendar

_ROLES = ("mentor", "mentee")
AROUND = timedelta(days=1)
"""So far beyond a window is looked, for what reaches into it or stands just beside it."""


@dataclass(frozen=True)
class Unknown:
    """Why nothing can be said of the pair's time: whose calendar, and what is wrong with it."""

    reason: str


def unknown(work: Work, connection: Connection, people: tuple[Person, Person]) -> Unknown | None:
    """The first of the two whose calendar can't be relied on now."""
    known = calendars.of_both(connection, (people[0].email, people[1].email))
    for person in people:
        if reason := unknown_reason(person, known.get(person.email), work.now):
            return Unknown(reason)
    return None


def unknown_reason(person: Person, calendar: Calendar | None, now: datetime) -> str:
    """Why a person's time is unknown, judged by their calendar's record; empty where it is not."""
    if not person.calendar:
        return ""
    if calendar and not is_of(person, calendar):
        calendar = None
    if is_known(calendar, now):
        return ""
    why = calendar.reason if calendar and calendar.reason else "it was not read lately"
    return f"the calendar of {person.name} can't be relied on: {why}"


def sides(
    work: Work,
    connection: Connection,
    people: tuple[Person, Person],
    window: Interval,
    *,
    besides: Booking | None = None,
) -> tuple[Side, Side]:
    """Both sides over a window, as if one meeting were not there."""
    both = sides_at(work, connection, people, window, besides=besides)
    uid = besides.uid if besides else ""
    mentor, mentee = (
        replace(side, borne=meetings.borne(connection, side.person.email, besides=uid))
        for side in both
    )
    return mentor, mentee


def sides_at(
    work: Work,
    connection: Connection,
    people: tuple[Person, Person],
    slot: Interval,
    *,
    besides: Booking | None = None,
) -> tuple[Side, Side]:
    """The same about a time that is given: nothing is weighed, so nobody asks what each bore."""
    # A stretch cut at the slot's edge would look like the edge of a working day.
    around = slot.widened(AROUND)
    emails, uid = (people[0].email, people[1].email), besides.uid if besides else ""
    busy = calendars.busy_of(connection, emails, around)
    taken = meetings.taken(connection, emails, around, besides=uid)
    mentor, mentee = (
        Side(
            role=role,
            person=person,
            hours=tuple(worktime(person, slot).hours(around)),
            busy=tuple(_others(connection, person, busy[person.email], besides)),
            taken=(*taken[person.email], *kept_free(connection, work.roster, person, around)),
        )
        for role, person in zip(_ROLES, people, strict=True)
    )
    return mentor, mentee


def _others(
    connection: Connection, person: Person, busy: Iterable[Busy], besides: Booking | None
) -> Iterator[Interval]:
    """A person's busy times but for the meeting itself, as it stands in their calendar."""
    for each in busy if person.calendar else ():
        if besides is None or not _is_own(connection, person, each, besides):
            yield each.interval


def _is_own(connection: Connection, person: Person, busy: Busy, booking: Booking) -> bool:
    """Whether a busy stretch is the meeting itself.

    Free/busy alone melts it into one with what lies beside it: a stretch that covers the whole of
    a meeting the person has heard of is taken for the meeting.
    """
    if busy.item != OPAQUE:
        return busy.item == item_key(booking.uid)
    if busy.interval == booking.meeting.slot:
        return True
    heard = outbox.known_start(connection, booking.uid, person.email)
    return heard == booking.meeting.slot.start and busy.interval.contains(booking.meeting.slot)


def conflict(
    work: Work, connection: Connection, booking: Booking, people: tuple[Person, Person]
) -> Why | None:
    """Why a booked time no longer suits both; None where it does, or where nobody can tell.

    A deadline is known whether or not calendars can be read.
    """
    slot = booking.meeting.slot
    if _is_taken_by_deadline(work, connection, booking, people):
        return Why.DEADLINE
    if unknown(work, connection, people):
        return None
    if booking.on_site and not shares_site(*people, slot.start):
        return Why.SITE
    both = _as_agreed(work, connection, booking, people)
    return {"hours": Why.HOURS, "busy": Why.CONFLICT}.get(suits(both, slot, timedelta(0)))


def _is_taken_by_deadline(
    work: Work, connection: Connection, booking: Booking, people: tuple[Person, Person]
) -> bool:
    """Whether a deadline, and nothing but deadlines, puts the time outside their hours."""
    slot = booking.meeting.slot
    if not whose_deadline(people, slot):
        return False
    freed = without_deadlines(people[0]), without_deadlines(people[1])
    both = _as_agreed(work, connection, booking, freed)
    return all(_inside_hours(side, slot) for side in both)


def _as_agreed(
    work: Work, connection: Connection, booking: Booking, people: tuple[Person, Person]
) -> tuple[Side, Side]:
    """Both sides at a booked time, their hours bent as they agreed to."""
    both = sides_at(work, connection, people, booking.meeting.slot, besides=booking)
    if not booking.outside:
        return both
    return _bent(both[0], booking.edges[0]), _bent(both[1], booking.edges[1])


def _bent(side: Side, minutes: float) -> Side:
    """The side with hours as wide as they agreed to bend for a meeting."""
    margin = timedelta(minutes=minutes)
    return replace(side, hours=tuple(stretch.widened(margin) for stretch in side.hours))


def _inside_hours(side: Side, slot: Interval) -> bool:
    return any(stretch.contains(slot) for stretch in side.hours)


def suits(both: tuple[Side, Side], slot: Interval, buffer: timedelta) -> str:
    """Empty where a time suits both; else "hours" or "busy"."""
    if not all(_inside_hours(side, slot) for side in both):
        return "hours"
    wide = slot.widened(buffer)
    if any(wide.overlaps(hole) for side in both for hole in (*side.busy, *side.taken)):
        return "busy"
    return ""

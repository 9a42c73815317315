"""A booked meeting: made of a slot, moved to another, called off; why this time, in JSON.

Every move and every end goes through `move` and `call_off`, which note why, and whose deadline.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.engine import Connection

from mentoring.availability import zone_at
from mentoring.deadlines import whose_deadline
from mentoring.interval import Interval
from mentoring.meeting import Attendance, Meeting, State
from mentoring.notices import Why
from mentoring.roster import Pair, Person
from mentoring.slots import Found, Reason, Slot, shares_site
from mentoring.wall_time import wall_time
from service.clock_rules import rules_version
from service.post import post_cancel, post_move
from service.work import Work
from store import meetings, moves
from store.booking import Booking, Guest
from store.moves import Move

log = structlog.get_logger()

COHORT = "cohort"
"""Where a decision keeps who got the pair's cheapest time; nobody, where no room was free then."""


def uid_of(work: Work, pair: Pair, number: int) -> str:
    """The UID of a pair's meeting, booked or not: it follows from the pair and the number."""
    return f"{work.token('uid', *pair.key, number, length=32)}@{work.outside.uid_domain()}"


def new_booking(
    work: Work, pair: Pair, people: tuple[Person, Person], found: Found, *, number: int
) -> Booking:
    slot = _chosen(found)
    uid = uid_of(work, pair, number)
    start = slot.interval.start
    guests = tuple(
        Guest(p.email, p.name, zone_at(p, start), work.token("code", uid, p.email, length=16))
        for p in people
    )
    return Booking(
        meeting=Meeting(
            uid=uid,
            mentor=pair.mentor,
            mentee=pair.mentee,
            state=State.PROPOSED,
            sequence=work.floor,
            tries=1,
            slot=slot.interval,
            proposed_at=work.now,
            attendances=(Attendance(pair.mentor), Attendance(pair.mentee)),
        ),
        number=number,
        guests=(guests[0], guests[1]),
        zone=zone_at(people[1], start),
        on_site=slot.on_site,
        edges=slot.edges,
        refused=(),
        decision=decision(found),
        wall=wall_time(start, zone_at(people[1], start)),
        rules=rules_version(),
    )


def moved_to(
    work: Work, booking: Booking, people: tuple[Person, Person], slot: Slot, why: Why
) -> Booking:
    """The booking at its new time: same UID, SEQUENCE + 1, nobody has answered yet."""
    start = slot.interval.start
    guests = [
        replace(guest, name=person.name, zone=zone_at(person, start))
        for guest, person in zip(booking.guests, people, strict=True)
    ]
    meeting = replace(
        booking.meeting,
        state=State.PROPOSED,
        sequence=work.next_sequence(booking.meeting.sequence),
        slot=slot.interval,
        proposed_at=work.now,
        attendances=(Attendance(people[0].email), Attendance(people[1].email)),
    )
    return replace(
        booking,
        meeting=meeting,
        guests=(guests[0], guests[1]),
        zone=zone_at(people[1], start),
        on_site=slot.on_site,
        edges=slot.edges,
        why=str(why),
        decision=decision(Found(slot)),
        wall=wall_time(start, zone_at(people[1], start)),
        rules=rules_version(),
    )


def asked_slot(people: tuple[Person, Person], asked: Interval, booking: Booking) -> Slot:
    """A time that somebody chose, as a slot: it costs nothing, since it was asked for.

    A meeting in person stays one where both are on site then too.
    """
    on_site = booking.on_site and shares_site(*people, asked.start)
    reasons = (Reason("somebody asked for this time", 0.0),)
    return Slot(asked, 0.0, reasons, on_site, (0.0, 0.0))


def move(work: Work, connection: Connection, before: Booking, moved: Booking) -> None:
    """Keep a meeting's new time, note why it moved, and tell both."""
    meetings.save(connection, moved)
    _note(work, connection, before, moved, Why(moved.why))
    post_move(work, connection, moved)


def call_off(work: Work, connection: Connection, booking: Booking, why: Why) -> None:
    """Cancel a meeting for good: SEQUENCE + 1, CANCEL to whoever has heard of it."""
    sequence = work.next_sequence(booking.meeting.sequence)
    meeting = replace(booking.meeting, state=State.CANCELLED, sequence=sequence)
    cancelled = replace(booking, meeting=meeting)
    meetings.save(connection, cancelled)
    _note(work, connection, booking, cancelled, why)
    post_cancel(work, connection, cancelled, why)
    work.counts.add("cancelled")
    log.info("called_off", uid=booking.uid, why=str(why))


def _note(work: Work, connection: Connection, before: Booking, after: Booking, why: Why) -> None:
    """Keep why a time was given up; with a deadline, whose: the first one's, where it is both's."""
    people = [work.person(guest) for guest in before.guests]
    person = whose_deadline(people, before.meeting.slot) if why is Why.DEADLINE else ""
    moves.note(connection, Move(after.uid, after.meeting.sequence, work.now, why, person))


def _chosen(found: Found) -> Slot:
    if found.chosen is None:
        raise ValueError("nothing was found to book")
    return found.chosen


def decision(found: Found) -> dict[str, Any]:
    """Why this time and not the others, as `explain --json` shows it."""
    chosen = found.chosen
    told: dict[str, Any] = {
        "chosen": slot_json(chosen) if chosen else None,
        "alternatives": [slot_json(slot) for slot in found.alternatives],
        "rejected": dict(found.rejected),
    }
    if chosen:
        told |= {"outside": chosen.outside, "borne": chosen.borne}
    return told


def slot_json(slot: Slot) -> dict[str, Any]:
    return {
        "start": stamp(slot.interval.start),
        "end": stamp(slot.interval.end),
        "cost": slot.cost,
        "reasons": [f"{reason.text} ({reason.cost:+g})" for reason in slot.reasons],
    }


def stamp(instant: datetime) -> str:
    """ISO 8601 in UTC, to the second."""
    return instant.astimezone(ZoneInfo("UTC")).strftime("%Y-%m-%dT%H:%M:%SZ")

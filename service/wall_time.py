"""Booked meetings keep their wall time when the rules of a zone's clocks change.

The zone is the one that the invite was written in, the mentee's: both partners' calendars place the
meeting by it, so any other choice would contradict what they show. What is moved is told to both.
"""

from __future__ import annotations

from dataclasses import replace

import structlog
from sqlalchemy.engine import Connection

from mentoring.meeting import LIVE, Action, Attendance, State, next_step
from mentoring.notices import Why
from mentoring.slots import Reason, Slot
from mentoring.wall_time import slot_at, wall_time
from service.agenda import pair_of
from service.booking import move, slot_json
from service.clock_rules import rules_version
from service.rooms import with_room
from service.sides import conflict
from service.tend import carry_out
from service.work import Work, reading
from store import ahead, meetings
from store.booking import Booking

log = structlog.get_logger()

_KEPT = Reason("the hour that was agreed, by changed clock rules", 0.0)


def keep_wall_times(work: Work) -> None:
    """Place each meeting ahead by the rules in use, where it was placed by others."""
    version = rules_version()
    with reading(work.engine) as connection:
        uids = ahead.placed_by_others(connection, version, work.now)
    for uid in uids:
        with work.engine.begin() as connection:
            _place(work, connection, uid, version)


def _place(work: Work, connection: Connection, uid: str, version: str) -> None:
    booking = meetings.by_uid(connection, uid)
    if booking is None or booking.meeting.state not in LIVE:
        return
    slot = slot_at(booking.wall, booking.zone, booking.meeting.slot)
    pair = pair_of(work, booking)
    if slot == booking.meeting.slot or slot.start <= work.now or pair is None:
        meetings.save(connection, replace(booking, rules=version))
        return
    there = replace(booking, meeting=replace(booking.meeting, slot=slot))
    problem = conflict(work, connection, there, work.roster.both_of(pair))
    step = next_step(there.meeting, conflict=problem, now=work.now)
    if step.action in (Action.REPROPOSE, Action.GIVE_UP):
        carry_out(work, connection, pair, there, step)  # where it lies now doesn't suit
        return
    moved = with_room(work, connection, _moved(work, there, version))
    move(work, connection, booking, moved)
    log.info("wall_time_kept", uid=uid, sequence=moved.meeting.sequence, rules=version)


def _moved(work: Work, there: Booking, version: str) -> Booking:
    """The booking with what follows from its new instant: SEQUENCE + 1.

    Whose clock reads the same as before has nothing to answer anew; the other one's answer was to
    another hour of their day.
    """
    slot = there.meeting.slot
    sides = [
        side if guest.zone == there.zone else Attendance(guest.email)
        for guest, side in zip(there.guests, there.meeting.attendances, strict=True)
    ]
    meeting = replace(
        there.meeting,
        sequence=work.next_sequence(there.meeting.sequence),
        attendances=(sides[0], sides[1]),
    )
    if not meeting.accepted:
        meeting = replace(meeting, state=State.PROPOSED, proposed_at=work.now)
    chosen = Slot(slot, 0.0, (_KEPT,), there.on_site, there.edges)
    return replace(
        there,
        meeting=meeting,
        why=str(Why.RULES),
        decision=there.decision | {"chosen": slot_json(chosen)},
        wall=wall_time(slot.start, there.zone),
        rules=version,
    )

"""Which live meetings need nothing now: told in a few queries for all, so that a pass looks closer,
in a transaction each, only at the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy.engine import Connection

from integrations.ports import item_key
from mentoring.availability import working_days_between
from mentoring.deadlines import whose_deadline
from mentoring.grid import Span
from mentoring.interval import Interval
from mentoring.meeting import Action, State, next_step, nudge_due
from mentoring.met import Said
from mentoring.roster import Pair, Person
from mentoring.slots import shares_site
from mentoring.worktime import worktime
from service.agenda import pair_of
from service.kept_free import kept_free_of_all
from service.met import days_since
from service.prepare import remind_at
from service.sides import unknown_reason
from service.tend import ends_before, state_of
from service.work import Work
from store import ahead, calendars, everybody, meetings, met, standings
from store.booking import MEETING, Booking
from store.calendars import Calendar
from store.instants import seconds
from store.standings import Standing


@dataclass(frozen=True)
class _Known:
    """All that the meetings are held against. `over` are keys of calendar entries over each."""

    standings: Mapping[tuple[str, str], Standing]
    calendars: Mapping[str, Calendar]
    over: Mapping[str, frozenset[str]]
    taken: Mapping[str, list[Span]]
    kept_free: Mapping[str, list[Span]]


def restless(work: Work, connection: Connection) -> list[str]:
    """The UIDs of the live meetings that may need something now, in order."""
    bookings = meetings.live(connection)
    if not bookings:
        return []
    slots = [booking.meeting.slot for booking in bookings]
    window = Interval(min(slot.start for slot in slots), max(slot.end for slot in slots))
    known = _Known(
        standings=standings.every(connection),
        calendars={calendar.person: calendar for calendar in calendars.every(connection)},
        over=ahead.overlaid(connection, work.now),
        taken=everybody.taken(connection, window),
        kept_free=kept_free_of_all(connection, work.roster, window),
    )
    begun = [booking for booking in bookings if _has_begun(work, booking)]
    said = met.said_of(connection, [booking.uid for booking in begun])
    settled = {b.uid for b in begun if _is_settled(work, b, said.get(b.uid, ()))}
    resting = {
        key
        for key, own in groupby(bookings, key=_pair)
        if _all_rest(work, known, [b for b in own if not _has_begun(work, b)])
    }
    return [
        b.uid
        for b in bookings
        if b.uid not in settled and (_has_begun(work, b) or _pair(b) not in resting)
    ]


def _pair(booking: Booking) -> tuple[str, str]:
    return booking.meeting.mentor, booking.meeting.mentee


def _has_begun(work: Work, booking: Booking) -> bool:
    return work.now >= booking.meeting.slot.start


def _is_settled(work: Work, booking: Booking, said: Sequence[Said]) -> bool:
    """Whether there is nothing to conclude yet of a meeting whose time has come."""
    step = next_step(
        booking.meeting, said=said, working_days_since=days_since(work, booking), now=work.now
    )
    return step.action is Action.NOTHING


def _all_rest(work: Work, known: _Known, coming: Sequence[Booking]) -> bool:
    """Whether nothing is to be done for a pair's coming meetings.

    The pair's state is that of the last of them, so where one is looked at, all are.
    """
    own = [booking for booking in coming if booking.kind == MEETING]
    if own and not _stands(known, own[-1]):
        return False
    return all(_rests(work, known, booking) for booking in coming)


def _stands(known: _Known, booking: Booking) -> bool:
    """Whether the pair's state is that of this meeting already."""
    standing = known.standings.get(_pair(booking))
    return standing is not None and (standing.state, standing.reason) == (state_of(booking), "")


def _rests(work: Work, known: _Known, booking: Booking) -> bool:
    """Whether `tend` would do nothing; False where that takes a closer look."""
    meeting, pair = booking.meeting, pair_of(work, booking)
    if pair is None or ends_before(work, pair, booking):
        return False
    if next_step(meeting, now=work.now).action is not Action.NOTHING:
        return False
    return _suits(work, known, booking, pair) and not _is_owed_a_word(work, booking)


def _suits(work: Work, known: _Known, booking: Booking, pair: Pair) -> bool:
    people, slot = work.roster.both_of(pair), booking.meeting.slot
    if whose_deadline(people, slot):
        return False
    if any(unknown_reason(p, known.calendars.get(p.email), work.now) for p in people):
        return True  # nobody can tell
    if booking.outside or (booking.on_site and not shares_site(*people, slot.start)):
        return False
    if known.over.get(booking.uid, frozenset()) - {item_key(booking.uid)}:
        return False
    return all(_is_free(known, person, slot) for person in people)


def _is_free(known: _Known, person: Person, slot: Interval) -> bool:
    if not worktime(person, slot).holds(slot):
        return False
    begin, end = seconds(slot.start), seconds(slot.end)
    spans = (*known.taken.get(person.email, ()), *known.kept_free.get(person.email, ()))
    within = [(first, last) for first, last in spans if first < end and begin < last]
    return within == [(begin, end)]  # the meeting itself


def _is_owed_a_word(work: Work, booking: Booking) -> bool:
    """Whether a nudge or a reminder is due to one of the two."""
    meeting = booking.meeting
    for guest, side in zip(booking.guests, meeting.attendances, strict=True):
        person = work.person(guest)
        if meeting.state is not State.PROPOSED:
            if work.now >= remind_at(person, meeting.slot.start):
                return True
        elif nudge_due(side, working_days_between(person, meeting.proposed_at, work.now)):
            return True
    return False

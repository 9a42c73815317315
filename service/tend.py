"""Looking after booked meetings: confirming, moving, nudging, reminding, calling off."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.engine import Connection

from mentoring.availability import reads_at, working_days_between
from mentoring.meeting import ANSWER_BY, Action, State, Step, is_near, next_step, nudge_due
from mentoring.notices import Why
from mentoring.roster import Pair
from service.agenda import pair_of
from service.booking import call_off
from service.deliver import reader_of
from service.met import days_since
from service.polls import ask
from service.post import post_plain
from service.prepare import remind, remind_at
from service.propose import CONFIRMED, PROPOSED, WAITING, keep, repropose, standing_of
from service.sides import conflict, unknown
from service.work import Work
from store import meetings, met
from store.booking import MEETING, Booking, Guest

log = structlog.get_logger()


def tend(work: Work, connection: Connection, booking: Booking) -> None:
    """Do what a live meeting needs now, and keep where its pair stands."""
    if work.now >= booking.meeting.slot.start:
        _settle(work, connection, booking)
        return
    pair = pair_of(work, booking)
    if pair is None:
        _taken_out(work, connection, booking)
        return
    if ends_before(work, pair, booking):
        call_off(work, connection, booking, Why.PAIR_ENDED)
        return
    problem = conflict(work, connection, booking, work.roster.both_of(pair))
    step = next_step(booking.meeting, conflict=problem, now=work.now)
    carry_out(work, connection, pair, booking, step)


def _taken_out(work: Work, connection: Connection, booking: Booking) -> None:
    """Its pair is in the files no more: it is off once one of the two may hear of it.

    Until then the pair may be put back, and nobody is told anything.
    """
    readers = (reader_of(work, connection, guest.email, booking.uid) for guest in booking.guests)
    is_near_now = is_near(work.now, booking.meeting.slot.start)
    if is_near_now or any(reads_at(person, work.now) for person in readers):
        call_off(work, connection, booking, Why.PAIR_ENDED)


def _settle(work: Work, connection: Connection, booking: Booking) -> None:
    """Its time has come: whether it was held follows from what partners said, or did not say."""
    step = next_step(
        booking.meeting,
        said=tuple(met.said(connection, booking.uid).values()),
        working_days_since=days_since(work, booking),
        now=work.now,
    )
    match step.action:
        case Action.CONFIRM:
            _confirm(work, connection, booking)
        case Action.HOLD:
            _in_state(connection, booking, State.HELD)
            log.info("held", uid=booking.uid, assumed=False)
        case Action.ASSUME_HELD:
            _in_state(connection, booking, State.HELD, assumed=True)
            log.info("held", uid=booking.uid, assumed=True)
        case Action.MISS:
            _in_state(connection, booking, State.MISSED)
            log.info("missed", uid=booking.uid)


def _confirm(work: Work, connection: Connection, booking: Booking) -> Booking:
    work.counts.add("confirmed")
    log.info("confirmed", uid=booking.uid)
    return _in_state(connection, booking, State.CONFIRMED)


def ends_before(work: Work, pair: Pair, booking: Booking) -> bool:
    """Whether a pair is over by the day of a meeting."""
    zone = ZoneInfo(work.roster.programme.timezone)
    return booking.meeting.slot.start.astimezone(zone).date() > pair.end


def state_of(booking: Booking) -> str:
    """The state of a pair whose last meeting ahead this is."""
    return CONFIRMED if booking.meeting.state is State.CONFIRMED else PROPOSED


def carry_out(work: Work, connection: Connection, pair: Pair, booking: Booking, step: Step) -> None:
    """Do to a meeting ahead what its next step says."""
    match step.action:
        case Action.CONFIRM:
            _watch(work, connection, pair, _confirm(work, connection, booking))
        case Action.REPROPOSE | Action.GIVE_UP:
            _replace(work, connection, pair, booking, step)
        case Action.NOTHING:
            _watch(work, connection, pair, booking)


def _in_state(
    connection: Connection, booking: Booking, state: State, *, assumed: bool = False
) -> Booking:
    meeting = replace(booking.meeting, state=state)
    changed = replace(booking, meeting=meeting, assumed=assumed)
    meetings.save(connection, changed)
    return changed


def _watch(work: Work, connection: Connection, pair: Pair, booking: Booking) -> None:
    """Nothing is wrong: chase missing answers, remind, and keep the pair's state."""
    if booking.kind == MEETING:
        keep(connection, standing_of(connection, pair.key), state_of(booking), "")
    for guest in booking.guests:
        if booking.meeting.state is State.PROPOSED:
            _nudge(work, connection, booking, guest)
        elif work.now >= remind_at(work.person(guest), booking.meeting.slot.start):
            remind(work, connection, booking, guest)


def _nudge(work: Work, connection: Connection, booking: Booking, guest: Guest) -> None:
    side = next(a for a in booking.meeting.attendances if a.email == guest.email)
    person = work.person(guest)
    days = working_days_between(person, booking.meeting.proposed_at, work.now)
    if not (number := nudge_due(side, days)):
        return
    key = f"nudge:{booking.uid}:{booking.meeting.sequence}:{number}:{guest.email}"
    if post_plain(work, connection, booking, guest, "nudge", key):
        meetings.save_side(connection, booking.uid, replace(side, nudges=number))
        log.info("nudged", uid=booking.uid, person=guest.email, number=number)


def _replace(work: Work, connection: Connection, pair: Pair, booking: Booking, step: Step) -> None:
    """The time fell through: another one, or after three tries several to pick from."""
    why = step.why or Why.CONFLICT
    if booking.kind != MEETING:  # nobody is asked thrice for a briefing
        call_off(work, connection, booking, why)
        return
    can_wait = work.now < booking.meeting.slot.start - ANSWER_BY
    if step.action is Action.GIVE_UP:
        if can_wait and unknown(work, connection, work.roster.both_of(pair)):
            _wait_for_calendar(connection, pair, why)
            return
        call_off(work, connection, booking, Why.TRIES_USED)
        ask(work, connection, pair, booking)
        return
    if repropose(work, connection, pair, booking, why):
        fresh = meetings.by_uid(connection, booking.uid)
        if fresh and fresh.meeting.state is State.PROPOSED:
            keep(connection, standing_of(connection, pair.key), PROPOSED, "")
        return
    if not can_wait:
        call_off(work, connection, booking, why if why is Why.DEADLINE else Why.NO_TIME)
        keep(connection, standing_of(connection, pair.key), WAITING, "a calendar can't be read")
        return
    _wait_for_calendar(connection, pair, why)


def _wait_for_calendar(connection: Connection, pair: Pair, why: Why) -> None:
    reason = f"the time fell through ({why}); a calendar must be readable to find another"
    keep(connection, standing_of(connection, pair.key), WAITING, reason)

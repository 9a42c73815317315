"""Finding a time for a pair and booking it, in one transaction with the invites."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.engine import Connection

from mentoring.choices import mostly_paused, pause_on
from mentoring.cohort import INTRODUCED_AHEAD
from mentoring.interval import Interval
from mentoring.meeting import LIVE, State
from mentoring.notices import NoSlotNotice, Why
from mentoring.preflight import clear_of_gaps
from mentoring.roster import Pair, Person
from mentoring.slots import Found, Wanted, find_slot
from mentoring.where import in_person_is_due
from service import decisions
from service.booking import call_off, decision, move, moved_to, new_booking
from service.post import post, post_invites
from service.remedies import remedies, tell_both
from service.rooms import with_room
from service.sides import sides, unknown
from service.stretch import ask, stretched_slot
from service.work import Work, party
from store import meetings, standings
from store import past as pasts
from store.booking import Booking
from store.past import Past
from store.standings import Standing

log = structlog.get_logger()

WAITING = "waiting"
PROPOSED = "proposed"
CONFIRMED = "confirmed"
UNSCHEDULABLE = "unschedulable"
PAUSED = "paused"
ENDED = "ended"
_NEXT_TRY = "; the next try is on "
_AHEAD = 3
"""So many meetings are held at the most; a next one is proposed when those before are confirmed."""


@dataclass(frozen=True)
class NotYet:
    """Nothing is to be proposed now, and why: a pair's state and reason."""

    state: str
    reason: str


@dataclass(frozen=True)
class Due:
    """A pair's next meeting, to be proposed now; `ahead`: while another one stands already."""

    number: int
    wanted: Wanted
    standing: Standing
    ahead: bool


def standing_of(connection: Connection, pair: tuple[str, str]) -> Standing:
    """Where a pair stands; one of which nothing is kept yet is waiting."""
    return standings.of_pair(connection, *pair) or Standing(*pair, WAITING)


def due_now(work: Work, connection: Connection, pair: Pair) -> Due | NotYet | None:
    """What to propose to a pair now; why not yet; None where nothing is to be said."""
    past = pasts.of_pair(connection, pair.key, work.now)
    return due_after(work, pair, past, standings.of_pair(connection, *pair.key))


def due_after(work: Work, pair: Pair, past: Past, standing: Standing | None) -> Due | NotYet | None:
    """The same, of a pair with this past and standing.

    While a meeting stands ahead, the pair's state is that meeting's: what keeps a further one from
    being booked is not worth a word yet.
    """
    if past.ahead >= _AHEAD or past.open:
        return None
    standing = standing or Standing(*pair.key, WAITING)
    wanted = wanted_next(work, pair, past, standing)
    if isinstance(wanted, NotYet):
        return None if past.ahead else wanted
    return Due(past.number + 1, wanted, standing, bool(past.ahead))


def propose(work: Work, connection: Connection, pair: Pair) -> None:
    """Book the pair's next meeting if it is due, and keep where the pair stands."""
    due = due_now(work, connection, pair)
    if due is None:
        return
    if isinstance(due, NotYet):
        standing = standing_of(connection, pair.key)
        keep(connection, standing, due.state, due.reason)
        return
    people = work.roster.both_of(pair)
    problem = unknown(work, connection, people)
    found = None if problem else search(work, connection, people, due.wanted)
    if found and found.chosen:
        book(work, connection, pair, found, number=due.number)
    elif problem and not due.ahead:
        keep(connection, due.standing, WAITING, problem.reason)
    elif found and not due.ahead:
        no_slot(work, connection, pair, due.standing, found, number=due.number, wanted=due.wanted)


def live_ahead(work: Work, history: list[Booking]) -> list[Booking]:
    """The pair's live meetings that are not over yet."""
    return [b for b in history if b.meeting.state in LIVE and b.meeting.slot.end > work.now]


def book(
    work: Work,
    connection: Connection,
    pair: Pair,
    found: Found,
    *,
    number: int,
    told: dict[str, Any] | None = None,
) -> None:
    """Book what was found, with the invites; `told` is what else is to be kept of the decision."""
    booking = new_booking(work, pair, work.roster.both_of(pair), found, number=number)
    booking = replace(booking, decision=booking.decision | (told or {}))
    booking = with_room(work, connection, booking)
    meetings.save(connection, booking)
    decisions.keep(work, connection, booking, found)
    post_invites(work, connection, booking)
    keep(connection, Standing(*pair.key, WAITING), PROPOSED, "")
    work.counts.add("proposed")
    log.info("proposed", uid=booking.uid, mentor=pair.mentor, mentee=pair.mentee)


def wanted_next(work: Work, pair: Pair, past: Past, standing: Standing) -> Wanted | NotYet:
    """What to look for next, or why not yet."""
    agreement, programme = pair.agreement, work.roster.programme
    zone = ZoneInfo(programme.timezone)
    begin, end = _midnight(pair.start, zone), _midnight(pair.end + timedelta(days=1), zone)
    if work.now >= end:
        return NotYet(ENDED, f"the pair ended on {pair.end}")
    if pause := pause_on(pair, work.today, work.today):
        return NotYet(PAUSED, str(pause))
    if standing.rest_until and work.now < standing.rest_until:
        day = standing.rest_until.astimezone(zone).date()
        why = standing.reason.partition(_NEXT_TRY)[0] or "the coordinator was told"
        return NotYet(WAITING, f"{why}{_NEXT_TRY}{day}")
    earliest = max(work.now + agreement.notice, begin)
    due = max(_due(pair, past) or earliest, earliest)
    both = work.roster.both_of(pair)
    due = clear_of_gaps(*both, agreement.minutes, due, earliest, agreement.every)
    if work.now < due - _lead(pair, past):
        return NotYet(WAITING, f"the next meeting is due on {due.astimezone(zone).date()}")
    first = _not_before(earliest, pair, past)
    latest = min(work.now + agreement.horizon, end)
    if latest <= first:
        return NotYet(WAITING, _too_narrow(work, begin, end, zone))
    return Wanted(
        window=Interval(first, latest),
        due=due,
        minutes=agreement.minutes,
        buffer=agreement.buffer,
        in_person=in_person_is_due(pair, past.kept, past.on_site),
        lunch=_has_lunch(work, pair),
    )


def _in_person_due(pair: Pair, history: list[Booking]) -> bool:
    kept = [b for b in history if b.meeting.state not in (State.CANCELLED, State.MISSED)]
    return in_person_is_due(pair, len(kept), sum(b.on_site for b in kept))


def _has_lunch(work: Work, pair: Pair) -> bool:
    site = work.roster.mentor_of(pair).site.casefold()
    return any(p.kind == "lunch" and p.site.casefold() == site for p in work.roster.places)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _lead(pair: Pair, past: Past) -> timedelta:
    """How long before its due date a meeting is proposed: so that half a rhythm fits after it.

    The first one waits for the two to be introduced, the day before.
    """
    half = pair.agreement.horizon / 2
    if not past.meetings:
        return min(half, INTRODUCED_AHEAD - timedelta(days=1))
    return max(half, pair.agreement.horizon - pair.agreement.every / 2)


def _due(pair: Pair, past: Past) -> datetime | None:
    """When the rhythm wants the next meeting: after the last one that was not called off."""
    return past.last + pair.agreement.every if past.last else None


def _not_before(earliest: datetime, pair: Pair, past: Past) -> datetime:
    """Half a rhythm between two meetings at the least."""
    due = _due(pair, past)
    return max(earliest, due - pair.agreement.every / 2) if due else earliest


def _too_narrow(work: Work, begin: datetime, end: datetime, zone: ZoneInfo) -> str:
    if work.now < begin:
        return f"the pair starts on {begin.astimezone(zone).date()}"
    return f"too little time is left before the pair ends on {end.astimezone(zone).date()}"


def search(
    work: Work,
    connection: Connection,
    people: tuple[Person, Person],
    wanted: Wanted,
    *,
    besides: Booking | None = None,
) -> Found:
    """The best time inside both people's hours; outside them only as both agreed."""
    both = sides(work, connection, people, wanted.window, besides=besides)
    found = find_slot(*both, wanted)
    if found.chosen:
        return found
    key = (people[0].email, people[1].email)
    uid = besides.uid if besides else ""
    return replace(found, chosen=stretched_slot(connection, key, both, wanted, besides=uid))


def no_slot(
    work: Work,
    connection: Connection,
    pair: Pair,
    standing: Standing,
    found: Found,
    *,
    number: int,
    wanted: Wanted,
) -> None:
    """No time suits both: say so, with the smallest change that would help, once a meeting.

    For a pair that rests most of the time there is nothing to change.
    """
    zone = ZoneInfo(work.roster.programme.timezone)
    first, last = (at.astimezone(zone).date() for at in (wanted.window.start, wanted.window.end))
    if pause := mostly_paused(pair, first, last):
        keep(connection, standing, PAUSED, str(pause))
        return
    people = work.roster.both_of(pair)
    both = sides(work, connection, people, wanted.window)
    ask(work, connection, pair, both, wanted)
    changes, suggestions = remedies(work, connection, pair, wanted)
    tell_both(work, connection, pair, both, wanted, changes, number=number)
    suggestion = next(iter(suggestions), "")
    causes = sorted(found.rejected.items(), key=lambda item: -item[1])
    counted = ", ".join(f"{cause}: {count}" for cause, count in causes)
    reason = f"no time suits both in the next {wanted.window.length.days} days ({counted})"
    keep(connection, standing, UNSCHEDULABLE, f"{reason}; {suggestion}" if suggestion else reason)
    notice = NoSlotNotice(
        key=f"noslot:{pair.mentor}:{pair.mentee}:{number}",
        reader=work.coordinator(),
        mentor=party(people[0], work.now),
        mentee=party(people[1], work.now),
        rejected=tuple(causes),
        suggestions=suggestions,
    )
    post(work, connection, notice)


def keep(connection: Connection, standing: Standing, state: str, reason: str) -> None:
    """Write the pair's state where it is another one than the `standing` read before."""
    if (standing.state, standing.reason) != (state, reason) or not standing.kept:
        standings.save(connection, replace(standing, state=state, reason=reason))


def repropose(work: Work, connection: Connection, pair: Pair, booking: Booking, why: Why) -> bool:
    """Move a meeting to another time; False where a calendar must be readable first.

    Where no time is left the meeting is called off and the pair shown as unschedulable. A deadline
    is no fault of the time: it takes none of the pair's tries, and leaves the time open for later.
    """
    people = work.roster.both_of(pair)
    if unknown(work, connection, people):
        return False
    for_deadline = why is Why.DEADLINE
    refused = booking.refused if for_deadline else (*booking.refused, booking.meeting.slot)
    others = [b for b in meetings.of_pair(connection, *pair.key) if b.uid != booking.uid]
    wanted = wanted_again(work, pair, booking, refused, others)
    found = search(work, connection, people, wanted, besides=booking)
    if found.chosen is None:
        call_off(work, connection, booking, why if for_deadline else Why.NO_TIME)
        standing = standing_of(connection, pair.key)
        number = booking.number + 1
        no_slot(work, connection, pair, standing, found, number=number, wanted=wanted)
        return True
    moved = moved_to(work, replace(booking, refused=refused), people, found.chosen, why)
    moved = replace(
        moved,
        meeting=replace(moved.meeting, tries=booking.meeting.tries + (not for_deadline)),
        decision=decision(found),
    )
    moved = with_room(work, connection, moved)
    move(work, connection, booking, moved)
    decisions.keep(work, connection, moved, found)
    work.counts.add("reproposed")
    log.info("reproposed", uid=booking.uid, why=str(why), sequence=moved.meeting.sequence)
    return True


def wanted_again(
    work: Work, pair: Pair, booking: Booking, refused: tuple[Interval, ...], others: list[Booking]
) -> Wanted:
    """Another time as near as may be to the one that fell through."""
    agreement = pair.agreement
    zone = ZoneInfo(work.roster.programme.timezone)
    begin, end = _midnight(pair.start, zone), _midnight(pair.end + timedelta(days=1), zone)
    earliest = max(work.now + agreement.notice, begin)
    if (pause := pause_on(pair, work.today, work.today)) and pause.by_coordinator:
        earliest = max(earliest, _midnight(pause.last + timedelta(days=1), zone))
    latest = max(earliest, min(work.now + agreement.horizon, end))
    return Wanted(
        window=Interval(earliest, latest),
        due=max(booking.meeting.slot.start, earliest),
        minutes=agreement.minutes,
        buffer=agreement.buffer,
        in_person=_in_person_due(pair, others),
        lunch=_has_lunch(work, pair),
        refused=refused,
    )

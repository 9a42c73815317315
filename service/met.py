"""After a meeting: did you meet? What partners say settles whether it was held."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.engine import Connection

from mentoring.agenda import is_kept
from mentoring.availability import working_days_between
from mentoring.meeting import State
from mentoring.met import (
    ASK_AFTER,
    ASK_UNTIL,
    LONGEST_MINUTES,
    LogNotice,
    Pulse,
    Said,
    Verdict,
    pulse_due,
    verdict,
)
from mentoring.notices import MeetingFacts
from service.agenda import of_partner, pair_of
from service.codes import issue
from service.links import page_link
from service.post import facts, post
from service.work import Work, reader, reading
from store import agenda, meetings, outbox
from store import met as words
from store.booking import MEETING, Booking, Guest
from store.codes import Code

log = structlog.get_logger()

MET = "met"
"""The purpose of the links and codes by which partners say whether they met."""

_STATES = {
    Verdict.HELD: State.HELD,
    Verdict.MISSED: State.MISSED,
    Verdict.OPEN: State.CONFIRMED,
}


def ask_whether_met(work: Work) -> None:
    """Ask both of each confirmed meeting that is over, once."""
    with reading(work.engine) as connection:
        over = [b for b in meetings.live(connection) if _may_ask(work, b)]
        keys = [_key(booking, guest) for booking in over for guest in booking.guests]
        asked = outbox.said_among(connection, keys)
    for booking in over:
        if all(_key(booking, guest) in asked for guest in booking.guests):
            continue
        with work.engine.begin() as connection:
            said = words.said(connection, booking.uid)
            for guest in booking.guests:
                if guest.email not in said:
                    _ask(work, connection, booking, guest)


def _key(booking: Booking, guest: Guest) -> str:
    return f"log:{booking.uid}:{guest.email}"


def _may_ask(work: Work, booking: Booking) -> bool:
    end = booking.meeting.slot.end
    is_confirmed = booking.kind == MEETING and booking.meeting.state is State.CONFIRMED
    return is_confirmed and end + ASK_AFTER <= work.now < end + ASK_UNTIL


def _ask(work: Work, connection: Connection, booking: Booking, guest: Guest) -> None:
    notice = LogNotice(
        key=_key(booking, guest),
        reader=reader(work.person(guest), booking.meeting.slot.start),
        meeting=facts(work, booking),
        link=page_link(work.roster, work.secret, work.now, MET, guest.email, booking.uid),
        code=issue(work, connection, MET, guest.email, booking.uid),
    )
    expires = booking.meeting.slot.end + ASK_UNTIL
    post(work, connection, notice, uid=booking.uid, expires_at=expires)


@dataclass(frozen=True)
class Asked:
    """All that the page shows. `said` is the reader's own word; `steps` their own next steps."""

    booking: Booking
    meeting: MeetingFacts
    said: Said | None
    steps: list[str]
    pulse: bool
    over: bool


def asked(work: Work, uid: str, person: str) -> Asked | None:
    """A meeting as its page asks one of the two; None where nobody asks them (any more)."""
    with reading(work.engine) as connection:
        booking = of_partner(connection, uid, person)
        if booking is None or booking.kind != MEETING or not is_kept(booking.meeting, work.now):
            return None
        return Asked(
            booking=booking,
            meeting=facts(work, booking),
            said=words.said(connection, uid).get(person),
            steps=[s.text for s in agenda.steps(connection, uid) if s.person == person],
            pulse=_pulse_due(work, connection, booking, person),
            over=work.now >= booking.meeting.slot.end,
        )


def _pulse_due(work: Work, connection: Connection, booking: Booking, person: str) -> bool:
    pair = pair_of(work, booking)
    if pair is None:
        return False
    zone = ZoneInfo(work.roster.programme.timezone)
    last = words.last_pulse(connection, *pair.key, person)
    day = last.astimezone(zone).date() if last else None
    return pulse_due(pair.start, work.now.astimezone(zone).date(), day)


def say(
    work: Work,
    uid: str,
    person: str,
    word: Said,
    *,
    steps: Sequence[str] = (),
    pulse: Pulse | None = None,
) -> None:
    """Take one partner's word from the page, with what else they said there."""
    with work.engine.begin() as connection:
        if not _say(work, connection, uid, person, word):
            return
        agenda.set_steps(connection, uid, person, steps, work.now)
        booking = meetings.by_uid(connection, uid)
        if pulse and booking and _pulse_due(work, connection, booking, person):
            mentor, mentee = booking.meeting.mentor, booking.meeting.mentee
            words.add_pulse(connection, mentor, mentee, person, pulse, work.now)


def _say(work: Work, connection: Connection, uid: str, person: str, word: Said) -> bool:
    """Note a word and settle the meeting by it; False where it can't be said of this one."""
    booking = of_partner(connection, uid, person)
    if booking is None or booking.kind != MEETING or not is_kept(booking.meeting, work.now):
        return False
    if work.now < booking.meeting.slot.end:
        return False
    words.say(connection, uid, person, word, work.now)
    said = tuple(words.said(connection, uid).values())
    state = _STATES[verdict(said, days_since(work, booking))]
    meeting = replace(booking.meeting, state=state)
    meetings.save(connection, replace(booking, meeting=meeting, assumed=False))
    log.info("said", uid=uid, person=person, state=str(state))
    return True


def days_since(work: Work, booking: Booking) -> int:
    """Both partners' working days since a meeting ended, the smaller of the two."""
    people = (work.person(guest) for guest in booking.guests)
    return min(working_days_between(p, booking.meeting.slot.end, work.now) for p in people)


def met_by_mail(work: Work, connection: Connection, code: Code, rest: str) -> None:
    """MET, with the minutes if they like."""
    (uid,) = code.about
    _say(work, connection, uid, code.person, Said(True, minutes_in(rest)))


def missed_by_mail(work: Work, connection: Connection, code: Code, _rest: str) -> None:
    (uid,) = code.about
    _say(work, connection, uid, code.person, Said(False))


def minutes_in(text: str) -> int | None:
    """A number of minutes at the beginning of a text; None where there is none to believe."""
    found = re.match(r"\s*([0-9]{1,3})\b", text)
    minutes = int(found[1]) if found else 0
    return minutes if 0 < minutes <= LONGEST_MINUTES else None

"""Who missed an event is briefed by the partner who was there: an offer, a slot, an invite."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy.engine import Connection

from mentoring.choices import pause_on
from mentoring.interval import Interval
from mentoring.meeting import Partstat
from mentoring.programme_events import (
    BRIEFED_WITHIN,
    BRIEFING_MINUTES,
    BriefedNotice,
    BriefNotice,
    to_brief,
)
from mentoring.roster import Pair, Person
from mentoring.slots import Found, Wanted
from service.booking import new_booking
from service.codes import issue
from service.events import Gathering, attendance, facts, find, gatherings
from service.links import page_link
from service.post import post, post_invites
from service.propose import search
from service.rooms import with_room
from service.sides import unknown
from service.work import Work, party, reader
from store import events as store
from store import meetings, outbox
from store.booking import BRIEFING
from store.codes import Code
from store.events import Answer

log = structlog.get_logger()

PURPOSE = "brief"
_LATEST = timedelta(weeks=2)


def briefings(work: Work) -> None:
    """Offer a briefing to each partner who was at an event that the other missed."""
    with work.engine.begin() as connection:
        for gathering in gatherings(work, connection):
            if timedelta(0) <= work.now - gathering.event.end <= BRIEFED_WITHIN:
                _offer_all(work, connection, gathering)


def _offer_all(work: Work, connection: Connection, gathering: Gathering) -> None:
    present, absent = who_was_there(work, connection, gathering)
    said = outbox.said(connection, f"brief:{gathering.id}:")
    for pair in work.roster.pairs:
        found = to_brief(present, absent, pair)
        if found is None or _key(gathering, pair, found[0]) in said:
            continue
        if (pause := pause_on(pair, work.today, work.today)) and pause.by_coordinator:
            continue
        if pair.start <= gathering.event.start.date() and work.today <= pair.end:
            _offer(work, connection, gathering, pair, *found)


def _key(gathering: Gathering, pair: Pair, briefer: str) -> str:
    return f"brief:{gathering.id}:{pair.mentor}:{pair.mentee}:1:{briefer}"


def who_was_there(
    work: Work, connection: Connection, gathering: Gathering
) -> tuple[frozenset[str], frozenset[str]]:
    """Who of the cohort was at an event, and who was not, as far as anybody can tell."""
    answers = store.answers(connection, gathering.id)
    told = {
        email: attendance(work, gathering, person, answers.get(email, Answer()))
        for email, person in work.roster.people.items()
    }
    present = frozenset(email for email, was in told.items() if was)
    return present, frozenset(email for email, was in told.items() if was is False)


def _offer(
    work: Work, connection: Connection, gathering: Gathering, pair: Pair, briefer: str, other: str
) -> None:
    person, partner = work.roster.people[briefer], work.roster.people[other]
    slot = _slot(work, connection, pair)
    at = str(int(slot.start.timestamp())) if slot else ""
    about = (gathering.id, *pair.key, at)
    notice = BriefNotice(
        key=_key(gathering, pair, briefer),
        reader=reader(person, work.now),
        other=party(partner, work.now),
        event=facts(work, gathering),
        slot=slot,
        code=issue(work, connection, PURPOSE, briefer, *about),
        page=page_link(work.roster, work.secret, work.now, PURPOSE, briefer, *about),
    )
    if post(work, connection, notice, expires_at=gathering.event.end + BRIEFED_WITHIN):
        log.info("briefing_offered", event_id=gathering.id, person=briefer)


def _slot(work: Work, connection: Connection, pair: Pair) -> Interval | None:
    """The best half hour for both soon; None where there is none, or a calendar is unknown."""
    found = _found(work, connection, pair)
    return found.chosen.interval if found and found.chosen else None


def _found(
    work: Work, connection: Connection, pair: Pair, at: datetime | None = None
) -> Found | None:
    people = work.roster.both_of(pair)
    if unknown(work, connection, people):
        return None
    first = at or work.now + pair.agreement.notice
    length = timedelta(minutes=BRIEFING_MINUTES)
    window = Interval(first, first + length if at else first + _LATEST)
    wanted = Wanted(window, window.start, BRIEFING_MINUTES, in_person=False)
    return search(work, connection, people, wanted)


@dataclass(frozen=True)
class Offer:
    """An offer as its page shows it; `booked` is the briefing's time once it is booked."""

    gathering: Gathering
    pair: Pair
    other: Person
    slot: Interval | None
    booked: Interval | None


def offer(work: Work, connection: Connection, about: tuple[str, ...], person: str) -> Offer | None:
    """What a link or code is about; None once it is of no use any more."""
    if len(about) != 4:
        return None
    id_, mentor, mentee, at = about
    pair = work.roster.pair((mentor, mentee))
    gathering = find(work, connection, id_)
    if pair is None or gathering is None or person not in pair.key:
        return None
    if work.now - gathering.event.end > BRIEFED_WITHIN:
        return None
    other = work.roster.people[mentee if person == mentor else mentor]
    known = meetings.briefing(connection, mentor, mentee, id_)
    start = datetime.fromtimestamp(int(at), UTC) if at else None
    slot = Interval(start, start + timedelta(minutes=BRIEFING_MINUTES)) if start else None
    return Offer(gathering, pair, other, slot, known.meeting.slot if known else None)


def book(work: Work, connection: Connection, about: tuple[str, ...], person: str) -> bool:
    """Book the offered time if it still suits both, else the best one that does.

    False where there is none. Twice is as once.
    """
    found = offer(work, connection, about, person)
    if found is None:
        return False
    if found.booked:
        return True
    chosen = _still(work, connection, found) or _found(work, connection, found.pair)
    if chosen is None or chosen.chosen is None:
        return False
    _book(work, connection, found, chosen, person)
    return True


def _still(work: Work, connection: Connection, offered: Offer) -> Found | None:
    if offered.slot is None or offered.slot.start <= work.now:
        return None
    found = _found(work, connection, offered.pair, offered.slot.start)
    return found if found and found.chosen else None


def _book(work: Work, connection: Connection, offered: Offer, chosen: Found, person: str) -> None:
    pair, id_ = offered.pair, offered.gathering.id
    number = meetings.next_number(connection, *pair.key)
    booking = new_booking(work, pair, work.roster.both_of(pair), chosen, number=number)
    booking = with_room(work, connection, booking)
    booking = replace(booking, kind=BRIEFING, about=id_)
    side = next(a for a in booking.meeting.attendances if a.email == person)
    booking = booking.with_side(replace(side, partstat=Partstat.ACCEPTED))
    meetings.save(connection, booking)
    notice = BriefedNotice(
        key=f"brief:{id_}:{pair.mentor}:{pair.mentee}:2:{offered.other.email}",
        reader=reader(offered.other, work.now),
        other=party(work.roster.people[person], work.now),
        event=facts(work, offered.gathering),
        slot=booking.meeting.slot,
    )
    post(work, connection, notice, expires_at=booking.meeting.slot.start)
    post_invites(work, connection, booking)
    log.info("briefing_booked", event_id=id_, uid=booking.uid)


def obey_book(work: Work, connection: Connection, meaning: Code, _rest: str) -> None:
    book(work, connection, meaning.about, meaning.person)

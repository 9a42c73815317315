"""Agendas: what two partners bring to a meeting, by page or by mail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.engine import Connection

from mentoring.agenda import (
    LONGEST,
    MOST,
    Agenda,
    Fault,
    Item,
    ItemKind,
    Line,
    Phase,
    Step,
    fault_in,
    is_kept,
    is_open,
    phase_on,
)
from mentoring.itip import plain
from mentoring.notices import MeetingFacts
from mentoring.roster import Pair
from service.codes import issue
from service.links import page_link
from service.post import facts
from service.work import Work, reading
from store import agenda, meetings
from store.booking import MEETING, Booking
from store.codes import Code

log = structlog.get_logger()

AGENDA = "agenda"
"""The purpose of an agenda's links and codes."""


@dataclass(frozen=True)
class Prepared:
    """All that a meeting's agenda page shows. `steps` are from the two's meeting before."""

    booking: Booking
    meeting: MeetingFacts
    items: list[Item]
    steps: list[Step]
    phase: Phase
    open: bool
    over: bool


def prepared(work: Work, uid: str, person: str) -> Prepared | None:
    """A meeting's agenda for one of its two; None where there is none for them (any more)."""
    with reading(work.engine) as connection:
        booking = of_partner(connection, uid, person)
        if booking is None or booking.kind != MEETING or not is_kept(booking.meeting, work.now):
            return None
        return Prepared(
            booking=booking,
            meeting=facts(work, booking),
            items=agenda.items(connection, uid),
            steps=_steps_before(work, connection, booking),
            phase=phase_of(work, booking),
            open=is_open(booking.meeting, work.now),
            over=work.now >= booking.meeting.slot.end,
        )


def of_partner(connection: Connection, uid: str, person: str) -> Booking | None:
    """The meeting, if this is one of its two partners."""
    booking = meetings.by_uid(connection, uid)
    return booking if booking and booking.guest(person) else None


def _steps_before(work: Work, connection: Connection, booking: Booking) -> list[Step]:
    """What the two meant to do after the last of their earlier meetings of which they said so."""
    history = meetings.of_pair(connection, booking.meeting.mentor, booking.meeting.mentee)
    before = [b for b in history if b.meeting.slot.start < booking.meeting.slot.start]
    for earlier in sorted(before, key=lambda b: b.meeting.slot.start, reverse=True):
        found = agenda.steps(connection, earlier.uid)
        if found and is_kept(earlier.meeting, work.now):
            return found
    return []


def pair_of(work: Work, booking: Booking) -> Pair | None:
    return work.roster.pair((booking.meeting.mentor, booking.meeting.mentee))


def phase_of(work: Work, booking: Booking) -> Phase:
    """The phase of the pair's term; of the programme's where the pair is no more."""
    programme = work.roster.programme
    term = pair_of(work, booking) or programme
    day = booking.meeting.slot.start.astimezone(ZoneInfo(programme.timezone)).date()
    return phase_on(day, term.start, term.end)


def note(work: Work, uid: str, person: str, kind: ItemKind, text: str) -> Fault | None:
    """Add an item from a page; the same one twice is as once. Gives what is wrong with it."""
    with work.engine.begin() as connection:
        return _note(work, connection, uid, person, kind, text)


def _note(
    work: Work, connection: Connection, uid: str, person: str, kind: ItemKind, text: str
) -> Fault | None:
    booking = of_partner(connection, uid, person)
    if booking is None or booking.kind != MEETING or not is_open(booking.meeting, work.now):
        return None
    own = [item for item in agenda.items(connection, uid) if item.person == person]
    if any((item.kind, item.text) == (kind, text) for item in own):
        return None
    fault = Fault.TOO_MANY if len(own) >= MOST else fault_in(text)
    if fault is None:
        agenda.add(connection, uid, person, kind, text, work.now)
        log.info("agenda_item_added", uid=uid, person=person)
    return fault


def remove(work: Work, uid: str, person: str, number: int) -> None:
    """Take back an item of one's own, while the agenda is open."""
    with work.engine.begin() as connection:
        booking = of_partner(connection, uid, person)
        if booking and is_open(booking.meeting, work.now):
            agenda.remove(connection, uid, person, number)


def noted_by_mail(work: Work, connection: Connection, code: Code, text: str) -> None:
    """AGENDA: what stands after the code is an item; with a question mark, a question."""
    (uid,) = code.about
    words = plain(text)[:LONGEST]
    kind = ItemKind.QUESTION if words.endswith("?") else ItemKind.ITEM
    if fault := _note(work, connection, uid, code.person, kind, words):
        log.info("agenda_item_refused", uid=uid, person=code.person, fault=str(fault))


def as_mailed(
    work: Work, connection: Connection, booking: Booking, items: Sequence[Item], reader: str
) -> Agenda:
    """The agenda as a mail to one of the two shows it."""
    names = {guest.email: work.person(guest).name for guest in booking.guests}
    return Agenda(
        lines=tuple(Line(item.kind, item.text, names[item.person]) for item in items),
        phase=phase_of(work, booking),
        link=page_link(work.roster, work.secret, work.now, AGENDA, reader, booking.uid),
        code=issue(work, connection, AGENDA, reader, booking.uid),
    )

"""Before a meeting: what will you talk about, and the reminder with its agenda."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.engine import Connection

from mentoring import itip
from mentoring.agenda import PrepareNotice, RemindNotice, prepare_due
from mentoring.availability import reading_hours, reads_at
from mentoring.interval import Interval
from mentoring.meeting import REMIND_BEFORE
from mentoring.roster import Person
from service.agenda import as_mailed
from service.compose import Calendar, event_text
from service.post import choices_foot, facts, post
from service.templates import templates_of
from service.work import Work, reader, reading
from store import agenda, meetings, outbox
from store.booking import MEETING, Booking, Guest

_WEEK = timedelta(days=7)


def prepare(work: Work) -> None:
    """Ask those who noted nothing yet, two working days of theirs before they meet."""
    with reading(work.engine) as connection:
        coming = [b for b in meetings.live(connection) if b.kind == MEETING]
    for booking in coming:
        for guest in booking.guests:
            if _may_ask(work, booking, guest):
                _ask(work, booking.uid, guest)


def _may_ask(work: Work, booking: Booking, guest: Guest) -> bool:
    person = work.person(guest)
    if not prepare_due(booking.meeting, person, work.now) or not reads_at(person, work.now):
        return False
    return work.now < remind_at(person, booking.meeting.slot.start)


def _ask(work: Work, uid: str, guest: Guest) -> None:
    with work.engine.begin() as connection:
        booking = meetings.by_uid(connection, uid)
        items = agenda.items(connection, uid)
        if booking is None or any(item.person == guest.email for item in items):
            return
        person, start = work.person(guest), booking.meeting.slot.start
        notice = PrepareNotice(
            key=f"prepare:{uid}:{guest.email}",
            reader=reader(person, start),
            meeting=facts(work, booking),
            agenda=as_mailed(work, connection, booking, items, guest.email),
        )
        post(work, connection, notice, uid=uid, expires_at=remind_at(person, start))


def remind(work: Work, connection: Connection, booking: Booking, guest: Guest) -> None:
    """The reminder, with what the two noted; that goes into the event of their calendars too."""
    key = f"remind:{booking.uid}:{booking.meeting.sequence}:{guest.email}"
    if outbox.is_said(connection, key):
        return
    meeting = facts(work, booking)
    notice = RemindNotice(
        key=key,
        reader=reader(work.person(guest), booking.meeting.slot.start),
        meeting=meeting,
        code=guest.code,
        choices=choices_foot(work, connection, booking, guest),
    )
    if booking.kind == MEETING:
        items = agenda.items(connection, booking.uid)
        shown = as_mailed(work, connection, booking, items, guest.email)
        notice = replace(notice, agenda=shown)
    post(
        work,
        connection,
        notice,
        calendar=_update(work, booking, notice),
        uid=booking.uid,
        expires_at=booking.meeting.slot.start,
    )


def _update(work: Work, booking: Booking, notice: RemindNotice) -> Calendar | None:
    """The same event with its agenda: same SEQUENCE, each one's answer kept."""
    if notice.agenda is None or not notice.agenda.lines:
        return None
    programme = work.roster.programme
    statuses = {a.email: str(a.partstat) for a in booking.meeting.attendances}
    words = event_text(notice, programme, templates_of(work.roster))
    ics = itip.request(
        notice.meeting,
        programme,
        statuses,
        work.now,
        agenda=words,
        language=notice.reader.language,
    )
    return Calendar("REQUEST", ics)


def remind_at(person: Person, start: datetime) -> datetime:
    """A day before the meeting, or on the last working day before that if they don't work then."""
    day_before = start - REMIND_BEFORE
    if reads_at(person, day_before):
        return day_before
    worked = reading_hours(person, Interval(day_before - _WEEK, day_before))
    return worked[-1].start if worked else day_before

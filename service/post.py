"""Queueing mail: a notice becomes exact bytes in the transaction of the change that causes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.engine import Connection

from mentoring import itip
from mentoring.interval import Interval
from mentoring.letter import Letter
from mentoring.notices import ChoicesFoot, CounterNotice, MeetingFacts, MeetingNotice, Notice, Why
from mentoring.roster import Person
from mentoring.where import own_room, place_near, room_named, shared_tool
from service import codes
from service.compose import Calendar, compose
from service.links import page_link
from service.templates import templates_of
from service.work import Work, party, reader
from store import outbox
from store.booking import Booking, Guest

CHOICES = "choices"
"""The purpose of links to a partner's own choices, and of codes to make them by mail."""
_ABOUT_THE_TIME = ("invite", "moved", "cancelled", "nudge", "prepare", "remind", "counter")


def misread_key(work: Work, person: Person) -> str:
    """One such answer a day: two machines that answer each other must come to an end."""
    return f"misread:{work.today}:{person.email}"


def post(
    work: Work,
    connection: Connection,
    notice: Notice,
    *,
    calendar: Calendar | None = None,
    uid: str = "",
    known_start: datetime | None = None,
    expires_at: datetime | None = None,
) -> bool:
    """Queue a notice; False where its key was queued before."""
    if outbox.is_said(connection, notice.key):
        return False
    letter = _letter(work, notice, calendar)
    outbox.enqueue(
        connection,
        key=notice.key,
        kind=notice.kind,
        letter=letter,
        now=work.now,
        uid=uid,
        known_start=known_start,
        expires_at=expires_at,
    )
    return True


def _letter(work: Work, notice: Notice, calendar: Calendar | None) -> Letter:
    return compose(
        notice,
        work.roster.programme,
        calendar=calendar,
        at=work.now,
        secret=work.secret,
        templates=templates_of(work.roster),
    )


def facts(work: Work, booking: Booking) -> MeetingFacts:
    """A booking as its invite describes it."""
    start = booking.meeting.slot.start
    mentor, mentee = (work.person(guest) for guest in booking.guests)
    known = MeetingFacts(
        uid=booking.uid,
        sequence=booking.meeting.sequence,
        slot=booking.meeting.slot,
        mentor=party(mentor, start),
        mentee=party(mentee, start),
        in_person=booking.on_site,
        unseen=tuple(p.name for p in (mentor, mentee) if not p.calendar),
        outside=_whole(booking.edges) if booking.outside else (0, 0),
        borne=_whole(booking.decision.get("borne", (0, 0))),
        awkward=(0, 0) if booking.outside else _whole(booking.edges),
    )
    if not booking.on_site:
        tool = shared_tool(mentor, mentee)
        return replace(known, tool=tool, link=booking.link or own_room(mentor, tool))
    slot, zone = booking.meeting.slot, known.mentor.zone
    near = (work.roster.places, mentor.site, slot, zone)
    place = room_named(*near, booking.room) or place_near(*near, booking.number)
    if place is None:
        return replace(known, place=mentor.site)
    return replace(known, place=place.name, address=place.address, map=place.link)


def _whole(minutes: Sequence[float]) -> tuple[int, int]:
    return round(minutes[0]), round(minutes[1])


def post_invites(work: Work, connection: Connection, booking: Booking) -> None:
    """A new proposal to both."""
    for guest in booking.guests:
        _post_request(work, connection, booking, guest)


def post_move(work: Work, connection: Connection, booking: Booking) -> None:
    """The new time to both; who has not heard of the meeting yet gets a plain invite instead."""
    for guest in booking.guests:
        outbox.supersede(connection, booking.uid, guest.email, _ABOUT_THE_TIME)
        known = outbox.known_start(connection, booking.uid, guest.email)
        _post_request(work, connection, booking, guest, known)


def rewrite_requests(work: Work, connection: Connection, booking: Booking) -> None:
    """Say what is new, the join link, in the letters about the time that nobody tried to send."""
    sender = work.roster.programme.organiser.email
    for guest in booking.guests:
        queued = outbox.untouched(connection, sender, booking.uid, guest.email)
        if queued is None:
            continue
        notice, ics = _request(work, connection, booking, guest, queued.known_start)
        outbox.rewrite(connection, queued.id, _letter(work, notice, ics).raw)


def _post_request(
    work: Work,
    connection: Connection,
    booking: Booking,
    guest: Guest,
    known: datetime | None = None,
) -> None:
    notice, ics = _request(work, connection, booking, guest, known)
    post(
        work,
        connection,
        notice,
        calendar=ics,
        uid=booking.uid,
        known_start=known,
        expires_at=booking.meeting.slot.start,
    )


def _request(
    work: Work, connection: Connection, booking: Booking, guest: Guest, known: datetime | None
) -> tuple[MeetingNotice, Calendar]:
    """The present time; as a move to a reader who knows of another, else as an invite."""
    meeting = facts(work, booking)
    statuses = {a.email: str(a.partstat) for a in booking.meeting.attendances}
    to = reader(work.person(guest), booking.meeting.slot.start)
    ics = itip.request(meeting, work.roster.programme, statuses, work.now, language=to.language)
    notice = MeetingNotice(
        kind="moved" if known else "invite",
        key=invite_key(booking, guest),
        reader=to,
        meeting=meeting,
        code=guest.code,
        why=Why(booking.why) if booking.why and (known or booking.why == Why.PICKED) else None,
        before=_before(booking, known),
        choices=choices_foot(work, connection, booking, guest),
    )
    return notice, Calendar("REQUEST", ics)


def _before(booking: Booking, known: datetime | None) -> Interval | None:
    """The time that a reader knows of; changed clock rules would show one that nobody knew."""
    if known is None or booking.why == Why.RULES:
        return None
    return Interval(known, known + booking.meeting.slot.length)


def choices_foot(
    work: Work, connection: Connection, booking: Booking, guest: Guest
) -> ChoicesFoot | None:
    """Where a partner makes their own choices; None for a pair that is no more."""
    key = (booking.meeting.mentor, booking.meeting.mentee)
    pair = work.roster.pair(key)
    if pair is None or work.today > pair.end:
        return None
    return ChoicesFoot(
        page_link(work.roster, work.secret, work.now, CHOICES, guest.email, *key),
        codes.issue(work, connection, CHOICES, guest.email, *key),
    )


def invite_key(booking: Booking, guest: Guest) -> str:
    return f"invite:{booking.uid}:{booking.meeting.sequence}:{guest.email}"


def post_cancel(work: Work, connection: Connection, booking: Booking, why: Why) -> None:
    """The meeting is off, to whoever has heard of it."""
    meeting = facts(work, booking)
    for guest in booking.guests:
        outbox.supersede(connection, booking.uid, guest.email, _ABOUT_THE_TIME)
        known = outbox.known_start(connection, booking.uid, guest.email)
        if known is None:
            continue
        to = reader(work.person(guest), booking.meeting.slot.start)
        ics = itip.cancel(meeting, work.roster.programme, work.now, language=to.language)
        notice = MeetingNotice(
            kind="cancelled",
            key=f"change:{booking.uid}:{booking.meeting.sequence}:{guest.email}",
            reader=to,
            meeting=meeting,
            code=guest.code,
            why=why,
            choices=choices_foot(work, connection, booking, guest),
        )
        post(
            work,
            connection,
            notice,
            calendar=Calendar("CANCEL", ics),
            uid=booking.uid,
            known_start=known,
            expires_at=booking.meeting.slot.end,
        )


def post_counter_refusal(
    work: Work, connection: Connection, booking: Booking, notice: CounterNotice
) -> None:
    """The asked time can't be had: DECLINECOUNTER, RFC 5546 section 3.2.8."""
    meeting = notice.meeting
    side = meeting.mentor if meeting.mentor.email == notice.reader.email else meeting.mentee
    ics = itip.decline_counter(
        meeting,
        work.roster.programme,
        side,
        str(notice.refusal),
        work.now,
        language=notice.reader.language,
    )
    post(
        work,
        connection,
        notice,
        calendar=Calendar("DECLINECOUNTER", ics),
        uid=booking.uid,
        expires_at=booking.meeting.slot.start,
    )


def post_plain(
    work: Work, connection: Connection, booking: Booking, guest: Guest, kind: str, key: str
) -> bool:
    """A nudge about a meeting: no calendar part, nothing changes."""
    notice = MeetingNotice(
        kind=kind,
        key=key,
        reader=reader(work.person(guest), booking.meeting.slot.start),
        meeting=facts(work, booking),
        code=guest.code,
        choices=choices_foot(work, connection, booking, guest),
    )
    return post(
        work,
        connection,
        notice,
        uid=booking.uid,
        expires_at=booking.meeting.slot.start,
    )

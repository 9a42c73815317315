"""The organiser's own calendar: brought up to each meeting's newest SEQUENCE."""

from __future__ import annotations

import structlog

from integrations.ports import Attendee, Entry, Organiser, ProviderError
from mentoring import itip
from mentoring.meeting import State
from service.post import facts
from service.work import Work
from store import meetings
from store.meetings import Booking

log = structlog.get_logger()


def publish(work: Work) -> None:
    """Show what changed. Twice is as once: the event is found by its UID."""
    try:
        organiser = work.outside.organiser()
        if organiser is None:
            return
        with work.engine.begin() as connection:
            pending = meetings.unpublished(connection)
        for booking in pending:
            _show(work, organiser, booking)
            with work.engine.begin() as connection:
                meetings.mark_published(connection, booking)
    except ProviderError as error:
        work.counts.add("failed")
        log.error("organiser_calendar_behind", reason=error.message, mend=error.mend)


def _show(work: Work, organiser: Organiser, booking: Booking) -> None:
    if booking.meeting.state is State.CANCELLED:
        organiser.withdraw(booking.uid)
        return
    organiser.publish(_entry(work, booking))
    log.info("published", uid=booking.uid, sequence=booking.meeting.sequence)


def _entry(work: Work, booking: Booking) -> Entry:
    meeting = facts(work, booking)
    statuses = {a.email: str(a.partstat) for a in booking.meeting.attendances}
    return Entry(
        uid=booking.uid,
        sequence=meeting.sequence,
        slot=meeting.slot,
        zone=meeting.mentee.zone,
        summary=itip.SUMMARY,
        description=itip.description(meeting, work.roster.programme),
        location=itip.location(meeting),
        attendees=tuple(
            Attendee(party.email, itip.plain(party.name), statuses[party.email])
            for party in (meeting.mentor, meeting.mentee)
        ),
        online=not meeting.in_person,
        ics=itip.request(meeting, work.roster.programme, statuses, work.now),
    )

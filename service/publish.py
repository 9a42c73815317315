"""The organiser's own calendar: brought up to each meeting's newest SEQUENCE."""

from __future__ import annotations

from dataclasses import replace

import structlog

from integrations.ports import Attendee, Entry, Organiser, ProviderError
from mentoring import itip
from mentoring.meeting import State
from service.post import facts, rewrite_requests
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
            if booking.meeting.state is State.CANCELLED:
                organiser.withdraw(booking.uid)
                link = ""
            else:
                link = organiser.publish(_entry(work, booking, organiser))
            _keep(work, booking, link)
            log.info("published", uid=booking.uid, sequence=booking.meeting.sequence)
    except ProviderError as error:
        work.counts.add("failed")
        log.error("organiser_calendar_behind", reason=error.message, mend=error.mend)


def _keep(work: Work, booking: Booking, link: str) -> None:
    """What was shown, and where to join: into the letters too that are still waiting."""
    with work.engine.begin() as connection:
        meetings.mark_published(connection, booking)
        if not link or link == booking.link:
            return
        linked = replace(booking, link=link)
        meetings.save(connection, linked)
        rewrite_requests(work, connection, linked)


def _entry(work: Work, booking: Booking, organiser: Organiser) -> Entry:
    meeting = replace(facts(work, booking), link="")  # the calendar shows its own
    statuses = {a.email: str(a.partstat) for a in booking.meeting.attendances}
    agreed = meeting.tool.casefold()
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
        online=not meeting.in_person and (not agreed or agreed in organiser.makes),
        ics=itip.request(meeting, work.roster.programme, statuses, work.now),
    )

"""The organiser's own calendar: brought up to each meeting's newest SEQUENCE."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import structlog

from integrations.ports import Attendee, Entry, Organiser, ProviderError
from mentoring import itip
from mentoring.meeting import LIVE, State
from service.post import facts, rewrite_requests
from service.work import Work, reading
from store import meetings
from store.booking import Booking

log = structlog.get_logger()


_DOWN_AFTER = 3
"""Passing faults in a row after which the calendar itself is taken to be down."""


def publish(work: Work) -> None:
    """Show what changed. Twice is as once: the event is found by its UID.

    A meeting that the calendar refuses does not hold up those after it.
    """
    try:
        organiser = work.outside.organiser()
    except ProviderError as error:
        _behind(work, error)
        return
    if organiser is None:
        return
    with reading(work.engine) as connection:
        pending = meetings.unpublished(connection)
    in_a_row = 0
    for uid in pending:
        try:
            _show(work, organiser, uid)
            in_a_row = 0
        except ProviderError as error:
            _behind(work, error, uid)
            in_a_row += not error.permanent
        if in_a_row == _DOWN_AFTER:
            return


def _behind(work: Work, error: ProviderError, uid: str = "") -> None:
    work.counts.add("failed")
    log.error("organiser_calendar_behind", uid=uid, reason=error.message, mend=error.mend)


def _show(work: Work, organiser: Organiser, uid: str) -> None:
    """As the meeting is now: those before it took their time."""
    with reading(work.engine) as connection:
        booking = meetings.by_uid(connection, uid)
    if booking is None:
        return
    if booking.meeting.state is State.CANCELLED:
        organiser.withdraw(booking.uid)
        link, shown = "", None
    else:
        link = organiser.publish(_entry(work, booking, organiser))
        shown = organiser.find(booking.uid)
    _keep(work, booking, link, shown.answers if shown else {})
    log.info("published", uid=booking.uid, sequence=booking.meeting.sequence)


def _keep(work: Work, told: Booking, link: str, answers: Mapping[str, str]) -> None:
    """What was shown, and where to join: into the letters too that are still waiting.

    Answers that the calendar shows from the first were given to an earlier time: they are no news.
    Meanwhile a page may have changed the meeting: only what the calendar says is written.
    """
    uid, sequence = told.uid, told.meeting.sequence
    with work.engine.begin() as connection:
        shown = {guest.email: answers.get(guest.email, "") for guest in told.guests}
        meetings.mark_published(connection, uid, sequence, shown)
        if not link or link == told.link:
            return
        meetings.keep_link(connection, uid, link)
        booking = meetings.by_uid(connection, uid)
        if booking and booking.meeting.state in LIVE:
            rewrite_requests(work, connection, booking)


def _entry(work: Work, booking: Booking, organiser: Organiser) -> Entry:
    meeting = facts(work, booking)
    agreed = meeting.tool.casefold()
    online = not meeting.in_person and (not agreed or agreed in organiser.makes)
    if online:  # the calendar shows the link that it makes
        meeting = replace(meeting, link="")
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
        online=online,
        ics=itip.request(meeting, work.roster.programme, statuses, work.now),
    )

"""What the coordinator does by hand: each act is one transaction with the note of who did it.

Each gives a word on what came of it, which the page then shows.
"""

from __future__ import annotations

import hmac
from dataclasses import replace
from datetime import date
from enum import StrEnum
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.engine import Connection

from mentoring.choices import FURTHEST
from mentoring.meeting import State
from mentoring.notices import CalendarNotice, Why
from mentoring.roster import Pair, Person
from service import removals
from service.booking import call_off
from service.consent import connect_link, needs_consent
from service.links import base_url
from service.polls import close
from service.post import post
from service.propose import WAITING, keep, live_ahead, standing_of
from service.work import Work, reader
from store import audit, bounces, meetings, pauses, polls, queue
from store.audit import Act
from store.outbox import QUEUED
from store.pauses import PairPause

log = structlog.get_logger()


class Done(StrEnum):
    """What came of an act."""

    PAUSED = "paused"
    WENT_ON = "went-on"
    SKIPPED_MEETING = "skipped-meeting"
    RESENT = "resent"
    SKIPPED_MAIL = "skipped-mail"
    SETTLED_MAIL = "settled-mail"
    MAILED_LINK = "mailed-link"
    NOTHING = "nothing"
    OUTDATED = "outdated"
    OVER = "over"
    WAITS = "waits"
    NO_LINK = "no-link"
    BAD_DATE = "bad-date"
    ACCEPTED = "accepted"
    OTHER_FILES = "other-files"
    LIFTED = "lifted"


def pause(work: Work, connection: Connection, who: str, pair: Pair, until: str) -> Done:
    """Let a pair rest from today until a day, both included; what lies in it is called off."""
    try:
        last = date.fromisoformat(until)
    except ValueError:
        return Done.BAD_DATE
    if not work.today <= last <= work.today + FURTHEST:
        return Done.BAD_DATE
    if work.today > pair.end:
        return Done.NOTHING
    pauses.add(connection, PairPause(*pair.key, work.today, last), who, work.now)
    zone = ZoneInfo(work.roster.programme.timezone)
    # All that is live, for a briefing after an event is theirs too.
    for booking in meetings.live(connection):
        if (booking.meeting.mentor, booking.meeting.mentee) != pair.key:
            continue
        start = booking.meeting.slot.start
        if work.now < start and start.astimezone(zone).date() <= last:
            call_off(work, connection, booking, Why.BY_HAND)
    if poll := polls.running_for(connection, *pair.key):
        close(work, connection, poll, "")
    _note(work, connection, who, "paused a pair", pair, f"until {last}")
    return Done.PAUSED


def go_on(work: Work, connection: Connection, who: str, pair: Pair) -> Done:
    """End a pause before its time."""
    if not pauses.end(connection, *pair.key, work.today, work.now):
        return Done.NOTHING
    _note(work, connection, who, "let a pair go on", pair)
    return Done.WENT_ON


def skip_proposal(work: Work, connection: Connection, who: str, pair: Pair) -> Done:
    """Call the proposal off that waits for answers; the pair rests until its time is over."""
    ahead = live_ahead(work, meetings.of_pair(connection, *pair.key))
    booking = next((b for b in ahead if b.meeting.state is State.PROPOSED), None)
    if booking is None:
        return Done.NOTHING
    call_off(work, connection, booking, Why.BY_HAND)
    standing = standing_of(connection, pair.key)
    rest = replace(standing, rest_until=booking.meeting.slot.end)
    keep(connection, rest, WAITING, "the coordinator skipped the proposal")
    _note(work, connection, who, "skipped a proposal", pair, booking.uid)
    return Done.SKIPPED_MEETING


def resend(work: Work, connection: Connection, who: str, number: int) -> Done:
    """Queue a letter again that was refused or is in doubt, unless it is of no use any more."""
    item = queue.by_id(connection, number)
    if item is None:
        return Done.NOTHING
    if item.expires_at and item.expires_at <= work.now:
        return Done.OVER
    if queue.is_outdated(connection, item):
        return Done.OUTDATED
    if not queue.resend(connection, number, work.now):
        return Done.NOTHING
    bounces.lift(connection, item.recipient, work.now)
    _note(work, connection, who, "sent a mail again", about=f"{item.kind} to {item.recipient}")
    return Done.RESENT


def skip_mail(work: Work, connection: Connection, who: str, number: int) -> Done:
    """Take a letter out of the queue for good."""
    item = queue.by_id(connection, number)
    if item is None or not queue.skip(connection, number):
        return Done.NOTHING
    _note(work, connection, who, "skipped a mail", about=f"{item.kind} to {item.recipient}")
    return Done.SKIPPED_MAIL


def settle_mail(work: Work, connection: Connection, who: str, number: int) -> Done:
    """Have done with a letter: one in doubt is taken as arrived, a refused one is given up."""
    item = queue.by_id(connection, number)
    if item is None or not queue.settle(connection, number, work.now):
        return Done.NOTHING
    _note(work, connection, who, "settled a mail", about=f"{item.kind} to {item.recipient}")
    return Done.SETTLED_MAIL


def mail_link(work: Work, connection: Connection, who: str, person: Person) -> Done:
    """Mail the page on which a partner lets us read their calendar, in their hours."""
    if not needs_consent(person) or not base_url(work.roster):
        return Done.NO_LINK
    waiting = queue.page(connection, (QUEUED,), 0, 50, (person.email,))
    if any(item.kind == "calendar" for item in waiting):
        return Done.WAITS
    notice = CalendarNotice(
        key=f"connect:{person.email}:{work.now.isoformat()}",
        reader=reader(person, work.now),
        problem="it is not connected yet, or not any more",
        mend="open the page below and follow it; it takes a minute",
        link=connect_link(work, person),
        again=False,
    )
    post(work, connection, notice)
    _note(work, connection, who, "mailed a calendar link", about=person.email)
    return Done.MAILED_LINK


def accept_removal(work: Work, connection: Connection, who: str, digest: str) -> Done:
    """Let the files take out the pairs that the page named, and no others."""
    waits = removals.waiting(connection)
    if waits is None:
        return Done.NOTHING
    if not hmac.compare_digest(waits.digest.encode(), digest.encode()):
        return Done.OTHER_FILES
    removals.accept(connection, waits)
    _note(work, connection, who, "let the files take out pairs", about=f"{len(waits.marks)} pairs")
    return Done.ACCEPTED


def lift(work: Work, connection: Connection, who: str, address: str) -> Done:
    """Mail to an address again from which mail came back."""
    if not bounces.lift(connection, address, work.now):
        return Done.NOTHING
    _note(work, connection, who, "lifted the pause of an address", about=address)
    return Done.LIFTED


def _note(
    work: Work,
    connection: Connection,
    who: str,
    action: str,
    pair: Pair | None = None,
    about: str = "",
) -> None:
    mentor, mentee = pair.key if pair else ("", "")
    audit.note(connection, Act(work.now, who, action, mentor, mentee, about))
    log.info("coordinator_acted", who=who, action=action, mentor=mentor, mentee=mentee)

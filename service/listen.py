"""Reading the inbox: what partners answered, and what follows from it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta

import structlog
from sqlalchemy.engine import Connection

from integrations.ports import Inbox, ProviderError, Received
from mentoring.bounces import Bounce
from mentoring.deadline_mail import DeadlineAsked
from mentoring.grid import QUARTER
from mentoring.interval import Interval
from mentoring.meeting import LIVE, Partstat, answer_counts
from mentoring.notices import CounterNotice, Refusal, Why
from mentoring.replies import Answer, AnswerKind, Command, Unreadable, acts_for, read_answer
from mentoring.roster import Pair
from service import channels
from service.booking import asked_slot, move, moved_to
from service.bounces import take_bounce
from service.commands import obey
from service.deadlines import by_mail
from service.events import take_reply
from service.post import facts, post_counter_refusal
from service.rooms import with_room
from service.sides import sides_at, suits, unknown
from service.work import Work, reader
from store import facts as store_facts
from store import meetings, outbox
from store.booking import Booking

log = structlog.get_logger()

_PARTSTATS = {
    AnswerKind.ACCEPT: Partstat.ACCEPTED,
    AnswerKind.DECLINE: Partstat.DECLINED,
    AnswerKind.TENTATIVE: Partstat.TENTATIVE,
}
_SHORTEST, _LONGEST = QUARTER, timedelta(hours=8)
_BATCHES = 100


def listen(work: Work) -> None:
    """Take in everything new. A message and what follows from it are one transaction."""
    try:
        inbox = work.outside.inbox()
        if inbox:
            _drain(work, inbox, work.roster.settings.mail["inbox"])
    except ProviderError as error:
        channels.failed(work, channels.INBOX, error)
    else:
        channels.answered(work, channels.INBOX)


def _drain(work: Work, inbox: Inbox, url: str) -> None:
    name = store_facts.inbox_cursor(url)
    for _ in range(_BATCHES):
        with work.engine.begin() as connection:
            cursor = store_facts.read(connection, name)
        batch = inbox.fetch(cursor)
        for message in batch.messages:
            _take_in(work, message)
        if batch.cursor != cursor:
            with work.engine.begin() as connection:
                store_facts.write(connection, name, batch.cursor)
        if not batch.messages:
            return


def _take_in(work: Work, message: Received) -> None:
    answer = read_answer(message.raw)
    with work.engine.begin() as connection:
        if not outbox.remember(connection, hashlib.sha256(message.raw).hexdigest(), work.now):
            return
        if isinstance(answer, Unreadable):
            log.warning("answer_unreadable", message=message.key, reason=answer.reason)
        elif isinstance(answer, Command):
            obey(work, connection, answer)
        elif isinstance(answer, DeadlineAsked):
            by_mail(work, connection, answer)
        elif isinstance(answer, Bounce):
            take_bounce(work, connection, answer)
        elif answer is not None:
            _apply(work, connection, answer)


def _apply(work: Work, connection: Connection, answer: Answer) -> None:
    if take_reply(work, connection, answer):
        return
    found = _addressed(connection, answer)
    if found is None:
        return
    booking, person = found
    side = next(a for a in booking.meeting.attendances if a.email == person)
    sequence = booking.meeting.sequence if answer.code else answer.sequence
    if not answer_counts(booking.meeting, side, sequence, answer.stamp):
        log.info("answer_out_of_date", uid=booking.uid, person=person, sequence=answer.sequence)
        return
    if answer.kind is AnswerKind.COUNTER:
        _counter(work, connection, booking, person, answer)
        return
    partstat = _PARTSTATS[answer.kind]
    # A partner's clock may be ahead: their next answer must not seem older than this one.
    stamp = min(answer.stamp, work.now) if answer.stamp else side.answered
    changed = replace(side, partstat=partstat, answered=stamp)
    meetings.save_side(connection, booking.uid, changed)
    outbox.supersede(connection, booking.uid, person, ("nudge",))
    work.counts.add("answers")
    log.info("answered", uid=booking.uid, person=person, partstat=str(partstat))


def _addressed(connection: Connection, answer: Answer) -> tuple[Booking, str] | None:
    """The meeting and the partner that an answer speaks for; None where it may not be believed."""
    if answer.code:
        return meetings.by_code(connection, answer.code)
    booking = meetings.by_uid(connection, answer.uid)
    if booking is None:
        log.info("answer_to_unknown_meeting", message=answer.message_id)
        return None
    if booking.guest(answer.attendee) is None or not acts_for(answer, answer.attendee):
        log.warning("answer_not_trusted", uid=booking.uid, message=answer.message_id)
        return None
    return booking, answer.attendee


def _counter(
    work: Work, connection: Connection, booking: Booking, person: str, answer: Answer
) -> None:
    pair = work.roster.pair((booking.meeting.mentor, booking.meeting.mentee))
    if pair is None or booking.meeting.state not in LIVE or answer.asked is None:
        return
    refusal = _refusal(work, connection, booking, pair, answer, answer.asked)
    if refusal:
        _refuse(work, connection, booking, person, answer, answer.asked, refusal)
        return
    people = work.roster.both_of(pair)
    slot = asked_slot(people, answer.asked, booking)
    moved = moved_to(work, booking, people, slot, Why.COUNTERED)
    moved = with_room(work, connection, moved)
    own = next(a for a in moved.meeting.attendances if a.email == person)
    taken = moved.with_side(replace(own, partstat=Partstat.ACCEPTED))
    move(work, connection, booking, taken)
    work.counts.add("countered")
    log.info("counter_taken", uid=booking.uid, person=person, sequence=taken.meeting.sequence)


def _refusal(
    work: Work,
    connection: Connection,
    booking: Booking,
    pair: Pair,
    answer: Answer,
    asked: Interval,
) -> Refusal | None:
    if answer.recurring:
        return Refusal.RECURRING
    if asked.start <= work.now:
        return Refusal.PAST
    if not _SHORTEST <= asked.length <= _LONGEST:
        return Refusal.LENGTH
    people = work.roster.both_of(pair)
    if unknown(work, connection, people):
        return Refusal.UNREADABLE
    both = sides_at(work, connection, people, asked, besides=booking)
    verdict = suits(both, asked, pair.agreement.buffer)
    return {"hours": Refusal.OUTSIDE_HOURS, "busy": Refusal.BUSY}.get(verdict)


def _refuse(
    work: Work,
    connection: Connection,
    booking: Booking,
    person: str,
    answer: Answer,
    asked: Interval,
    refusal: Refusal,
) -> None:
    guest = booking.guest(person)
    if guest is None:
        return
    # The same wish again on the same day gets no second answer: a machine may be asking.
    mark = hashlib.sha256(f"{work.today}{asked}".encode()).hexdigest()[:16]
    notice = CounterNotice(
        key=f"counter:{booking.uid}:{person}:{mark}",
        reader=reader(work.person(guest), booking.meeting.slot.start),
        meeting=facts(work, booking),
        asked=asked,
        refusal=refusal,
    )
    post_counter_refusal(work, connection, booking, notice)
    log.info("counter_refused", uid=booking.uid, person=person, refusal=str(refusal))

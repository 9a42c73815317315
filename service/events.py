"""Programme events: telling the cohort, taking their answers, asking who was there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy.engine import Connection

from mentoring import itip_event
from mentoring.availability import working_days_between
from mentoring.interval import Interval
from mentoring.met import ASSUMED_AFTER
from mentoring.programme_events import (
    COMING,
    STEPS,
    AttendedNotice,
    EventFacts,
    EventNotice,
    Rsvp,
    accepted_way,
    due_step,
    identified,
    invited,
    is_asked,
    was_there,
    ways,
)
from mentoring.replies import Answer as Reply
from mentoring.replies import AnswerKind, acts_for
from mentoring.roster import Event, Person
from service.codes import issue
from service.compose import Calendar
from service.links import page_link
from service.post import post
from service.work import Work, reader
from store import events as store
from store import outbox
from store.codes import Code
from store.events import Answer, Kept

_Handler = Callable[[Work, Connection, Code, str], None]

log = structlog.get_logger()

RSVP, ATTENDED = "event", "attended"
"""The purposes of the two pages and their codes."""
_UID = "event-"
_ASK_AFTER = timedelta(hours=1)
_ASK_WITHIN = timedelta(days=10)


@dataclass(frozen=True)
class Gathering:
    """An event of the roster with what was told of it."""

    kept: Kept
    event: Event

    @property
    def id(self) -> str:
        return self.kept.id


def events(work: Work) -> None:
    """Bring what was told of events up to date, ask who comes, ask who was there."""
    with work.engine.begin() as connection:
        for gathering in _brought_up_to_date(work, connection):
            if _has_mail_due(gathering.event, work.now):
                _ask_everyone(work, connection, gathering)


def _has_mail_due(event: Event, now: datetime) -> bool:
    if now >= event.end:
        return _ASK_AFTER <= now - event.end <= _ASK_WITHIN
    return due_step(event.start, now) is not None


def _ask_everyone(work: Work, connection: Connection, gathering: Gathering) -> None:
    answers = store.answers(connection, gathering.id)
    said = outbox.said(connection, f"event:{gathering.id}:")
    said |= outbox.said(connection, f"attended:{gathering.id}:")
    step = due_step(gathering.event.start, work.now)
    for email in invited(work.roster.pairs, work.roster.people, gathering.event):
        person, answer = work.roster.people[email], answers.get(email, Answer())
        if step is not None and _is_asked(gathering, step, answer):
            if _key(gathering, step, email) not in said:
                _tell(work, connection, gathering, person, answer, step, "event")
        elif work.now >= gathering.event.end and f"attended:{gathering.id}:{email}" not in said:
            _ask_whether_there(work, connection, gathering, person, answer)


def _is_asked(gathering: Gathering, step: int, answer: Answer) -> bool:
    return is_asked(step, answer.rsvp, answer.answered, gathering.event.start)


def _key(gathering: Gathering, step: int, email: str) -> str:
    """A change of the event takes the place of the mail that would be due."""
    return f"event:{gathering.id}:{gathering.kept.sequence}:{step}:{email}"


def gatherings(work: Work, connection: Connection) -> list[Gathering]:
    """The roster's events that people were told of, first to last."""
    kept = store.every(connection)
    known = identified(work.roster.events)
    return [Gathering(kept[id_], event) for id_, event in known.items() if id_ in kept]


def _brought_up_to_date(work: Work, connection: Connection) -> list[Gathering]:
    """Events as they are now; those that moved or are off are told to whoever heard of them."""
    kept, known = store.every(connection), identified(work.roster.events)
    for id_, event in known.items():
        if id_ not in kept:
            store.save(connection, Kept(id_, 0, _digest(event), event.start, event.end))
        elif kept[id_].details != _digest(event) or kept[id_].cancelled_at:
            _change(work, connection, kept[id_], event)
    for id_, before in kept.items():
        if id_ not in known and not before.cancelled_at:
            _call_off(work, connection, before)
    return gatherings(work, connection)


def _digest(event: Event) -> str:
    parts = (event.start.isoformat(), event.end.isoformat(), event.place, event.link)
    return "\0".join((event.title, *parts))


def _change(work: Work, connection: Connection, before: Kept, event: Event) -> None:
    sequence = work.next_sequence(before.sequence)
    changed = Kept(before.id, sequence, _digest(event), event.start, event.end)
    store.save(connection, changed)
    if (before.start, before.end) != (event.start, event.end):
        store.forget_answers(connection, before.id)
    log.info("event_changed", event_id=before.id, sequence=changed.sequence)
    gathering = Gathering(changed, event)
    for email in invited(work.roster.pairs, work.roster.people, event):
        known = outbox.known_start(connection, uid_of(work, before.id), email)
        if known and event.start > work.now:
            answer = store.answers(connection, before.id).get(email, Answer())
            step = due_step(event.start, work.now) or STEPS[0]
            person = work.roster.people[email]
            _tell(work, connection, gathering, person, answer, step, "event_moved")


def _call_off(work: Work, connection: Connection, before: Kept) -> None:
    off = replace(before, sequence=work.next_sequence(before.sequence), cancelled_at=work.now)
    store.save(connection, off)
    log.info("event_called_off", event_id=before.id)
    if before.start <= work.now:
        return
    title, _, _ = before.details.partition("\0")
    event = Event(title, "other", before.start, before.end, work.roster.programme.timezone)
    for email, person in work.roster.people.items():
        if outbox.known_start(connection, uid_of(work, before.id), email):
            _tell(work, connection, Gathering(off, event), person, Answer(), 0, "event_off")


def _tell(
    work: Work,
    connection: Connection,
    gathering: Gathering,
    person: Person,
    answer: Answer,
    step: int,
    kind: str,
) -> None:
    """Queue one mail of an event, with the event itself where the reader's calendar lacks it."""
    uid = uid_of(work, gathering.id)
    known = outbox.known_start(connection, uid, person.email)
    notice = EventNotice(
        kind=kind,
        key=_key(gathering, step, person.email),
        reader=reader(person, gathering.event.start),
        event=facts(work, gathering),
        step=step,
        answer=answer.rsvp,
        again=answer.rsvp is Rsvp.ABSENT,
        code=issue(work, connection, RSVP, person.email, gathering.id),
        page=page_link(work.roster, work.secret, work.now, RSVP, person.email, gathering.id),
    )
    post(
        work,
        connection,
        notice,
        calendar=_calendar(work, notice, is_new=known is None),
        uid=uid,
        known_start=known if kind != "event" else None,
        expires_at=gathering.event.start,
    )


def _calendar(work: Work, notice: EventNotice, *, is_new: bool) -> Calendar | None:
    programme = work.roster.programme
    if notice.kind == "event_off":
        off = itip_event.cancel(notice.event, programme, notice.reader, work.now)
        return Calendar("CANCEL", off)
    if notice.kind == "event" and not is_new:
        return None
    return Calendar("REQUEST", itip_event.request(notice.event, programme, notice.reader, work.now))


def uid_of(work: Work, id_: str) -> str:
    """The event's UID: our own, and not to be guessed."""
    domain = work.roster.programme.organiser.email.partition("@")[2]
    return f"{_UID}{id_}-{work.token('event', id_, length=12)}@{domain}"


def facts(work: Work, gathering: Gathering) -> EventFacts:
    event = gathering.event
    return EventFacts(
        uid=uid_of(work, gathering.id),
        sequence=gathering.kept.sequence,
        title=event.title,
        slot=Interval(event.start, event.end),
        zone=event.timezone,
        place=event.place,
        link=event.link,
        ways=ways(event),
    )


def _ask_whether_there(
    work: Work, connection: Connection, gathering: Gathering, person: Person, answer: Answer
) -> None:
    if answer.rsvp is Rsvp.ABSENT or answer.attended is not None:
        return
    notice = AttendedNotice(
        key=f"attended:{gathering.id}:{person.email}",
        reader=reader(person, work.now),
        event=facts(work, gathering),
        code=issue(work, connection, ATTENDED, person.email, gathering.id),
        page=page_link(work.roster, work.secret, work.now, ATTENDED, person.email, gathering.id),
    )
    post(work, connection, notice, expires_at=gathering.event.end + _ASK_WITHIN)


def attendance(work: Work, gathering: Gathering, person: Person, answer: Answer) -> bool | None:
    """Whether somebody was there; None while nobody can tell."""
    if work.now < gathering.event.end:
        return None
    days = working_days_between(person, gathering.event.end, work.now)
    return was_there(answer.rsvp, answer.attended, days, ASSUMED_AFTER)


def find(work: Work, connection: Connection, id_: str) -> Gathering | None:
    return next((g for g in gatherings(work, connection) if g.id == id_), None)


def answer_rsvp(work: Work, connection: Connection, id_: str, person: str, said: Rsvp) -> bool:
    """Note how somebody comes; False once the event began, or for a way that it does not have."""
    gathering = find(work, connection, id_)
    if gathering is None or gathering.event.start <= work.now:
        return False
    if said in COMING and said not in ways(gathering.event):
        return False
    before = store.answers(connection, id_).get(person, Answer())
    since = before.answered if said is before.rsvp else work.now
    store.write(connection, id_, person, replace(before, rsvp=said, answered=since), work.now)
    log.info("event_answered", event_id=id_, person=person, answer=str(said))
    return True


def answer_attended(work: Work, connection: Connection, id_: str, person: str, was: bool) -> bool:
    """Note whether somebody was there; False before the event is over."""
    gathering = find(work, connection, id_)
    if gathering is None or gathering.event.end > work.now:
        return False
    before = store.answers(connection, id_).get(person, Answer())
    store.write(connection, id_, person, replace(before, attended=was), work.now)
    log.info("event_attended", event_id=id_, person=person, attended=was)
    return True


def take_reply(work: Work, connection: Connection, reply: Reply) -> bool:
    """A calendar's own answer to an event; False where its UID is none of an event's."""
    if not reply.uid.startswith(_UID):
        return False
    id_ = reply.uid.removeprefix(_UID).partition("-")[0]
    gathering, person = find(work, connection, id_), work.roster.people.get(reply.attendee)
    if gathering is None or person is None or reply.uid != uid_of(work, id_):
        log.info("answer_to_unknown_event", message=reply.message_id)
    elif not acts_for(reply, reply.attendee):
        log.warning("answer_not_trusted", uid=reply.uid, message=reply.message_id)
    elif reply.sequence != gathering.kept.sequence:
        log.info("answer_out_of_date", uid=reply.uid, person=person.email)
    elif reply.kind is AnswerKind.ACCEPT:
        answer_rsvp(work, connection, id_, person.email, accepted_way(gathering.event, person))
    elif reply.kind is AnswerKind.DECLINE:
        answer_rsvp(work, connection, id_, person.email, Rsvp.ABSENT)
    return True


def obey_rsvp(said: Rsvp) -> _Handler:
    def obey(work: Work, connection: Connection, meaning: Code, _rest: str) -> None:
        answer_rsvp(work, connection, meaning.about[0], meaning.person, said)

    return obey


def obey_attended(was: bool) -> _Handler:
    def obey(work: Work, connection: Connection, meaning: Code, _rest: str) -> None:
        answer_attended(work, connection, meaning.about[0], meaning.person, was)

    return obey

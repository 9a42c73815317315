"""Sending the outbox: inside each reader's hours, each letter once, refusals told."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from datetime import timedelta
from itertools import groupby

import structlog
from sqlalchemy.engine import Connection

from integrations.ports import LetterRefused, LetterWithdrawn, Mailer, OutcomeUnknown, ProviderError
from mentoring.availability import OFFICE_HOURS, reads_at
from mentoring.meeting import is_near
from mentoring.notices import UndeliveredNotice
from mentoring.roster import Person
from mentoring.sign_in import SIGN_IN
from service.engine import Job, run_all
from service.post import post
from service.work import Work, reading
from store import bounces, meetings, outbox, queue
from store.outbox import EXPIRED, FAILED, QUEUED, SENT, SUPERSEDED, UNKNOWN, Queued

log = structlog.get_logger()

_RETRY = (1, 5, 15, 60, 240, 480)
"""Minutes until the next attempt; the last one repeats."""
_ATTEMPTS = 18
_LONGEST_WAIT = timedelta(days=1)
"""However long a server asks us to stay away."""
_UNDELIVERED = "undelivered:"
AT_ONCE = frozenset({SIGN_IN})
"""Kinds that their readers asked for a moment ago."""


def deliver(work: Work, only: Collection[str] = ()) -> None:
    """Send what is due and may be sent now, or `only` some kinds of it; the rest stays queued."""
    sender = work.roster.programme.organiser.email
    try:
        mailer = work.outside.mailer()
    except ProviderError as error:
        work.counts.add("failed")
        log.error("mailer_unusable", reason=error.message, mend=error.mend)
        return
    _settle_interrupted(work, mailer, sender)
    with work.engine.begin() as connection:
        due = outbox.due(connection, sender, work.now)
        paused = {one.address for one in bounces.paused(connection)}
    wanted = (q for q in due if not only or q.kind in only)
    ready = [q for q in wanted if _may_go(work, q) and q.letter.recipient not in paused]
    for _ in range(run_all(_jobs(work, mailer, ready))):
        work.counts.add("failed")
    _tell_of_failures(work)


def _jobs(work: Work, mailer: Mailer, ready: list[Queued]) -> Iterable[Job]:
    """One job a reader, so that each one's letters keep their order."""
    ready.sort(key=lambda queued: (queued.letter.recipient, queued.id))
    for recipient, letters in groupby(ready, key=lambda queued: queued.letter.recipient):
        yield Job(recipient, _sender(work, mailer, list(letters)))


def _sender(work: Work, mailer: Mailer, letters: list[Queued]) -> Callable[[], None]:
    def send() -> None:
        for queued in letters:
            if not _send(work, mailer, queued):
                return  # what comes later must not overtake

    return send


def _may_go(work: Work, queued: Queued) -> bool:
    if queued.expires_at and work.now >= queued.expires_at:
        with work.engine.begin() as connection:
            outbox.mark(connection, queued.id, EXPIRED)
        log.info("mail_expired", key=queued.key)
        return False
    if _has_left(work, queued):
        with work.engine.begin() as connection:
            outbox.mark(connection, queued.id, SUPERSEDED)
        log.info("mail_to_nobody", key=queued.key)
        return False
    if queued.kind in AT_ONCE:
        return True
    if queued.known_start and is_near(work.now, queued.known_start, queued.expires_at):
        return True
    person = work.roster.people.get(queued.letter.recipient)
    if person is None:
        with reading(work.engine) as connection:
            person = reader_of(work, connection, queued.letter.recipient, queued.uid)
    if reads_at(person, work.now):
        return True
    work.counts.add("held_back")
    return False


def _has_left(work: Work, queued: Queued) -> bool:
    """Whether its reader is in the roster no more: then only a cancellation still concerns them."""
    roster = work.roster
    known = {*roster.coordinators, *roster.people, *roster.supervisors}
    return queued.kind != "cancelled" and queued.letter.recipient not in known


def reader_of(work: Work, connection: Connection, address: str, uid: str) -> Person:
    """Who reads mail at an address, with the hours in which it may arrive.

    A partner who left is known by invites alone: where they live, by the newest one to any meeting.
    """
    roster = work.roster
    if address in roster.people:
        return roster.people[address]
    guest = meetings.newest_guest(connection, address) if uid else None
    if guest:
        return work.person(guest)
    programme = roster.programme
    return Person(address, address, programme.timezone, OFFICE_HOURS, programme.holidays)


def _send(work: Work, mailer: Mailer, queued: Queued) -> bool:
    def point_of_no_return() -> None:
        with work.engine.begin() as connection:
            if not outbox.claim(connection, queued.id, work.now):
                raise LetterWithdrawn

    try:
        mailer.deliver(queued.letter, point_of_no_return)
    except LetterWithdrawn:
        log.info("mail_not_ours", key=queued.key)
        return True
    except ProviderError as error:
        _not_taken(work, queued, error)
        return isinstance(error, LetterRefused)
    except OutcomeUnknown as error:
        _in_doubt(work, mailer, replace(queued, since=work.now), error.message)
        return True
    _mark_sent(work, queued)
    return True


def _mark_sent(work: Work, queued: Queued) -> None:
    with work.engine.begin() as connection:
        outbox.mark(connection, queued.id, SENT, sent_at=work.now)
    work.counts.add("sent")
    log.info("mail_sent", key=queued.key, kind=queued.kind, to=queued.letter.recipient)


def _not_taken(work: Work, queued: Queued, error: ProviderError) -> None:
    dead = isinstance(error, LetterRefused) or queued.attempts + 1 >= _ATTEMPTS
    minutes = _RETRY[min(queued.attempts, len(_RETRY) - 1)]
    asked = min(timedelta(seconds=error.retry_after or 0), _LONGEST_WAIT)
    wait = max(timedelta(minutes=minutes), asked)
    with work.engine.begin() as connection:
        state = FAILED if dead else _again(connection, queued)
        next_attempt = work.now + wait
        is_ours = outbox.put_off(
            connection, queued.id, state, error=error.message, next_attempt=next_attempt
        )
    if not is_ours:
        log.info("mail_not_ours", key=queued.key)
        return
    if state == SUPERSEDED:
        log.info("mail_overtaken", key=queued.key)
        return
    work.counts.add("failed")
    log.warning(
        "mail_refused" if dead else "mail_delayed",
        key=queued.key,
        to=queued.letter.recipient,
        reason=error.message,
        mend=error.mend,
    )


def _in_doubt(work: Work, mailer: Mailer, queued: Queued, reason: str) -> None:
    """No answer came: evidence settles it, or the coordinator must."""
    try:
        taken = mailer.delivered(queued.letter.message_id)
    except ProviderError as error:
        work.counts.add("failed")
        log.warning("mail_not_looked_up", key=queued.key, reason=error.message, mend=error.mend)
        return  # it stays in sending, and is looked for again
    if taken:
        _mark_sent(work, queued)
        return
    if taken is False and work.now < queued.since + mailer.lag:
        log.info("mail_not_to_be_seen_yet", key=queued.key, reason=reason)
        return  # it stays in sending, and is looked for again
    with work.engine.begin() as connection:
        state = _again(connection, queued) if taken is False else UNKNOWN
        outbox.mark(connection, queued.id, state, error=reason)
    log.warning("mail_in_doubt", key=queued.key, state=state, reason=reason)


def _again(connection: Connection, queued: Queued) -> str:
    """The state of a letter that was not taken; a later one may say something else by now."""
    item = queue.by_id(connection, queued.id)
    return SUPERSEDED if item and queue.is_outdated(connection, item) else QUEUED


def _settle_interrupted(work: Work, mailer: Mailer, sender: str) -> None:
    """Letters left half sent by a process that was killed."""
    with work.engine.begin() as connection:
        left = outbox.interrupted(connection, sender)
    for queued in left:
        _in_doubt(work, mailer, queued, "the service stopped while this mail was on its way")


def _tell_of_failures(work: Work) -> None:
    """The coordinator hears of each mail that was refused for good or is in doubt, once."""
    with work.engine.begin() as connection:
        told = outbox.said(connection, _UNDELIVERED)
        for lost in outbox.lost(connection):
            key = f"{_UNDELIVERED}{lost.key}"
            if key in told or lost.recipient in work.roster.coordinators:
                continue
            notice = UndeliveredNotice(
                key=key,
                reader=work.coordinator(),
                recipient=lost.recipient,
                notice=lost.kind,
                answer=lost.error,
                in_doubt=lost.state == UNKNOWN,
            )
            post(work, connection, notice)

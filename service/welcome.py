"""Before a pair starts: partners say what they prefer, supervisors approve the time."""

from __future__ import annotations

from datetime import timedelta

import structlog
from sqlalchemy.engine import Connection

from mentoring.cohort import WELCOME_AHEAD, ApproveNotice, WelcomeNotice
from mentoring.hours import spoken_hours
from mentoring.roster import Mailbox, Pair, Person
from service.codes import issue
from service.consent import connect_link
from service.intro import pair_start
from service.links import page_link
from service.post import post
from service.work import Work, reader, reading
from store import approvals, calendars, meetings, outbox, preferences
from store.codes import Code

log = structlog.get_logger()

PREFERENCES, APPROVE = "preferences", "approve"
DIGEST, LISTED, NAMED = "digest", "listed", "named"
"""Preferences: the monthly digest; to be listed in it; one's name in the partner's summary."""
YES, NO = "yes", "no"
DUTY_HOURS = (2, 4)
"""Duty hours a month: the least and the most."""


def welcome(work: Work) -> None:
    """Welcome each partner and ask each supervisor, once, three weeks before the pair starts.

    Who has met already before this daemon knew of welcomes needs none.
    """
    programme = work.roster.programme.name
    with reading(work.engine) as connection:
        said = outbox.said(connection, "welcome:")
        met = {e for pair in meetings.pairs_that_met(connection, work.now) for e in pair}
    for email, pair in _first_pairs(work).items():
        if email in met or _key(email, programme) in said:
            continue
        person = work.roster.people[email]
        with work.engine.begin() as connection:
            _welcome(work, connection, person, programme)
            if person.supervisor:
                _ask_approval(work, connection, person, person.supervisor, pair, programme)


def _key(email: str, programme: str) -> str:
    return f"welcome:{email}:{programme}"


def _first_pairs(work: Work) -> dict[str, Pair]:
    """Everyone whose first running pair starts within three weeks or has begun, with that pair."""
    found: dict[str, Pair] = {}
    for pair in sorted(work.roster.pairs, key=lambda p: p.start):
        if pair_start(work, pair) - WELCOME_AHEAD <= work.now and work.today <= pair.end:
            for email in pair.key:
                found.setdefault(email, pair)
    return found


def _welcome(work: Work, connection: Connection, person: Person, programme: str) -> None:
    known = calendars.load(connection, person.email)
    notice = WelcomeNotice(
        key=_key(person.email, programme),
        reader=reader(person, work.now),
        hours=spoken_hours(person.hours),
        site=person.site,
        tools=person.tools,
        calendar_known=bool(person.calendar),
        code=issue(work, connection, PREFERENCES, person.email),
        onsite=tuple(sorted(person.onsite)),
        connect="" if known and known.state == calendars.OK else connect_link(work, person),
        page=page_link(work.roster, work.secret, work.now, PREFERENCES, person.email),
    )
    post(work, connection, notice)


def _ask_approval(
    work: Work,
    connection: Connection,
    person: Person,
    supervisor: Mailbox,
    pair: Pair,
    programme: str,
) -> None:
    about = (person.email,)
    notice = ApproveNotice(
        key=f"approve:{person.email}:{programme}:{supervisor.email}",
        reader=reader(work.outsider(supervisor), work.now),
        employee=person.name,
        start=pair.start,
        hours=DUTY_HOURS,
        code=issue(work, connection, APPROVE, supervisor.email, *about),
        page=page_link(work.roster, work.secret, work.now, APPROVE, supervisor.email, *about),
    )
    post(work, connection, notice, expires_at=pair_start(work, pair) + timedelta(days=30))


LEAVE = "leave"
"""The purpose of links that a mail program's own button ends the digest by."""


def prefer(work: Work, connection: Connection, person: str, name: str, value: str) -> None:
    preferences.write(connection, person, name, value, work.now)
    log.info("preferred", person=person, name=name, value=value)


def approve(work: Work, connection: Connection, supervisor: str, employee: str) -> bool:
    """Note the approval; False where this supervisor is not the employee's any more."""
    person = work.roster.people.get(employee)
    if person is None or person.supervisor is None or person.supervisor.email != supervisor:
        return False
    approvals.write(connection, employee, supervisor, work.now)
    log.info("approved", employee=employee, supervisor=supervisor)
    return True


def obey_join(work: Work, connection: Connection, meaning: Code, _rest: str) -> None:
    prefer(work, connection, meaning.person, DIGEST, YES)


def obey_leave(work: Work, connection: Connection, meaning: Code, _rest: str) -> None:
    prefer(work, connection, meaning.person, DIGEST, NO)


def obey_approve(work: Work, connection: Connection, meaning: Code, _rest: str) -> None:
    approve(work, connection, meaning.person, meaning.about[0])

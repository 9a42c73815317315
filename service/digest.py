"""The cohort's monthly digest, to those who opted in."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Connection

from mentoring.cohort import Coming, DigestNotice, month_before
from mentoring.interval import Interval
from service.codes import issue
from service.links import page_link
from service.post import post
from service.welcome import DIGEST, LEAVE, LISTED, PREFERENCES, YES
from service.work import Work, reader
from store import history, outbox, preferences

_LOOK_AHEAD = timedelta(days=60)
_LATEST = 10
"""The day of the month after which its digest would be stale."""


def digest(work: Work) -> None:
    """Queue this month's digest; it waits for each reader's hours."""
    programme = work.roster.programme
    if work.today.day > _LATEST or not programme.start < work.today <= programme.end:
        return
    first, last = month_before(work.today)
    if last < programme.start:
        return
    with work.engine.begin() as connection:
        wanted = preferences.people_with(connection, DIGEST, YES)
        paired = {e for p in work.roster.pairs if work.today <= p.end for e in p.key}
        said = outbox.said(connection, f"digest:{work.today:%Y-%m}:")
        due = sorted(e for e in wanted & paired if _key(work, e) not in said)
        if not due:
            return
        listed = preferences.people_with(connection, LISTED, YES)
        held = history.held_between(connection, *_instants(work, first, last))
        for email in due:
            _post(work, connection, email, first, last, listed, held)


def _key(work: Work, email: str) -> str:
    return f"digest:{work.today:%Y-%m}:{email}"


def _instants(work: Work, first: date, last: date) -> tuple[datetime, datetime]:
    zone = ZoneInfo(work.roster.programme.timezone)
    return (
        datetime.combine(first, time(), zone),
        datetime.combine(last + timedelta(days=1), time(), zone),
    )


def _post(
    work: Work,
    connection: Connection,
    email: str,
    first: date,
    last: date,
    listed: frozenset[str],
    held: int,
) -> None:
    person = work.roster.people[email]
    notice = DigestNotice(
        key=_key(work, email),
        reader=reader(person, work.now),
        month=first,
        events=_coming(work),
        links=work.roster.links,
        welcomed=_welcomed(work, first, last, listed),
        held=held,
        code=issue(work, connection, PREFERENCES, email),
        page=page_link(work.roster, work.secret, work.now, PREFERENCES, email),
        leave=page_link(work.roster, work.secret, work.now, LEAVE, email),
    )
    post(work, connection, notice, expires_at=_next_one(work))


def _next_one(work: Work) -> datetime:
    """When the next month's digest makes this one stale."""
    next_month = (work.today.replace(day=1) + timedelta(days=31)).replace(day=1)
    return datetime.combine(next_month, time(), ZoneInfo(work.roster.programme.timezone))


def _coming(work: Work) -> tuple[Coming, ...]:
    window = Interval(work.now, work.now + _LOOK_AHEAD)
    ahead = sorted(work.roster.events, key=lambda e: e.start)
    return tuple(
        Coming(e.title, Interval(e.start, e.end), e.place, e.link)
        for e in ahead
        if window.start <= e.start <= window.end
    )


def _welcomed(
    work: Work, first: date, last: date, listed: frozenset[str]
) -> tuple[tuple[str, str], ...]:
    """New pairs of the month in which both want to be listed, by their names."""
    return tuple(
        (work.roster.people[p.mentor].name, work.roster.people[p.mentee].name)
        for p in work.roster.pairs
        if first <= p.start <= last and listed >= set(p.key)
    )

"""Supervisors' summaries: one mail a supervisor and period, once, even when quiet.

Each employee gets the same copy of their own section. The copy's key is the record that a period
was told of them: it is queued in the transaction of the supervisor's mail, and it is the same
whoever their supervisor is and whoever else is told of in that mail.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from datetime import date, timedelta

from sqlalchemy.engine import Connection

from mentoring.availability import local_day
from mentoring.notices import Reader
from mentoring.period import Period, last_period, running_period
from mentoring.roster import Mailbox, Person
from mentoring.summary import Summary, SummaryNotice
from service.links import page_link
from service.post import post
from service.sections import cohort, running_in, section
from service.work import Work, reader, reading
from store import outbox

DEADLINE, TOLD = "deadline", "told"
"""Pages: where a supervisor enters a deadline; where an employee sees what will be told."""
_DAYS = re.compile(r"(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)")


def section_now(work: Work, connection: Connection, person: Person) -> Summary:
    """What this employee's supervisor will be told of the period that is running, as of now."""
    period = running_period(work.roster.summary_every, work.roster.programme, work.today)
    pairs = running_in(work, period).get(person.email, [])
    return section(work, connection, cohort(work, connection), person, pairs, period)


def summaries(work: Work) -> None:
    """Queue what the newest finished period owes."""
    period = last_period(work.roster.summary_every, work.roster.programme, work.today)
    if period is None:
        return
    with reading(work.engine) as connection:
        running = running_in(work, period)
        due = _due(work, running, outbox.said(connection, "summary:"), period)
        if not due:
            return
        shared = cohort(work, connection)
    for supervisor, people in due:
        # One at a time, so that answers need not wait until all pictures are drawn.
        with work.engine.begin() as connection:
            sections = [
                section(work, connection, shared, p, running[p.email], period) for p in people
            ]
            _post_all(work, connection, supervisor, people, sections, period)


def _due(
    work: Work, running: Container[str], said: frozenset[str], period: Period
) -> list[tuple[Mailbox, list[Person]]]:
    """Each supervisor with those of their people of whom this period was not told yet."""
    told = {
        email
        for email, days in _told(said)
        if days.first <= period.last and days.last >= period.first
    }
    found: dict[str, tuple[Mailbox, list[Person]]] = {}
    for person in work.roster.people.values():
        boss = person.supervisor
        if boss and person.email in running and person.email not in told:
            found.setdefault(boss.email, (boss, []))[1].append(person)
    return list(found.values())


def _told(said: frozenset[str]) -> Iterator[tuple[str, Period]]:
    """Of whom which days were told, by the keys of employees' copies.

    Days and not names of periods: editing the programme's dates tells no day twice.
    """
    for key in said:
        _, email, days, to = key.split(":", 3)
        match = _DAYS.fullmatch(days)
        if match and to == email:
            yield email, Period(*map(date.fromisoformat, match.groups()))


def _post_all(
    work: Work,
    connection: Connection,
    supervisor: Mailbox,
    people: Sequence[Person],
    sections: Sequence[Summary],
    period: Period,
) -> None:
    boss = work.outsider(supervisor)
    key = _key(people[0], period)
    page = page_link(work.roster, work.secret, work.now, DEADLINE, supervisor.email)
    _post(work, connection, key, boss, tuple(sections), page)
    for person, own in zip(people, sections, strict=True):
        page = page_link(work.roster, work.secret, work.now, TOLD, person.email)
        _post(work, connection, _key(person, period), person, (own,), page, copy=True)


def _key(person: Person, period: Period) -> str:
    return f"summary:{person.email}:{period.name()}"


def _post(
    work: Work,
    connection: Connection,
    key: str,
    to: Person,
    sections: tuple[Summary, ...],
    page: str,
    *,
    copy: bool = False,
) -> None:
    as_read: Reader = reader(to, work.now)
    notice = SummaryNotice(
        key=f"{key}:{to.email}",
        reader=as_read,
        sections=sections,
        copy=copy,
        example=next_week(local_day(to, work.now)),
        page=page,
    )
    if post(work, connection, notice):
        work.counts.add("summaries")


def next_week(today: date) -> tuple[date, date]:
    """The next Monday after a day, and the Friday after that."""
    monday = today + timedelta(days=7 - today.weekday())
    return monday, monday + timedelta(days=4)

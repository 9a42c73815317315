"""Supervisors' summaries: one a period, once, even when quiet; the employee gets the same copy."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Connection

from mentoring.notices import Reader, Summary, SummaryNotice
from mentoring.roster import Mailbox, Pair, Person
from mentoring.summary import Period, Told, last_period, summarise
from service.post import post
from service.work import Work, reader
from store import meetings, met, outbox
from store.meetings import Booking


def summaries(work: Work) -> None:
    """Queue what the newest finished period owes."""
    programme = work.roster.programme
    today = work.now.astimezone(ZoneInfo(programme.timezone)).date()
    period = last_period(work.roster.summary_every, programme, today)
    if period is None:
        return
    with work.engine.begin() as connection:
        said = outbox.said(connection, "summary:")
        for person in work.roster.people.values():
            if person.supervisor is None or f"{_key(person, period)}:{person.email}" in said:
                continue
            pairs = [p for p in work.roster.pairs if person.email in p.key and _runs(p, period)]
            if pairs:
                summary = _summary(work, connection, person, pairs, period)
                _post_both(work, connection, person, person.supervisor, summary, period)


def _key(person: Person, period: Period) -> str:
    return f"summary:{person.email}:{period.name()}"


def _runs(pair: Pair, period: Period) -> bool:
    return pair.start <= period.last and pair.end >= period.first


def _summary(
    work: Work, connection: Connection, person: Person, pairs: list[Pair], period: Period
) -> Summary:
    bookings = [b for pair in pairs for b in meetings.of_pair(connection, *pair.key)]
    said = met.said_of(connection, [b.uid for b in bookings])
    return summarise(
        person.name,
        pairs,
        [Told(b.meeting, b.on_site, b.assumed, said.get(b.uid, ())) for b in bookings],
        period,
        work.roster.programme,
        days=dict(_days(work, bookings)),
        now=work.now,
    )


def _days(work: Work, bookings: list[Booking]) -> Iterator[tuple[str, date]]:
    zone = ZoneInfo(work.roster.programme.timezone)
    for booking in bookings:
        yield booking.uid, booking.meeting.slot.start.astimezone(zone).date()


def _post_both(
    work: Work,
    connection: Connection,
    person: Person,
    supervisor: Mailbox,
    summary: Summary,
    period: Period,
) -> None:
    key = _key(person, period)
    for_supervisor = reader(work.outsider(supervisor), work.now)
    for to, copy in ((for_supervisor, False), (reader(person, work.now), True)):
        _post(work, connection, f"{key}:{to.email}", to, summary, copy=copy)


def _post(
    work: Work, connection: Connection, key: str, to: Reader, summary: Summary, *, copy: bool
) -> None:
    notice = SummaryNotice(key=key, reader=to, summary=summary, zone=to.zone, copy=copy)
    if post(work, connection, notice):
        work.counts.add("summaries")

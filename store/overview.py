"""Where every pair stands, read for all pairs at once: so many queries, however many pairs.

Nothing here reads what a mail says, an agenda, a note or a next step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.engine import Connection

from mentoring.interval import Interval
from mentoring.meeting import State
from mentoring.met import Pulse
from store import bounces
from store.booking import IS_LIVE, MEETING
from store.bounces import Paused
from store.instants import instant, seconds
from store.outbox import FAILED, QUEUED, SENDING, SENT, UNKNOWN
from store.tables import calendars, meetings, outbox, pairs
from store.tables_programme import agreements, poll_answers, polls, pulses, signatures

Key = tuple[str, str]

PULSE_LASTS = timedelta(days=75)
"""How long a partner's word on how it is going says something of today: they are asked every 60."""


@dataclass(frozen=True)
class Record:
    """A pair's meetings in numbers. `met` is when the newest one ended that was held, or confirmed
    and is over; `touched` when anything last moved."""

    held: int
    missed: int
    met: datetime | None
    touched: datetime | None


@dataclass(frozen=True)
class Ahead:
    """A live meeting that is not over."""

    state: State
    slot: Interval
    proposed_at: datetime


@dataclass(frozen=True)
class Unread:
    """What is known of a partner's calendar."""

    state: str
    synced_at: datetime | None
    failing_since: datetime | None
    reason: str
    mend: str


@dataclass(frozen=True)
class Open:
    """A question to both partners, and who answered it."""

    since: datetime
    answered: frozenset[str]


@dataclass(frozen=True)
class Known:
    """All that is kept of the pairs, by pair or by person."""

    standings: Mapping[Key, tuple[str, str]]
    records: Mapping[Key, Record]
    ahead: Mapping[Key, tuple[Ahead, ...]]
    missed: Mapping[Key, tuple[int, datetime]]
    calendars: Mapping[str, Unread]
    no_slot: Mapping[Key, datetime]
    lost: Mapping[str, datetime]
    unsigned: Mapping[Key, Open]
    polls: Mapping[Key, Open]
    poorly: Mapping[Key, datetime]
    mail: Mapping[str, int] = field(default_factory=dict)
    paused: Sequence[Paused] = ()


def read(connection: Connection, now: datetime) -> Known:
    """Everything as of `now`."""
    return Known(
        standings=_standings(connection),
        records=_records(connection, now),
        ahead=_ahead(connection, now),
        missed=_missed(connection),
        calendars=_calendars(connection),
        no_slot=_no_slot(connection),
        lost=lost_to(connection),
        unsigned=_unsigned(connection),
        polls=_polls(connection),
        poorly=_poorly(connection, now),
        mail=mail(connection),
        paused=bounces.paused(connection),
    )


def _standings(connection: Connection) -> dict[Key, tuple[str, str]]:
    query = select(pairs.c.mentor, pairs.c.mentee, pairs.c.state, pairs.c.reason)
    return {(a, b): (state, reason) for a, b, state, reason in connection.execute(query).all()}


def _records(connection: Connection, now: datetime) -> dict[Key, Record]:
    state, end = meetings.c.state, meetings.c.end
    over = (state == State.CONFIRMED) & (end <= seconds(now))
    was_held = (state == State.HELD) | over
    query = (
        select(
            meetings.c.mentor,
            meetings.c.mentee,
            _count(state == State.HELD),
            _count(state == State.MISSED),
            func.max(case((was_held, end))),
            func.max(
                case(
                    (state == State.CANCELLED, meetings.c.proposed_at),
                    (was_held | (state == State.MISSED), end),
                )
            ),
        )
        .where(meetings.c.kind == MEETING)
        .group_by(meetings.c.mentor, meetings.c.mentee)
    )
    return {
        (a, b): Record(held, missed, instant(met), instant(touched))
        for a, b, held, missed, met, touched in connection.execute(query).all()
    }


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))


def _ahead(connection: Connection, now: datetime) -> dict[Key, tuple[Ahead, ...]]:
    """The live meetings of each pair, the nearest first."""
    query = (
        select(
            meetings.c.mentor,
            meetings.c.mentee,
            meetings.c.state,
            meetings.c.start,
            meetings.c.end,
            meetings.c.proposed_at,
        )
        .where(
            meetings.c.kind == MEETING,
            IS_LIVE,
            meetings.c.end > seconds(now),
        )
        .order_by(meetings.c.start)
    )
    found: dict[Key, tuple[Ahead, ...]] = {}
    for a, b, state, start, end, proposed_at in connection.execute(query).all():
        slot = Interval(instant(start), instant(end))
        found[a, b] = (*found.get((a, b), ()), Ahead(State(state), slot, instant(proposed_at)))
    return found


def _missed(connection: Connection) -> dict[Key, tuple[int, datetime]]:
    """How many meetings in a row did not take place, up to the newest, and when the first was."""
    later = meetings.alias()
    held_since = (
        select(later.c.uid)
        .where(
            later.c.mentor == meetings.c.mentor,
            later.c.mentee == meetings.c.mentee,
            later.c.kind == MEETING,
            later.c.state == State.HELD,
            later.c.end > meetings.c.end,
        )
        .exists()
    )
    query = (
        select(meetings.c.mentor, meetings.c.mentee, func.count(), func.min(meetings.c.end))
        .where(meetings.c.kind == MEETING, meetings.c.state == State.MISSED, ~held_since)
        .group_by(meetings.c.mentor, meetings.c.mentee)
    )
    return {(a, b): (count, instant(end)) for a, b, count, end in connection.execute(query).all()}


def _calendars(connection: Connection) -> dict[str, Unread]:
    known = calendars.c
    query = select(
        known.person, known.state, known.synced_at, known.failing_since, known.reason, known.mend
    )
    return {
        person: Unread(state, instant(synced), instant(failing), reason, mend)
        for person, state, synced, failing, reason, mend in connection.execute(query).all()
    }


def _no_slot(connection: Connection) -> dict[Key, datetime]:
    """When the coordinator was last told that no time suits a pair."""
    query = select(outbox.c.key, outbox.c.created_at).where(
        outbox.c.key >= "noslot:", outbox.c.key < "noslot;"
    )
    found: dict[Key, int] = {}
    for key, at in connection.execute(query).all():
        _, mentor, mentee, _ = key.split(":", 3)
        found[mentor, mentee] = max(at, found.get((mentor, mentee), 0))
    return {pair: instant(at) for pair, at in found.items()}


def lost_to(connection: Connection) -> dict[str, datetime]:
    """Readers whose newest mail that left the queue was refused or is in doubt, and since when."""
    gone = outbox.c.state.in_((FAILED, UNKNOWN))
    arrived = (
        select(outbox.c.recipient, func.max(outbox.c.id).label("newest"))
        .where(
            outbox.c.state == SENT,
            outbox.c.recipient.in_(select(outbox.c.recipient).where(gone)),
        )
        .group_by(outbox.c.recipient)
        .subquery()
    )
    query = (
        select(outbox.c.recipient, func.min(outbox.c.created_at))
        .outerjoin(arrived, arrived.c.recipient == outbox.c.recipient)
        .where(gone, outbox.c.id > func.coalesce(arrived.c.newest, 0))
        .group_by(outbox.c.recipient)
    )
    return {person: instant(at) for person, at in connection.execute(query).all()}


def _unsigned(connection: Connection) -> dict[Key, Open]:
    """Pairs of whose agreement no version holds: since when the newest waits, and who signed it."""
    table = agreements.c
    query = (
        select(table.mentor, table.mentee, func.max(table.version), func.max(table.made_at))
        .group_by(table.mentor, table.mentee)
        .having(func.max(table.in_force_at).is_(None))
    )
    newest = {(a, b): (version, made) for a, b, version, made in connection.execute(query).all()}
    signed: dict[Key, set[str]] = {}
    rows = connection.execute(
        select(signatures.c.mentor, signatures.c.mentee, signatures.c.version, signatures.c.person)
        .join(
            agreements,
            (table.mentor == signatures.c.mentor)
            & (table.mentee == signatures.c.mentee)
            & (table.version == signatures.c.version),
        )
        .where(table.in_force_at.is_(None))
    )
    for a, b, version, person in rows:
        if newest.get((a, b), (0, 0))[0] == version:
            signed.setdefault((a, b), set()).add(person)
    return {
        pair: Open(instant(made), frozenset(signed.get(pair, ())))
        for pair, (_, made) in newest.items()
    }


def _polls(connection: Connection) -> dict[Key, Open]:
    """Polls that run, and who answered."""
    query = (
        select(polls.c.mentor, polls.c.mentee, polls.c.made_at, poll_answers.c.person)
        .outerjoin(poll_answers, poll_answers.c.poll == polls.c.id)
        .where(polls.c.closed_at.is_(None))
    )
    found: dict[Key, Open] = {}
    for a, b, made, person in connection.execute(query).all():
        answered = found[a, b].answered if (a, b) in found else frozenset()
        found[a, b] = Open(instant(made), answered | ({person} if person else set()))
    return found


def _poorly(connection: Connection, now: datetime) -> dict[Key, datetime]:
    """Pairs of which a partner's newest word is that it goes poorly, and when that was."""
    query = (
        select(pulses.c.mentor, pulses.c.mentee, pulses.c.person, pulses.c.at, pulses.c.value)
        .where(pulses.c.at >= seconds(now - PULSE_LASTS))
        .order_by(pulses.c.at)
    )
    newest = {(a, b, who): (at, value) for a, b, who, at, value in connection.execute(query).all()}
    found: dict[Key, datetime] = {}
    for (a, b, _), (at, value) in newest.items():
        if value == Pulse.POORLY:
            found[a, b] = max(instant(at), found.get((a, b), instant(at)))
    return found


def mail(connection: Connection) -> dict[str, int]:
    """How many letters are in each state that is not settled."""
    wanted = (QUEUED, SENDING, FAILED, UNKNOWN)
    query = (
        select(outbox.c.state, func.count())
        .where(outbox.c.state.in_(wanted))
        .group_by(outbox.c.state)
    )
    counted: dict[str, int] = {
        state: int(count) for state, count in connection.execute(query).all()
    }
    return {state: counted.get(state, 0) for state in wanted}

"""Figures of the whole store in a fixed number of queries, however large the programme is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.engine import Connection

from mentoring.meeting import LIVE
from store.instants import instant, seconds
from store.meetings import MEETING
from store.outbox import QUEUED, SENDING
from store.tables import calendars, meetings, outbox, pairs

Pair = tuple[str, str]
"""Mentor and mentee, by address."""


@dataclass(frozen=True)
class Figures:
    """`mails` counts letters by (kind, state); `oldest` is when the oldest of a state was queued.

    `retrying` letters are queued and were tried before. `calendars` are (state, when it was last
    read) by owner; `standings` how a pair stood after its last search; `ahead` the state of its
    next meeting, for those that have one; `meetings` counts by state.
    """

    mails: Mapping[tuple[str, str], int]
    oldest: Mapping[str, datetime]
    retrying: int
    calendars: Mapping[str, tuple[str, datetime | None]]
    standings: Mapping[Pair, str]
    ahead: Mapping[Pair, str]
    meetings: Mapping[str, int]


def figures(connection: Connection, now: datetime) -> Figures:
    kept, under_way = outbox.c.state, outbox.c.state.in_((QUEUED, SENDING))
    mails = select(outbox.c.kind, kept, func.count()).group_by(kept, outbox.c.kind)
    oldest = select(kept, func.min(outbox.c.created_at)).where(under_way).group_by(kept)
    retrying = select(func.count()).where(kept == QUEUED, outbox.c.attempts > 0)
    read = select(calendars.c.person, calendars.c.state, calendars.c.synced_at)
    standing = select(pairs.c.mentor, pairs.c.mentee, pairs.c.state)
    by_state = select(meetings.c.state, func.count()).group_by(meetings.c.state)
    run = connection.execute
    return Figures(
        mails={(kind, state): number for kind, state, number in run(mails)},
        oldest={state: instant(at) for state, at in run(oldest)},
        retrying=run(retrying).scalar_one(),
        calendars={person: (state, instant(at)) for person, state, at in run(read)},
        standings={(mentor, mentee): state for mentor, mentee, state in run(standing)},
        ahead=_ahead(connection, now),
        meetings={row[0]: row[1] for row in run(by_state)},
    )


def _ahead(connection: Connection, now: datetime) -> dict[Pair, str]:
    coming = (
        select(meetings.c.mentor, meetings.c.mentee, meetings.c.state)
        .where(
            meetings.c.state.in_(LIVE), meetings.c.end > seconds(now), meetings.c.kind == MEETING
        )
        .order_by(meetings.c.start.desc())
    )
    return {(mentor, mentee): state for mentor, mentee, state in connection.execute(coming)}

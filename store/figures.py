"""Figures of the whole store in a fixed number of queries, however large the programme is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, union_all
from sqlalchemy.engine import Connection

from store.instants import instant
from store.outbox import QUEUED, SENDING
from store.tables import meetings, outbox
from store.tables_privacy import tallies


@dataclass(frozen=True)
class Figures:
    """`mails` counts letters by (kind, state); `oldest` is when the oldest of a state was queued.

    `retrying` letters are queued and were tried before; `meetings` counts by state.
    """

    mails: Mapping[tuple[str, str], int]
    oldest: Mapping[str, datetime]
    retrying: int
    meetings: Mapping[str, int]


def figures(connection: Connection) -> Figures:
    kept, under_way = outbox.c.state, outbox.c.state.in_((QUEUED, SENDING))
    mails = select(outbox.c.kind, kept, func.count()).group_by(kept, outbox.c.kind)
    oldest = select(kept, func.min(outbox.c.created_at)).where(under_way).group_by(kept)
    retrying = select(func.count()).where(kept == QUEUED, outbox.c.attempts > 0)
    by_state = union_all(
        select(meetings.c.state, func.count().label("number")).group_by(meetings.c.state),
        select(tallies.c.state, func.sum(tallies.c.meetings)).group_by(tallies.c.state),
    ).subquery()
    summed = select(by_state.c.state, func.sum(by_state.c.number)).group_by(by_state.c.state)
    run = connection.execute
    return Figures(
        mails={(kind, state): number for kind, state, number in run(mails)},
        oldest={state: instant(at) for state, at in run(oldest)},
        retrying=run(retrying).scalar_one(),
        meetings={state: int(number) for state, number in run(summed)},
    )

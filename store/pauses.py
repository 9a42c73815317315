"""Rows of pauses that the coordinator gave a pair."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.engine import Connection

from store.instants import seconds
from store.tables_coordinator import pair_pauses


@dataclass(frozen=True)
class PairPause:
    """Days on which a pair rests, both ends included."""

    mentor: str
    mentee: str
    first: date
    last: date


_HOLDING = select(pair_pauses).where(pair_pauses.c.undone_at.is_(None)).order_by(pair_pauses.c.id)


def holding(connection: Connection) -> list[PairPause]:
    """Pauses that nobody took back, oldest first."""
    return [
        PairPause(
            row.mentor, row.mentee, date.fromisoformat(row.first), date.fromisoformat(row.last)
        )
        for row in connection.execute(_HOLDING)
    ]


def add(connection: Connection, pause: PairPause, by: str, now: datetime) -> None:
    """Pause a pair; a pause that it has already is replaced from the new one's first day on."""
    end(connection, pause.mentor, pause.mentee, pause.first, now)
    connection.execute(
        pair_pauses.insert().values(
            mentor=pause.mentor,
            mentee=pause.mentee,
            first=pause.first.isoformat(),
            last=pause.last.isoformat(),
            by=by,
            at=seconds(now),
        )
    )


def end(connection: Connection, mentor: str, mentee: str, today: date, now: datetime) -> bool:
    """Let a pair rest no more from today on; False where it does not. Days that it rested stay."""
    of_pair = (pair_pauses.c.mentor == mentor) & (pair_pauses.c.mentee == mentee)
    holds = of_pair & (pair_pauses.c.last >= str(today)) & pair_pauses.c.undone_at.is_(None)
    fresh = connection.execute(
        pair_pauses.update()
        .where(holds, pair_pauses.c.first >= str(today))
        .values(undone_at=seconds(now))
    )
    begun = connection.execute(
        pair_pauses.update().where(holds).values(last=str(today - timedelta(days=1)))
    )
    return fresh.rowcount + begun.rowcount > 0

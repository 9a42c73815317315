"""Rows of meetings that moved or were called off: when, why, and whose deadline it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.engine import Connection

from mentoring.notices import Why
from store.instants import instant, seconds
from store.tables_supervision import moves


@dataclass(frozen=True)
class Move:
    """`sequence` is the one that the meeting got by it; `person` whose deadline caused it."""

    uid: str
    sequence: int
    at: datetime
    why: Why
    person: str = ""


def note(connection: Connection, move: Move) -> None:
    """Keep a move; the same one twice is one."""
    known = select(moves.c.uid).where(moves.c.uid == move.uid, moves.c.sequence == move.sequence)
    if connection.execute(known).first() is None:
        connection.execute(
            moves.insert().values(
                uid=move.uid,
                sequence=move.sequence,
                at=seconds(move.at),
                why=move.why,
                person=move.person,
            )
        )


def of(connection: Connection, uids: Sequence[str]) -> list[Move]:
    """Every move of these meetings, oldest first."""
    query = select(moves).where(moves.c.uid.in_(uids)).order_by(moves.c.at, moves.c.sequence)
    return [
        Move(row.uid, row.sequence, instant(row.at), Why(row.why), row.person)
        for row in connection.execute(query)
    ]

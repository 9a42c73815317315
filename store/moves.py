"""Rows of meetings that moved or were called off: when, why, and whose deadline it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import bindparam, select
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


_KNOWN = select(moves.c.uid).where(
    moves.c.uid == bindparam("which"), moves.c.sequence == bindparam("number")
)
_ADD = moves.insert()


def note(connection: Connection, move: Move) -> None:
    """Keep a move; the same one twice is one."""
    about = {"which": move.uid, "number": move.sequence}
    if connection.execute(_KNOWN, about).first() is None:
        connection.execute(_ADD, asdict(move) | {"at": seconds(move.at)})


def of(connection: Connection, uids: Sequence[str]) -> list[Move]:
    """Every move of these meetings, oldest first."""
    query = select(moves).where(moves.c.uid.in_(uids)).order_by(moves.c.at, moves.c.sequence)
    return [
        Move(row.uid, row.sequence, instant(row.at), Why(row.why), row.person)
        for row in connection.execute(query)
    ]

"""Rows of pairs: where each stands between passes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.engine import Connection, Row

from store.instants import instant, seconds
from store.tables import pairs


@dataclass(frozen=True)
class Standing:
    """Where a pair stands between passes: its state in words, and what the coordinator was told.

    `kept` is True for one that was read from the store.
    """

    mentor: str
    mentee: str
    state: str
    reason: str = ""
    rest_until: datetime | None = None
    told: str = ""
    kept: bool = field(default=False, compare=False)


_OF_PAIR = (pairs.c.mentor == bindparam("of_mentor")) & (pairs.c.mentee == bindparam("of_mentee"))
_READ = select(pairs).where(_OF_PAIR)
_EVERY = select(pairs)
_CHANGE = pairs.update().where(_OF_PAIR)
_ADD = pairs.insert()


def of_pair(connection: Connection, mentor: str, mentee: str) -> Standing | None:
    row = connection.execute(_READ, {"of_mentor": mentor, "of_mentee": mentee}).first()
    return _standing(row) if row else None


def every(connection: Connection) -> dict[tuple[str, str], Standing]:
    """All pairs', by their keys."""
    found = map(_standing, connection.execute(_EVERY))
    return {(each.mentor, each.mentee): each for each in found}


def _standing(row: Row[Any]) -> Standing:
    rest = instant(row.rest_until)
    return Standing(row.mentor, row.mentee, row.state, row.reason, rest, row.told, kept=True)


def save(connection: Connection, standing: Standing) -> None:
    """Write a standing as it now is, new or not."""
    row = {
        "mentor": standing.mentor,
        "mentee": standing.mentee,
        "state": standing.state,
        "reason": standing.reason,
        "rest_until": None if standing.rest_until is None else seconds(standing.rest_until),
        "told": standing.told,
    }
    of_pair = {"of_mentor": standing.mentor, "of_mentee": standing.mentee}
    if not connection.execute(_CHANGE, of_pair | row).rowcount:
        connection.execute(_ADD, row)

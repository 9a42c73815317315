"""Rows of what a coordinator did on the page: who, when, what, with which pair."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.engine import Connection

from store.instants import instant, seconds
from store.tables_coordinator import audit


@dataclass(frozen=True)
class Act:
    """`about` says which letter, person or day it was; never anybody's words."""

    at: datetime
    who: str
    action: str
    mentor: str = ""
    mentee: str = ""
    about: str = ""


def note(connection: Connection, act: Act) -> None:
    connection.execute(
        audit.insert().values(
            at=seconds(act.at),
            who=act.who,
            action=act.action,
            mentor=act.mentor,
            mentee=act.mentee,
            about=act.about,
        )
    )


def newest(connection: Connection, most: int, pair: tuple[str, str] | None = None) -> list[Act]:
    """The newest acts first; of one pair, or of all."""
    query = select(audit).order_by(audit.c.id.desc()).limit(most)
    if pair:
        query = query.where(audit.c.mentor == pair[0], audit.c.mentee == pair[1])
    return [
        Act(instant(row.at), row.who, row.action, row.mentor, row.mentee, row.about)
        for row in connection.execute(query)
    ]

"""What is wrong with the files as they are, kept for whoever can't see the running service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine
from sqlalchemy.engine import Connection

from mentoring.tables import Fault
from service.work import reading
from store import facts


@dataclass(frozen=True)
class Refused:
    """An edit that was not taken up: since when, its first fault, and how many there are."""

    since: datetime
    first: str
    faults: int


def note(engine: Engine, faults: Sequence[Fault], now: datetime) -> None:
    """Keep the faults of the files; an edit that mends them makes them forgotten."""
    with reading(engine) as connection:
        kept = refused(connection)
    first = str(faults[0]) if faults else ""
    if (kept.first, kept.faults) == (first, len(faults)) if kept else not faults:
        return
    since = kept.since if kept else now
    with engine.begin() as connection:
        if faults:
            facts.keep(connection, facts.ROSTER_FAULTS, Refused(since, first, len(faults)), Refused)
        else:
            facts.forget(connection, facts.ROSTER_FAULTS)


def refused(connection: Connection) -> Refused | None:
    """The edit that is not taken up now, if there is one."""
    return facts.kept(connection, facts.ROSTER_FAULTS, Refused)

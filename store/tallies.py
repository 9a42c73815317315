"""Counts of the meetings of people who were forgotten, by day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo

from sqlalchemy import select
from sqlalchemy.engine import Connection

from store.tables_privacy import tallies


@dataclass(frozen=True)
class Tally:
    day: date
    state: str
    assumed: bool
    meetings: int

    def noon(self, zone: tzinfo | None) -> datetime:
        """An instant inside the day."""
        return datetime.combine(self.day, time(12), zone)


def of_kind(connection: Connection, kind: str) -> Iterator[Tally]:
    """All there are of meetings, or of briefings."""
    for row in connection.execute(select(tallies).where(tallies.c.kind == kind)):
        yield Tally(date.fromisoformat(row.day), row.state, row.assumed, row.meetings)

"""Which meetings take place on site, and the room that each has: read from the meetings' rows."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.engine import Connection

from mentoring.interval import Interval
from store.booking import IS_LIVE, ROOM
from store.instants import instant, seconds
from store.tables import meetings


@dataclass(frozen=True)
class Stay:
    """A live meeting on site; `room` is empty where it was given none."""

    slot: Interval
    mentor: str
    number: int
    room: str


def stays(connection: Connection, window: Interval) -> list[Stay]:
    """The live meetings on site that reach into the window."""
    rows = connection.execute(
        select(meetings)
        .where(
            meetings.c.on_site,
            IS_LIVE,
            meetings.c.end > seconds(window.start),
            meetings.c.start < seconds(window.end),
        )
        .order_by(meetings.c.start, meetings.c.uid)
    )
    return [
        Stay(
            Interval(instant(row.start), instant(row.end)),
            row.mentor,
            row.number,
            json.loads(row.decision).get(ROOM, ""),
        )
        for row in rows
    ]

"""A meeting as the store keeps it: its row and both attendances, read as one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, literal, select
from sqlalchemy.engine import Connection, Row

from mentoring.interval import Interval
from mentoring.meeting import LIVE, Attendance, Meeting, Partstat, State
from store.instants import instant
from store.tables import attendances, meetings

MEETING = "meeting"
BRIEFING = "briefing"
ROOM = "room"
"""Where a decision keeps the name of the room that a meeting has to itself."""

IS_LIVE = meetings.c.state.in_([literal(state.value) for state in sorted(LIVE)])
"""Literals: a list of values would have its statement written anew for each execution."""


@dataclass(frozen=True)
class Guest:
    """What the invite says of a partner, and the code by which they may answer it."""

    email: str
    name: str
    zone: str
    code: str


@dataclass(frozen=True)
class Booking:
    """A meeting with all that is kept of it.

    `zone` is the zone whose wall time was agreed; `refused` are times that did not suit;
    `decision` is why this time, as JSON; `link` is where to join online, `why` the reason of the
    last move. `kind` is "meeting" or "briefing", which is `about` a programme event, by its id.
    `assumed` marks one that is held by nobody's word. `wall` is what a clock in `zone` reads at its
    start (see `mentoring/wall_time.py`), `rules` the tzdata version by which that became the slot.
    """

    meeting: Meeting
    number: int
    guests: tuple[Guest, Guest]
    zone: str
    on_site: bool
    edges: tuple[float, float]
    refused: tuple[Interval, ...]
    decision: dict[str, Any]
    link: str = ""
    why: str = ""
    kind: str = MEETING
    about: str = ""
    assumed: bool = False
    wall: str = ""
    rules: str = ""

    @property
    def uid(self) -> str:
        return self.meeting.uid

    @property
    def outside(self) -> bool:
        """Whether it lies outside hours as both agreed; then `edges` are the minutes they bend."""
        return bool(self.decision.get("outside"))

    @property
    def room(self) -> str:
        """The room of `places.csv` that it has to itself; empty where it has none."""
        return str(self.decision.get(ROOM, ""))

    def guest(self, email: str) -> Guest | None:
        return next((g for g in self.guests if g.email == email), None)

    def with_side(self, changed: Attendance) -> Booking:
        """The booking with one partner's side changed."""
        first, second = self.meeting.attendances
        sides = (changed, second) if first.email == changed.email else (first, changed)
        return replace(self, meeting=replace(self.meeting, attendances=sides))


_ROLES = ("mentor", "mentee")
_OF_SIDE = ("person", "name", "zone", "partstat", "nudges", "answered", "code", "shown")


def _with_sides() -> Select[Any]:
    """Each meeting and both attendances in one row: `mentor_zone`, `mentee_partstat`."""
    joined: FromClause = meetings
    columns: list[ColumnElement[Any]] = []
    for role in _ROLES:
        side = attendances.alias(f"of_{role}")
        own = (side.c.uid == meetings.c.uid) & (side.c.person == meetings.c[role])
        joined = joined.outerjoin(side, own)
        columns += [side.c[name].label(f"{role}_{name}") for name in _OF_SIDE]
    return select(meetings, *columns).select_from(joined)


ALL = _with_sides().order_by(meetings.c.mentor, meetings.c.mentee, meetings.c.number)
"""What is asked again and again is built once: that takes longer than the answer."""


def bookings(
    connection: Connection, query: Select[Any], about: Mapping[str, object] | None = None
) -> list[Booking]:
    rows = connection.execute(query, about)
    return [_booking(row) for row in rows]


@lru_cache(maxsize=4096)
def _booking(row: Row[Any]) -> Booking:
    """Kept: a row that has not changed is read in every pass. Nobody writes into a decision."""
    mentor, mentee = ({n: row._mapping[f"{role}_{n}"] for n in _OF_SIDE} for role in _ROLES)
    meeting = Meeting(
        uid=row.uid,
        mentor=row.mentor,
        mentee=row.mentee,
        state=State(row.state),
        sequence=row.sequence,
        tries=row.tries,
        slot=Interval(instant(row.start), instant(row.end)),
        proposed_at=instant(row.proposed_at),
        attendances=(_attendance(mentor), _attendance(mentee)),
    )
    return Booking(
        meeting=meeting,
        number=row.number,
        guests=(guest_in(mentor), guest_in(mentee)),
        zone=row.zone,
        on_site=row.on_site,
        edges=(row.edge_mentor, row.edge_mentee),
        refused=tuple(Interval(instant(a), instant(b)) for a, b in json.loads(row.refused)),
        decision=json.loads(row.decision),
        link=row.link,
        why=row.why,
        kind=row.kind,
        about=row.about,
        assumed=row.assumed,
        wall=row.wall,
        rules=row.rules,
    )


def _attendance(side: Mapping[str, Any]) -> Attendance:
    return Attendance(
        side["person"],
        Partstat(side["partstat"]),
        side["nudges"],
        instant(side["answered"]),
        side["shown"],
    )


def guest_in(side: Mapping[str, Any]) -> Guest:
    return Guest(*(side[name] for name in ("person", "name", "zone", "code")))

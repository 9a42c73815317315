"""What a pair's next meeting follows from, of all that it had: one short row a pair."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, case, func, select
from sqlalchemy.engine import Connection, Row

from mentoring.interval import Interval
from mentoring.meeting import State
from store.booking import IS_LIVE, MEETING
from store.instants import instant, seconds
from store.tables import meetings

Key = tuple[str, str]


@dataclass(frozen=True)
class Past:
    """`number` is the newest one's, briefings included; all else counts meetings alone.

    `last` is the latest start of one not called off; `kept` are those neither called off nor
    missed, `on_site` those of them in person; `ahead` are live and not over, `open` of these
    proposed.
    """

    number: int = 0
    meetings: int = 0
    last: datetime | None = None
    kept: int = 0
    on_site: int = 0
    ahead: int = 0
    open: int = 0


NONE = Past()
_m = meetings.c
_MINE = _m.kind == MEETING
_KEPT = and_(_MINE, _m.state.not_in((State.CANCELLED, State.MISSED)))
_AHEAD = and_(_MINE, IS_LIVE, _m.end > bindparam("now"))


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))


_ALL = select(
    _m.mentor,
    _m.mentee,
    func.max(_m.number).label("number"),
    _count(_MINE).label("meetings"),
    func.max(case((and_(_MINE, _m.state != State.CANCELLED), _m.start))).label("last"),
    _count(_KEPT).label("kept"),
    _count(and_(_KEPT, _m.on_site)).label("on_site"),
    _count(_AHEAD).label("ahead"),
    _count(and_(_AHEAD, _m.state == State.PROPOSED)).label("open"),
).group_by(_m.mentor, _m.mentee)
_ONE = _ALL.where(_m.mentor == bindparam("mentor"), _m.mentee == bindparam("mentee"))


def of_all(connection: Connection, now: datetime) -> dict[Key, Past]:
    """By pair, of those that ever had a meeting or a briefing."""
    rows = connection.execute(_ALL, {"now": seconds(now)})
    return {(row.mentor, row.mentee): _past(row) for row in rows}


def of_pair(connection: Connection, pair: Key, now: datetime) -> Past:
    about = {"now": seconds(now), "mentor": pair[0], "mentee": pair[1]}
    row = connection.execute(_ONE, about).first()
    return _past(row) if row else NONE


def _past(row: Row[Any]) -> Past:
    last = instant(row.last)
    return Past(row.number, row.meetings, last, row.kept, row.on_site, row.ahead, row.open)


_RANKED = (
    select(
        *(_m.mentor, _m.mentee, _m.start, _m.end, _m.zone),
        func.row_number()
        .over(partition_by=(_m.mentor, _m.mentee), order_by=(_m.start.desc(), _m.number.desc()))
        .label("place"),
    )
    .where(_KEPT)
    .subquery()
)
_LATEST = (
    select(_RANKED).where(_RANKED.c.place <= bindparam("count")).order_by(_RANKED.c.place.desc())
)


def latest(connection: Connection, count: int) -> dict[Key, list[tuple[Interval, str]]]:
    """By pair, its so many latest meetings neither called off nor missed, in the order of time:
    when each is or was, and whose clock it went by."""
    found: dict[Key, list[tuple[Interval, str]]] = {}
    for row in connection.execute(_LATEST, {"count": count}):
        slot = Interval(instant(row.start), instant(row.end))
        found.setdefault((row.mentor, row.mentee), []).append((slot, row.zone))
    return found

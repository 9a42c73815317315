"""What of the meetings ahead needs a look, of all pairs at once: open questions, changed clocks."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, or_, select
from sqlalchemy.engine import Connection

from mentoring.meeting import State
from store.booking import IS_LIVE, MEETING
from store.instants import seconds
from store.tables import busy, meetings
from store.tables_programme import polls

_PROPOSED = select(meetings.c.mentor, meetings.c.mentee).where(
    meetings.c.kind == MEETING,
    meetings.c.state == State.PROPOSED,
    meetings.c.end > bindparam("now"),
)
_POLLED = select(polls.c.mentor, polls.c.mentee).where(polls.c.closed_at.is_(None))


def asked(connection: Connection, now: datetime) -> set[tuple[str, str]]:
    """Pairs with a proposed meeting that is not over, or a poll that runs."""
    proposed = connection.execute(_PROPOSED, {"now": seconds(now)})
    return {
        (row.mentor, row.mentee) for rows in (proposed, connection.execute(_POLLED)) for row in rows
    }


_OVERLAID = select(meetings.c.uid, busy.c.item).where(
    IS_LIVE,
    meetings.c.start > bindparam("now"),
    or_(busy.c.person == meetings.c.mentor, busy.c.person == meetings.c.mentee),
    busy.c.end > meetings.c.start,
    busy.c.start < meetings.c.end,
)


def overlaid(connection: Connection, now: datetime) -> dict[str, frozenset[str]]:
    """By UID, the keys of the entries in the two's calendars over each live meeting to come."""
    found: dict[str, set[str]] = {}
    for uid, item in connection.execute(_OVERLAID, {"now": seconds(now)}):
        found.setdefault(uid, set()).add(item)
    return {uid: frozenset(items) for uid, items in found.items()}


_BY_OTHERS = select(meetings.c.uid).where(
    IS_LIVE,
    meetings.c.start > bindparam("after"),
    meetings.c.rules != bindparam("ours"),
)


def placed_by_others(connection: Connection, rules: str, after: datetime) -> list[str]:
    """The UIDs of live meetings from an instant on whose slot follows from other clock rules."""
    about = {"after": seconds(after), "ours": rules}
    return list(connection.execute(_BY_OTHERS, about).scalars())

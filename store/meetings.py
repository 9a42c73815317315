"""Rows of meetings, and of who answered what."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, bindparam, func, select, union_all
from sqlalchemy.engine import Connection, Row

from mentoring.interval import Interval
from mentoring.meeting import LIVE, Attendance, Meeting, Partstat, State
from store.instants import instant, seconds
from store.tables import attendances, meetings

MEETING = "meeting"
BRIEFING = "briefing"
ROOM = "room"
"""Where a decision keeps the name of the room that a meeting has to itself."""


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


_ALL = _with_sides().order_by(meetings.c.mentor, meetings.c.mentee, meetings.c.number)
"""What is asked again and again is built once: that takes longer than the answer."""
_BY_UID = _ALL.where(meetings.c.uid == bindparam("uid"))
_LIVE = _ALL.where(meetings.c.state.in_(LIVE))
_OF_PAIR = _ALL.where(
    meetings.c.mentor == bindparam("mentor"),
    meetings.c.mentee == bindparam("mentee"),
    meetings.c.kind == MEETING,
)
_BRIEFING = _ALL.where(
    meetings.c.mentor == bindparam("mentor"),
    meetings.c.mentee == bindparam("mentee"),
    meetings.c.kind == BRIEFING,
    meetings.c.about == bindparam("event"),
    meetings.c.state != State.CANCELLED,
)
_UNPUBLISHED = _ALL.where(meetings.c.published < meetings.c.sequence)
_ON_SHOW = _LIVE.where(
    meetings.c.published == meetings.c.sequence, meetings.c.end > bindparam("after")
)
_CODE = select(attendances.c.uid, attendances.c.person).where(
    attendances.c.code == bindparam("wanted")
)


def by_uid(connection: Connection, uid: str) -> Booking | None:
    return next(iter(_bookings(connection, _BY_UID, {"uid": uid})), None)


def by_code(connection: Connection, code: str) -> tuple[Booking, str] | None:
    """The meeting that an answer code belongs to, and whose code it is."""
    found = connection.execute(_CODE, {"wanted": code}).first()
    if found is None:
        return None
    booking = by_uid(connection, found.uid)
    return (booking, found.person) if booking else None


def live(connection: Connection) -> list[Booking]:
    """Every meeting that is proposed or confirmed, also those whose time is past."""
    return _bookings(connection, _LIVE)


def of_pair(connection: Connection, mentor: str, mentee: str) -> list[Booking]:
    """All meetings a pair ever had, first to last; briefings are none."""
    return _bookings(connection, _OF_PAIR, {"mentor": mentor, "mentee": mentee})


def of_person(connection: Connection, person: str) -> list[Booking]:
    """All meetings a person ever had, with every partner; briefings are none."""
    mine = (meetings.c.mentor == person) | (meetings.c.mentee == person)
    return _bookings(connection, _ALL.where(mine, meetings.c.kind == MEETING))


def next_number(connection: Connection, mentor: str, mentee: str) -> int:
    """The number of a pair's next meeting or briefing, 1 for the first."""
    query = select(func.coalesce(func.max(meetings.c.number), 0)).where(
        meetings.c.mentor == mentor, meetings.c.mentee == mentee
    )
    newest: int = connection.execute(query).scalar_one()
    return newest + 1


def briefing(connection: Connection, mentor: str, mentee: str, event: str) -> Booking | None:
    """The briefing of a pair on an event, if it is booked and was not called off."""
    about = {"mentor": mentor, "mentee": mentee, "event": event}
    return next(iter(_bookings(connection, _BRIEFING, about)), None)


_MET = (
    select(meetings.c.mentor, meetings.c.mentee)
    .where(meetings.c.end <= bindparam("now"))
    .distinct()
)


def pairs_that_met(connection: Connection, now: datetime) -> frozenset[tuple[str, str]]:
    """Pairs with a meeting whose time is past, called off or not."""
    rows = connection.execute(_MET, {"now": seconds(now)})
    return frozenset((row.mentor, row.mentee) for row in rows)


def unpublished(connection: Connection) -> list[Booking]:
    """Meetings whose newest SEQUENCE the organiser's calendar does not show yet."""
    return _bookings(connection, _UNPUBLISHED)


def on_show(connection: Connection, after: datetime) -> list[Booking]:
    """Live meetings, not over at an instant, as the organiser's calendar was last told of them."""
    return _bookings(connection, _ON_SHOW, {"after": seconds(after)})


def mark_all_unpublished(connection: Connection) -> None:
    """No calendar shows the live meetings yet."""
    connection.execute(meetings.update().where(meetings.c.state.in_(LIVE)).values(published=-1))


def mark_unpublished(connection: Connection, uid: str) -> None:
    """The organiser's calendar shows something else now."""
    connection.execute(meetings.update().where(meetings.c.uid == uid).values(published=-1))


def mark_published(connection: Connection, booking: Booking) -> None:
    about = {"which": booking.uid, "published": booking.meeting.sequence}
    connection.execute(_CHANGE, about)


_TAKEN = select(meetings.c.start, meetings.c.end).where(
    (meetings.c.mentor == bindparam("person")) | (meetings.c.mentee == bindparam("person")),
    meetings.c.state.in_(LIVE),
    meetings.c.uid != bindparam("besides"),
    meetings.c.end > bindparam("first"),
    meetings.c.start < bindparam("last"),
)


def taken(
    connection: Connection, person: str, window: Interval, *, besides: str = ""
) -> list[Interval]:
    """The live meetings of a person that reach into the window, but for one UID."""
    about = {
        "person": person,
        "besides": besides,
        "first": seconds(window.start),
        "last": seconds(window.end),
    }
    rows = connection.execute(_TAKEN, about)
    return sorted(Interval(instant(start), instant(end)) for start, end in rows)


_BORNE = union_all(
    *(
        select(func.coalesce(func.sum(meetings.c[edge]), 0.0)).where(
            meetings.c[role] == bindparam("person"),
            meetings.c.state != State.CANCELLED,
            meetings.c.uid != bindparam("besides"),
        )
        for role, edge in (("mentor", "edge_mentor"), ("mentee", "edge_mentee"))
    )
)


def borne(connection: Connection, person: str, *, besides: str = "") -> float:
    """The awkward minutes that a person has borne in meetings not called off, but for one UID."""
    about = {"person": person, "besides": besides}
    return float(sum(connection.execute(_BORNE, about).scalars()))


def _bookings(
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
        guests=(_guest(mentor), _guest(mentee)),
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


def _guest(side: Mapping[str, Any]) -> Guest:
    return Guest(*(side[name] for name in ("person", "name", "zone", "code")))


_NEWEST_GUEST = (
    select(attendances)
    .join(meetings, meetings.c.uid == attendances.c.uid)
    .where(attendances.c.person == bindparam("person"))
    .order_by(meetings.c.proposed_at.desc(), meetings.c.start)
    .limit(1)
)


def newest_guest(connection: Connection, person: str) -> Guest | None:
    """What is known of somebody by the newest invite or move of theirs, whoever it is with."""
    row = connection.execute(_NEWEST_GUEST, {"person": person}).first()
    return _guest(row) if row else None


_CHANGE = meetings.update().where(meetings.c.uid == bindparam("which"))
_ADD = meetings.insert()
_CHANGE_SIDE = attendances.update().where(
    attendances.c.uid == bindparam("which"), attendances.c.person == bindparam("whose")
)
_ADD_SIDE = attendances.insert()


def save(connection: Connection, booking: Booking) -> None:
    """Write a booking as it now is, new or not."""
    values, sides = _values(booking), list(_sides(booking))
    which = {"which": booking.uid}
    if connection.execute(_CHANGE, which | values).rowcount:
        connection.execute(_CHANGE_SIDE, [which | {"whose": s["person"]} | s for s in sides])
    else:
        connection.execute(_ADD, values)
        connection.execute(_ADD_SIDE, sides)


def _values(booking: Booking) -> dict[str, Any]:
    meeting = booking.meeting
    return {
        "uid": meeting.uid,
        "mentor": meeting.mentor,
        "mentee": meeting.mentee,
        "number": booking.number,
        "state": meeting.state,
        "sequence": meeting.sequence,
        "tries": meeting.tries,
        "start": seconds(meeting.slot.start),
        "end": seconds(meeting.slot.end),
        "proposed_at": seconds(meeting.proposed_at),
        "zone": booking.zone,
        "on_site": booking.on_site,
        "edge_mentor": booking.edges[0],
        "edge_mentee": booking.edges[1],
        "refused": json.dumps([(seconds(i.start), seconds(i.end)) for i in booking.refused]),
        "decision": json.dumps(booking.decision),
        "link": booking.link,
        "why": booking.why,
        "kind": booking.kind,
        "about": booking.about,
        "assumed": booking.assumed,
        "wall": booking.wall,
        "rules": booking.rules,
    }


def _sides(booking: Booking) -> Iterable[dict[str, Any]]:
    for guest, side in zip(booking.guests, booking.meeting.attendances, strict=True):
        yield {
            "uid": booking.uid,
            "person": guest.email,
            "name": guest.name,
            "zone": guest.zone,
            "code": guest.code,
            "partstat": side.partstat,
            "nudges": side.nudges,
            "shown": side.shown,
            "answered": None if side.answered is None else seconds(side.answered),
        }


def with_side(booking: Booking, changed: Attendance) -> Booking:
    """The booking with one partner's side changed."""
    first, second = booking.meeting.attendances
    sides = (changed, second) if first.email == changed.email else (first, changed)
    return replace(booking, meeting=replace(booking.meeting, attendances=sides))

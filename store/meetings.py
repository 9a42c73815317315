"""Rows of meetings, and of who answered what."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select, union_all
from sqlalchemy.engine import Connection

from mentoring.interval import Interval
from mentoring.meeting import Attendance, State
from store.booking import ALL, BRIEFING, IS_LIVE, MEETING, Booking, Guest, bookings, guest_in
from store.both import BOTH, named
from store.instants import instant, seconds
from store.tables import attendances, meetings

_BY_UID = ALL.where(meetings.c.uid == bindparam("uid"))
_LIVE = ALL.where(IS_LIVE)
_WITH_BOTH = ALL.where(
    meetings.c.mentor == bindparam("mentor"), meetings.c.mentee == bindparam("mentee")
)
_OF_PAIR = _WITH_BOTH.where(meetings.c.kind == MEETING)
_BRIEFING = _WITH_BOTH.where(
    meetings.c.kind == BRIEFING,
    meetings.c.about == bindparam("event"),
    meetings.c.state != State.CANCELLED,
)
_UNPUBLISHED = (
    select(meetings.c.uid)
    .where(meetings.c.published < meetings.c.sequence)
    .order_by(meetings.c.mentor, meetings.c.mentee, meetings.c.number)
)
_ON_SHOW = _LIVE.where(
    meetings.c.published == meetings.c.sequence, meetings.c.end > bindparam("after")
)
_CODE = select(attendances.c.uid, attendances.c.person).where(
    attendances.c.code == bindparam("wanted")
)


def by_uid(connection: Connection, uid: str) -> Booking | None:
    return next(iter(bookings(connection, _BY_UID, {"uid": uid})), None)


def by_code(connection: Connection, code: str) -> tuple[Booking, str] | None:
    """The meeting that an answer code belongs to, and whose code it is."""
    found = connection.execute(_CODE, {"wanted": code}).first()
    if found is None:
        return None
    booking = by_uid(connection, found.uid)
    return (booking, found.person) if booking else None


def live(connection: Connection) -> list[Booking]:
    """Every meeting that is proposed or confirmed, also those whose time is past."""
    return bookings(connection, _LIVE)


def of_pair(connection: Connection, mentor: str, mentee: str) -> list[Booking]:
    """All meetings a pair ever had, first to last; briefings are none."""
    return bookings(connection, _OF_PAIR, {"mentor": mentor, "mentee": mentee})


def of_person(connection: Connection, person: str) -> list[Booking]:
    """All meetings a person ever had, with every partner; briefings are none."""
    mine = (meetings.c.mentor == person) | (meetings.c.mentee == person)
    return bookings(connection, ALL.where(mine, meetings.c.kind == MEETING))


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
    return next(iter(bookings(connection, _BRIEFING, about)), None)


_MET = (
    select(meetings.c.mentor, meetings.c.mentee)
    .where(meetings.c.end <= bindparam("now"))
    .distinct()
)


def pairs_that_met(connection: Connection, now: datetime) -> frozenset[tuple[str, str]]:
    """Pairs with a meeting whose time is past, called off or not."""
    rows = connection.execute(_MET, {"now": seconds(now)})
    return frozenset((row.mentor, row.mentee) for row in rows)


def unpublished(connection: Connection) -> list[str]:
    """The UIDs of meetings whose newest SEQUENCE the organiser's calendar does not show yet."""
    return list(connection.execute(_UNPUBLISHED).scalars())


def on_show(connection: Connection, after: datetime) -> list[Booking]:
    """Live meetings, not over at an instant, as the organiser's calendar was last told of them."""
    return bookings(connection, _ON_SHOW, {"after": seconds(after)})


def mark_all_unpublished(connection: Connection) -> None:
    """No calendar shows the live meetings yet."""
    connection.execute(meetings.update().where(IS_LIVE).values(published=-1))


def mark_unpublished(connection: Connection, uid: str) -> None:
    """The organiser's calendar shows something else now."""
    connection.execute(meetings.update().where(meetings.c.uid == uid).values(published=-1))


def mark_published(
    connection: Connection, uid: str, sequence: int, answers: Mapping[str, str]
) -> None:
    """The organiser's calendar shows a SEQUENCE, and what each of the two answered there."""
    connection.execute(_CHANGE, {"which": uid, "published": sequence})
    sides = [{"which": uid, "whose": who, "shown": answer} for who, answer in answers.items()]
    connection.execute(_CHANGE_SIDE, sides)


def keep_link(connection: Connection, uid: str, link: str) -> None:
    """Where a meeting is joined."""
    connection.execute(_CHANGE, {"which": uid, "link": link})


_TAKEN = union_all(
    *(
        select(meetings.c[role].label("person"), meetings.c.start, meetings.c.end).where(
            meetings.c[role].in_(BOTH),
            IS_LIVE,
            meetings.c.uid != bindparam("besides"),
            meetings.c.end > bindparam("first"),
            meetings.c.start < bindparam("last"),
        )
        for role in ("mentor", "mentee")
    )
).order_by("start", "end")


def taken(
    connection: Connection, both: tuple[str, str], window: Interval, *, besides: str = ""
) -> dict[str, list[Interval]]:
    """The live meetings of two people that reach into the window, by person, but for one UID."""
    about = {
        "besides": besides,
        "first": seconds(window.start),
        "last": seconds(window.end),
        **named(both),
    }
    found: dict[str, list[Interval]] = {person: [] for person in both}
    for person, start, end in connection.execute(_TAKEN, about):
        found[person].append(Interval(instant(start), instant(end)))
    return found


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
    return guest_in(dict(row._mapping)) if row else None


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


def save_side(connection: Connection, uid: str, side: Attendance) -> None:
    """Write one partner's answer, all of it; read it in the same transaction."""
    which = {"which": uid, "whose": side.email}
    connection.execute(_CHANGE_SIDE, which | _answer(side))


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
            **_answer(side),
        }


def _answer(side: Attendance) -> dict[str, Any]:
    return {
        "partstat": side.partstat,
        "nudges": side.nudges,
        "shown": side.shown,
        "answered": None if side.answered is None else seconds(side.answered),
    }

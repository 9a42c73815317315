"""Rooms of `places.csv`: each takes one meeting at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sqlalchemy.engine import Connection

from mentoring.availability import zone_at
from mentoring.interval import Interval
from mentoring.roster import Place
from mentoring.where import rooms_near
from service.work import Work
from store.booking import ROOM, Booking
from store.rooms import Stay, stays


def has_rooms(work: Work) -> bool:
    return any(place.kind == "room" for place in work.roster.places)


def rooms_for(work: Work, mentor: str, slot: Interval, number: int) -> Sequence[Place]:
    """The rooms that would do for a pair's meeting on site, whose turn it is first."""
    person = work.roster.people[mentor]
    zone = zone_at(person, slot.start)
    return rooms_near(work.roster.places, person.site, slot, zone, number)


def resource(place: Place) -> str:
    """A room's name among all that can be taken."""
    return f"room {place.site.casefold()} {place.name}"


def taken(work: Work, connection: Connection, window: Interval) -> list[tuple[Interval, str]]:
    """When which rooms are taken, as far as that reaches into the window."""
    if not has_rooms(work):
        return []
    found = [(stay.slot, _room_of(work, stay)) for stay in stays(connection, window)]
    return [(slot, resource(room)) for slot, room in found if room]


def _room_of(work: Work, stay: Stay) -> Place | None:
    """The room a meeting was given, else the one whose turn it was, as its mail says."""
    if stay.mentor not in work.roster.people:
        return None
    rooms = rooms_for(work, stay.mentor, stay.slot, stay.number)
    return next((room for room in rooms if room.name == stay.room), next(iter(rooms), None))


def with_room(work: Work, connection: Connection, booking: Booking) -> Booking:
    """The booking with a room that is free then, the one it has first; as it was if none is."""
    if not booking.on_site or not has_rooms(work):
        return booking
    slot = booking.meeting.slot
    rooms = rooms_for(work, booking.meeting.mentor, slot, booking.number)
    own_first = sorted(rooms, key=lambda room: room.name != booking.room)
    room = next(iter(free(own_first, taken(work, connection, slot), slot)), None)
    if room is None:
        return booking
    return replace(booking, decision=booking.decision | {ROOM: room.name})


def free(
    rooms: Sequence[Place], in_use: Iterable[tuple[Interval, str]], slot: Interval
) -> list[Place]:
    """Those of the rooms that nobody is in then."""
    names = {name for used, name in in_use if used.overlaps(slot)}
    return [room for room in rooms if resource(room) not in names]

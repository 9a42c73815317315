"""Where a pair meets: in person or not, at which place, with which tool and by which link."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from mentoring.interval import Interval
from mentoring.roster import Channel, Pair, Person, Place

LUNCH = (time(12), time(13))
_HOSTS = {
    "zoom": ("zoom.us", "zoomgov.com"),
    "teams": ("teams.microsoft.com", "teams.live.com"),
    "microsoft teams": ("teams.microsoft.com", "teams.live.com"),
    "meet": ("meet.google.com",),
    "google meet": ("meet.google.com",),
    "webex": ("webex.com",),
    "skype": ("join.skype.com",),
    "facetime": ("facetime.apple.com",),
    "whereby": ("whereby.com",),
    "jitsi": ("meet.jit.si",),
}
"""Where each tool's own rooms are."""


def in_person_is_due(pair: Pair, met: int, met_in_person: int) -> bool:
    """Whether the pair's next meeting is one to hold in person, by the share they agreed."""
    match pair.channel:
        case Channel.VIRTUAL:
            return False
        case Channel.IN_PERSON:
            return True
        case Channel.EITHER:
            return met_in_person * 100 < pair.share * (met + 1)


def place_near(
    places: Sequence[Place], site: str, slot: Interval, zone: str, number: int
) -> Place | None:
    """A place near a site; places take turns by the meeting's number."""
    fitting = places_near(places, site, slot, zone)
    return fitting[number % len(fitting)] if fitting else None


def places_near(places: Sequence[Place], site: str, slot: Interval, zone: str) -> Sequence[Place]:
    """The places near a site that fit: for lunch if the meeting touches the lunch hour, else for
    coffee. A room serves where there is neither. All are of one kind.
    """
    here = [place for place in places if place.site.casefold() == site.casefold()]
    for kind in ("lunch" if over_lunch(slot, zone) else "coffee", "room", "coffee"):
        fitting = [place for place in here if place.kind == kind]
        if fitting:
            return fitting
    return ()


def rooms_near(
    places: Sequence[Place], site: str, slot: Interval, zone: str, number: int
) -> Sequence[Place]:
    """The rooms that would do for a meeting that has no other place, in turn by its number."""
    rooms = [p for p in places_near(places, site, slot, zone) if p.kind == "room"]
    turn = number % len(rooms) if rooms else 0
    return [*rooms[turn:], *rooms[:turn]]


def room_named(
    places: Sequence[Place], site: str, slot: Interval, zone: str, name: str
) -> Place | None:
    """The room of that name, if it still is one that would do."""
    return next((r for r in rooms_near(places, site, slot, zone, 0) if r.name == name), None)


def over_lunch(slot: Interval, zone: str) -> bool:
    tz = ZoneInfo(zone)
    day = slot.start.astimezone(tz).date()
    noon, one = (datetime.combine(day, at, tz) for at in LUNCH)
    return slot.overlaps(Interval(noon, one))


def shared_tool(mentor: Person, mentee: Person) -> str:
    """The first of the mentor's tools that the mentee uses as well; empty where there is none."""
    known = {tool.casefold() for tool in mentee.tools}
    return next((tool for tool in mentor.tools if tool.casefold() in known), "")


def own_room(person: Person, tool: str) -> str:
    """The person's own room of a tool, if their links name one."""
    hosts = _HOSTS.get(tool.casefold(), ())
    for link in person.links:
        host = urlsplit(link).hostname or ""
        if any(host == known or host.endswith(f".{known}") for known in hosts):
            return link
    return ""

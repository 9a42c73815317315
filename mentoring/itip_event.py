"""A programme event for one reader's calendar: iTIP REQUEST and CANCEL (RFC 5546).

Each reader gets the event with themselves as the only attendee: who else comes is not theirs.
"""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vCalAddress, vText

from mentoring.event_words import words_in
from mentoring.itip import PRODID, plain
from mentoring.notices import Reader
from mentoring.programme_events import EventFacts
from mentoring.roster import Programme
from mentoring.vtimezone import with_vtimezone


def request(facts: EventFacts, programme: Programme, reader: Reader, at: datetime) -> bytes:
    """The event, with the reader asked to answer."""
    return _object("REQUEST", "CONFIRMED", facts, programme, reader, at)


def cancel(facts: EventFacts, programme: Programme, reader: Reader, at: datetime) -> bytes:
    """The event is off; its SEQUENCE must be above the last REQUEST's."""
    return _object("CANCEL", "CANCELLED", facts, programme, reader, at)


def _object(
    method: str,
    status: str,
    facts: EventFacts,
    programme: Programme,
    reader: Reader,
    at: datetime,
) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", PRODID)
    calendar.add("version", "2.0")
    calendar.add("method", method)
    calendar.add_component(_event(status, facts, programme, reader, at))
    return with_vtimezone(calendar, facts.zone, facts.slot.start.year)


def _event(
    status: str, facts: EventFacts, programme: Programme, reader: Reader, at: datetime
) -> Event:
    zone = ZoneInfo(facts.zone)
    event = Event()
    event.add("uid", facts.uid)
    event.add("sequence", facts.sequence)
    event.add("dtstamp", at.astimezone(UTC).replace(microsecond=0))
    event.add("dtstart", facts.slot.start.astimezone(zone))
    event.add("dtend", facts.slot.end.astimezone(zone))
    event.add("summary", plain(facts.title))
    lines = [plain(programme.name)]
    if facts.link:
        lines.append(words_in(reader.language).join.format(link=plain(facts.link)))
    event.add("description", "\n".join(lines))
    if where := plain(facts.place or facts.link):
        event.add("location", where)
    event["organizer"] = _address(programme.organiser.name, programme.organiser.email)
    attendee = _address(reader.name, reader.email)
    for name, value in (
        ("ROLE", "REQ-PARTICIPANT"),
        ("PARTSTAT", "NEEDS-ACTION"),
        ("RSVP", "TRUE"),
    ):
        attendee.params[name] = vText(value)
    event.add("attendee", attendee)
    event.add("status", status)
    event.add("transp", "OPAQUE")
    return event


def _address(name: str, email: str) -> vCalAddress:
    address = vCalAddress(f"mailto:{email}")
    if shown := plain(name).replace('"', "'"):
        address.params["CN"] = vText(shown)
    return address

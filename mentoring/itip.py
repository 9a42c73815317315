"""Invites as calendar objects: iTIP (RFC 5546) REQUEST, CANCEL and DECLINECOUNTER."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_date
from icalendar import Calendar, Event, vCalAddress, vText

from mentoring.event_words import ENGLISH, words_in
from mentoring.notices import MeetingFacts, Party
from mentoring.roster import Mailbox, Programme
from mentoring.vtimezone import with_vtimezone
from mentoring.wording import locale_of

PRODID = "-//Overlap//Mentoring meetings//EN"
SUMMARY = ENGLISH.summary
"""Of the organiser's own entry."""


def request(
    meeting: MeetingFacts,
    programme: Programme,
    statuses: Mapping[str, str],
    at: datetime,
    *,
    agenda: str = "",
    language: str = "en",
) -> bytes:
    """A REQUEST with both partners as attendees; `statuses` maps an email to its PARTSTAT.

    `agenda` is for the two alone: it belongs in the mails' own copies, never in a shared calendar.
    A new description is no significant change (RFC 5546 section 2.1.4): SEQUENCE stays.
    """
    both = (meeting.mentor, meeting.mentee)
    said = tuple(statuses.get(side.email, "NEEDS-ACTION") for side in both)
    return _request(meeting, programme, said, at, agenda, language)


@lru_cache(maxsize=4)
def _request(
    meeting: MeetingFacts,
    programme: Programme,
    statuses: tuple[str, str],
    at: datetime,
    agenda: str,
    language: str,
) -> bytes:
    """Kept for a moment: both partners' mails have the same one."""
    event = _event(meeting, programme, at, language)
    if agenda:
        lines = "\n".join(plain(line) for line in agenda.split("\n"))
        event["description"] = vText(f"{description(meeting, programme, language)}\n\n{lines}")
    for side, partstat in zip((meeting.mentor, meeting.mentee), statuses, strict=True):
        event.add("attendee", _attendee(side, partstat))
    event.add("status", "CONFIRMED")
    return _object("REQUEST", meeting, event)


def cancel(
    meeting: MeetingFacts, programme: Programme, at: datetime, *, language: str = "en"
) -> bytes:
    """A CANCEL of the whole meeting; its SEQUENCE must be above the last REQUEST's."""
    event = _event(meeting, programme, at, language)
    for side in (meeting.mentor, meeting.mentee):
        event.add("attendee", _attendee(side, "NEEDS-ACTION"))
    event.add("status", "CANCELLED")
    return _object("CANCEL", meeting, event)


def decline_counter(
    meeting: MeetingFacts,
    programme: Programme,
    attendee: Party,
    refusal: str,
    at: datetime,
    *,
    language: str = "en",
) -> bytes:
    """A DECLINECOUNTER to one attendee: the meeting stays where it is."""
    event = _event(meeting, programme, at, language)
    event.add("attendee", _attendee(attendee, "NEEDS-ACTION"))
    event.add("comment", plain(words_in(language).refusals.get(refusal, refusal)))
    return _object("DECLINECOUNTER", meeting, event)


def plain(text: str) -> str:
    """The text on one line without control, format and separator characters."""
    if text.isascii() and text.isprintable():
        return text.strip()
    kept = (" " if c in "\t\n\r" else c for c in text)
    return "".join(c for c in kept if unicodedata.category(c) not in _UNSAFE).strip()


_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def _object(method: str, meeting: MeetingFacts, event: Event) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", PRODID)
    calendar.add("version", "2.0")
    calendar.add("method", method)
    calendar.add_component(event)
    return with_vtimezone(calendar, _zone(meeting), meeting.slot.start.year)


def _zone(meeting: MeetingFacts) -> str:
    """The mentee's: whom the programme is for; clients show each reader their own anyway."""
    return meeting.mentee.zone


def _event(meeting: MeetingFacts, programme: Programme, at: datetime, language: str) -> Event:
    zone = ZoneInfo(_zone(meeting))
    event = Event()
    event.add("uid", meeting.uid)
    event.add("sequence", meeting.sequence)
    event.add("dtstamp", at.astimezone(UTC).replace(microsecond=0))
    event.add("dtstart", meeting.slot.start.astimezone(zone))
    event.add("dtend", meeting.slot.end.astimezone(zone))
    event.add("summary", words_in(language).summary)
    event.add("description", description(meeting, programme, language))
    if where := location(meeting):
        event.add("location", where)
    event["organizer"] = _address(programme.organiser)
    event.add("transp", "OPAQUE")
    event.add("class", "PUBLIC")
    event.add("x-microsoft-cdo-busystatus", "BUSY")
    return event


def location(meeting: MeetingFacts) -> str:
    """Where: a place with its address, the link to join by, or the tool both use."""
    place = ", ".join(part for part in (meeting.place, meeting.address) if part)
    return plain(place or meeting.link or meeting.tool)


def description(meeting: MeetingFacts, programme: Programme, language: str = "en") -> str:
    """What the event says besides its time: each one's wall clock, and nothing private."""
    words = words_in(language)
    times = [
        _local_time(meeting, side, words.language) for side in (meeting.mentor, meeting.mentee)
    ]
    lines = [plain(programme.name), *times]
    if meeting.unseen:
        names = words.both.join(plain(name) for name in meeting.unseen)
        lines.append(words.unseen.format(names=names))
    if meeting.link:
        lines.append(words.join.format(link=plain(meeting.link)))
    lines.append(words.answer)
    return "\n".join(lines)


def _local_time(meeting: MeetingFacts, side: Party, language: str) -> str:
    zone = ZoneInfo(side.zone)
    start, end = (t.astimezone(zone) for t in (meeting.slot.start, meeting.slot.end))
    day = format_date(start.date(), "EEE", locale_of(language))
    return f"{plain(side.name)}: {day} {start:%Y-%m-%d %H:%M}-{end:%H:%M} ({side.zone})"


def _attendee(side: Party, partstat: str) -> vCalAddress:
    address = _address(Mailbox(side.name, side.email))
    address.params["CUTYPE"] = vText("INDIVIDUAL")
    address.params["ROLE"] = vText("REQ-PARTICIPANT")
    address.params["PARTSTAT"] = vText(partstat)
    address.params["RSVP"] = vText("TRUE" if partstat == "NEEDS-ACTION" else "FALSE")
    return address


def _address(mailbox: Mailbox) -> vCalAddress:
    address = vCalAddress(f"mailto:{mailbox.email}")
    # Some readers take a backslash for an escape, though parameters know none (RFC 6868).
    if name := plain(mailbox.name).replace('"', "'").replace("\\", "/"):
        address.params["CN"] = vText(name)
    return address

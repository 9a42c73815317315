"""iCalendar text as entries that a simulator can hold, and the occurrences it expands to."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import recurring_ical_events
from icalendar import Calendar, Component, vDDDLists

from mentoring.interval import Interval


class CannotExpress(ValueError):  # noqa: N818 - it says what it says
    """The service that is simulated has no such thing."""


@dataclass(frozen=True)
class Occurrence:
    """One appearance of an entry. All-day ones have dates, `end` exclusive.

    `show` is busy, free, tentative, oof or elsewhere; `response` the owner's PARTSTAT.
    """

    uid: str
    start: datetime | date
    end: datetime | date
    show: str = "busy"
    response: str = ""
    cancelled: bool = False
    private: bool = False
    no_end: bool = False
    original: datetime | date | None = None
    title: str = ""
    place: str = ""


@dataclass(frozen=True)
class Series:
    """All that one UID holds. `components` are what recurs and its exceptions."""

    uid: str
    components: tuple[Component, ...]
    owner: str
    zone: str

    @property
    def recurs(self) -> bool:
        return len(self.components) > 1 or "RRULE" in self.components[0] or "RDATE" in self.first

    @property
    def first(self) -> Component:
        return self.components[0]

    def occurrences(self, window: Interval) -> list[Occurrence]:
        """What the service shows inside a window, as it is asked to expand."""
        if not self.recurs:
            return [_occurrence(self.first, self.owner, self.zone)]
        calendar = Calendar()
        for component in self.components:
            calendar.add_component(component)
        wide = (window.start - timedelta(days=1), window.end + timedelta(days=1))
        found = recurring_ical_events.of(calendar).between(*wide)
        return [_occurrence(component, self.owner, self.zone) for component in found]


def read(ics: str, owner: str, zone: str) -> list[Series]:
    """The series of an iCalendar text; raises CannotExpress for what no service holds."""
    calendar = Calendar.from_ical(ics)
    by_uid: dict[str, list[Component]] = defaultdict(list)
    if calendar.walk("VFREEBUSY") or calendar.walk("VTODO"):
        raise CannotExpress("only events")
    for component in calendar.walk("VEVENT"):
        by_uid[str(component["uid"])].append(component)
    return [_series(uid, parts, owner, zone) for uid, parts in by_uid.items()]


def _series(uid: str, parts: list[Component], owner: str, zone: str) -> Series:
    masters = [part for part in parts if "RECURRENCE-ID" not in part]
    if len(masters) > 1:
        raise CannotExpress("two entries under one UID")
    for part in parts:
        _check(part)
    return Series(uid, (*masters, *(p for p in parts if p not in masters)), owner, zone)


def _check(part: Component) -> None:
    start = part.decoded("dtstart")
    end = part.decoded("dtend") if "dtend" in part else None
    if zone_of(part) and isinstance(start, datetime) and start.tzinfo is None:
        raise CannotExpress("a zone that nobody knows")
    if end is not None and (end < start or (end == start and not isinstance(start, datetime))):
        raise CannotExpress("an end before its start")
    if "duration" in part and part.decoded("duration") < timedelta(0):
        raise CannotExpress("a negative length")
    if "RRULE" in part:
        _check_rule(part, start)
    recurrence = part.get("RECURRENCE-ID")
    if recurrence is not None and recurrence.params.get("RANGE"):
        raise CannotExpress("an exception for all that follow")
    added = part.get("RDATE", [])
    for dates in added if isinstance(added, list) else [added]:
        if isinstance(dates, vDDDLists) and any(isinstance(d.dt, tuple) for d in dates.dts):
            raise CannotExpress("an added occurrence of another length")


def _check_rule(part: Component, start: datetime | date) -> None:
    rule: Any = part["RRULE"]
    until = rule.get("UNTIL", [start])[0]
    if isinstance(start, datetime) and not isinstance(until, datetime):
        raise CannotExpress("an end of the series that is a day")
    length = part.decoded("duration") if "duration" in part else timedelta(0)
    if length >= timedelta(hours=2) and zone_of(part):
        raise CannotExpress("a series that is so many hours long, whatever the clocks do")


def zone_of(part: Component) -> str:
    return str(part["dtstart"].params.get("TZID", ""))


def _occurrence(component: Component, owner: str, zone: str) -> Occurrence:
    start = _placed(component.decoded("dtstart"), zone)
    no_end = "dtend" not in component and "duration" not in component
    original = component.get("RECURRENCE-ID")
    return Occurrence(
        uid=str(component["uid"]),
        start=start,
        end=_end(component, start, zone),
        show=_show(component),
        response=_response(component, owner),
        cancelled=str(component.get("STATUS", "")).upper() == "CANCELLED",
        private=str(component.get("CLASS", "")).upper() == "PRIVATE",
        no_end=no_end and isinstance(start, datetime),
        original=_placed(original.dt, zone) if original is not None else None,
        title=str(component.get("SUMMARY", "")),
        place=str(component.get("LOCATION", "")),
    )


def _placed(moment: datetime | date, zone: str) -> datetime | date:
    """Floating times are in the calendar's own zone, as a service places them."""
    if isinstance(moment, datetime) and moment.tzinfo is None:
        return moment.replace(tzinfo=ZoneInfo(zone))
    return moment


def _end(component: Component, start: datetime | date, zone: str) -> datetime | date:
    if "dtend" in component:
        return _placed(component.decoded("dtend"), zone)
    if "duration" not in component:
        return start if isinstance(start, datetime) else start + timedelta(days=1)
    length: timedelta = component.decoded("duration")
    if not isinstance(start, datetime):
        return start + length
    # RFC 5545 section 3.3.6: hours are exact; the parser makes PT24H a day, so a day is exact too.
    return (start.astimezone(UTC) + length).astimezone(start.tzinfo)


def _show(component: Component) -> str:
    stated = str(component.get("X-MICROSOFT-CDO-BUSYSTATUS", "")).upper()
    if stated in ("OOF", "FREE", "TENTATIVE", "WORKINGELSEWHERE"):
        return "elsewhere" if stated == "WORKINGELSEWHERE" else stated.lower()
    if str(component.get("TRANSP", "")).upper() == "TRANSPARENT":
        return "free"
    return "tentative" if str(component.get("STATUS", "")).upper() == "TENTATIVE" else "busy"


def _response(component: Component, owner: str) -> str:
    attendees = component.get("attendee", [])
    for attendee in attendees if isinstance(attendees, list) else [attendees]:
        if str(attendee).lower().removeprefix("mailto:") == owner:
            return str(attendee.params.get("PARTSTAT", "NEEDS-ACTION"))
    return ""


def span(occurrence: Occurrence, zone: str) -> Interval:
    """An occurrence as a stretch of time, whole days in the given zone."""
    start, end = (
        moment if isinstance(moment, datetime) else datetime.combine(moment, time(), ZoneInfo(zone))
        for moment in (occurrence.start, occurrence.end)
    )
    return Interval(start, max(start, end))

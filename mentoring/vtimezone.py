"""VTIMEZONE components (RFC 5545 section 3.6.5) for the years around a date.

Our own, since icalendar 7.3 writes an onset in the offset after the change; the RFC wants it in the
offset before (TZOFFSETFROM), and clients follow the RFC.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from icalendar import Calendar, Timezone, TimezoneDaylight, TimezoneStandard

_STEP = timedelta(hours=6)


def with_vtimezone(calendar: Calendar, zone: str, year: int) -> bytes:
    """A calendar as text, with the zone's observances before its other components.

    They are put in as text, which is kept: they are most of an invitation, and always the same.
    """
    text = bytes(calendar.to_ical())
    first = text.index(b"\r\nBEGIN:", len(b"BEGIN:VCALENDAR")) + len(b"\r\n")
    return text[:first] + _text(zone, year) + text[first:]


@lru_cache(maxsize=1024)
def _text(zone: str, year: int) -> bytes:
    return bytes(vtimezone(zone, year).to_ical())


def vtimezone(zone: str, year: int) -> Timezone:
    """The zone's observances from the start of the year before to the end of the year after."""
    tz = ZoneInfo(zone)
    first, last = datetime(year - 1, 1, 1, tzinfo=UTC), datetime(year + 2, 1, 1, tzinfo=UTC)
    component = Timezone()
    component.add("tzid", zone)
    component.add_component(_observance(tz, first, _offset(tz, first)))
    for onset, before in _changes(tz, first, last):
        component.add_component(_observance(tz, onset, before))
    return component


def _observance(
    tz: ZoneInfo, onset: datetime, before: timedelta
) -> TimezoneDaylight | TimezoneStandard:
    local = onset.astimezone(tz)
    observance = TimezoneDaylight() if local.dst() else TimezoneStandard()
    observance.add("dtstart", (onset + before).replace(tzinfo=None))
    observance.add("tzoffsetfrom", before)
    observance.add("tzoffsetto", _offset(tz, onset))
    observance.add("tzname", local.tzname())
    return observance


def _changes(tz: ZoneInfo, first: datetime, last: datetime) -> Iterator[tuple[datetime, timedelta]]:
    """Each instant at which the offset changes, with the offset before it."""
    at = first
    while at < last:
        following = at + _STEP
        before = _offset(tz, at)
        if _offset(tz, following) != before:
            yield _onset(tz, at, following, before), before
        at = following


def _onset(tz: ZoneInfo, low: datetime, high: datetime, before: timedelta) -> datetime:
    while high - low > timedelta(minutes=1):
        middle = low + timedelta(minutes=(high - low) // timedelta(minutes=2))
        if _offset(tz, middle) == before:
            low = middle
        else:
            high = middle
    return high


def _offset(tz: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(tz).utcoffset() or timedelta()

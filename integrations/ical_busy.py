"""Which stretches a calendar's entries keep busy (RFC 5545). Runs inside the limited child.

Free: transparent, cancelled, declined by the owner, "working elsewhere". Out-of-office is busy even
where it is marked free. What can't be placed exactly is busy for longer, never shorter.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import recurring_ical_events
from icalendar import Calendar

from integrations.ical_lines import entry_lines
from integrations.ical_prepare import LENGTH, UNKNOWN_ZONE, CalendarError, Entry, Zones, prepare
from integrations.ports import OPAQUE, Owner, item_key
from mentoring.interval import Interval, merged

_MOST_EVENTS = 20_000
_MOST_INSTANCES = 5_000
_DAY = timedelta(days=1)
_BEFORE, _AFTER = timedelta(hours=14), timedelta(hours=12)
"""Every zone is between UTC+14 and UTC-12."""
_BUSY_TYPES = frozenset({"BUSY", "BUSY-UNAVAILABLE", "BUSY-TENTATIVE"})


def busy_items(
    raw: bytes, window: Interval, owner: Owner
) -> tuple[dict[str, tuple[Interval, ...]], list[str]]:
    """Busy stretches by item key, and warnings. Raises CalendarError for what can't be bounded."""
    text = raw.decode("utf-8-sig", "replace")
    lines = entry_lines(text)
    if len(lines) > _MOST_EVENTS:
        raise CalendarError(f"the calendar has more than {_MOST_EVENTS} entries")
    calendars = _parse(text)
    if sum(len(calendar.walk("VEVENT")) for calendar in calendars) != len(lines):
        raise CalendarError("an entry has no end")  # the library drops it without a word
    try:
        return _collected(calendars, window, owner, lines)
    except CalendarError:
        raise
    except Exception as error:  # the libraries let through whatever an odd entry comes to
        raise CalendarError(f"an entry can't be read ({type(error).__name__})") from error


def _collected(
    calendars: list[Calendar], window: Interval, owner: Owner, lines: list[int]
) -> tuple[dict[str, tuple[Interval, ...]], list[str]]:
    found: dict[str, list[Interval]] = defaultdict(list)
    warnings: list[str] = []
    for calendar in calendars:
        _collect_events(calendar, window, owner, lines, found, warnings)
        for component in calendar.walk("VFREEBUSY"):
            found[OPAQUE] += _freebusy(component, window)
    return {key: tuple(merged(stretches)) for key, stretches in found.items()}, warnings


def _parse(text: str) -> list[Calendar]:
    bare = text.strip()
    if not bare.upper().startswith("BEGIN:VCALENDAR"):
        raise CalendarError("this is no calendar")
    if not bare.upper().endswith("END:VCALENDAR"):
        raise CalendarError("the calendar is cut off")
    try:
        return [c for c in Calendar.from_ical(bare, multiple=True) if isinstance(c, Calendar)]
    except Exception as error:  # as above: it may nest without end, or hold what is no property
        raise CalendarError(f"this is no calendar ({type(error).__name__})") from error


def _collect_events(
    calendar: Calendar,
    window: Interval,
    owner: Owner,
    lines: list[int],
    found: dict[str, list[Interval]],
    warnings: list[str],
) -> None:
    zones = Zones(owner.timezone, str(calendar.get("x-wr-timezone", "")))
    series: dict[str, list[Entry]] = defaultdict(list)
    for event in calendar.walk("VEVENT"):
        line = lines.pop(0)
        warnings += [f"line {line}: {warning}" for warning in prepare(event, zones, line)]
        series[str(event.get("uid", f"line {line}"))].append(event)
    for uid, events in series.items():
        masters = [event for event in events if "recurrence-id" not in event]
        if len(masters) > 1:
            warnings.append("two entries share one UID: both are taken as busy")
        found[item_key(uid)] += _occurrences(events, masters, window, owner)


def _occurrences(
    events: list[Entry], masters: list[Entry], window: Interval, owner: Owner
) -> Iterator[Interval]:
    """The busy stretches of all entries with one UID that reach into the window."""
    overrides = [event for event in events if "recurrence-id" in event]
    for number, master in enumerate(masters):
        own = overrides if number == 0 else []
        yield from _expanded([master, *own], window, owner)
    if not masters:  # the owner was invited to some occurrences only
        yield from _expanded(overrides, window, owner)


def _expanded(events: list[Entry], window: Interval, owner: Owner) -> Iterator[Interval]:
    if len(events) == 1 and not {"rrule", "rdate", "recurrence-id"} & {
        k.lower() for k in events[0]
    }:
        yield from _stretch(events[0], window, owner)
        return
    calendar = Calendar()
    for event in events:
        calendar.add_component(event)
    reach = window.widened(2 * _DAY)
    query = recurring_ical_events.of(calendar, skip_bad_series=False)
    occurrences = query.between(reach.start, reach.end)
    if len(occurrences) > _MOST_INSTANCES:
        raise CalendarError(f"an entry recurs more than {_MOST_INSTANCES} times")
    for occurrence in occurrences:
        yield from _stretch(occurrence, window, owner)


def _stretch(event: Entry, window: Interval, owner: Owner) -> Iterator[Interval]:
    if _is_free(event, owner):
        return
    stretch = _span(event, ZoneInfo(owner.timezone))
    if UNKNOWN_ZONE in event:
        stretch = Interval(stretch.start - _BEFORE, stretch.end + _AFTER)
    if stretch.overlaps(window):
        yield stretch


def _span(event: Entry, zone: ZoneInfo) -> Interval:
    start = event["dtstart"].dt
    end = event["dtend"].dt if "dtend" in event else None
    length = timedelta(seconds=int(event.get(LENGTH, 0)))
    if end is None:
        end = start + length
    if isinstance(start, datetime):
        last = _instant(end, zone).astimezone(UTC)
        # PT24H and P1D differ where clocks change, and are one once parsed: the longer counts.
        exact = start.astimezone(UTC) + length if end == start + length else last
        return Interval(start, max(last, exact))
    return Interval(
        _instant(start, zone),
        _instant(max(end, start + _DAY) if "dtend" not in event else end, zone),
    )


def _instant(value: date | datetime, zone: ZoneInfo) -> datetime:
    """An instant; a date stands for its local midnight."""
    if isinstance(value, datetime):
        return value
    return datetime.combine(value, time(), zone)


def _is_free(event: Entry, owner: Owner) -> bool:
    shown = str(event.get("x-microsoft-cdo-busystatus", "")).upper()
    if str(event.get("status", "")).upper() == "CANCELLED" or _declined(event, owner):
        return True
    if shown == "OOF":
        return False
    if str(event.get("transp", "")).upper() == "TRANSPARENT":
        return True
    return shown in ("FREE", "WORKINGELSEWHERE")


def _declined(event: Entry, owner: Owner) -> bool:
    attendees = event.get("attendee", [])
    for attendee in attendees if isinstance(attendees, list) else [attendees]:
        if str(attendee).strip().lower().removeprefix("mailto:") == owner.email:
            return str(attendee.params.get("PARTSTAT", "")).upper() == "DECLINED"
    return False


def _freebusy(component: Entry, window: Interval) -> Iterator[Interval]:
    periods = component.get("freebusy", [])
    for period in periods if isinstance(periods, list) else [periods]:
        if str(period.params.get("FBTYPE", "BUSY")).upper() not in _BUSY_TYPES:
            continue
        start, end = period.dt
        if isinstance(end, timedelta):
            end = start + end
        if start.tzinfo is None:  # then the end's is too, or the library refuses it
            start, end = (value.replace(tzinfo=UTC) for value in (start, end))
        stretch = Interval(start, end)
        if stretch.overlaps(window):
            yield stretch

"""Making one calendar entry fit to be expanded: zones settled, rules bounded, spans made sane."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from icalendar.error import BrokenCalendarProperty

Entry = Any
"""An icalendar component; its own types are a union of every property there is."""

UNKNOWN_ZONE = "X-OVERLAP-UNKNOWN-ZONE"
LENGTH = "X-OVERLAP-LENGTH"
"""The DURATION in seconds, which the expansion turns into an end by the wall clock."""
_TIMES = ("dtstart", "dtend", "recurrence-id")
_TIME_LISTS = ("exdate", "rdate")
_DENSE = frozenset({"SECONDLY", "MINUTELY"})
_BY_DATE = ("BYMONTH", "BYMONTHDAY", "BYDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS")
_LENGTHS = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}
_MODEST_COUNT = 1000
_MOST_A_DAY = 24
_DAY = timedelta(days=1)
_MACHINE_ZONES = frozenset({"localtime", "posixrules", "Factory"})
"""What a machine calls its own zone: elsewhere it is another one."""


class CalendarError(ValueError):
    """A calendar that can't be read whole; the message holds nothing of its content."""


@dataclass(frozen=True)
class Zones:
    """Whose wall clock a time without a zone means: the owner's, or the feed's own."""

    owner: str
    feed: str

    def of_unknown(self) -> ZoneInfo | None:
        """For a time whose own zone nobody knows: the feed's, else none."""
        try:
            return ZoneInfo(self.feed) if self.feed else None
        except (ValueError, OSError):
            return None


def prepare(event: Entry, zones: Zones, line: int) -> list[str]:
    """Mend an entry in place; returns what had to be taken as busy for longer than it may be.

    Raises CalendarError, naming the line, where nothing bounds the entry.
    """
    try:
        _bound(event)
        warnings = [*_settle_zones(event, zones), *_mend_span(event, zones)]
        _mend_until(event)
        if "duration" in event:
            event.add(LENGTH, str(int(event["duration"].dt.total_seconds())))
    except (BrokenCalendarProperty, ValueError, TypeError, AttributeError, OverflowError) as error:
        what = str(error) if isinstance(error, CalendarError) else "it has a time or rule unread"
        raise CalendarError(f"line {line}: an entry can't be placed: {what}") from error
    return warnings


def _bound(event: Entry) -> None:
    """Refuse rules that would never end or fill a day by the minute."""
    if "dtstart" not in event:
        raise CalendarError("it has no start")
    rules = event.get("rrule", [])
    for rule in rules if isinstance(rules, list) else [rules]:
        frequency = str(_first(rule, "FREQ", "")).upper()
        count = int(_first(rule, "COUNT", 0))
        if frequency in _DENSE and not 0 < count <= _MODEST_COUNT:
            raise CalendarError("it recurs every minute or second without end")
        if int(_first(rule, "INTERVAL", 1)) < 1:
            raise CalendarError("it recurs at an interval of nothing")
        if frequency in _DENSE and any(part in rule for part in _BY_DATE):
            raise CalendarError("it recurs every minute or second of certain days")
        days = [int(day) for day in rule.get("BYMONTHDAY", [])]
        months = [int(month) for month in rule.get("BYMONTH", [])]
        if days and months and min(map(abs, days)) > max(_LENGTHS.get(m, 31) for m in months):
            raise CalendarError("it recurs on days that there are not")
        dense = 1
        for part in ("BYSECOND", "BYMINUTE", "BYHOUR"):
            dense *= max(1, len(rule.get(part, [])))
        if dense > _MOST_A_DAY:
            raise CalendarError("it recurs too often a day")


def _first(rule: Any, part: str, default: Any) -> Any:
    values = rule.get(part)
    return values[0] if isinstance(values, list) and values else default


def _settle_zones(event: Entry, zones: Zones) -> Iterator[str]:
    unknown = False
    for name in _TIMES:
        if name in event:
            value = event[name]
            settled, doubtful = _settled(value.dt, "TZID" in value.params, zones)
            unknown |= doubtful
            _replace(event, name, [settled])
    for name in _TIME_LISTS:
        if name in event:
            held = event[name]
            lists = held if isinstance(held, list) else [held]
            values = [
                _settled(value.dt, "TZID" in entry.params, zones)[0]
                for entry in lists
                for value in entry.dts
            ]
            _replace(event, name, values)
    if unknown:
        event.add(UNKNOWN_ZONE, "1")
        yield "an entry's zone is unknown; it is taken as busy in every zone"


def _settled(value: Any, named: bool, zones: Zones) -> tuple[Any, bool]:
    """A time with a zone, and whether that is a guess. Dates stay dates."""
    if isinstance(value, tuple):
        first, doubtful = _settled(value[0], named, zones)
        last = value[1]
        return (first, last if isinstance(last, timedelta) else _settled(last, named, zones)[0]), (
            doubtful
        )
    if not isinstance(value, datetime):
        return value, False
    if str(value.tzinfo) in _MACHINE_ZONES:
        value = value.replace(tzinfo=None)
    if value.tzinfo is not None:
        return value, False
    if not named:
        return value.replace(tzinfo=ZoneInfo(zones.owner)), False
    known = zones.of_unknown()
    return value.replace(tzinfo=known or UTC), known is None


def _replace(event: Entry, name: str, values: list[Any]) -> None:
    span = event[name].params.get("RANGE") if name == "recurrence-id" else None
    del event[name]
    event.add(name, values[0] if name in _TIMES else values)
    if span:  # THISANDFUTURE moves all that follow
        event[name].params["RANGE"] = span


def _mend_span(event: Entry, zones: Zones) -> Iterator[str]:
    """An end before the start keeps the whole local day busy."""
    start = event["dtstart"].dt
    negative = "duration" in event and event["duration"].dt < timedelta()
    if "dtend" in event:
        end = event["dtend"].dt
        if isinstance(end, datetime) != isinstance(start, datetime):
            negative = True
        else:
            negative = negative or end < start
    if not negative:
        return
    for name in ("dtend", "duration"):
        if name in event:
            del event[name]
    zone = ZoneInfo(zones.owner)
    day = start.astimezone(zone).date() if isinstance(start, datetime) else start
    if isinstance(start, datetime):
        _replace(event, "dtstart", [datetime.combine(day, time(), zone)])
        event.add("dtend", datetime.combine(day + _DAY, time(), zone))
    yield "an entry ends before it starts; its whole day is taken as busy"


def _day(value: date | datetime) -> date:
    return value.date() if isinstance(value, datetime) else value


def _mend_until(event: Entry) -> None:
    """UNTIL as a date includes that day (RFC 5545 section 3.3.10); the expansion drops it."""
    start = event["dtstart"].dt
    rules = event.get("rrule", [])
    for rule in rules if isinstance(rules, list) else [rules]:
        until = _first(rule, "UNTIL", None)
        if isinstance(until, date) and _day(until) < _day(start):
            until = rule["UNTIL"] = [start]  # the start counts, whatever its rule says
        elif not isinstance(start, datetime):
            continue
        elif isinstance(until, date) and not isinstance(until, datetime):
            last = datetime.combine(until, time(23, 59, 59), start.tzinfo)
            rule["UNTIL"] = [last.astimezone(UTC)]
        elif isinstance(until, datetime) and until.tzinfo is None:
            rule["UNTIL"] = [until.replace(tzinfo=start.tzinfo).astimezone(UTC)]

"""iCalendar text as Microsoft 365 would hold it, or `CannotExpress` where it can't.

Recurrence: https://learn.microsoft.com/graph/api/resources/patternedrecurrence and MS-OXOCAL
section 2.2.1.44, which keeps an occurrence's start and end as minutes of a local day.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from icalendar import Calendar

from tests.servers.entries import CannotExpress

CUSTOM = "tzone://Microsoft/Custom"
_DAYS = {
    "MO": "monday",
    "TU": "tuesday",
    "WE": "wednesday",
    "TH": "thursday",
    "FR": "friday",
    "SA": "saturday",
    "SU": "sunday",
}
_INDEX = {1: "first", 2: "second", 3: "third", 4: "fourth", -1: "last"}
ANSWERS = {
    "ACCEPTED": "accepted",
    "DECLINED": "declined",
    "TENTATIVE": "tentativelyAccepted",
    "NEEDS-ACTION": "notResponded",
}
_DAY = timedelta(days=1)


@dataclass
class Item:
    """One entry. Times are local to `zone`; all-day ones are midnights in no zone.

    `recurrence` is Graph's patternedRecurrence. `exceptions` maps an occurrence's original start
    to what differs there, None for a deleted one.
    """

    uid: str
    start: datetime
    end: datetime
    zone: str
    all_day: bool = False
    properties: dict[str, Any] = field(default_factory=dict)
    recurrence: dict[str, Any] | None = None
    exceptions: dict[datetime, Item | None] = field(default_factory=dict)

    def instant(self, local: datetime, owner_zone: str) -> datetime:
        name = owner_zone if self.all_day else self.zone
        zone = UTC if name in ("UTC", CUSTOM) else ZoneInfo(name)
        return local.replace(tzinfo=zone).astimezone(UTC)


def items(ics: str, address: str, owner_zone: str) -> list[Item]:
    calendar = Calendar.from_ical(ics)
    assert isinstance(calendar, Calendar)
    if calendar.walk("VFREEBUSY"):
        raise CannotExpress("free/busy is no entry of a calendar")
    series: dict[str, list[Any]] = {}
    for event in calendar.walk("VEVENT"):
        series.setdefault(str(event["uid"]), []).append(event)
    return [_series(events, address, owner_zone) for events in series.values()]


def _series(events: list[Any], address: str, owner_zone: str) -> Item:
    masters = [event for event in events if "recurrence-id" not in event]
    if len(masters) > 1:
        raise CannotExpress("a UID names one entry")
    if not masters:
        if len(events) > 1:
            raise CannotExpress("occurrences without their series are one at most")
        return _item(events[0], address, owner_zone)
    item = _item(masters[0], address, owner_zone)
    if "rdate" in masters[0]:
        raise CannotExpress("a series has no dates besides its pattern")
    if "rrule" in masters[0]:
        item.recurrence = _pattern(masters[0]["rrule"], item)
        _leave_out(masters[0], item)
    for event in events:
        if "recurrence-id" in event:
            _except(event, item, address, owner_zone)
    return item


def _item(event: Any, address: str, owner_zone: str) -> Item:
    start = event["dtstart"].dt
    end = event["dtend"].dt if "dtend" in event else None
    length = event["duration"].dt if "duration" in event else None
    if end is None and length is None:
        length = timedelta(0) if isinstance(start, datetime) else _DAY
    properties = _properties(event, address)
    uid = str(event["uid"])
    if not isinstance(start, datetime):
        end = end or start + (length or _DAY)
        if end <= start:
            raise CannotExpress("an all-day entry lasts a day at least")
        midnight = time()
        return Item(
            uid,
            datetime.combine(start, midnight),
            datetime.combine(end, midnight),
            owner_zone,
            all_day=True,
            properties=properties,
        )
    start, zone = _local(event["dtstart"], owner_zone)
    if end is not None:
        end = end if end.tzinfo else end.replace(tzinfo=ZoneInfo(owner_zone))
    else:
        end = start.astimezone(UTC) + (length or timedelta(0))
    end = end.astimezone(start.tzinfo)
    if end.astimezone(UTC) < start.astimezone(UTC):
        raise CannotExpress("an entry ends after it starts")
    return Item(uid, start.replace(tzinfo=None), end.replace(tzinfo=None), zone, False, properties)


def _local(prop: Any, owner_zone: str) -> tuple[datetime, str]:
    """The start in its zone. One that only a VTIMEZONE explains is kept by its instant."""
    value: datetime = prop.dt
    if value.tzinfo is None:
        if prop.params.get("TZID"):
            raise CannotExpress("nobody knows the zone")
        return value.replace(tzinfo=ZoneInfo(owner_zone)), owner_zone
    name = getattr(value.tzinfo, "key", "") or str(value.tzinfo)
    try:
        return value.astimezone(ZoneInfo(name)), name
    except (ZoneInfoNotFoundError, ValueError):
        return value.astimezone(UTC), CUSTOM


def _properties(event: Any, address: str) -> dict[str, Any]:
    attendees = event.get("attendee", [])
    attendees = attendees if isinstance(attendees, list) else [attendees]
    answers = {
        str(a).lower().removeprefix("mailto:"): ANSWERS[
            str(a.params.get("PARTSTAT", "NEEDS-ACTION")).upper()
        ]
        for a in attendees
    }
    own = answers.get(address, "organizer" if not answers else "none")
    return {
        "subject": str(event.get("summary", "")),
        "body": {"contentType": "html", "content": str(event.get("description", ""))},
        "isCancelled": str(event.get("status", "")).upper() == "CANCELLED",
        "showAs": _shown_as(event),
        "sensitivity": "private" if str(event.get("class", "")).upper() == "PRIVATE" else "normal",
        "responseStatus": {"response": own, "time": "0001-01-01T00:00:00Z"},
        "attendees": [
            {
                "type": "required",
                "status": {"response": answer, "time": "0001-01-01T00:00:00Z"},
                "emailAddress": {"name": who, "address": who},
            }
            for who, answer in answers.items()
        ],
    }


def _shown_as(event: Any) -> str:
    kinds = {
        "OOF": "oof",
        "FREE": "free",
        "TENTATIVE": "tentative",
        "BUSY": "busy",
        "WORKINGELSEWHERE": "workingElsewhere",
    }
    if said := str(event.get("x-microsoft-cdo-busystatus", "")).upper():
        return kinds[said]
    if str(event.get("transp", "")).upper() == "TRANSPARENT":
        return "free"
    return "tentative" if str(event.get("status", "")).upper() == "TENTATIVE" else "busy"


def _leave_out(event: Any, item: Item) -> None:
    lists = event.get("exdate", [])
    for dates in lists if isinstance(lists, list) else [lists]:
        for one in dates.dts:
            item.exceptions[_original(one.dt, item)] = None


def _except(event: Any, item: Item, address: str, owner_zone: str) -> None:
    if event["recurrence-id"].params.get("RANGE"):
        raise CannotExpress("an exception is of one occurrence")
    if item.recurrence is None:
        raise CannotExpress("an entry that does not recur has no exceptions")
    item.exceptions[_original(event["recurrence-id"].dt, item)] = _item(event, address, owner_zone)


def _original(value: date, item: Item) -> datetime:
    if not isinstance(value, datetime):
        return datetime.combine(value, item.start.time())
    if value.tzinfo is None:
        return value
    zone = UTC if item.zone == "UTC" else ZoneInfo(item.zone)
    return value.astimezone(zone).replace(tzinfo=None)


def _pattern(rule: Any, item: Item) -> dict[str, Any]:
    """RFC 5545's rule as Graph's pattern and range."""
    if item.zone == CUSTOM:
        raise CannotExpress("a series needs a zone that the service knows")
    if item.instant(item.end, "UTC") - item.instant(item.start, "UTC") != item.end - item.start:
        raise CannotExpress("a series keeps the wall time of its ends, not its hours")
    single = {name: rule.get(name, [None])[0] for name in ("FREQ", "INTERVAL", "COUNT", "UNTIL")}
    known = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "WKST"}
    if beyond := set(rule) - known:
        raise CannotExpress(f"a pattern has no {', '.join(sorted(beyond))}")
    pattern = _shape(single["FREQ"], rule, item.start)
    pattern["interval"] = int(single["INTERVAL"] or 1)
    _must_not_overlap(pattern, item)
    return {"pattern": pattern, "range": _range(single["COUNT"], single["UNTIL"], item)}


def _shape(frequency: str, rule: Any, start: datetime) -> dict[str, Any]:
    days = [str(day) for day in rule.get("BYDAY", [])]
    month_days = rule.get("BYMONTHDAY", [])
    months = rule.get("BYMONTH", [])
    if len(month_days) > 1 or len(months) > 1:
        raise CannotExpress("a pattern has one day of the month, and one month")
    if frequency == "DAILY" and not days and not month_days:
        return {"type": "daily"}
    if frequency == "WEEKLY":
        named = [_DAYS[day] for day in days] or [_DAYS[list(_DAYS)[start.weekday()]]]
        first = _DAYS[str(rule.get("WKST", ["MO"])[0])]
        return {"type": "weekly", "daysOfWeek": named, "firstDayOfWeek": first}
    if frequency not in ("MONTHLY", "YEARLY"):
        raise CannotExpress(f"a pattern has no {frequency}")
    month = {"month": int(months[0]) if months else start.month} if frequency == "YEARLY" else {}
    if months and not month:
        raise CannotExpress("a monthly pattern names no month")
    size = "Yearly" if frequency == "YEARLY" else "Monthly"
    if days:
        return {"type": f"relative{size}", **_relative(days), **month}
    day = int(month_days[0]) if month_days else start.day
    if not 1 <= day <= 28:
        raise CannotExpress("a day that a month lacks moves to that month's last")
    return {"type": f"absolute{size}", "dayOfMonth": day, **month}


def _relative(days: list[str]) -> dict[str, Any]:
    numbers = {int(day[:-2]) for day in days if day[:-2]}
    if len(numbers) != 1 or not numbers <= set(_INDEX) or any(not day[:-2] for day in days):
        raise CannotExpress("a pattern has one place in the month, first to fourth or last")
    return {"daysOfWeek": [_DAYS[day[-2:]] for day in days], "index": _INDEX[numbers.pop()]}


def _must_not_overlap(pattern: dict[str, Any], item: Item) -> None:
    size = {"daily": 1, "weekly": 7 / max(1, len(pattern.get("daysOfWeek", "1")))}
    shortest = timedelta(days=size.get(pattern["type"], 28) * pattern["interval"])
    if item.end - item.start > shortest:
        raise CannotExpress("an occurrence is shorter than the interval")


def _range(count: Any, until: Any, item: Item) -> dict[str, Any]:
    begins = {"startDate": item.start.date().isoformat(), "recurrenceTimeZone": item.zone}
    if count:
        return {"type": "numbered", "numberOfOccurrences": int(count), **begins}
    if until is None:
        return {"type": "noEnd", **begins}
    last = _original(until, item) if isinstance(until, datetime) else until
    day = last.date() if isinstance(last, datetime) else last
    if isinstance(last, datetime) and last.time() < item.start.time():
        day -= _DAY
    return {"type": "endDate", "endDate": day.isoformat(), **begins}

"""Calendars as the simulator keeps them: events, their expansion, and what changed when."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from dateutil.rrule import (  # type: ignore[import-untyped]
    DAILY,
    MONTHLY,
    WEEKLY,
    YEARLY,
    rrule,
    weekday,
)

from tests.servers.microsoft365_ics import ANSWERS, Item, items

_FREQUENCIES = {"daily": DAILY, "weekly": WEEKLY}
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NUMBERS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}
_CLASS = "040000008200E00074C5B7101A82E008"


@dataclass
class Event:
    """An item in a mailbox. `changed` is the count of changes at its last one."""

    key: str
    item: Item
    changed: int
    extended: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Occurrence:
    """What a view shows of an event; `original` is None for what does not recur.

    `start` and `end` are as Graph writes them: in UTC, or midnights of an all-day entry.
    """

    event: Event
    item: Item
    start: datetime
    end: datetime
    original: datetime | None

    @property
    def kind(self) -> str:
        if self.original is None:
            return "singleInstance"
        return "occurrence" if self.item is self.event.item else "exception"


@dataclass
class Shelf:
    """One mailbox's calendar."""

    address: str
    zone: str
    events: dict[str, Event] = field(default_factory=dict)
    gone: list[tuple[str, int]] = field(default_factory=list)
    transactions: set[str] = field(default_factory=set)
    changes: int = 0

    def add(self, item: Item) -> Event:
        self.changes += 1
        key = hashlib.sha256(f"{self.address} {item.uid} {self.changes}".encode()).hexdigest()[:24]
        event = Event(f"AAkALg{key}=", item, self.changes)
        self.events[event.key] = event
        return event

    def touch(self, event: Event) -> None:
        self.changes += 1
        event.changed = self.changes

    def drop(self, event: Event) -> None:
        self.changes += 1
        del self.events[event.key]
        self.gone.append((event.key, self.changes))

    def fill(self, ics: str) -> None:
        for item in items(ics, self.address, self.zone):
            for event in self.called(item.uid):
                self.drop(event)
            self.add(item)

    def called(self, uid: str) -> list[Event]:
        """By the UID that a person knows, ours in the extended property included."""
        return [
            event
            for event in self.events.values()
            if event.item.uid == uid or uid in event.extended.values()
        ]

    def remove(self, uid: str) -> None:
        for event in self.called(uid):
            self.drop(event)

    def move(self, uid: str, start: datetime, end: datetime) -> None:
        for event in self.called(uid):
            event.item.start = start.astimezone(UTC).replace(tzinfo=None)
            event.item.end = end.astimezone(UTC).replace(tzinfo=None)
            event.item.zone = "UTC"
            self.touch(event)

    def answer(self, uid: str, attendee: str, partstat: str) -> None:
        for event in self.called(uid):
            for one in event.item.properties["attendees"]:
                if one["emailAddress"]["address"] == attendee:
                    one["status"]["response"] = ANSWERS[partstat]
            self.touch(event)

    def view(self, start: datetime, end: datetime) -> list[Occurrence]:
        return [o for event in self.events.values() for o in self.within(event, start, end)]

    def within(self, event: Event, start: datetime, end: datetime) -> Iterator[Occurrence]:
        for item, original in _occurrences(event, start, end):
            begin, finish = (item.instant(t, self.zone) for t in (item.start, item.end))
            if (begin < end and finish > start) or begin == finish == start:
                plain = original is not None and original not in event.item.exceptions
                shown = event.item if plain else item
                if item.all_day:
                    begin, finish = (t.replace(tzinfo=UTC) for t in (item.start, item.end))
                yield Occurrence(event, shown, begin, finish, original)


def _occurrences(
    event: Event, start: datetime, end: datetime
) -> Iterator[tuple[Item, datetime | None]]:
    item = event.item
    if item.recurrence is None:
        yield item, None
        return
    reach = timedelta(days=40)
    for begin in _starts(item, start - reach, end + reach):
        if begin not in item.exceptions:
            length = item.end - item.start
            yield Item(item.uid, begin, begin + length, item.zone, item.all_day), begin
        elif (other := item.exceptions[begin]) is not None:
            yield other, begin


def _starts(item: Item, start: datetime, end: datetime) -> Iterator[datetime]:
    """Local starts by Graph's pattern, as its documentation explains each type."""
    assert item.recurrence is not None
    pattern, span = item.recurrence["pattern"], item.recurrence["range"]
    rule: dict[str, Any] = {"interval": pattern["interval"], "dtstart": item.start}
    kind = pattern["type"]
    days = [weekday(_WEEKDAYS.index(day)) for day in pattern.get("daysOfWeek", [])]
    if kind.startswith("relative"):
        days = [day(_NUMBERS[pattern["index"]]) for day in days]
    if days:
        rule["byweekday"] = days
    if "firstDayOfWeek" in pattern:
        rule["wkst"] = _WEEKDAYS.index(pattern["firstDayOfWeek"])
    if "dayOfMonth" in pattern:
        rule["bymonthday"] = pattern["dayOfMonth"]
    if "month" in pattern:
        rule["bymonth"] = pattern["month"]
    if span["type"] == "numbered":
        rule["count"] = span["numberOfOccurrences"]
    if span["type"] == "endDate":
        last = date.fromisoformat(span["endDate"])
        rule["until"] = datetime.combine(last, datetime.max.time())
    frequency = _FREQUENCIES.get(kind, YEARLY if kind.endswith("Yearly") else MONTHLY)
    local = (at.astimezone(UTC).replace(tzinfo=None) for at in (start, end))
    yield from rrule(frequency, **rule).between(*local, inc=True)


def ical_uid(occurrence: Occurrence) -> str:
    """Graph's iCalUId: of a series' occurrences each has its own (MS-OXOCAL 2.2.1.27)."""
    uid = occurrence.event.item.uid
    if occurrence.original is None:
        return uid
    day = occurrence.original
    stamp = f"{day.year:04X}{day.month:02X}{day.day:02X}"
    if uid.upper().startswith(_CLASS):
        return f"{uid[:32]}{stamp}{uid[40:]}"
    data = b"vCal-Uid\x01\x00\x00\x00" + uid.encode() + b"\x00"
    size = len(data).to_bytes(4, "little").hex().upper()
    return f"{_CLASS}{stamp}{'0' * 32}{size}{data.hex().upper()}"

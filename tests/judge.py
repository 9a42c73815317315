"""A judge of sent mail that shares nothing with the product.

It reads the roster's CSV and the .ics parts by itself, and says what is wrong with them.
"""

from __future__ import annotations

import csv
import email
import email.policy
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import holidays
import icalendar

Span = tuple[datetime, datetime]
_DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
_TIMES = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)")
_DAY = timedelta(days=1)


@lru_cache(maxsize=256)
def _holidays(region: str, year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays(region, years=[year]))


@dataclass
class Sheet:
    """One person's row and exceptions, as text."""

    zone: str
    hours: str
    region: str
    exceptions: list[dict[str, str]] = field(default_factory=list)

    def zone_on(self, day: date) -> str:
        return next((e["value"] for e in self._on(day, "timezone")), self.zone)

    def ranges_on(self, day: date) -> list[tuple[int, int]]:
        text = next((e["value"] for e in self._on(day, "hours")), self.hours)
        found = []
        for clause in text.split(";"):
            days, times = clause.strip().split(" ", 1)
            first, _, last = days.partition("-")
            numbers = range(_DAYS.index(first), _DAYS.index(last or first) + 1)
            if day.weekday() in numbers:
                for a, b, c, d in _TIMES.findall(times):
                    start, end = int(a) * 60 + int(b), int(c) * 60 + int(d)
                    found.append((start, end if end > start else end + 1440))
        return found

    def free_day(self, day: date, *, deadlines: bool) -> str:
        if self.region and day in _holidays(self.region, day.year):
            return "a holiday"
        kinds = ["off", "deadline"] if deadlines else ["off"]
        return next((f"a day of {k}" for k in kinds for _ in self._on(day, k)), "")

    def _on(self, day: date, kind: str) -> Iterator[dict[str, str]]:
        for e in self.exceptions:
            if e["kind"] == kind and e["from"] <= day.isoformat() <= e["to"]:
                yield e

    def works(self, start: datetime, end: datetime, *, deadlines: bool) -> bool:
        """Whether every five minutes of the stretch read inside a range on the wall clock."""
        steps = int((end - start) / timedelta(minutes=5))
        return all(
            self._works_at(start + n * timedelta(minutes=5), deadlines=deadlines)
            for n in range(steps or 1)
        )

    def _works_at(self, at: datetime, *, deadlines: bool) -> bool:
        around = at.astimezone(UTC).date()
        for day in (around - _DAY, around, around + _DAY):
            if self.free_day(day, deadlines=deadlines):
                continue
            local = at.astimezone(ZoneInfo(self.zone_on(day))).replace(tzinfo=None)
            minute = (local - datetime.combine(day, datetime.min.time())).total_seconds() / 60
            if any(first <= minute < last for first, last in self.ranges_on(day)):
                return True
        return False


@dataclass
class Judge:
    """Looks at every mail as it is delivered; `faults` is what it found."""

    directory: Path
    notice: timedelta
    horizon: timedelta
    faults: list[str] = field(default_factory=list)
    live: dict[str, dict[str, Span]] = field(default_factory=dict)
    sequences: dict[tuple[str, str], int] = field(default_factory=dict)
    stamps: dict[tuple[str, str], datetime] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)
    judged: int = 0

    def sheets(self) -> dict[str, Sheet]:
        people = csv.DictReader((self.directory / "people.csv").read_text().splitlines())
        found = {
            r["email"]: Sheet(r["timezone"], r["hours"], r.get("holidays") or "US") for r in people
        }
        path = self.directory / "exceptions.csv"
        for row in csv.DictReader(path.read_text().splitlines()) if path.exists() else []:
            found[row["person"]].exceptions.append(row)
        return found

    def look(
        self, now: datetime, letters: Sequence[bytes], busy: Mapping[str, Sequence[Span]]
    ) -> None:
        """Judge what one pass delivered; `busy` is what the calendars held at that instant."""
        sheets = self.sheets()
        for raw in letters:
            self._one(now, email.message_from_bytes(raw, policy=email.policy.default), sheets, busy)
        for person, meetings in self.live.items():
            if not sheets[person].works(now, now + timedelta(minutes=1), deadlines=False):
                continue  # a move may still wait for their morning
            spans = sorted(meetings.values())
            for (_, end), (start, _) in pairwise(spans):
                if start < end:
                    self.faults.append(f"{now}: {person} is in two meetings at {start}")

    def _one(
        self,
        now: datetime,
        message: EmailMessage,
        sheets: dict[str, Sheet],
        busy: Mapping[str, Sequence[Span]],
    ) -> None:
        reader = message["To"].addresses[0].addr_spec
        if message["Message-ID"] in self.ids:
            self.faults.append(f"{now}: {reader} got {message['Message-ID']} twice")
        self.ids.add(message["Message-ID"])
        if message["Auto-Submitted"] != "auto-generated":
            self.faults.append(f"{now}: a mail to {reader} doesn't say that it is automatic")
        part = next((p for p in message.walk() if p.get_content_type() == "text/calendar"), None)
        urgent = False
        if part is not None:
            urgent = self._calendar(now, message, part, reader, sheets, busy)
        if reader in sheets and not urgent:
            minute = now + timedelta(minutes=1)
            if not sheets[reader].works(now, minute, deadlines=False):
                self.faults.append(f"{now}: mail to {reader} outside their hours")

    def _calendar(
        self,
        now: datetime,
        message: EmailMessage,
        part: Any,
        reader: str,
        sheets: dict[str, Sheet],
        busy: Mapping[str, Sequence[Span]],
    ) -> bool:
        """Judge an invite; returns whether it may arrive at any hour."""
        calendar: Any = icalendar.Calendar.from_ical(part.get_payload(decode=True))
        event: Any = calendar.walk("VEVENT")[0]
        method, uid = str(calendar["method"]), str(event["uid"])
        span = (event["dtstart"].dt.astimezone(UTC), event["dtend"].dt.astimezone(UTC))
        if part.get_param("method") != method:
            self.faults.append(f"{uid}: METHOD differs from the MIME header")
        if not calendar.walk("VTIMEZONE"):
            self.faults.append(f"{uid}: no VTIMEZONE")
        if str(event["organizer"]).lower() != f"mailto:{message['From'].addresses[0].addr_spec}":
            self.faults.append(f"{uid}: the organizer is not the sender")
        before = self.live.get(reader, {}).get(uid)
        starts = [span[0], before[0]] if before else [span[0]]
        if method == "DECLINECOUNTER":
            return False
        self._order(uid, reader, int(event["sequence"]), event["dtstamp"].dt)
        if method == "CANCEL":
            self.live.get(reader, {}).pop(uid, None)
        else:
            self.live.setdefault(reader, {})[uid] = span
            self._time(now, uid, span, event, sheets, busy)
        changed = method == "CANCEL" or before is not None
        return changed and any(timedelta() <= s - now <= timedelta(hours=12) for s in starts)

    def _order(self, uid: str, reader: str, sequence: int, stamp: datetime) -> None:
        key = (uid, reader)
        if sequence <= self.sequences.get(key, -1):
            self.faults.append(f"{uid}: SEQUENCE {sequence} does not rise for {reader}")
        if stamp < self.stamps.get(key, stamp):
            self.faults.append(f"{uid}: DTSTAMP goes back for {reader}")
        self.sequences[key], self.stamps[key] = sequence, stamp

    def _time(
        self,
        now: datetime,
        uid: str,
        span: Span,
        event: Any,
        sheets: dict[str, Sheet],
        busy: Mapping[str, Sequence[Span]],
    ) -> None:
        self.judged += 1
        made = event["dtstamp"].dt
        if span[0] < made + self.notice:
            self.faults.append(f"{uid}: {span[0]} is sooner than the notice after {made}")
        if span[1] > made + self.horizon:
            self.faults.append(f"{uid}: {span[0]} is beyond the horizon of {made}")
        for attendee in event["attendee"]:
            person = str(attendee).lower().removeprefix("mailto:")
            sheet = sheets.get(person)
            if sheet is None:
                self.faults.append(f"{uid}: {person} is a stranger")
                continue
            if not sheet.works(*span, deadlines=True):
                self.faults.append(f"{uid}: {span[0]} is outside the hours of {person}")
            for start, end in busy.get(person, ()):
                if span[0] < end and start < span[1] and now - made < timedelta(minutes=1):
                    self.faults.append(f"{uid}: {span[0]} is over a busy time of {person}")

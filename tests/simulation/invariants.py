"""What must hold after every pass, whatever failed: judged from the store's rows and mails' bytes.

Hours come from the files, read without the product. A fault is a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, select

from integrations.ports import item_key
from store import tables
from store.instants import instant
from tests.judge import Sheet
from tests.programme.cohort import COORDINATOR
from tests.programme.judge import sheets_in, supervisors_in
from tests.programme.sent import Sent, content
from tests.simulation.servers import Servers

_URGENT = timedelta(hours=12)
_KNOWN_FOR = timedelta(hours=2)
OFFICE = Sheet("America/New_York", "Mon-Fri 09:00-17:00", "US")
_CHANGES = ("moved", "cancelled")
_TO_LEAVERS = ("cancelled", "ended")
_AT_ONCE = ("sign_in",)
_LIVE = ("proposed", "confirmed")
_WAITING = ("queued", "sending")
_NOTHING: Mapping[str, object] = {}
_LINE = re.compile(r"^(UID|SEQUENCE|DTSTART[^:]*|DTEND[^:]*|METHOD):(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Booked:
    """A meeting as its row has it."""

    uid: str
    people: tuple[str, str]
    state: str
    sequence: int
    start: datetime
    end: datetime
    outside: bool

    @property
    def version(self) -> tuple[str, int, datetime]:
        return self.uid, self.sequence, self.start


@dataclass
class Invariants:
    """`look` is given what one pass did; `faults` is what it found."""

    directory: Path
    faults: list[str] = field(default_factory=list)
    looked: int = 0
    booked: int = 0
    _keys: set[str] = field(default_factory=set)
    _times: dict[tuple[str, str], tuple[int, str, datetime]] = field(default_factory=dict)
    _in_doubt: dict[tuple[str, str], datetime] = field(default_factory=dict)
    """The times in letters that were lost, of which nobody but us knows that they were."""
    _versions: dict[str, tuple[int, datetime]] = field(default_factory=dict)
    _former: dict[str, Sheet] = field(default_factory=dict)
    _before: set[tuple[str, int, datetime]] = field(default_factory=set)

    def look(
        self,
        now: datetime,
        fresh: Sequence[Sent],
        engine: Engine,
        servers: Servers,
        left: dict[str, datetime],
    ) -> None:
        sheets = sheets_in(self.directory)
        self._former |= sheets
        meetings = booked_in(engine, now)
        found = [
            *self._mails(now, fresh, sheets, left),
            *self._hours(now, meetings, sheets, servers),
            *self._overlaps(meetings, now),
            *self._sequences(meetings, now),
        ]
        if not servers.weather.failed:
            found += self._shown(now, meetings, servers)
        self._before = {m.version for m in meetings}
        self._versions = {m.uid: (m.sequence, m.start) for m in meetings}
        self.faults += [f"{now:%Y-%m-%d %H:%M}: {each}" for each in found]
        self.looked += 1

    def _mails(
        self,
        now: datetime,
        fresh: Sequence[Sent],
        sheets: dict[str, Sheet],
        left: dict[str, datetime],
    ) -> Iterator[str]:
        supervisors = supervisors_in(self.directory)
        for sent in fresh:
            told = f"{sent.kind} to {sent.reader}"
            if sent.key in self._keys:
                yield f"{told}: the notice {sent.key} twice"
            self._keys.add(sent.key)
            urgent = yield from self._calendar(now, sent, told)
            sheet = sheets.get(sent.reader) or self._since_they_left(sent.reader)
            reads = sheet.works(now, now + timedelta(minutes=1), deadlines=False)
            if not reads and not urgent and sent.kind not in _AT_ONCE:
                yield f"{told}: outside their hours"
            has_left = sent.reader in left and sent.reader not in sheets | supervisors
            if has_left and sent.kind not in _TO_LEAVERS:
                yield f"{told}: they left on {left[sent.reader]:%Y-%m-%d}"

    def _since_they_left(self, reader: str) -> Sheet:
        """Nothing but the zone in invites is known of who is in no file any more."""
        former = self._former.get(reader, OFFICE)
        journeys = [each for each in former.exceptions if each["kind"] == "timezone"]
        return Sheet(former.zone, OFFICE.hours, "", journeys)

    def _calendar(self, now: datetime, sent: Sent, told: str) -> Generator[str, None, bool]:
        """The faults of its calendar part; returns whether it may arrive at any hour."""
        event = event_in(sent.ics)
        if event is None or event["METHOD"] == "DECLINECOUNTER":
            return False
        who, start, sequence = (
            (event["UID"], sent.reader),
            _at(event, "DTSTART"),
            int(event["SEQUENCE"]),
        )
        before = self._times.get(who)
        if before and sequence < before[0]:
            yield f"{told}: SEQUENCE falls from {before[0]} to {sequence}"
        if before and sequence == before[0] and (event["METHOD"], start) != before[1:]:
            yield f"{told}: SEQUENCE {sequence} was {before[1:]} and is {event['METHOD']} {start}"
        self._times[who] = (sequence, event["METHOD"], start)
        # While a meeting goes on, that it is off is still news.
        doubtful = self._in_doubt.get(who)
        times = (start, before and before[2], _at(event, "DTEND"), doubtful)
        near = [each for each in times if each and now <= each <= now + _URGENT]
        is_news = before is not None or doubtful is not None
        return bool(near) and is_news and sent.kind in _CHANGES

    def may_know(self, reader: str, raw: bytes) -> None:
        """A letter was lost after it was sent: its reader has to be taken to know what it says."""
        if (event := event_in(content(raw, "text/calendar"))) and event["METHOD"] == "REQUEST":
            self._in_doubt[event["UID"], reader] = _at(event, "DTSTART")

    def _hours(
        self,
        now: datetime,
        meetings: Sequence[Booked],
        sheets: dict[str, Sheet],
        servers: Servers,
    ) -> Iterator[str]:
        """A time that this pass chose suits both, as far as the files and calendars say."""
        for meeting in meetings:
            if meeting.version in self._before or meeting.state not in _LIVE:
                continue
            self.booked += 1
            for person in meeting.people:
                told = f"{meeting.uid[:8]} at {meeting.start:%Y-%m-%d %H:%M} for {person}"
                sheet = sheets.get(person)
                if sheet is None:
                    yield f"{told}: they are in no pair"
                    continue
                inside = sheet.works(meeting.start, meeting.end, deadlines=True)
                if not inside and not meeting.outside:
                    yield f"{told}: outside their hours"
                diary = servers.diaries.get(person.partition("@")[0])
                if diary is None:
                    continue
                if diary.read_at is None or now - diary.read_at > _KNOWN_FOR:
                    yield f"{told}: nobody knows their time, last read {diary.read_at}"
                for key, (start, end) in diary.believed.items():
                    if key != item_key(meeting.uid) and start < meeting.end and meeting.start < end:
                        yield f"{told}: over a busy time, {start:%H:%M}"

    def _overlaps(self, meetings: Sequence[Booked], now: datetime) -> Iterator[str]:
        by_person: dict[str, list[Booked]] = {}
        for meeting in meetings:
            if meeting.state in _LIVE and meeting.end > now:
                for person in meeting.people:
                    by_person.setdefault(person, []).append(meeting)
        for person, own in by_person.items():
            for one, other in pairwise(sorted(own, key=lambda m: (m.start, m.end))):
                if other.start < one.end:
                    yield f"{person} is in {one.uid[:8]} and {other.uid[:8]} at {other.start}"

    def _sequences(self, meetings: Sequence[Booked], now: datetime) -> Iterator[str]:
        for meeting in meetings:
            sequence, start = self._versions.get(meeting.uid, (-1, meeting.start))
            if meeting.sequence < sequence:
                yield f"{meeting.uid[:8]}: SEQUENCE falls from {sequence} to {meeting.sequence}"
            if meeting.sequence == sequence and meeting.start != start:
                yield f"{meeting.uid[:8]}: moved under the same SEQUENCE {sequence}"
        recent = {uid for uid, (_, start) in self._versions.items() if start > now - _RECENT / 2}
        gone = recent - {meeting.uid for meeting in meetings}
        yield from (f"{uid[:8]} is gone from the store" for uid in sorted(gone))

    def _shown(self, now: datetime, meetings: Sequence[Booked], servers: Servers) -> Iterator[str]:
        """While nothing fails, the organiser's calendar shows what stands, and that once."""
        for meeting in meetings:
            if meeting.version not in self._before or meeting.end <= now:
                continue  # booked after this pass published
            shown = servers.entries.get(meeting.uid)
            if meeting.state == "cancelled" and shown:
                yield f"{meeting.uid[:8]} is called off, and the calendar shows it"
            if meeting.state in _LIVE and (shown is None or shown.slot.start != meeting.start):
                yield f"{meeting.uid[:8]} is at {meeting.start}, the calendar shows {shown}"

    def at_the_end(self, now: datetime, engine: Engine) -> None:
        """All mail went out, or is seen to be dead, and the coordinator was told of it."""
        t = tables.outbox.c
        with engine.connect() as connection:
            rows = connection.execute(
                select(t.key, t.kind, t.state, t.created_at, t.error, t.recipient)
            ).all()
        keys = {row.key for row in rows}
        for row in rows:
            age = now - (instant(row.created_at) or now)
            if row.state in _WAITING and age > timedelta(weeks=2):
                self.faults.append(f"{row.key} is still {row.state} after {age} ({row.error})")
            is_dead = row.state in ("failed", "unknown") and row.recipient != COORDINATOR
            if is_dead and f"undelivered:{row.key}" not in keys:
                self.faults.append(f"{row.key} is {row.state}, and nobody was told")


def rows_of(
    engine: Engine, query: str, about: Mapping[str, object] = _NOTHING
) -> list[tuple[Any, ...]]:
    """Rows as SQLite has them: they are looked at after every pass."""
    with engine.connect() as connection:
        known: Any = connection.connection.driver_connection
        found: list[tuple[Any, ...]] = known.execute(query, about).fetchall()
        return found


def waiting_for(engine: Engine) -> set[str]:
    """Whose mail has not left yet."""
    query = "SELECT DISTINCT recipient FROM outbox WHERE state IN ('queued', 'sending')"
    return {recipient for (recipient,) in rows_of(engine, query)}


_BOOKED = """SELECT uid, mentor, mentee, state, sequence, start, end,
 instr(decision, '"outside": true') FROM meetings WHERE end > :since ORDER BY uid"""
_RECENT = timedelta(weeks=4)
"""What ended longer ago changes no more."""


def booked_in(engine: Engine, now: datetime) -> list[Booked]:
    since = {"since": int((now - _RECENT).timestamp())}
    return [_booked(*row) for row in rows_of(engine, _BOOKED, since)]


@lru_cache(maxsize=4096)
def _booked(
    uid: str,
    mentor: str,
    mentee: str,
    state: str,
    sequence: int,
    start: int,
    end: int,
    out: int,
) -> Booked:
    first, last = (datetime.fromtimestamp(at, UTC) for at in (start, end))
    return Booked(uid, (mentor, mentee), state, sequence, first, last, bool(out))


def event_in(ics: bytes | None) -> dict[str, str] | None:
    """The few lines of a mail's calendar part that are judged."""
    if ics is None:
        return None
    text = ics.decode().replace("\r\n ", "").replace("\r\n", "\n")
    head, _, event = text.partition("BEGIN:VEVENT")
    return dict(_LINE.findall(head.partition("BEGIN:VTIMEZONE")[0] + event))


def _at(event: dict[str, str], what: str) -> datetime:
    name = next(each for each in event if each.startswith(what))
    value, zone = event[name], re.search(r"TZID=\"?([^;:\"]+)", name)
    at = datetime.strptime(value.rstrip("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007 - its zone follows
    return at.replace(tzinfo=ZoneInfo(zone[1]) if zone else UTC).astimezone(UTC)

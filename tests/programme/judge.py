"""What a year's mails must be, judged without the product: hours from the files, mails from bytes.

A fault is a sentence for people; no fault is a good year.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Calendar

from tests.judge import Sheet
from tests.programme.cohort import CANARY, COORDINATOR
from tests.programme.sent import Sent

MOST_A_DAY = {"partner": 5, "supervisor": 3, "coordinator": 6}
"""Mails to one reader on one of their days. Each further mentee allows a partner two more, each
employee a supervisor one more."""
LONGEST_SUBJECT = 60
_URGENT = timedelta(hours=12)
_OFFICE = Sheet("America/New_York", "Mon-Fri 09:00-17:00", "US")
_CHANGES = ("moved", "cancelled", "event_moved", "event_off")
_PRIVATE = {
    f"{CANARY}-TITLE": frozenset[str](),
    f"{CANARY}-CONFLICT": frozenset[str](),
    f"{CANARY}-LABEL": frozenset[str](),
    f"{CANARY}-AGENDA": frozenset({"prepare", "remind", "invite", "moved"}),
    f"{CANARY}-STEP": frozenset({"prepare", "remind"}),
}
"""Which kinds of mail may hold a private word at all: those to the two themselves."""


def sheets_in(directory: Path) -> dict[str, Sheet]:
    """Everybody's hours as the files have them."""
    people = csv.DictReader((directory / "people.csv").read_text().splitlines())
    found = {r["email"]: Sheet(r["timezone"], r["hours"], r["holidays"]) for r in people}
    for row in csv.DictReader((directory / "exceptions.csv").read_text().splitlines()):
        found[row["person"]].exceptions.append(row)
    return found


def supervisors_in(directory: Path) -> dict[str, set[str]]:
    """Each supervisor's address with the names of their own employees."""
    found: dict[str, set[str]] = {}
    for row in csv.DictReader((directory / "people.csv").read_text().splitlines()):
        if row["supervisor"]:
            address = row["supervisor"].partition("<")[2].rstrip(">")
            found.setdefault(address, set()).add(row["name"])
    return found


@dataclass(frozen=True)
class Row:
    """One line of the table: which mail went to whom, when on their clock, and why."""

    at: datetime
    reader: str
    role: str
    local: datetime
    kind: str
    key: str
    subject: str


@dataclass
class YearJudge:
    """`look` is given what each pass delivered, with the files as they are then."""

    directory: Path
    rows: list[Row] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    judged: int = 0
    _further: dict[str, int] = field(default_factory=dict)
    _names: set[str] = field(default_factory=set)
    _former: dict[str, Sheet] = field(default_factory=dict)
    _starts: dict[tuple[str, str], datetime] = field(default_factory=dict)
    _sequences: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)
    _texts: dict[tuple[str, str, str], datetime] = field(default_factory=dict)
    _keys: set[str] = field(default_factory=set)
    _spanish: set[str] = field(default_factory=set)

    def look(
        self,
        now: datetime,
        fresh: Sequence[Sent],
        *,
        left: Mapping[str, datetime],
        away: Sequence[tuple[str, datetime, int]],
    ) -> None:
        sheets = sheets_in(self.directory)
        supervisors = supervisors_in(self.directory)
        for user, first, days in away:
            last = first + timedelta(days=days)
            row = {"from": f"{first:%Y-%m-%d}", "to": f"{last:%Y-%m-%d}", "kind": "off"}
            if f"{user}@example.org" in sheets:
                sheets[f"{user}@example.org"].exceptions.append(row)
        self._names |= _names_in(self.directory)
        for reader, number in _further_in(self.directory, supervisors).items():
            self._further[reader] = max(number, self._further.get(reader, 0))
        self._spanish |= _spanish_in(self.directory)
        self._former |= sheets
        for sent in fresh:
            self._one(now, sent, sheets, supervisors, left)

    def _one(
        self,
        now: datetime,
        sent: Sent,
        sheets: Mapping[str, Sheet],
        supervisors: Mapping[str, set[str]],
        left: Mapping[str, datetime],
    ) -> None:
        role = _role(sent.reader, sheets, supervisors)
        sheet = sheets.get(sent.reader) or self._former.get(sent.reader, _OFFICE)
        local = now.astimezone(ZoneInfo(sheet.zone_on(now.date())))
        subject = str(sent.message["Subject"])
        self.rows.append(Row(now, sent.reader, role, local, sent.kind, sent.key, subject))
        told = f"{now:%Y-%m-%d %H:%M} {sent.kind} to {sent.reader}"
        self.faults += [f"{told}: {fault}" for fault in self._faults(now, sent, role, sheet)]
        if role == "supervisor":
            others = self._names - supervisors[sent.reader]
            self.faults += [f"{told}: names {n}" for n in others if n in text_of(sent.message)]
        if role == "stranger" and sent.kind not in ("cancelled", "event_off"):
            self.faults.append(f"{told}: they left, or never were here ({left.get(sent.reader)})")

    def _faults(self, now: datetime, sent: Sent, role: str, sheet: Sheet) -> Iterator[str]:
        self.judged += 1
        text, subject = text_of(sent.message), str(sent.message["Subject"])
        if sent.key in self._keys:
            yield f"the notice {sent.key} twice"
        self._keys.add(sent.key)
        same = (sent.reader, sent.kind, text)
        before = self._texts.get(same)
        if before and now - before < timedelta(hours=36):
            yield f"the same words as at {before:%Y-%m-%d %H:%M}"
        self._texts[same] = now
        if len(subject) > LONGEST_SUBJECT:
            yield f"a subject of {len(subject)} characters"
        if not text.strip() or sent.message.get_body(("html",)) is None:
            yield "it has no text part, or no HTML part"
        urgent = yield from self._calendar(now, sent)
        hours = sheet.works(now, now + timedelta(minutes=1), deadlines=False)
        if not urgent and not hours:
            yield "outside their hours"
        if sent.reader in self._spanish and "\nHello " in f"\n{text}":
            yield "English to a Spanish reader"
        yield from self._private(sent, role, text)

    def _private(self, sent: Sent, role: str, text: str) -> Iterator[str]:
        whole = text + _unfolded(sent.message)
        for word, kinds in _PRIVATE.items():
            if word in whole and (role != "partner" or sent.kind not in kinds):
                yield f"{word} is not for them"

    def _calendar(self, now: datetime, sent: Sent) -> Any:
        """The faults of its calendar part; returns whether it may arrive at any hour."""
        part = next((p for p in sent.message.walk() if _is_calendar(p)), None)
        if part is None:
            return False
        payload: Any = part.get_payload(decode=True)
        calendar: Any = Calendar.from_ical(payload)
        event: Any = calendar.walk("VEVENT")[0]
        if str(calendar["method"]) == "DECLINECOUNTER":
            return False
        who = (str(event["uid"]), sent.reader)
        start = event["dtstart"].dt.astimezone(UTC)
        sequence, before = int(event["sequence"]), self._sequences.get(who, (-1, ""))
        when = f"{start} {calendar['method']}"
        if sequence < before[0]:
            yield f"SEQUENCE falls from {before[0]} to {sequence}"
        if (
            sequence == before[0]
            and before[1] != when
            and str(calendar["method"]) != "DECLINECOUNTER"
        ):
            yield f"SEQUENCE {sequence} was {before[1]} and is {when}"
        self._sequences[who] = (sequence, when)
        known = self._starts.get(who)
        self._starts[who] = start
        near = [s for s in (start, known) if s and timedelta(0) <= s - now <= _URGENT]
        return bool(near) and known is not None and sent.kind in _CHANGES

    def days(self) -> Counter[tuple[str, str, date]]:
        """How many mails each reader got on each of their days."""
        return Counter((row.role, row.reader, row.local.date()) for row in self.rows)

    def floods(self) -> list[str]:
        """Days on which somebody got more than they may be asked to read."""
        return [
            f"{count} mails to {reader} on {day}"
            for (role, reader, day), count in sorted(self.days().items())
            if role in MOST_A_DAY and count > MOST_A_DAY[role] + self._further.get(reader, 0)
        ]


def _spanish_in(directory: Path) -> set[str]:
    people = csv.DictReader((directory / "people.csv").read_text().splitlines())
    return {row["email"] for row in people if row["language"] == "es"}


def _names_in(directory: Path) -> set[str]:
    people = csv.DictReader((directory / "people.csv").read_text().splitlines())
    return {row["name"] for row in people}


def _further_in(directory: Path, supervisors: Mapping[str, set[str]]) -> dict[str, int]:
    """How many more mails a day are each one's due, for whom they have to do with."""
    pairs = csv.DictReader((directory / "pairs.csv").read_text().splitlines())
    mentors = Counter(row["mentor"] for row in pairs)
    found = {mentor: 2 * (count - 1) for mentor, count in mentors.items()}
    return found | {address: len(names) for address, names in supervisors.items()}


def _role(reader: str, sheets: Mapping[str, Sheet], supervisors: Mapping[str, set[str]]) -> str:
    if reader == COORDINATOR:
        return "coordinator"
    if reader in sheets:
        return "partner"
    return "supervisor" if reader in supervisors else "stranger"


def text_of(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    return str(part.get_content()) if part else ""


def _is_calendar(part: EmailMessage) -> bool:
    return part.get_content_type() == "text/calendar"


def _unfolded(message: EmailMessage) -> str:
    """Every part's text, long calendar lines put together again."""
    parts = [p.get_content() for p in message.walk() if p.get_content_maintype() == "text"]
    return "\n".join(str(p) for p in parts).replace("\r\n ", "").replace("\n ", "")


def table(rows: Sequence[Row]) -> str:
    """The table as CSV."""
    head = "sent (UTC),reader,role,local time,kind,key,subject"
    lines = [
        f"{r.at:%Y-%m-%d %H:%M},{r.reader},{r.role},{r.local:%a %Y-%m-%d %H:%M %Z},"
        f'{r.kind},"{r.key}","{r.subject.replace(chr(34), chr(39))}"'
        for r in rows
    ]
    return "\n".join([head, *lines]) + "\n"


def excerpt(rows: Sequence[Row]) -> str:
    """The table's first row of each kind, in Markdown, with how many there are."""
    counts = Counter(row.kind for row in rows)
    first: dict[str, Row] = {}
    for row in rows:
        first.setdefault(row.kind, row)
    lines = [
        f"| {kind} | {counts[kind]} | {row.reader} ({row.role}) | "
        f"{row.local:%a %Y-%m-%d %H:%M %Z} | {row.subject} | `{row.key}` |"
        for kind, row in first.items()
    ]
    return f"{_EXCERPT}{chr(10).join(lines)}\n"


_EXCERPT = """# A year of forty pairs

`make year` plays it: forty pairs over twelve months of 2027, with partners who accept, decline, are
late, silent, away, or leave. `demo/year.csv` then has every mail: when it was sent, to whom, what
their own clock said, and the notice's key, which says why. Below is the first mail of each kind.

| kind | in all | first to | on their clock | subject | why (key) |
| --- | --- | --- | --- | --- | --- |
"""

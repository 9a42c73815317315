"""Mails as the roster's people would get them, written to files: what `preview` does."""

from __future__ import annotations

import html
from datetime import datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from mentoring import itip
from mentoring.interval import Interval
from mentoring.notices import (
    CalendarNotice,
    CounterNotice,
    MeetingFacts,
    MeetingNotice,
    NoSlotNotice,
    Notice,
    PatternNotice,
    PutBackNotice,
    Reader,
    Refusal,
    SummaryNotice,
    UndeliveredNotice,
    Why,
)
from mentoring.roster import Pair, Person, Roster
from mentoring.summary import last_period, summarise
from service.compose import Calendar, compose, render
from service.work import party, reader

KINDS = (
    "invite",
    "moved",
    "cancelled",
    "nudge",
    "remind",
    "counter",
    "calendar",
    "pattern",
    "noslot",
    "putback",
    "undelivered",
    "summary",
)
_METHODS = {"invite": "REQUEST", "moved": "REQUEST", "cancelled": "CANCEL"}
_KEY = b"preview"


def preview(roster: Roster, *, at: datetime, template: str, to: str, out: Path) -> list[Path]:
    """Write .eml, .html and .txt of each kind, and an index.html; returns what was written.

    Raises ValueError for a template or an address that is not known, naming the known ones.
    """
    if template and template not in KINDS:
        raise ValueError(f"there is no mail {template!r}; use one of {', '.join(KINDS)}")
    pair, person = _whom(roster, to.lower())
    out.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for kind in (template,) if template else KINDS:
        written += _write(roster, _sample(roster, pair, person, kind, at), at, out)
    index = out / "index.html"
    index.write_text(_index([p for p in written if p.suffix == ".html"]), encoding="utf-8")
    return [*written, index]


def _whom(roster: Roster, to: str) -> tuple[Pair, Person]:
    for pair in roster.pairs:
        for person in roster.both_of(pair):
            supervisor = person.supervisor.email if person.supervisor else ""
            if to in ("", person.email, supervisor):
                return pair, person
    known = ", ".join(sorted({email for pair in roster.pairs for email in pair.key}))
    raise ValueError(f"nobody in a pair has the address {to!r}; use one of {known}")


def _write(roster: Roster, notice: Notice, at: datetime, out: Path) -> list[Path]:
    parts = render(notice, roster.programme)
    letter = compose(
        notice, roster.programme, calendar=_calendar(roster, notice, at), at=at, secret=_KEY
    )
    files = {".eml": letter.raw, ".html": parts.html.encode(), ".txt": parts.text.encode()}
    paths = []
    for ending, content in files.items():
        path = out / f"{notice.kind}{ending}"
        path.write_bytes(content)
        paths.append(path)
    return paths


def _calendar(roster: Roster, notice: Notice, at: datetime) -> Calendar | None:
    if not isinstance(notice, MeetingNotice) or notice.kind not in _METHODS:
        return None
    if notice.kind == "cancelled":
        return Calendar("CANCEL", itip.cancel(notice.meeting, roster.programme, at))
    return Calendar("REQUEST", itip.request(notice.meeting, roster.programme, {}, at))


def _sample(roster: Roster, pair: Pair, person: Person, kind: str, at: datetime) -> Notice:
    slot = _slot(roster, pair)
    mentor, mentee = roster.both_of(pair)
    sides = party(mentor, slot.start), party(mentee, slot.start)
    to = reader(person, slot.start)
    unseen = tuple(p.name for p in (mentor, mentee) if not p.calendar)
    meeting = MeetingFacts("preview@overlap", 1, slot, *sides, unseen=unseen)
    coordinator = Reader("Coordinator", roster.programme.coordinator, roster.programme.timezone)
    match kind:
        case "counter":
            asked = Interval(slot.start + timedelta(days=1), slot.end + timedelta(days=1))
            return CounterNotice("preview", to, meeting, asked, Refusal.BUSY)
        case "calendar":
            problem = "the feed calendars.example.org/…/me.ics is not there (404)"
            return CalendarNotice("preview", to, problem, "publish the calendar again")
        case "pattern":
            return PatternNotice("preview", to, *sides, for_coordinator=False)
        case "noslot":
            rejected = (("outside mentor hours", 1890), ("mentee busy", 71))
            suggestion = "30 minutes instead of 60 would fit"
            return NoSlotNotice("preview", coordinator, *sides, rejected, suggestion)
        case "putback":
            asked = Interval(slot.start + timedelta(hours=9), slot.end + timedelta(hours=9))
            return PutBackNotice("preview", coordinator, *sides, slot, asked, Refusal.OUTSIDE_HOURS)
        case "undelivered":
            answer = "550 no such user"
            return UndeliveredNotice(
                "preview", coordinator, person.email, "invite", answer, in_doubt=False
            )
        case "summary":
            return _summary(roster, pair, person)
    before = Interval(slot.start - timedelta(days=1), slot.end - timedelta(days=1))
    moved = kind == "moved"
    return MeetingNotice(
        kind=kind,
        key="preview",
        reader=to,
        meeting=meeting,
        code="0123456789abcdef",
        why=Why.CONFLICT if kind in ("moved", "cancelled") else None,
        before=before if moved else None,
    )


def _slot(roster: Roster, pair: Pair) -> Interval:
    """The programme's second day at one in the afternoon, wherever that falls for the two."""
    zone = ZoneInfo(roster.programme.timezone)
    start = datetime.combine(pair.start + timedelta(days=1), time(13), zone)
    return Interval(start, start + timedelta(minutes=pair.agreement.minutes))


def _summary(roster: Roster, pair: Pair, person: Person) -> Notice:
    programme = roster.programme
    period = last_period("month", programme, pair.start + timedelta(days=40))
    if period is None:
        raise ValueError("the programme is too short for a summary")
    now = datetime.combine(period.last, time(12), ZoneInfo(programme.timezone))
    summary = summarise(person.name, [pair], [], period, programme, days={}, now=now)
    to = person.supervisor or person.mailbox
    as_read = Reader(to.name, to.email, programme.timezone)
    return SummaryNotice("preview", as_read, summary, programme.timezone, copy=False)


def _index(pages: list[Path]) -> str:
    links = "".join(
        f'<li><a href="{html.escape(p.name)}">{html.escape(p.stem)}</a></li>' for p in pages
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Mails</title>'
        f"<h1>Mails</h1><ul>{links}</ul></html>\n"
    )

"""Mails as the roster's people would get them, written to files: what `preview` does."""

from __future__ import annotations

import html
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from mentoring import itip, itip_event
from mentoring.agenda import RemindNotice
from mentoring.letter import Letter
from mentoring.notices import CounterNotice, MeetingNotice, Notice
from mentoring.programme_events import EventNotice
from mentoring.roster import Pair, Person, Roster
from service import (
    samples,
    samples_choices,
    samples_cohort,
    samples_events,
    samples_kickoff,
    samples_prepare,
    samples_summary,
    samples_supervision,
    samples_week,
)
from service.compose import Calendar, compose, event_text, render
from service.samples import Sample, Sitting
from service.templates import templates_of

SAMPLES: Mapping[str, Sample] = {
    **samples_cohort.COHORT,
    **samples_kickoff.KICKOFF,
    **samples.MEETINGS,
    **samples_prepare.PREPARE,
    **samples_events.EVENTS,
    **samples_choices.CHOICES,
    **samples_supervision.SUPERVISION,
    **samples_summary.SUMMARY,
    **samples_week.WEEK,
}
KINDS = tuple(SAMPLES)
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
        written += _write(roster, SAMPLES[kind](Sitting(roster, pair, person, at)), at, out)
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
    parts = render(notice, roster.programme, templates_of(roster))
    letter = letter_of(roster, notice, at)
    files = {".eml": letter.raw, ".html": parts.alone.encode(), ".txt": parts.text.encode()}
    paths = []
    for ending, content in files.items():
        path = out / f"{notice.kind}{ending}"
        path.write_bytes(content)
        paths.append(path)
    return paths


def letter_of(roster: Roster, notice: Notice, at: datetime) -> Letter:
    """The letter of a sample as it would leave, with the calendar part that its kind has."""
    return compose(
        notice,
        roster.programme,
        calendar=_calendar(roster, notice, at),
        at=at,
        secret=_KEY,
        templates=templates_of(roster),
    )


def _calendar(roster: Roster, notice: Notice, at: datetime) -> Calendar | None:
    """The invitation, change or answer that goes with a kind when it is sent."""
    programme, to = roster.programme, notice.reader
    match notice:
        case MeetingNotice(kind="invite" | "moved", meeting=meeting):
            asked = itip.request(meeting, programme, {}, at, language=to.language)
            return Calendar("REQUEST", asked)
        case MeetingNotice(kind="cancelled", meeting=meeting):
            return Calendar("CANCEL", itip.cancel(meeting, programme, at, language=to.language))
        case CounterNotice(meeting=meeting, refusal=why):
            side = meeting.mentor if meeting.mentor.email == to.email else meeting.mentee
            kept = itip.decline_counter(
                meeting, programme, side, str(why), at, language=to.language
            )
            return Calendar("DECLINECOUNTER", kept)
        case RemindNotice(meeting=meeting):
            words = event_text(notice, programme, templates_of(roster))
            noted = itip.request(meeting, programme, {}, at, agenda=words, language=to.language)
            return Calendar("REQUEST", noted)
        case EventNotice(kind="event" | "event_moved", event=event):
            return Calendar("REQUEST", itip_event.request(event, programme, to, at))
        case EventNotice(kind="event_off", event=event):
            return Calendar("CANCEL", itip_event.cancel(event, programme, to, at))
    return None


def _index(pages: list[Path]) -> str:
    links = "".join(
        f'<li><a href="{html.escape(p.name)}">{html.escape(p.stem)}</a></li>' for p in pages
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Mails</title>'
        f"<h1>Mails</h1><ul>{links}</ul></html>\n"
    )

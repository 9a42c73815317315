"""What the verbs print for people: tables instead of JSON."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from mentoring.availability import zone_at
from mentoring.roster import Person, Roster


def _console() -> Console:
    width = None if Console().is_terminal else 200
    return Console(width=width, markup=False)  # "[tls] ca" is a setting, and no style


def _local(text: str | None, zone: str) -> str:
    if text is None:
        return ""
    return f"{datetime.fromisoformat(text).astimezone(ZoneInfo(zone)):%a %d %b %Y %H:%M %Z}"


def show_status(document: dict[str, Any], roster: Roster) -> None:
    """Pairs and calendars, each with what blocks it."""
    table = Table(
        *("mentor", "mentee", "state", "next meeting", "held", "missed", "goal", "forecast"),
        *("reason", "needs help"),
    )
    for pair in document["pairs"]:
        mentor, mentee = (roster.people[pair[role]].name for role in ("mentor", "mentee"))
        coming = _local(pair["start"], pair["timezone_hint"])
        counts = (str(pair["held"]), str(pair["missed"]), str(pair["goal"] or ""))
        forecast = f"{pair['forecast']['chance']:.0%}" if pair["forecast"] else ""
        helps = "; ".join(f"{need['why']}: {need['remedy']}" for need in pair["attention"])
        table.add_row(
            mentor, mentee, pair["state"], coming, *counts, forecast, pair["reason"], helps
        )
    console = _console()
    console.print(f"{document['programme']}, {document['now']}")
    if document["hold"]:
        console.print(f"legal hold: {document['hold']}; nothing is deleted", soft_wrap=True)
    console.print(table)
    mail = ", ".join(f"{state} {count}" for state, count in document["mail"].items() if count)
    if mail:
        console.print(f"mail: {mail}")
    for one in document["paused"]:
        console.print(f"no mail to {one['address']}: {one['reason']}", soft_wrap=True)
    for calendar in document["calendars"]:
        if calendar["reason"]:
            console.print(f"calendar of {calendar['person']}: {calendar['reason']}", soft_wrap=True)


def _on_both_clocks(text: str, people: tuple[Person, Person]) -> str:
    instant = datetime.fromisoformat(text)
    zones = dict.fromkeys(zone_at(person, instant) for person in people)
    return " = ".join(_local(text, zone) for zone in zones)


def show_explanation(document: dict[str, Any], people: tuple[Person, Person]) -> None:
    """The chosen time with its reasons, the next best, and what ruled out the rest."""
    console = _console()
    chosen = document["chosen"]
    if document["meeting"]:
        console.print(f"meeting {document['meeting']}")
    if chosen:
        start, end = (datetime.fromisoformat(chosen[name]) for name in ("start", "end"))
        minutes = (end - start) // timedelta(minutes=1)
        clocks = _on_both_clocks(chosen["start"], people)
        console.print(f"{clocks}, {minutes} minutes, cost {chosen['cost']:g}", soft_wrap=True)
        for reason in chosen["reasons"]:
            console.print(f"  {reason}")
    for slot in document["alternatives"]:
        clocks = _on_both_clocks(slot["start"], people)
        console.print(f"instead: {clocks}, cost {slot['cost']:g}", soft_wrap=True)
    for cause, count in document["rejected"].items():
        console.print(f"ruled out: {cause}: {count}")
    for suggestion in document["suggestions"]:
        console.print(suggestion, soft_wrap=True)


def show_replay(document: dict[str, Any]) -> None:
    """Whether a kept decision follows again, and what changed since."""
    console = _console()
    console.print(f"{document['mentor']} and {document['mentee']}, {document['meeting']}")
    if document["digest"]:
        console.print(f"decided at {document['decided_at']}, inputs {document['digest'][:16]}")
    if document["same"]:
        console.print(f"the same answer: {document['chosen']['start']}")
    for difference in document["differences"]:
        console.print(difference, soft_wrap=True)
    for change in document["changed_since"]:
        console.print(f"since then: {change}")


def show_simulation(document: dict[str, Any]) -> None:
    """Meetings and gaps of each pair, and how many mails of each kind."""
    table = Table("mentor", "mentee", "held", "missed", "longest gap (days)", "last state")
    for pair in document["pairs"]:
        table.add_row(
            pair["mentor"],
            pair["mentee"],
            str(pair["held"]),
            str(pair["missed"]),
            str(pair["longest_gap_days"]),
            pair["state"],
        )
    console = _console()
    console.print(f"{document['from']} to {document['to']}, seed {document['seed']}")
    console.print(table)
    mails = ", ".join(f"{kind} {count}" for kind, count in document["mails"].items())
    console.print(f"mails: {mails}", soft_wrap=True)

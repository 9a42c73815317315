"""A look at a calendar's lines before the library takes them: what it would not come back from, or
would take for something else without a word."""

from __future__ import annotations

import re

from integrations.ical_prepare import CalendarError

_TOO_OFTEN = re.compile(r"RRULE.*FREQ=(SECONDLY|MINUTELY|HOURLY|DAILY|WEEKLY)", re.IGNORECASE)
_NO_LENGTH = re.compile(r"DURATION(;[^:]*)?:\s*[+-]?PT?\s*\Z", re.IGNORECASE)
_MOST_ONSETS = 2000
"""Changes of clocks in all of a calendar's zones; a century of one zone has two hundred."""
_DEEPEST = 20


def entry_lines(text: str) -> list[int]:
    """The numbers of the lines on which entries begin. Raises CalendarError."""
    entries: list[int] = []
    inside: list[str] = []
    onsets = 0
    for number, line in enumerate(text.splitlines(), 1):
        word, _, name = line.rstrip().upper().partition(":")
        if word == "BEGIN":
            inside.append(name)
            if len(inside) > _DEEPEST:
                raise CalendarError(f"line {number}: the calendar is nested too deep")
            if name == "VEVENT":
                entries.append(number)
            onsets += name in ("STANDARD", "DAYLIGHT")
            if onsets > _MOST_ONSETS:
                raise CalendarError(f"line {number}: its zones change too often")
        elif word == "END" and inside:
            inside.pop()
        elif "VTIMEZONE" in inside and _TOO_OFTEN.match(line):
            raise CalendarError(f"line {number}: its zones change too often")
        elif inside and inside[-1] == "VEVENT" and _NO_LENGTH.match(line):
            raise CalendarError(f"line {number}: an entry's length says nothing")
    return entries

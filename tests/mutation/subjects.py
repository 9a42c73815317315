"""What must hold whatever else breaks: its modules, and the tests that are to hold them.

Those tests run every branch of these modules, and find nine of ten mutants of each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Module:
    """`tests` are pytest's arguments, the quickest first. `same` names, each with its reason, the
    mutants ("scope: slip") that no test could tell from the module."""

    path: str
    tests: tuple[str, ...]
    same: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.path.removesuffix(".py").replace("/", ".")


_CALENDAR_TESTS = ("tests/integrations/test_ical_bounds.py", "tests/integrations/test_ical.py")
_CHILD_TESTS = ("tests/integrations/test_ical_child.py",)

_OUTBOX_SAME = {
    ": 1 -> 2": "known_start takes the first row of however many",
}
_FEWER = "any number under five means the same here"
_MEETING_SAME = {"next_step: 0 -> 1": _FEWER, "next_step: 0 -> -1": _FEWER}
_MET_SAME = {
    "pulse_due: since - _FIRST_PULSE -> since + _FIRST_PULSE": "30 and -30 are one, modulo 60",
}
_STEP = "any step shorter than what lies between two changes of clocks"
_HOURS_SAME = {
    "_parse_range: last > first -> last >= first": "two equal times are refused before",
    "_instants: 1 -> 0": "where the offset is one the short way comes to what the long way does",
    "_constant_pieces: 15 -> 16": _STEP,
    "_constant_pieces: 15 -> 14": _STEP,
}

_SHORT_WAY = "the long way comes to what the short way does, only later"
_NO_WORD = "a default that is no word of RFC 5545, like the other"
_FALSY = "nobody tells None from False"
_BUSY_SAME = {
    "_collect_events: 'line ' -> 'XXline XX'": "any name that no other entry has",
    "_expanded: 1 -> 0": _SHORT_WAY,
    "_expanded: {'rrule', 'rdate', 'recurrence-id'} & {k.lower() for k in events[0]} -> "
    "{'rrule', 'rdate', 'recurrence-id'} | {k.lower() for k in events[0]}": _SHORT_WAY,
    "_expanded: 'recurrence-id' -> 'XXrecurrence-idXX'": _SHORT_WAY,
    "_expanded: 0 -> -1": "the only one is the last one",
    "_expanded: return -> pass": "what is busy twice is busy once",
    "_expanded: 2 -> 3": "a day more than is needed",
    "_is_free: '' -> 'XXXX'": _NO_WORD,
    "_is_free: return False -> return None": _FALSY,
    "_declined: '' -> 'XXXX'": _NO_WORD,
    "_declined: return False -> return None": _FALSY,
}
_FROM_ITS_FILE = "the child is started from its file, where no mutant is"
_CHILD_SAME = {
    ": 256 -> 257": "a bound on memory, not a value",
    ": 256 -> 255": "a bound on memory, not a value",
    ": '__main__' -> 'XX__main__XX'": _FROM_ITS_FILE,
    ": main() -> pass": _FROM_ITS_FILE,
}

SUBJECTS: Mapping[str, tuple[Module, ...]] = {
    "outbox": (
        Module("store/outbox.py", ("tests/store/test_outbox.py",), _OUTBOX_SAME),
        Module("service/deliver.py", ("tests/service/test_delivery.py",)),
    ),
    "meeting life": (
        Module("mentoring/meeting.py", ("tests/mentoring/test_meeting.py",), _MEETING_SAME),
        Module("mentoring/met.py", ("tests/mentoring/test_met.py",), _MET_SAME),
    ),
    "hours": (
        Module("mentoring/hours.py", ("tests/mentoring/test_hours.py",), _HOURS_SAME),
        Module("mentoring/availability.py", ("tests/mentoring/test_availability.py",)),
        Module("mentoring/interval.py", ("tests/mentoring/test_interval.py",)),
    ),
    "bounds": (
        Module("mentoring/tables.py", ("tests/mentoring/test_tables.py",)),
        Module("integrations/ical_lines.py", _CALENDAR_TESTS),
        Module("integrations/ical_prepare.py", _CALENDAR_TESTS),
        Module("integrations/ical_busy.py", _CALENDAR_TESTS, _BUSY_SAME),
        Module("integrations/ical.py", _CHILD_TESTS),
        Module("integrations/ical_child.py", _CHILD_TESTS, _CHILD_SAME),
    ),
}

MODULES = tuple(module for held in SUBJECTS.values() for module in held)

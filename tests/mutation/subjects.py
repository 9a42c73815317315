"""What must hold whatever else breaks: its modules, and the tests that are to hold them.

All branches of these modules are run by these tests alone, and nine of ten mutants are found.
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

SUBJECTS: Mapping[str, tuple[Module, ...]] = {
    "outbox": (
        Module("store/outbox.py", ("tests/store/test_outbox.py",)),
        Module("service/deliver.py", ("tests/service/test_delivery.py",)),
    ),
    "meeting life": (
        Module("mentoring/meeting.py", ("tests/mentoring/test_meeting.py",)),
        Module("mentoring/met.py", ("tests/mentoring/test_met.py",)),
    ),
    "hours": (
        Module("mentoring/hours.py", ("tests/mentoring/test_hours.py",)),
        Module("mentoring/availability.py", ("tests/mentoring/test_availability.py",)),
        Module("mentoring/interval.py", ("tests/mentoring/test_interval.py",)),
    ),
    "bounds": (
        Module("mentoring/tables.py", ("tests/mentoring/test_tables.py",)),
        Module("integrations/ical_lines.py", _CALENDAR_TESTS),
        Module("integrations/ical_prepare.py", _CALENDAR_TESTS),
        Module("integrations/ical_busy.py", _CALENDAR_TESTS),
        Module("integrations/ical.py", _CHILD_TESTS),
        Module("integrations/ical_child.py", _CHILD_TESTS),
    ),
}

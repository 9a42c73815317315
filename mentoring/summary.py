"""What a supervisor may know of an employee: names, dates, counts and fixed words; no free text.

What has no field here can't leak. `tests/mentoring/test_summary.py` walks the fields and refuses
any text but a `Name`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NewType

from mentoring.interval import Interval
from mentoring.notices import Reader

Name = NewType("Name", str)
"""A person's name as people.csv has it: the only text in a summary."""

BACK, AHEAD = 8, 4
"""Weeks in the picture: those that are over, and this one with those after it."""


class Way(StrEnum):
    """How somebody takes part; EITHER where both are open to them."""

    VIRTUAL = "virtual"
    ON_SITE = "on site"
    EITHER = "either"


class EventKind(StrEnum):
    """What an event of the programme is. Its title is for the cohort alone."""

    FORUM = "forum"
    MIDPOINT = "midpoint"
    CELEBRATION = "celebration"
    OTHER = "other"


class Part(StrEnum):
    """Which part of a programme a day lies in."""

    START = "start"
    UNDER_WAY = "under way"
    MIDPOINT = "midpoint"
    CLOSING = "closing"
    OVER = "over"


@dataclass(frozen=True)
class Stage:
    """How far a programme is, in whole weeks."""

    week: int
    weeks: int
    part: Part


@dataclass(frozen=True)
class Appointment:
    """A meeting to come, without its place and partner."""

    slot: Interval
    way: Way


@dataclass(frozen=True)
class EventDate:
    """An event that the employee attended, or is asked to."""

    kind: EventKind
    slot: Interval
    way: Way


@dataclass(frozen=True)
class Week:
    """Duty minutes of the week that begins on this Monday, and whether a deadline touches it."""

    first: date
    held: int
    planned: int
    has_deadline: bool


@dataclass(frozen=True)
class Summary:
    """What a supervisor is told of one employee for one period.

    Days are inclusive; minutes are duty time. `held` counts the `assumed` ones too, `unnamed` the
    partners whose name is not to be told. `conflicts` are the days of planned meetings that touch
    a deadline in the next four weeks. Meetings marked private are in every count and in the
    minutes, but have no date: `conflicts_undated` and `undated` say how many there are.
    """

    employee: Name
    first: date
    last: date
    partners: tuple[Name, ...]
    unnamed: int
    conflicts: tuple[date, ...]
    conflicts_undated: int
    minutes_held: int
    minutes_agreed: int
    lunches: int
    held: int
    assumed: int
    planned: int
    moved: int
    next_meetings: tuple[Appointment, ...]
    attended: tuple[EventDate, ...]
    coming: tuple[EventDate, ...]
    stage: Stage
    signed: int
    agreements: int
    approved: bool
    weeks: tuple[Week, ...]
    undated: int

    @property
    def conflict_count(self) -> int:
        return len(self.conflicts) + self.conflicts_undated

    @property
    def this_week(self) -> date:
        """The Monday from which the picture looks ahead."""
        return self.weeks[BACK].first


@dataclass(frozen=True)
class SummaryNotice:
    """`kind` summary: to a supervisor, a section for each of their people; to each employee the
    same copy of their own section (`copy`).

    `example` are days for the reply by which a deadline is entered. `page` is the page for that,
    in a copy the one that shows what will be told; empty where there are no pages.
    """

    key: str
    reader: Reader
    sections: tuple[Summary, ...]
    copy: bool
    example: tuple[date, date]
    page: str = ""
    kind: str = "summary"

    @property
    def is_last(self) -> bool:
        """Whether nothing comes after it: no deadline can be in anybody's way."""
        return all(section.stage.part is Part.OVER for section in self.sections)

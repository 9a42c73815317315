"""The cohort's notices: welcome, the supervisor's approval, the stages of a pair, the digest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from mentoring.agreement import Terms
from mentoring.interval import Interval
from mentoring.notices import Party, Reader
from mentoring.planning import Idea
from mentoring.roster import Pair

WELCOME_AHEAD = timedelta(days=21)
"""How long before their pair starts partners and their supervisors hear of it."""
INTRODUCED_AHEAD = timedelta(days=14)
"""How long before their start the two are introduced; nothing is proposed to them before."""


class Step(StrEnum):
    """A pair's stages that have a mail of their own."""

    MIDPOINT = "midpoint"
    MONTH_LEFT = "t-30"
    WEEK_LEFT = "t-7"


@dataclass(frozen=True)
class WelcomeNotice:
    """`kind` welcome: what is known of the reader, and where they say what they prefer.

    `hours` are their work hours as the roster has them, `onsite` the weekdays at their site,
    Monday = 0. `connect` is the page on which they let us read their calendar, where that is
    missing. `code` joins and leaves the digest by mail.
    """

    key: str
    reader: Reader
    hours: str
    site: str
    tools: tuple[str, ...]
    calendar_known: bool
    code: str
    onsite: tuple[int, ...] = ()
    connect: str = ""
    page: str = ""
    kind: str = "welcome"


@dataclass(frozen=True)
class ApproveNotice:
    """`kind` approve: to a supervisor, before their employee's pair starts."""

    key: str
    reader: Reader
    employee: str
    start: date
    hours: tuple[int, int]
    code: str
    page: str = ""
    kind: str = "approve"


@dataclass(frozen=True)
class Record:
    """What a pair did together: for the two alone."""

    held: int
    minutes: int
    since: date
    events: int


@dataclass(frozen=True)
class Celebration:
    """The programme's closing event."""

    title: str
    slot: Interval
    place: str
    link: str


@dataclass(frozen=True)
class StageNotice:
    """`kind` stage: the mid-point check, planning the close, and the close itself."""

    key: str
    reader: Reader
    other: Party
    step: Step
    end: date
    terms: Terms
    record: Record
    idea: Idea | None
    expertise: tuple[str, ...]
    celebration: Celebration | None
    agreement: str = ""
    kind: str = "stage"


@dataclass(frozen=True)
class Coming:
    """A programme event in the digest."""

    title: str
    slot: Interval
    place: str
    link: str


@dataclass(frozen=True)
class DigestNotice:
    """`kind` digest: what is on in the cohort. `welcomed` are the new pairs of last month in which
    both want to be listed; `held` is how many meetings the cohort held in it. A POST to `leave`
    ends it (RFC 8058); empty where there are no pages."""

    key: str
    reader: Reader
    month: date
    events: tuple[Coming, ...]
    links: tuple[str, ...]
    welcomed: tuple[tuple[str, str], ...]
    held: int
    code: str
    page: str = ""
    leave: str = ""
    kind: str = "digest"


_MONTH, _WEEK = timedelta(days=30), timedelta(days=7)


def next_step_on(pair: Pair, step: Step) -> date | None:
    """The day on which the stage after this one is due, and this one has no use left."""
    return {Step.MIDPOINT: pair.end - _MONTH, Step.MONTH_LEFT: pair.end - _WEEK}.get(step)


def due_step(pair: Pair, today: date) -> Step | None:
    """The newest stage that a running pair has reached; None before half of its term.

    A pair too short for three stages leaves the earlier ones out.
    """
    if not pair.start <= today <= pair.end:
        return None
    if today >= pair.end - _WEEK:
        return Step.WEEK_LEFT
    if today >= pair.end - _MONTH:
        return Step.MONTH_LEFT
    half = pair.start + (pair.end - pair.start) / 2
    return Step.MIDPOINT if today >= half else None


def month_before(day: date) -> tuple[date, date]:
    """The first and the last day of the month before a day's."""
    last = day.replace(day=1) - timedelta(days=1)
    return last.replace(day=1), last

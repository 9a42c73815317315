"""What two partners bring to a meeting: their items, when to ask for them, how to begin."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from mentoring.availability import working_day_before
from mentoring.meeting import LIVE, Meeting, Partstat, State
from mentoring.notices import ChoicesFoot, MeetingFacts, Reader
from mentoring.roster import Person

LONGEST = 300
"""Characters of one item."""
MOST = 15
"""Items of one partner for one meeting."""
PREPARE_DAYS = 2
"""Working days of the reader between the nudge to prepare and the meeting."""
KEPT = timedelta(days=30)
"""How long after its meeting what partners wrote is kept."""

_UNSAFE = frozenset({"Cc", "Cs", "Co", "Zl", "Zp"})
_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that make text read in another order than it stands."""


class ItemKind(StrEnum):
    ITEM = "item"
    QUESTION = "question"
    TOPIC = "topic"


class Fault(StrEnum):
    """Why a partner's words can't be taken."""

    EMPTY = "empty"
    TOO_LONG = "too long"
    CONTROL = "control characters"
    TOO_MANY = "too many"


@dataclass(frozen=True)
class Item:
    """What one partner brings to a meeting: for the two alone."""

    id: int
    person: str
    kind: ItemKind
    text: str


@dataclass(frozen=True)
class Step:
    """What one partner means to do after a meeting: for the two alone."""

    person: str
    text: str


class Phase(StrEnum):
    """A third of a pair's term."""

    START = "start"
    MIDDLE = "middle"
    CLOSE = "close"


def phase_on(day: date, first: date, last: date) -> Phase:
    """The phase of a term on a day of it; days outside belong to the nearest phase."""
    length = max((last - first).days + 1, 1)  # a pair may end before its first day
    third = (day - first).days * 3 // length
    return (Phase.START, Phase.MIDDLE, Phase.CLOSE)[min(max(third, 0), 2)]


def fault_in(text: str) -> Fault | None:
    """What is wrong with a partner's words, which are one line; None where nothing is."""
    if not text.strip():
        return Fault.EMPTY
    if len(text) > LONGEST:
        return Fault.TOO_LONG
    return Fault.CONTROL if has_unsafe(text) else None


def has_unsafe(line: str) -> bool:
    """Whether a line holds control characters, or some that turn the reading order."""
    return any(unicodedata.category(c) in _UNSAFE or c in _TURNS for c in line)


def prepare_due(meeting: Meeting, person: Person, now: datetime) -> bool:
    """Whether this partner is to be asked now what they will talk about.

    From the start of their second working day before the meeting on, for one they said yes to; not
    where it was proposed later than that.
    """
    side = next(a for a in meeting.attendances if a.email == person.email)
    agreed = meeting.state is State.CONFIRMED or side.partstat is Partstat.ACCEPTED
    if meeting.state not in LIVE or not agreed or now >= meeting.slot.start:
        return False
    begins = working_day_before(person, meeting.slot.start, PREPARE_DAYS)
    return begins is not None and meeting.proposed_at < begins <= now


def is_open(meeting: Meeting, now: datetime) -> bool:
    """Whether partners may still add to a meeting's agenda: until it is over."""
    return meeting.state in LIVE and now < meeting.slot.end


def is_kept(meeting: Meeting, now: datetime) -> bool:
    """Whether what partners wrote for a meeting is still there."""
    return meeting.state is not State.CANCELLED and now < meeting.slot.end + KEPT


@dataclass(frozen=True)
class Line:
    """An item as a mail shows it, with the name of who brings it."""

    kind: ItemKind
    text: str
    author: str


@dataclass(frozen=True)
class Agenda:
    """A meeting's agenda as a mail shows it.

    Without `lines` the mail shows the starters of `phase`. `link` is the reader's page, empty where
    there are no pages; `code` goes with the word AGENDA.
    """

    lines: tuple[Line, ...]
    phase: Phase
    link: str
    code: str


@dataclass(frozen=True)
class PrepareNotice:
    """`kind` prepare: what this reader will bring; they have noted nothing yet."""

    key: str
    reader: Reader
    meeting: MeetingFacts
    agenda: Agenda
    kind: str = "prepare"


@dataclass(frozen=True)
class RemindNotice:
    """`kind` remind: the meeting is near, and this is its agenda; None where it has none.

    `code` goes with the words ACCEPT and DECLINE.
    """

    key: str
    reader: Reader
    meeting: MeetingFacts
    code: str
    agenda: Agenda | None = None
    choices: ChoicesFoot | None = None
    kind: str = "remind"

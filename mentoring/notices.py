"""What each mail may hold: one value a notice, made by the rules and rendered by the templates.

A notice holds all that its templates may show, and nothing else: what is not here can't leak.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from mentoring.interval import Interval


class Why(StrEnum):
    """Why a meeting moved or was called off. Worded neutrally: never who declined."""

    DECLINED = "declined"
    UNANSWERED = "unanswered"
    CONFLICT = "conflict"
    HOURS = "hours"
    SITE = "site"
    DEADLINE = "deadline"
    COUNTERED = "countered"
    NO_TIME = "no time"
    TRIES_USED = "tries used"
    PICKED = "picked"
    PAIR_ENDED = "pair ended"
    BY_HAND = "by hand"
    RULES = "rules"


class Refusal(StrEnum):
    """Why a time that a partner asked for can't be had."""

    OUTSIDE_HOURS = "outside hours"
    BUSY = "busy"
    UNREADABLE = "unreadable"
    PAST = "past"
    LENGTH = "length"
    RECURRING = "recurring"


@dataclass(frozen=True)
class Reader:
    """Who gets the mail. `zone` is the IANA zone in which times are shown first."""

    name: str
    email: str
    zone: str
    language: str = "en"


class Notice(Protocol):
    """What every notice has; each kind is a dataclass of its own beside the rules that make it.

    `kind` names its templates, `templates/mail/<kind>/`; `key` is said once, the reader included.
    """

    @property
    def kind(self) -> str: ...
    @property
    def key(self) -> str: ...
    @property
    def reader(self) -> Reader: ...


@dataclass(frozen=True)
class Party:
    """One side of a meeting; `zone` is the IANA zone in force for them on that day."""

    name: str
    email: str
    zone: str


@dataclass(frozen=True)
class MeetingFacts:
    """A meeting as its invite describes it.

    `place` is where to meet in person, by name, or a site's name; `address` and `map` are that
    place's. `tool` is the first tool both use or empty; `link` is where to join online: a room that
    the organiser's calendar made, or the mentor's own. `unseen` holds the names of those who
    connected no calendar and were taken at their hours. `outside` are the minutes that mentor and
    mentee bend beyond their hours for it, as both agreed; `awkward` those in their first and last
    hour and over lunch; `borne` the same of their meetings before.
    """

    uid: str
    sequence: int
    slot: Interval
    mentor: Party
    mentee: Party
    in_person: bool = False
    place: str = ""
    tool: str = ""
    unseen: tuple[str, ...] = ()
    link: str = ""
    address: str = ""
    map: str = ""
    outside: tuple[int, int] = (0, 0)
    borne: tuple[int, int] = (0, 0)
    awkward: tuple[int, int] = (0, 0)

    def other_than(self, email: str) -> Party:
        return self.mentee if email == self.mentor.email else self.mentor


@dataclass(frozen=True)
class ChoicesFoot:
    """Where this reader may say that they are away, have other hours or want to end.

    `link` is the page, empty where there are no pages; `code` does it by mail.
    """

    link: str
    code: str


@dataclass(frozen=True)
class MeetingNotice:
    """`kind`: invite, moved, cancelled or nudge.

    `code` is this reader's own answer code, for partners whose mail program can't answer an
    invitation: a mail with "ACCEPT code" or "DECLINE code" in its subject does.
    `before` is the time the meeting moved away from.
    """

    kind: str
    key: str
    reader: Reader
    meeting: MeetingFacts
    code: str
    why: Why | None = None
    before: Interval | None = None
    choices: ChoicesFoot | None = None


@dataclass(frozen=True)
class CounterNotice:
    """`kind` counter: the time this reader asked for can't be had; the meeting stays as it is."""

    key: str
    reader: Reader
    meeting: MeetingFacts
    asked: Interval
    refusal: Refusal
    kind: str = "counter"


@dataclass(frozen=True)
class CalendarNotice:
    """`kind` calendar: this reader's calendar can't be read, so nobody proposes times over it.

    `mend` is empty where there is nothing that they can do. `link` is the page where they let us
    read it, where that is what is missing; `again` is False where it was never read yet.
    """

    key: str
    reader: Reader
    problem: str
    mend: str
    link: str = ""
    again: bool = True
    kind: str = "calendar"


@dataclass(frozen=True)
class Hint:
    """A change that would make a time, as one partner reads it.

    `remedy` is shorter (`minutes`), frees (`mine`), opens (`mine`, `theirs` or both) or later
    (`slot`); see `mentoring/diagnosis.py`.
    """

    remedy: str
    slot: Interval
    minutes: int
    mine: Interval | None = None
    theirs: Interval | None = None


@dataclass(frozen=True)
class PatternNotice:
    """`kind` pattern: no time was found; to both partners and the coordinator, without blame.

    Three proposals failed, or (`full`) no time was left to propose. `for_coordinator` readers see
    both names; partners see the other's, and `hints` of what would help.
    """

    key: str
    reader: Reader
    mentor: Party
    mentee: Party
    for_coordinator: bool
    hints: tuple[Hint, ...] = ()
    full: bool = False
    kind: str = "pattern"

    @property
    def other(self) -> Party:
        """The reader's partner."""
        return self.mentee if self.reader.email == self.mentor.email else self.mentor


@dataclass(frozen=True)
class NoSlotNotice:
    """`kind` noslot: to the coordinator; no time suits this pair, with counts per cause.

    `suggestions` would each make a time, the smallest change first.
    """

    key: str
    reader: Reader
    mentor: Party
    mentee: Party
    rejected: tuple[tuple[str, int], ...]
    suggestions: tuple[str, ...] = ()
    kind: str = "noslot"


@dataclass(frozen=True)
class StretchNotice:
    """`kind` stretch: the two share no work hour; would this reader meet a little outside theirs?

    `slot` is the time that would be proposed, `outside` the minutes that the reader and the other
    would bend for it. `code` answers by mail, `link` is the page.
    """

    key: str
    reader: Reader
    other: Party
    slot: Interval
    outside: tuple[int, int]
    code: str
    link: str = ""
    kind: str = "stretch"


@dataclass(frozen=True)
class PutBackNotice:
    """`kind` putback: to the coordinator; a meeting that was moved by hand in the programme's
    calendar to a time that can't be had (`asked`) stands where it stood again (`slot`)."""

    key: str
    reader: Reader
    mentor: Party
    mentee: Party
    slot: Interval
    asked: Interval
    refusal: Refusal
    kind: str = "putback"


@dataclass(frozen=True)
class UndeliveredNotice:
    """`kind` undelivered: to the coordinator; a mail was refused for good or is in doubt."""

    key: str
    reader: Reader
    recipient: str
    notice: str
    answer: str
    in_doubt: bool
    kind: str = "undelivered"

"""Whether a meeting took place: what partners say of it, and what follows from that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum, StrEnum, auto

from mentoring.notices import MeetingFacts, Reader

ASK_AFTER = timedelta(hours=2)
"""How long after a meeting its partners are asked whether it took place."""
ASK_UNTIL = timedelta(days=10)
"""How long after a meeting the question still makes sense in a mail."""
ASSUMED_AFTER = 5
"""Working days after which silence counts as agreement with what was said, or was planned."""
LONGEST_MINUTES = 8 * 60

_FIRST_PULSE = 30
_PULSE_EVERY = 60


@dataclass(frozen=True)
class Said:
    """One partner's word. `minutes` is how long it took, where they said so."""

    met: bool
    minutes: int | None = None


class Verdict(Enum):
    """What the partners' words come to. OPEN waits for the second word, or for time to pass."""

    HELD = auto()
    MISSED = auto()
    OPEN = auto()


def verdict(said: Sequence[Said], working_days_since: int) -> Verdict:
    """Held when both said so, or one said so and no one denied in time; one denial is enough.

    `said` has a word at least; `working_days_since` counts both partners' working days since the
    meeting ended, the smaller of the two.
    """
    if any(not word.met for word in said):
        return Verdict.MISSED
    if len(said) > 1 or working_days_since >= ASSUMED_AFTER:
        return Verdict.HELD
    return Verdict.OPEN


def minutes_met(said: Sequence[Said], planned: int) -> int:
    """How long a meeting took: the mean of what was said, else as planned."""
    given = [word.minutes for word in said if word.met and word.minutes is not None]
    return round(sum(given) / len(given)) if given else planned


class Pulse(StrEnum):
    """How a partner says it is going."""

    WELL = "well"
    MIXED = "mixed"
    POORLY = "poorly"


def pulse_due(first: date, day: date, last: date | None) -> bool:
    """Whether a partner is to be asked how it is going: on day 30 of the pair, then every 60.

    `last` is the day of their last answer. A question stays due until it is answered.
    """
    since = (day - first).days
    if since < _FIRST_PULSE:
        return False
    newest = since - (since - _FIRST_PULSE) % _PULSE_EVERY
    return last is None or last < first + timedelta(days=newest)


@dataclass(frozen=True)
class LogNotice:
    """`kind` log: did you meet? `link` is the reader's page, empty where there are no pages;
    `code` goes with the words MET and MISSED."""

    key: str
    reader: Reader
    meeting: MeetingFacts
    link: str
    code: str
    kind: str = "log"

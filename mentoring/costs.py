"""What a start costs: terms in minutes of inconvenience, the reasons that `explain` gives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

DAY_FROM_DUE = 30.0
AWKWARD = 1.5
"""A minute in one's first or last hour, or over lunch, while both have borne as much."""
SPLINTER = 15.0
NEAR_DEADLINE = 40.0
ODD_QUARTER = 5.0
ON_SITE = -240.0
"""The only term below nothing: every other makes a start dearer than its day alone."""

TEXTS = (
    "{days:.1f} days {direction} the due date",
    *(2 * ("{meaning[0]:.0f} minutes at the edge of the {role}'s day",)),
    *(2 * ("{meaning[1]:.0f} minutes of the {role}'s lunch hour",)),
    *(2 * ("splinters the {role}'s free time",)),
    *(2 * ("just before the {role}'s deadline",)),
    *(2 * ("starts off the half hour for the {role}",)),
    "both are on site that day",
)
"""The terms in words, for the mentor and then for the mentee; `meaning` is a start's Meaning."""

_TWICE_AS_DEAR = 60.0
_FURTHEST_APART = 1.5
_LONG_BLOCK = 8  # quarter hours
_SPLINTER = 4
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FROM_BELOW = tuple((~byte & byte + 1).bit_length() - 1 for byte in range(256))
_FROM_ABOVE = tuple(8 - (byte ^ 255).bit_length() for byte in range(256))
"""How many ones a byte begins with, at its lowest and at its highest bit."""


@dataclass(frozen=True)
class Reason:
    """One term of a slot's cost, in words."""

    text: str
    cost: float


def microseconds(instant: datetime) -> int:
    """Since the epoch."""
    return (instant - _EPOCH) // _MICROSECOND


def days_from(due: int, begin: int) -> float:
    """Days from the due date (in microseconds) to an instant (in seconds)."""
    return (begin * 10**6 - due) / 10**6 / 86_400


def for_days(days: float) -> float:
    return round(abs(days) * DAY_FROM_DUE, 3)


def shares(mentor: float, mentee: float) -> tuple[float, float]:
    """What an awkward minute costs each, by the awkward minutes that they bore so far.

    An hour more than the other makes one's own minutes twice as dear, and the other's half.
    """
    ahead = min(max((mentor - mentee) / _TWICE_AS_DEAR, -_FURTHEST_APART), _FURTHEST_APART)
    dearer = 2.0**ahead
    return AWKWARD * dearer, AWKWARD / dearer


def splinters(free: int, first: int, last: int) -> int:
    """How many pieces too short for work are left of a long free block if [first, last) is taken.

    `free` are bits; a block is looked at as far as it matters.
    """
    below = free >> first - _LONG_BLOCK if first >= _LONG_BLOCK else free << _LONG_BLOCK - first
    before, after = _FROM_ABOVE[below & 255], _FROM_BELOW[free >> last & 255]
    if before + after + last - first < _LONG_BLOCK:
        return 0
    return (0 < before < _SPLINTER) + (0 < after < _SPLINTER)

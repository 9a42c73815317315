"""What a pair agrees: how often, how long, by which channel, and what may stand in the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from mentoring.agenda import has_unsafe
from mentoring.feasible import Feasibility
from mentoring.notices import Party, Reader
from mentoring.roster import Channel, Pair, Roster


@dataclass(frozen=True)
class Terms:
    """One version's terms. `share` is the percentage of meetings in person, 0 to 100.

    `conflicts` is what the two know ahead, in their words: for their eyes alone.
    """

    every: timedelta
    minutes: int
    channel: Channel
    share: int
    conflicts: str = ""


def terms_of(pair: Pair) -> Terms:
    """What holds for a pair before they change anything: the coordinator's files."""
    return Terms(pair.agreement.every, pair.agreement.minutes, pair.channel, pair.share)


def with_terms(roster: Roster, agreed: Mapping[tuple[str, str], Terms]) -> Roster:
    """The roster with each pair's agreement in force."""
    if not agreed:
        return roster
    pairs = tuple(_under(pair, agreed.get(pair.key)) for pair in roster.pairs)
    return replace(roster, pairs=pairs)


def _under(pair: Pair, terms: Terms | None) -> Pair:
    if terms is None:
        return pair
    agreement = pair.agreement
    if (terms.every, terms.minutes) != (agreement.every, agreement.minutes):
        agreement = replace(agreement, every=terms.every, minutes=terms.minutes)
    elif (terms.channel, terms.share) == (pair.channel, pair.share):
        return pair  # as the files have it, which is so for most
    return replace(pair, agreement=agreement, channel=terms.channel, share=terms.share)


AGREE_STEPS = (0, 14, 30)
"""Days after a version was written on which who has not signed it is asked."""

LENGTHS = (30, 45, 60)
"""Minutes that a meeting may be agreed to last, besides what the coordinator's files say."""
MOST_WEEKS = 4
"""A pair meets once a month at the least."""
MOST_DUTY = 240
"""Minutes of duty time in four weeks, as supervisors approve them."""
MOST_WORDS = 1000
"""Characters of known conflicts."""


@dataclass(frozen=True)
class AgreeNotice:
    """`kind` agree: this version waits for the reader's word. `written_by` is the other partner's
    name, or empty for the programme's draft. `amends`: an older version holds until both agree.
    `code` agrees by mail, `link` is the page. No conflicts: they are read on the page alone."""

    key: str
    reader: Reader
    other: Party
    version: int
    terms: Terms
    written_by: str
    feasibility: Feasibility | None
    reminder: bool
    code: str
    amends: bool = False
    link: str = ""
    kind: str = "agree"


@dataclass(frozen=True)
class UnsignedNotice:
    """`kind` unsigned: to the coordinator; a pair has no agreement after thirty days."""

    key: str
    reader: Reader
    mentor: Party
    mentee: Party
    missing: tuple[str, ...]
    kind: str = "unsigned"


def due_step(days: int) -> int | None:
    """The newest step that is due so many days after a version was written."""
    return max((step for step in AGREE_STEPS if step <= days), default=None)


def lengths(filed: int) -> tuple[int, ...]:
    """Minutes that a meeting may be agreed to last; `filed` stands in the coordinator's files."""
    return tuple(sorted({*LENGTHS, filed}))


def read_terms(
    weeks: str, minutes: str, channel: str, share: str, conflicts: str, *, filed: int
) -> Terms | str:
    """The terms that a form sent; or the name of the field that can't be so."""
    every, part = _whole(weeks, 1, MOST_WEEKS), _whole(share, 0, 100)
    long = next((length for length in lengths(filed) if str(length) == minutes), None)
    if every is None:
        return "weeks"
    if long is None:
        return "minutes"
    if long * MOST_WEEKS > MOST_DUTY * every:
        return "weeks"
    if channel not in tuple(Channel):
        return "channel"
    if part is None:
        return "share"
    words = "\n".join(conflicts.splitlines())  # a browser sends two characters a line end
    if len(words) > MOST_WORDS or any(has_unsafe(line) for line in words.split("\n")):
        return "conflicts"
    return Terms(timedelta(weeks=every), long, Channel(channel), part, words)


def _whole(text: str, least: int, most: int) -> int | None:
    """The whole number that a form sent, where it lies in a range."""
    if not text.isdecimal() or len(text) > len(str(most)):
        return None
    return int(text) if least <= int(text) <= most else None

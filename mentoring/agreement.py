"""What a pair agrees: how often, how long, by which channel, and what may stand in the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

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
    agreement = replace(pair.agreement, every=terms.every, minutes=terms.minutes)
    return replace(pair, agreement=agreement, channel=terms.channel, share=terms.share)

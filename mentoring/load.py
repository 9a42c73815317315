"""How many mentees a mentor has at once: one as a rule, and more than three is worth a word."""

from __future__ import annotations

from collections.abc import Sequence

from mentoring.roster import Pair

MOST_MENTEES = 3


def overloaded(pairs: Sequence[Pair]) -> dict[str, int]:
    """Each mentor with more mentees than the most, and how many run on one day.

    The coordinator may want that: it is said, not refused.
    """
    found = {mentor: _at_once(pairs, mentor) for mentor in {pair.mentor for pair in pairs}}
    return {mentor: count for mentor, count in sorted(found.items()) if count > MOST_MENTEES}


def _at_once(pairs: Sequence[Pair], mentor: str) -> int:
    """Most pairs run together on some pair's first day."""
    own = [pair for pair in pairs if pair.mentor == mentor]
    return max(sum(p.start <= first.start <= p.end for p in own) for first in own)

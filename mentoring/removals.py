"""When an edit takes out so many pairs at once that it asks first: half a file reads like a whole
one, and so does last year's."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import TypeVar

K = TypeVar("K")

FEW = 3
"""Fewer than these never ask."""
_SHARE = 10


def missed(before: Mapping[K, date], after: Collection[K], today: date) -> tuple[K, ...]:
    """The pairs that an edit would take out, where it must ask: more than a tenth, and not few.

    `before` has each pair's last day; one that is over may go without a word.
    """
    running = {pair for pair, end in before.items() if end >= today}
    gone = running - set(after)
    if len(gone) < FEW or len(gone) * _SHARE <= len(running):
        return ()
    return tuple(pair for pair in before if pair in gone)

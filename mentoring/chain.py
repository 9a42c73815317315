"""The audit chain: each row's hash covers the row and the hash before it.

A change, a gap or a row put in between is named by its number. Who can write the whole chain anew
can only be told by a hash that was noted elsewhere: a `Head`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace

START = "0" * 64
"""What stands before the first row."""


@dataclass(frozen=True)
class Head:
    """How many rows there were at some time, and the hash of the last."""

    number: int
    hash: str

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"


NOTHING = Head(0, START)


def read_head(text: str) -> Head:
    """As it is written: "120:" and 64 digits. Raises ValueError for anything else."""
    number, _, digits = text.strip().partition(":")
    if not number.isdecimal() or len(digits) != len(START) or not digits.isalnum():
        raise ValueError(f"{text!r} is no NUMBER:HASH; copy the head that a log noted")
    return Head(int(number), digits)


@dataclass(frozen=True)
class Entry:
    """One row: at `at` (seconds since the epoch), `who` was told or did something of a `kind`.

    `what` is "mail", "act" or "unknown", a mail of which nobody knows whether it arrived; `who` and
    `about` are pseudonyms; `letter` is a digest that only the mail's reader's salt can make.
    """

    number: int
    at: int
    what: str
    kind: str
    who: str
    about: str = ""
    letter: str = ""
    hash: str = ""


@dataclass(frozen=True)
class Break:
    """Where the chain does not hold, and how."""

    number: int
    fault: str


def sealed(entry: Entry, previous: str) -> Entry:
    """The row with the hash that it has after a row with this hash."""
    told = (entry.number, entry.at, entry.what, entry.kind, entry.who, entry.about, entry.letter)
    covered = json.dumps([previous, *told], ensure_ascii=False, separators=(",", ":"))
    return replace(entry, hash=hashlib.sha256(covered.encode()).hexdigest())


def breaks(entries: Iterable[Entry], end: Head, noted: Iterable[Head] = ()) -> list[Break]:
    """All that is wrong with a chain, in its order.

    `end` is where it ends by the store's own word; `noted` is what somebody wrote down before.
    """
    heads = (end, *noted)
    last, found = NOTHING, []
    for entry in entries:
        if entry.number <= last.number:
            found.append(Break(entry.number, "this row has a number that no row can have"))
            continue
        if entry.number > last.number + 1:
            found.append(Break(last.number + 1, _missing(last.number + 1, entry.number - 1)))
        elif sealed(entry, last.hash).hash != entry.hash:
            fault = "this row was changed, or it does not follow from the one before it"
            found.append(Break(entry.number, fault))
        last = Head(entry.number, entry.hash)
        if any(head.number == last.number and head.hash != last.hash for head in heads):
            found.append(Break(entry.number, "this row is another one than was noted"))
    longest = max(head.number for head in heads)
    if longest > last.number:
        found.append(Break(last.number + 1, f"{_missing(last.number + 1, longest)} at the end"))
    if last.number > end.number:
        found.append(Break(end.number + 1, "what follows from here was put there by somebody else"))
    return found


def _missing(first: int, last: int) -> str:
    return f"row {first} is missing" if first == last else f"rows {first} to {last} are missing"

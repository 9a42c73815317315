"""The audit chain: whatever is done to its rows is named, by the first row that shows it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentoring.chain import NOTHING, Break, Entry, Head, breaks, read_head, sealed

_WORDS = st.text(max_size=8)
_PLAIN = st.builds(
    Entry,
    number=st.just(0),
    at=st.integers(0, 2**40),
    what=st.sampled_from(["mail", "act", "unknown"]),
    kind=_WORDS,
    who=_WORDS,
    about=_WORDS,
    letter=_WORDS,
)
ROWS = st.lists(_PLAIN, min_size=3, max_size=12)


def chained(rows: list[Entry], first: int = 1, previous: str = NOTHING.hash) -> list[Entry]:
    made = []
    for number, row in enumerate(rows, first):
        made.append(sealed(replace(row, number=number), previous))
        previous = made[-1].hash
    return made


def head(rows: list[Entry]) -> Head:
    return Head(rows[-1].number, rows[-1].hash)


@given(ROWS)
def test_a_chain_is_whole_and_so_is_each_beginning_that_was_noted(rows: list[Entry]) -> None:
    chain = chained(rows)
    noted = [head(chain[:length]) for length in range(1, len(chain))]
    assert breaks(chain, head(chain), noted) == []
    assert breaks([], NOTHING) == []


@given(ROWS, st.data())
def test_a_changed_row_is_named(rows: list[Entry], data: st.DataObject) -> None:
    chain = chained(rows)
    at = data.draw(st.integers(0, len(chain) - 1))
    field = data.draw(st.sampled_from(["at", "what", "kind", "who", "about", "letter", "hash"]))
    old = getattr(chain[at], field)
    new: Any = old + 1 if field == "at" else data.draw(_WORDS.filter(lambda word: word != old))
    changed = [*chain[:at], replace(chain[at], **{field: new}), *chain[at + 1 :]]
    assert breaks(changed, head(chain))[0].number == at + 1


@given(ROWS, st.data())
def test_a_row_changed_with_its_hash_shows_in_the_next(
    rows: list[Entry], data: st.DataObject
) -> None:
    chain = chained(rows)
    at = data.draw(st.integers(0, len(chain) - 1))
    before = chain[at - 1].hash if at else NOTHING.hash
    forged = sealed(replace(chain[at], kind=chain[at].kind + "x"), before)
    found = breaks([*chain[:at], forged, *chain[at + 1 :]], head(chain))
    assert found[0].number in (at + 1, at + 2)


@given(ROWS, st.data())
def test_rows_taken_out_are_named(rows: list[Entry], data: st.DataObject) -> None:
    chain = chained(rows)
    first = data.draw(st.integers(0, len(chain) - 1))
    last = data.draw(st.integers(first, len(chain) - 1))
    (found,) = breaks([*chain[:first], *chain[last + 1 :]], head(chain))
    missing = f"row {first + 1} is missing"
    if last > first:
        missing = f"rows {first + 1} to {last + 1} are missing"
    at_the_end = " at the end" if last == len(chain) - 1 else ""
    assert found == Break(first + 1, missing + at_the_end)


@given(ROWS, _PLAIN, st.data())
def test_a_row_put_in_is_named(rows: list[Entry], more: Entry, data: st.DataObject) -> None:
    """Between two rows the numbers of what follows must change, and with them their hashes."""
    chain = chained(rows)
    at = data.draw(st.integers(0, len(chain)))
    moved = [replace(row, number=row.number + 1) for row in chain[at:]]
    before = chain[at - 1].hash if at else NOTHING.hash
    forged = [*chain[:at], sealed(replace(more, number=at + 1), before), *moved]
    found = breaks(forged, head(chain))
    assert found
    assert found[0].number in (at + 1, at + 2)


@given(ROWS)
def test_a_chain_made_anew_needs_a_head_noted_elsewhere(rows: list[Entry]) -> None:
    """Who can write all of it, and where it ends, can't be found out from it alone."""
    chain = chained(rows)
    anew = chained([replace(row, kind=row.kind + "x") for row in rows])
    assert breaks(anew, head(anew)) == []
    assert breaks(anew, head(anew), [head(chain[:2])])[0].number == 2
    shorter = chain[:-1]
    assert breaks(shorter, head(shorter)) == []
    assert breaks(shorter, head(shorter), [head(chain)]) == [
        Break(len(chain), f"row {len(chain)} is missing at the end")
    ]


def test_a_row_without_a_possible_number_is_named() -> None:
    chain = chained([Entry(0, 1, "act", "a", "p-1"), Entry(0, 2, "act", "b", "p-1")])
    odd = replace(chain[0], number=0)
    assert breaks([odd, *chain], head(chain))[0].number == 0


def test_a_head_as_it_is_written() -> None:
    noted = Head(120, "a" * 64)
    assert read_head(f" {noted}\n") == noted
    for text in ("", "120", f"x:{'a' * 64}", f"120:{'a' * 63}", f"120:{'-' * 64}"):
        with pytest.raises(ValueError, match="no NUMBER:HASH"):
            read_head(text)

"""Each partner's busy times once more, as bits: one short row a person instead of hundreds.

Written with the stretches, in their transaction; an entry of no length has none.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, bindparam, select, true
from sqlalchemy.engine import Connection

from mentoring.grid import Grid, Span, around
from mentoring.interval import Interval
from store.tables import busy, busy_bits

_PAST, _AHEAD = timedelta(days=1), timedelta(days=400)
"""What is kept around the instant of writing: an entry may last for ever."""
_FEW = 500


def write(connection: Connection, person: str, spans: Collection[Span], now: datetime) -> None:
    """All of a person's busy times."""
    grid = _grid(now)
    _keep(connection, person, grid.first, grid.covered(spans))


def renew(connection: Connection, person: str, changed: Sequence[Span], now: datetime) -> None:
    """What became of a person's bits when stretches came and went; the others stay as they are."""
    whole = min(begin for begin, _ in changed), max(end for _, end in changed)
    begin, end = around(whole)
    rows = connection.execute(
        select(busy.c.start, busy.c.end).where(
            busy.c.person == person, busy.c.end > begin, busy.c.start < end
        )
    )
    grid = _grid(now)
    first, bits = load(connection, [person]).get(person, (grid.first, 0))
    spans = [(row.start, row.end) for row in rows]
    _keep(connection, person, grid.first, grid.renewed(grid.cut(bits, first), whole, spans))


def prune(connection: Connection, before: datetime, now: datetime) -> None:
    """Drop what is past where bits reach back before an instant: they were not written since."""
    oldest, first = _grid(before + _PAST).first, _grid(now).first
    query = select(busy_bits.c.person).where(busy_bits.c.first < oldest)
    for person in connection.execute(query).scalars().all():
        known, bits = load(connection, [person])[person]
        _keep(connection, person, first, bits >> first - known)


_OF_PERSON = busy_bits.delete().where(busy_bits.c.person == bindparam("whose"))
_ADD = busy_bits.insert()


def forget(connection: Connection, person: str) -> None:
    connection.execute(_OF_PERSON, {"whose": person})


def load(connection: Connection, people: Collection[str]) -> dict[str, tuple[int, int]]:
    """By person: the number of the first quarter hour since the epoch, and the bits from there."""
    query = select(busy_bits).where(among(busy_bits.c.person, people))
    return {
        row.person: (row.first, int.from_bytes(row.bits, "little"))
        for row in connection.execute(query)
    }


def among(column: ColumnElement[str], people: Collection[str]) -> ColumnElement[bool]:
    """A condition for one query: of a few people, or else of everybody."""
    return column.in_(list(people)) if len(people) <= _FEW else true()


def _grid(now: datetime) -> Grid:
    return Grid.over(Interval(now - _PAST, now + _AHEAD))


def _keep(connection: Connection, person: str, first: int, bits: int) -> None:
    forget(connection, person)
    packed = bits.to_bytes(-(-bits.bit_length() // 8), "little")
    connection.execute(_ADD, {"person": person, "first": first, "bits": packed})

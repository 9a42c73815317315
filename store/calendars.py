"""Rows of what is known of each partner's calendar: its state and its busy stretches, no titles."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.engine import Connection, Row

from mentoring.interval import Interval
from store import busy_bits
from store.both import BOTH, named
from store.instants import instant, seconds
from store.tables import busy, calendars

OK = "ok"
UNREADABLE = "unreadable"
NEEDS_CONSENT = "needs consent"
FAILING = frozenset({UNREADABLE, NEEDS_CONSENT})
NEW = "new"


@dataclass(frozen=True)
class Calendar:
    """`outage` counts how often it broke; `doubted` says that it came back empty once."""

    person: str
    url_digest: str
    state: str = NEW
    synced_at: datetime | None = None
    failing_since: datetime | None = None
    reason: str = ""
    mend: str = ""
    permanent: bool = False
    outage: int = 0
    doubted: bool = False
    cursor: str | None = None


@dataclass(frozen=True)
class Busy:
    """A busy stretch; `item` is the key of the calendar entry it comes from."""

    item: str
    interval: Interval


_LOAD = select(calendars).where(calendars.c.person == bindparam("whose"))


def load(connection: Connection, person: str) -> Calendar | None:
    row = connection.execute(_LOAD, {"whose": person}).first()
    return _calendar(row) if row else None


_OF_BOTH = select(calendars).where(calendars.c.person.in_(BOTH))


def of_both(connection: Connection, both: tuple[str, str]) -> dict[str, Calendar]:
    """What is known of two people's calendars, by person."""
    rows = connection.execute(_OF_BOTH, named(both))
    return {row.person: _calendar(row) for row in rows}


_EVERY = select(calendars).order_by(calendars.c.person)


def every(connection: Connection) -> list[Calendar]:
    return [_calendar(row) for row in connection.execute(_EVERY)]


def _calendar(row: Row[*tuple[Any, ...]]) -> Calendar:
    person, url_digest, state, synced_at, failing_since, *rest = row
    return Calendar(person, url_digest, state, instant(synced_at), instant(failing_since), *rest)


_CHANGE = calendars.update().where(calendars.c.person == bindparam("whose"))
_ADD = calendars.insert()


def save(connection: Connection, calendar: Calendar) -> None:
    values = asdict(calendar)
    for name in ("synced_at", "failing_since"):
        values[name] = None if values[name] is None else seconds(values[name])
    known = connection.execute(_CHANGE, {"whose": calendar.person, **values})
    if not known.rowcount:
        connection.execute(_ADD, values)


_SEEN = (
    calendars.update()
    .where(calendars.c.person.in_(bindparam("people")))
    .values(synced_at=bindparam("at"))
)


def note_read(connection: Connection, people: Collection[str], now: datetime) -> None:
    """These people's calendars were read again, and nothing had changed."""
    connection.execute(_SEEN, {"people": list(people), "at": seconds(now)})


def forget(connection: Connection, person: str) -> None:
    connection.execute(calendars.delete().where(calendars.c.person == person))
    connection.execute(busy.delete().where(busy.c.person == person))
    busy_bits.forget(connection, person)


_BUSY_OF = (
    select(busy.c.person, busy.c.item, busy.c.start, busy.c.end)
    .where(
        busy.c.person.in_(BOTH),
        busy.c.end > bindparam("first"),
        busy.c.start < bindparam("last"),
    )
    .order_by(busy.c.start, busy.c.end, busy.c.item)
)


def busy_of(
    connection: Connection, both: tuple[str, str], window: Interval
) -> dict[str, list[Busy]]:
    """The busy stretches of two people that reach into the window, by person, as they follow."""
    about = {"first": seconds(window.start), "last": seconds(window.end), **named(both)}
    found: dict[str, list[Busy]] = {person: [] for person in both}
    for person, item, start, end in connection.execute(_BUSY_OF, about):
        found[person].append(Busy(item, Interval(instant(start), instant(end))))
    return found


def items_of(connection: Connection, person: str) -> int:
    """How many calendar entries have busy stretches."""
    found = select(busy.c.item).where(busy.c.person == person).distinct()
    return len(connection.execute(found).all())


_GONE = busy.delete().where(busy.c.person == bindparam("whose")).returning(busy.c.start, busy.c.end)
_GONE_ITEMS = _GONE.where(busy.c.item.in_(bindparam("items")))


_ADD_BUSY = busy.insert()


def write_busy(
    connection: Connection,
    person: str,
    items: Mapping[str, Collection[Interval]],
    *,
    complete: bool,
    now: datetime,
) -> None:
    """Replace the stretches of the given items; of all items where the reading is complete."""
    if not items and not complete:
        return
    stretches = [
        (item, seconds(i.start), _end(i))
        for item, intervals in items.items()
        for i in intervals
        if i.start < i.end  # what takes no time keeps nobody busy
    ]
    new = [(start, end) for _, start, end in stretches]
    if complete:
        old = connection.execute(_GONE, {"whose": person})
    else:
        old = connection.execute(_GONE_ITEMS, {"whose": person, "items": list(items)})
    changed = [*((row.start, row.end) for row in old), *new]
    if stretches:
        names = ("person", "item", "start", "end")
        rows = [dict(zip(names, (person, *row), strict=True)) for row in stretches]
        connection.execute(_ADD_BUSY, rows)
    if complete:
        busy_bits.write(connection, person, new, now)
    elif changed:
        busy_bits.renew(connection, person, changed, now)


def _end(interval: Interval) -> int:
    """The end in whole seconds, rounded outwards."""
    return seconds(interval.end) + (1 if interval.end.microsecond else 0)


_PAST = busy.delete().where(busy.c.end < bindparam("before"))


def prune(connection: Connection, before: datetime) -> None:
    """Drop stretches that ended before an instant: they decide nothing any more."""
    connection.execute(_PAST, {"before": seconds(before)})


def keep_only(connection: Connection, people: Collection[str]) -> None:
    """Forget the times of whoever is in the programme no more."""
    known = {c.person for c in every(connection)}
    known |= set(connection.execute(select(busy.c.person).distinct()).scalars())
    for person in sorted(known - set(people)):
        forget(connection, person)

"""Rows of what is known of each partner's calendar: its state and its busy stretches, no titles."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.engine import Connection, Row

from mentoring.interval import Interval
from store import busy_bits
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


def load(connection: Connection, person: str) -> Calendar | None:
    row = connection.execute(select(calendars).where(calendars.c.person == person)).first()
    return _calendar(row) if row else None


def every(connection: Connection) -> list[Calendar]:
    rows = connection.execute(select(calendars).order_by(calendars.c.person))
    return [_calendar(row) for row in rows]


def _calendar(row: Row[tuple[object, ...]]) -> Calendar:
    values = dict(row._mapping)
    for name in ("synced_at", "failing_since"):
        values[name] = instant(values[name])
    return Calendar(**values)


def save(connection: Connection, calendar: Calendar) -> None:
    values = asdict(calendar)
    for name in ("synced_at", "failing_since"):
        values[name] = None if values[name] is None else seconds(values[name])
    connection.execute(calendars.delete().where(calendars.c.person == calendar.person))
    connection.execute(calendars.insert().values(**values))


def forget(connection: Connection, person: str) -> None:
    connection.execute(calendars.delete().where(calendars.c.person == person))
    connection.execute(busy.delete().where(busy.c.person == person))
    busy_bits.forget(connection, person)


def busy_of(connection: Connection, person: str, window: Interval) -> list[Busy]:
    rows = connection.execute(
        select(busy.c.item, busy.c.start, busy.c.end)
        .where(
            busy.c.person == person,
            busy.c.end > seconds(window.start),
            busy.c.start < seconds(window.end),
        )
        .order_by(busy.c.start, busy.c.end, busy.c.item)
    )
    return [Busy(item, Interval(instant(start), instant(end))) for item, start, end in rows]


def items_of(connection: Connection, person: str) -> int:
    """How many calendar entries have busy stretches."""
    found = select(busy.c.item).where(busy.c.person == person).distinct()
    return len(connection.execute(found).all())


def write_busy(
    connection: Connection,
    person: str,
    items: Mapping[str, Collection[Interval]],
    *,
    complete: bool,
    now: datetime,
) -> None:
    """Replace the stretches of the given items; of all items where the reading is complete."""
    stretches = [
        (item, seconds(i.start), _end(i))
        for item, intervals in items.items()
        for i in intervals
        if i.start < i.end  # what takes no time keeps nobody busy
    ]
    new = [(start, end) for _, start, end in stretches]
    gone = busy.delete().where(busy.c.person == person)
    if not complete:
        gone = gone.where(busy.c.item.in_(list(items)))
    old = connection.execute(gone.returning(busy.c.start, busy.c.end))
    changed = [*((row.start, row.end) for row in old), *new]
    if stretches:
        names = ("person", "item", "start", "end")
        rows = [dict(zip(names, (person, *row), strict=True)) for row in stretches]
        connection.execute(busy.insert(), rows)
    if complete:
        busy_bits.write(connection, person, new, now)
    elif changed:
        busy_bits.renew(connection, person, changed, now)


def _end(interval: Interval) -> int:
    """The end in whole seconds, rounded outwards."""
    return seconds(interval.end) + (1 if interval.end.microsecond else 0)


def prune(connection: Connection, before: datetime) -> None:
    """Drop stretches that ended before an instant: they decide nothing any more."""
    connection.execute(busy.delete().where(busy.c.end < seconds(before)))


def keep_only(connection: Connection, people: Collection[str]) -> None:
    """Forget the times of whoever is in the programme no more."""
    known = {c.person for c in every(connection)}
    known |= set(connection.execute(select(busy.c.person).distinct()).scalars())
    for person in sorted(known - set(people)):
        forget(connection, person)

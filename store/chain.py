"""Rows of the audit chain, and of what is still to be put on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from sqlalchemy import Table, Update, bindparam, func, select
from sqlalchemy.engine import Connection

from mentoring.chain import NOTHING, Entry, Head, read_head, sealed
from store import facts
from store.audit import Act
from store.instants import instant
from store.outbox import SENT, UNKNOWN
from store.tables import outbox
from store.tables_coordinator import audit
from store.tables_privacy import chain


@dataclass(frozen=True)
class Told:
    """A letter that went out, or may have."""

    id: int
    at: datetime
    state: str
    kind: str
    key: str
    recipient: str
    message_id: str


def append(connection: Connection, entry: Entry) -> Head:
    """Put a row at the end, with the next number and its hash; where the chain ends now."""
    return extend(connection, [entry])


_NEWEST = select(func.coalesce(func.max(chain.c.number), 0))
_ADD = chain.insert()


def extend(connection: Connection, more: Iterable[Entry]) -> Head:
    """Put rows at the end, in this order; where the chain ends now."""
    end = head(connection)
    newest = connection.execute(_NEWEST).scalar_one()
    # What was cut off or put in by somebody else stays a break: it goes on from what was noted.
    added = []
    for number, entry in enumerate(more, max(newest, end.number) + 1):
        row = sealed(replace(entry, number=number), end.hash)
        end = Head(number, row.hash)
        added.append(asdict(row))
    if added:
        connection.execute(_ADD, added)
        facts.write(connection, facts.AUDIT_HEAD, str(end))
    return end


def entries(connection: Connection, who: str = "") -> Iterator[Entry]:
    """All rows in their order; with `who`, those that name this pseudonym."""
    query = select(chain).order_by(chain.c.number)
    if who:
        query = query.where((chain.c.who == who) | chain.c.about.contains(who, autoescape=True))
    for row in connection.execute(query):
        yield Entry(**row._mapping)


def head(connection: Connection) -> Head:
    """Where the chain ended when a row was last put on it, as was noted apart from it."""
    kept = facts.read(connection, facts.AUDIT_HEAD)
    return read_head(kept) if kept else NOTHING


_WENT = func.coalesce(outbox.c.sent_at, outbox.c.next_attempt, outbox.c.created_at)
_COLUMNS = ("state", "kind", "key", "recipient", "message_id")
_LETTERS = (
    select(outbox.c.id, _WENT.label("at"), *(outbox.c[name] for name in _COLUMNS))
    .where(
        outbox.c.chained.is_(False),
        outbox.c.state.in_((SENT, UNKNOWN)),
        outbox.c.recipient != "",  # of somebody who is forgotten
    )
    .order_by(_WENT, outbox.c.id)
)


def letters_to_chain(connection: Connection) -> list[Told]:
    """Letters that are out, or in doubt, and not on the chain, in the order they went."""
    rows = connection.execute(_LETTERS)
    return [Told(id_, instant(when), *rest) for id_, when, *rest in rows]


_ACTS = select(audit).where(audit.c.chained.is_(False)).order_by(audit.c.id)


def acts_to_chain(connection: Connection) -> list[tuple[int, Act]]:
    """The coordinator's acts that are not on the chain, in their order, with their numbers."""
    return [
        (r.id, Act(instant(r.at), r.who, r.action, r.mentor, r.mentee, r.about))
        for r in connection.execute(_ACTS)
    ]


def _chain(table: Table) -> Update:
    return table.update().where(table.c.id == bindparam("number")).values(chained=True)


_CHAIN_LETTERS, _CHAIN_ACTS = _chain(outbox), _chain(audit)


def letters_chained(connection: Connection, numbers: Iterable[int]) -> None:
    _chained(connection, _CHAIN_LETTERS, numbers)


def acts_chained(connection: Connection, numbers: Iterable[int]) -> None:
    _chained(connection, _CHAIN_ACTS, numbers)


def _chained(connection: Connection, change: Update, numbers: Iterable[int]) -> None:
    if these := [{"number": number} for number in numbers]:
        connection.execute(change, these)

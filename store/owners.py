"""Which rows are whose, table by table: what `forget` goes by.

Every table of the schema is in one of these lists; tests/store/test_erase.py holds a new one to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Column, Table, bindparam, func, select, union, union_all
from sqlalchemy.engine import Connection

from store import tables_coordinator as page
from store import tables_engine, tables_forecast, tables_privacy
from store import tables_programme as year
from store import tables_supervision as bosses
from store.instants import instant
from store.tables import (
    attendances,
    busy,
    busy_bits,
    calendars,
    codes,
    facts,
    grants,
    meetings,
    outbox,
    pairs,
    received,
)
from store.tables_bounces import bounces

Columns = tuple["Column[str]", ...]

OF_MEETINGS: tuple[Table, ...] = (
    attendances,
    year.agenda,
    year.logs,
    year.next_steps,
    bosses.moves,
    bosses.private_meetings,
    tables_engine.decisions,
)
"""Tables whose rows go with the meeting of their `uid`."""


def _columns(table: Table, *names: str) -> Columns:
    return tuple(table.c[name] for name in names)


THEIRS: dict[Table, Columns] = {
    calendars: _columns(calendars, "person"),
    busy: _columns(busy, "person"),
    busy_bits: _columns(busy_bits, "person"),
    codes: _columns(codes, "person"),
    page.sessions: _columns(page.sessions, "email"),
    year.preferences: _columns(year.preferences, "person"),
    year.approvals: _columns(year.approvals, "employee", "supervisor"),
    year.rsvps: _columns(year.rsvps, "person"),
    year.poll_answers: _columns(year.poll_answers, "person"),
    year.signatures: _columns(year.signatures, "mentor", "mentee", "person"),
    year.agreements: _columns(year.agreements, "mentor", "mentee"),
    year.pulses: _columns(year.pulses, "mentor", "mentee", "person"),
    year.choices: _columns(year.choices, "person", "mentor", "mentee"),
    year.polls: _columns(year.polls, "mentor", "mentee"),
    page.pair_pauses: _columns(page.pair_pauses, "mentor", "mentee"),
    tables_forecast.forecasts: _columns(tables_forecast.forecasts, "mentor", "mentee"),
    bosses.deadlines: _columns(bosses.deadlines, "employee"),
    pairs: _columns(pairs, "mentor", "mentee"),
    bounces: _columns(bounces, "address"),
}
"""Tables whose rows go when one of these columns holds the address; children before parents."""

NAMED: Columns = (
    bosses.deadlines.c.supervisor,
    bosses.moves.c.person,
    page.pair_pauses.c.by,
    page.audit.c.who,
    page.audit.c.mentor,
    page.audit.c.mentee,
    year.agreements.c.author,
)
"""Columns that name them in rows which are others': emptied."""

WORDS: Columns = (
    pairs.c.reason,
    pairs.c.told,
    calendars.c.reason,
    calendars.c.mend,
    meetings.c.decision,
    tables_engine.decisions.c.answer,
    outbox.c.error,
    page.audit.c.about,
    year.choices.c.value,
    year.agreements.c.conflicts,
    year.agenda.c.text,
    year.next_steps.c.text,
    facts.c.value,
)
"""Columns with words in which anybody may be named: the name and the address are taken out."""

BY_THEMSELVES: tuple[Table, ...] = (
    meetings,
    outbox,
    grants,
    page.audit,
    page.sign_ins,
    tables_privacy.pseudonyms,
    tables_privacy.forgetting,
)
"""Tables with a rule of their own in store/erase.py."""

NOBODYS: tuple[Table, ...] = (
    facts,
    received,
    year.events,
    tables_privacy.chain,
    tables_privacy.forgotten,
    tables_privacy.tallies,
)
"""Tables whose rows are nobody's: digests, pseudonyms, counts, the programme's own values."""


def _person_columns() -> Iterator[Column[str]]:
    for columns in THEIRS.values():
        yield from columns
    yield from (table.c.person for table in OF_MEETINGS if "person" in table.c)
    yield from NAMED
    yield tables_privacy.pseudonyms.c.person
    yield tables_privacy.forgetting.c.person


_KNOWN = union(
    *(select(column) for column in _person_columns()),
    *(select(column) for column in (outbox.c.recipient, meetings.c.mentor, meetings.c.mentee)),
)


def known_people(connection: Connection) -> frozenset[str]:
    """Every address of which the store keeps anything."""
    return frozenset(filter(None, connection.execute(_KNOWN).scalars()))


_LAST_SEEN = union_all(
    select(func.max(meetings.c.end)).where(
        (meetings.c.mentor == bindparam("whose")) | (meetings.c.mentee == bindparam("whose"))
    ),
    select(func.max(outbox.c.created_at)).where(outbox.c.recipient == bindparam("whose")),
)


def last_seen(connection: Connection, address: str) -> datetime | None:
    """When a meeting of theirs last ended, or a letter to them was last queued."""
    rows = connection.execute(_LAST_SEEN, {"whose": address}).scalars()
    return instant(max((at for at in rows if at is not None), default=None))

"""Rows of agreements: every version that a pair made, who signed it, since when it holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, Table, bindparam, select
from sqlalchemy.engine import Connection, Row

from mentoring.agreement import Terms
from mentoring.roster import Channel
from store.instants import instant, seconds
from store.tables_programme import agreements, signatures

_CHANNELS = {str(channel): channel for channel in Channel}


@dataclass(frozen=True)
class Version:
    """One version of a pair's agreement; `author` is the email of who wrote it, or empty for the
    programme's own draft. It holds once both signed it."""

    mentor: str
    mentee: str
    number: int
    terms: Terms
    author: str
    made_at: datetime
    in_force_at: datetime | None
    signed: frozenset[str] = frozenset()


def _of_pair(table: Table) -> Select[Any]:
    pair = table.c.mentor == bindparam("mentor"), table.c.mentee == bindparam("mentee")
    return select(table).where(*pair).order_by(table.c.version)


_VERSIONS, _SIGNED = _of_pair(agreements), _of_pair(signatures)


def versions(connection: Connection, mentor: str, mentee: str) -> list[Version]:
    """Every version of a pair's agreement, first to last."""
    pair = {"mentor": mentor, "mentee": mentee}
    rows = connection.execute(_VERSIONS, pair)
    signed: dict[int, set[str]] = {}
    for row in connection.execute(_SIGNED, pair):
        signed.setdefault(row.version, set()).add(row.person)
    return [_version(row, frozenset(signed.get(row.version, ()))) for row in rows]


def _version(row: Row[Any], signed: frozenset[str]) -> Version:
    return Version(
        row.mentor,
        row.mentee,
        row.version,
        _terms(row),
        row.author,
        instant(row.made_at),
        instant(row.in_force_at),
        signed,
    )


def _terms(row: Row[Any]) -> Terms:
    every = timedelta(seconds=row.every)
    return Terms(every, row.minutes, Channel(row.channel), row.share, row.conflicts)


_IN_FORCE = (
    select(
        *(agreements.c[name] for name in ("mentor", "mentee")),
        *(agreements.c[name] for name in ("every", "minutes", "channel", "share", "conflicts")),
    )
    .where(agreements.c.in_force_at.is_not(None))
    .order_by(agreements.c.version)
)


def in_force(connection: Connection) -> dict[tuple[str, str], Terms]:
    """The terms that hold for each pair that signed any: those of its newest signed version."""
    return {
        (mentor, mentee): Terms(timedelta(seconds=every), minutes, _CHANNELS[channel], *rest)
        for mentor, mentee, every, minutes, channel, *rest in connection.execute(_IN_FORCE).all()
    }


_NEWEST_LAST = select(agreements).order_by(agreements.c.version)


def settled(connection: Connection) -> frozenset[tuple[str, str]]:
    """Pairs whose newest version holds: nobody needs to be asked."""
    rows = connection.execute(_NEWEST_LAST)
    newest = {(row.mentor, row.mentee): row.in_force_at is not None for row in rows}
    return frozenset(pair for pair, holds in newest.items() if holds)


def add(
    connection: Connection, mentor: str, mentee: str, terms: Terms, author: str, now: datetime
) -> int:
    """Write the pair's next version; its number, 1 for the first."""
    number = len(versions(connection, mentor, mentee)) + 1
    connection.execute(
        agreements.insert().values(
            mentor=mentor,
            mentee=mentee,
            version=number,
            every=int(terms.every.total_seconds()),
            minutes=terms.minutes,
            channel=terms.channel,
            share=terms.share,
            conflicts=terms.conflicts,
            author=author,
            made_at=seconds(now),
        )
    )
    return number


def sign(
    connection: Connection, mentor: str, mentee: str, number: int, person: str, now: datetime
) -> bool:
    """Note a signature; True where it is the one by which the version comes into force."""
    key = {"mentor": mentor, "mentee": mentee, "version": number}
    known = next(v for v in versions(connection, mentor, mentee) if v.number == number)
    if person in known.signed:
        return False
    connection.execute(signatures.insert().values(**key, person=person, at=seconds(now)))
    if known.signed | {person} != {mentor, mentee}:
        return False
    this = (
        (agreements.c.mentor == mentor)
        & (agreements.c.mentee == mentee)
        & (agreements.c.version == number)
    )
    connection.execute(agreements.update().where(this).values(in_force_at=seconds(now)))
    return True

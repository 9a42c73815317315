"""Rows that say whose a pseudonym is. Without its row a pseudonym is nobody's, for good."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import bindparam, select
from sqlalchemy.engine import Connection

from store.tables_privacy import pseudonyms


@dataclass(frozen=True)
class Alias:
    """A person's pseudonym, and the salt under which what they were told is digested."""

    pseudonym: str
    salt: str

    def digest(self, *parts: str) -> str:
        return hmac.new(self.salt.encode(), "\0".join(parts).encode(), "sha256").hexdigest()


def fresh() -> Alias:
    """One that is nobody's yet."""
    return Alias(f"p-{secrets.token_hex(4)}", secrets.token_hex(16))


_OF = select(pseudonyms).where(pseudonyms.c.person == bindparam("whose"))


def of(connection: Connection, person: str) -> Alias | None:
    row = connection.execute(_OF, {"whose": person}).first()
    return Alias(row.pseudonym, row.salt) if row else None


def given(connection: Connection, person: str) -> Alias:
    """This person's; a new one where they have none."""
    known = of(connection, person)
    if known:
        return known
    alias = fresh()
    row = {"person": person, "pseudonym": alias.pseudonym, "salt": alias.salt}
    connection.execute(pseudonyms.insert().values(**row))
    return alias


def give(connection: Connection, people: Iterable[str]) -> dict[str, str]:
    """See that all of them have one; the pseudonym of each person who has."""
    known = everybody(connection)
    for person in sorted(set(people) - known.keys()):
        known[person] = given(connection, person).pseudonym
    return known


_EVERYBODY = select(pseudonyms.c.person, pseudonyms.c.pseudonym)


def everybody(connection: Connection) -> dict[str, str]:
    """The pseudonym of each person who has one."""
    return dict(connection.execute(_EVERYBODY).all())


def forget(connection: Connection, person: str) -> None:
    connection.execute(pseudonyms.delete().where(pseudonyms.c.person == person))

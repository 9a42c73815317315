"""The tables of privacy: pseudonyms, the audit chain, who is being forgotten, and what is counted.

Dates are ISO 8601 text; instants whole seconds since the epoch, in UTC.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Integer, String, Table

from store.tables import metadata

pseudonyms = Table(
    "pseudonyms",
    metadata,
    Column("person", String, primary_key=True),
    Column("pseudonym", String, nullable=False, unique=True),
    Column("salt", String, nullable=False),
)
"""Both are random: once the row is gone, nothing leads from a pseudonym to a person."""

chain = Table(
    "chain",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("what", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("who", String, nullable=False),
    Column("about", String, nullable=False),
    Column("letter", String, nullable=False),
    Column("hash", String, nullable=False),
)
"""`who` and `about` are pseudonyms; `letter` is a digest of a mail's key and Message-ID."""

forgetting = Table(
    "forgetting",
    metadata,
    Column("person", String, primary_key=True),
    Column("asked_at", BigInteger, nullable=False),
    Column("waiting", Integer, nullable=False),
)
"""People of whom `waiting` letters or so are still to be sent; each pass looks again."""

forgotten = Table(
    "forgotten",
    metadata,
    Column("mark", String, primary_key=True),
    Column("at", BigInteger, nullable=False),
)
"""`mark` is a keyed digest of the address: it tells who was forgotten only to who asks for them."""

tallies = Table(
    "tallies",
    metadata,
    Column("day", String, primary_key=True),
    Column("kind", String, primary_key=True),
    Column("state", String, primary_key=True),
    Column("assumed", Boolean, primary_key=True),
    Column("meetings", Integer, nullable=False),
)
"""How many meetings of people who are forgotten there were, by day."""

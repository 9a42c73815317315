"""The tables of what supervisors enter, and of what partners keep from them.

Dates are ISO 8601 text; instants whole seconds since the epoch, in UTC.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table

from store.tables import metadata

deadlines = Table(
    "deadlines",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("employee", String, nullable=False),
    Column("supervisor", String, nullable=False),
    Column("first", String, nullable=False),
    Column("last", String, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("undone_at", BigInteger),
    Index("deadlines_employee", "employee"),
)

moves = Table(
    "moves",
    metadata,
    Column("uid", String, ForeignKey("meetings.uid"), primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("why", String, nullable=False),
    Column("person", String, nullable=False, default=""),
    Index("moves_person", "person"),
)

private_meetings = Table(
    "private_meetings",
    metadata,
    Column("uid", String, ForeignKey("meetings.uid"), primary_key=True),
    Column("person", String, primary_key=True),
    Column("at", BigInteger, nullable=False),
)

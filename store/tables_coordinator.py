"""The tables of the coordinator's page: sign-ins, sessions, pauses of pairs, what was done.

Dates are ISO 8601 text; instants whole seconds since the epoch, in UTC.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text, false

from store.tables import metadata

sign_ins = Table(
    "sign_ins",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("address", String, nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    Column("mailed_at", BigInteger),
    Column("used_at", BigInteger),
    Index("sign_ins_asked", "asked_at"),
)
"""`address` is a keyed digest: whoever asks, no stranger's address is kept."""

sessions = Table(
    "sessions",
    metadata,
    Column("digest", String, primary_key=True),
    Column("email", String, nullable=False),
    Column("made_at", BigInteger, nullable=False),
)

pair_pauses = Table(
    "pair_pauses",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("mentor", String, nullable=False),
    Column("mentee", String, nullable=False),
    Column("first", String, nullable=False),
    Column("last", String, nullable=False),
    Column("by", String, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("undone_at", BigInteger),
    Index("pair_pauses_pair", "mentor", "mentee"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("who", String, nullable=False),
    Column("action", String, nullable=False),
    Column("mentor", String, nullable=False, default=""),
    Column("mentee", String, nullable=False, default=""),
    Column("about", Text, nullable=False, default=""),
    Column("chained", Boolean, nullable=False, server_default=false()),
    Index("audit_pair", "mentor", "mentee"),
    Index("audit_chained", "chained"),
)

"""Addresses that mail came back from for good: nothing goes there until somebody lifts it."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, String, Table, Text

from store.tables import metadata

bounces = Table(
    "bounces",
    metadata,
    Column("address", String, primary_key=True),
    Column("since", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("lifted_at", BigInteger),
)

"""The tables of what was decided: each search's inputs and answer."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, LargeBinary, String, Table, Text

from store.tables import metadata

decisions = Table(
    "decisions",
    metadata,
    Column("uid", String, ForeignKey("meetings.uid"), primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("digest", String, nullable=False),
    Column("inputs", LargeBinary),
    Column("answer", Text, nullable=False),
)

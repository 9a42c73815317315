"""The table of each pair's forecast. Lists are JSON; instants whole seconds since the epoch."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Integer, String, Table, Text

from store.tables import metadata

forecasts = Table(
    "forecasts",
    metadata,
    Column("mentor", String, primary_key=True),
    Column("mentee", String, primary_key=True),
    Column("made_at", BigInteger, nullable=False),
    Column("basis", String, nullable=False),
    Column("record", Text, nullable=False),
    Column("chance", Float, nullable=False),
    Column("goal", Integer, nullable=False),
    Column("held", Integer, nullable=False),
    Column("expected", Float, nullable=False),
    Column("weeks", Text, nullable=False),
    Column("remedy", Text, nullable=False),
    Column("remedy_chance", Float, nullable=False),
)

"""Every table of the store, as migrations and scratch stores want them: all in one."""

from __future__ import annotations

from store import (
    tables,
    tables_bounces,
    tables_coordinator,
    tables_engine,
    tables_forecast,
    tables_privacy,
    tables_programme,
    tables_supervision,
)

metadata = tables.metadata

__all__ = [
    "metadata",
    "tables",
    "tables_bounces",
    "tables_coordinator",
    "tables_engine",
    "tables_forecast",
    "tables_privacy",
    "tables_programme",
    "tables_supervision",
]

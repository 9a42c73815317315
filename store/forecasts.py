"""Rows of forecasts: what is to be expected of each pair, and what that was worked out from."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import Connection, Row

from mentoring.forecast import Forecast
from store.tables_forecast import forecasts

Key = tuple[str, str]


def all(connection: Connection) -> dict[Key, Forecast]:  # noqa: A001 - read as forecasts.all
    """The newest forecast of every pair that has one, by (mentor, mentee)."""
    return {(row.mentor, row.mentee): _forecast(row) for row in connection.execute(_rows())}


def of(connection: Connection, mentor: str, mentee: str) -> Forecast | None:
    query = _rows().where(forecasts.c.mentor == mentor, forecasts.c.mentee == mentee)
    row = connection.execute(query).first()
    return _forecast(row) if row else None


def _rows() -> Any:
    return select(forecasts).order_by(forecasts.c.mentor, forecasts.c.mentee)


def _forecast(row: Row[Any]) -> Forecast:
    weeks = json.loads(row.weeks)
    return Forecast(
        chance=row.chance,
        goal=row.goal,
        held=row.held,
        expected=row.expected,
        weeks=tuple(date.fromisoformat(monday) for monday, _ in weeks),
        remedy=row.remedy,
        remedy_chance=row.remedy_chance,
        why=tuple(words for _, words in weeks),
    )


def forget(connection: Connection, gone: Iterable[Key]) -> None:
    """Drop the forecasts of these pairs."""
    for mentor, mentee in gone:
        of_pair = (forecasts.c.mentor == mentor) & (forecasts.c.mentee == mentee)
        connection.execute(forecasts.delete().where(of_pair))

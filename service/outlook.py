"""What is expected of each pair, where it was worked out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Protocol

from sqlalchemy.engine import Connection

from store.overview import Key


class Forecast(Protocol):
    """A pair's chance to reach its goal, from 0 to 1; `weeks` are the Mondays of weak weeks."""

    @property
    def chance(self) -> float: ...
    @property
    def goal(self) -> int: ...
    @property
    def expected(self) -> float: ...
    @property
    def weeks(self) -> tuple[date, ...]: ...
    @property
    def remedy(self) -> str: ...
    @property
    def remedy_chance(self) -> float: ...


Forecasts = Mapping[Key, Forecast]


def forecasts(_connection: Connection) -> Forecasts:
    return {}

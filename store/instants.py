"""Instants as the store keeps them: whole seconds since the epoch."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import overload


def seconds(instant: datetime) -> int:
    if instant.tzinfo is None:
        raise ValueError("an instant needs a zone")
    return int(instant.timestamp())


@overload
def instant(stored: int) -> datetime: ...
@overload
def instant(stored: None) -> None: ...
def instant(stored: int | None) -> datetime | None:
    return None if stored is None else datetime.fromtimestamp(stored, UTC)

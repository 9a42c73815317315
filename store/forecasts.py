"""Rows of forecasts: what is to be expected of each pair, and what that was worked out from."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.engine import Connection, Row

from mentoring.forecast import Forecast
from mentoring.meeting import LIVE, State
from mentoring.track import Record
from store.booking import MEETING
from store.busy_bits import among
from store.instants import instant, seconds
from store.tables import meetings
from store.tables_forecast import forecasts

Key = tuple[str, str]


@dataclass(frozen=True)
class Known:
    """When a forecast was made, a digest of what it was made from, and the pair's record then."""

    made_at: datetime
    basis: str
    record: Record


@dataclass(frozen=True)
class History:
    """A pair's meetings in short: `trace` changes whenever one of them does; `newest` begins last
    of those that are live."""

    trace: str
    newest: datetime | None


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


_DROP = forecasts.delete().where(
    forecasts.c.mentor == bindparam("of_mentor"), forecasts.c.mentee == bindparam("of_mentee")
)


def forget(connection: Connection, gone: Iterable[Key]) -> None:
    """Drop the forecasts of these pairs."""
    if keys := [{"of_mentor": mentor, "of_mentee": mentee} for mentor, mentee in gone]:
        connection.execute(_DROP, keys)


_KNOWN = select(*(forecasts.c[name] for name in ("mentor", "mentee", "made_at", "basis", "record")))


def known(connection: Connection) -> dict[Key, Known]:
    """What every forecast was made from, by (mentor, mentee)."""
    return {
        (row.mentor, row.mentee): Known(instant(row.made_at), row.basis, _record(row.record))
        for row in connection.execute(_KNOWN)
    }


def _record(text: str) -> Record:
    turns, *delays = json.loads(text)
    return Record(turns, tuple(delays))


_ADD = forecasts.insert()


def save(connection: Connection, made: Mapping[Key, tuple[Forecast, Known]]) -> None:
    """Keep the newest forecast of each pair, and what it was made from."""
    forget(connection, made)
    if made:
        connection.execute(_ADD, [_values(key, *row) for key, row in made.items()])


def _values(key: Key, forecast: Forecast, made: Known) -> dict[str, Any]:
    weeks = zip(forecast.weeks, forecast.why, strict=True)
    return {
        "mentor": key[0],
        "mentee": key[1],
        "made_at": seconds(made.made_at),
        "basis": made.basis,
        "record": json.dumps([made.record.turns, *made.record.delays]),
        "chance": forecast.chance,
        "goal": forecast.goal,
        "held": forecast.held,
        "expected": forecast.expected,
        "weeks": json.dumps([[week.isoformat(), why] for week, why in weeks]),
        "remedy": forecast.remedy,
        "remedy_chance": forecast.remedy_chance,
    }


_BY_STATE = [meetings.c[name] for name in ("mentor", "mentee", "state")]
_COUNTED = (
    select(
        *_BY_STATE,
        func.count().label("number"),
        func.sum(meetings.c.start).label("starts"),
        func.max(meetings.c.start).label("newest"),
    )
    .where(meetings.c.kind == MEETING)
    .group_by(*_BY_STATE)
    .order_by(*_BY_STATE)
)


def histories(connection: Connection) -> dict[Key, History]:
    """Every pair's meetings in short, by one query."""
    found: dict[Key, History] = {}
    for row in connection.execute(_COUNTED):
        before = found.get((row.mentor, row.mentee), History("", None))
        begins = [at for at in (before.newest, _newest(row)) if at]
        trace = f"{before.trace} {row.state} {row.number} {row.starts}"
        found[row.mentor, row.mentee] = History(trace, max(begins, default=None))
    return found


def _newest(row: Row[*tuple[Any, ...]]) -> datetime | None:
    return instant(row.newest) if row.state in LIVE else None


_STARTS = (
    select(meetings.c.mentor, meetings.c.mentee, meetings.c.start, meetings.c.state)
    .where(meetings.c.kind == MEETING, meetings.c.state != State.CANCELLED)
    .order_by(meetings.c.start)
)


def starts(
    connection: Connection, pairs: Collection[Key]
) -> dict[Key, list[tuple[datetime, State]]]:
    """When each meeting of these pairs begins or began, and how it stands, but for those called
    off; briefings are none."""
    query = _STARTS.where(among(meetings.c.mentor, {mentor for mentor, _ in pairs}))
    found: dict[Key, list[tuple[datetime, State]]] = {key: [] for key in pairs}
    for mentor, mentee, start, state in connection.execute(query):
        if (mentor, mentee) in found:
            found[mentor, mentee].append((instant(start), State(state)))
    return found

"""Rows of what people prefer: a word a name, and since when."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.engine import Connection

from store.instants import seconds
from store.tables_programme import preferences


def read(connection: Connection, person: str, name: str) -> str:
    """What a person prefers; empty where they never said."""
    query = select(preferences.c.value).where(
        preferences.c.person == person, preferences.c.name == name
    )
    return connection.execute(query).scalar() or ""


def write(connection: Connection, person: str, name: str, value: str, now: datetime) -> None:
    connection.execute(
        preferences.delete().where(preferences.c.person == person, preferences.c.name == name)
    )
    connection.execute(
        preferences.insert().values(person=person, name=name, value=value, at=seconds(now))
    )


def people_with(connection: Connection, name: str, value: str) -> frozenset[str]:
    """Everyone who prefers this."""
    query = select(preferences.c.person).where(
        preferences.c.name == name, preferences.c.value == value
    )
    return frozenset(connection.execute(query).scalars())

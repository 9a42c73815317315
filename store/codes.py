"""Rows of codes by which people answer by mail: each stands for one person and one matter."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.engine import Connection

from store.instants import seconds
from store.tables import codes


@dataclass(frozen=True)
class Code:
    """What a code stands for; `purpose` says which words may be sent with it."""

    purpose: str
    person: str
    about: tuple[str, ...] = ()


def keep(connection: Connection, code: str, meaning: Code, now: datetime) -> None:
    """Note what a code stands for. Twice is as once."""
    known = find(connection, code)
    if known == meaning:
        return
    if known:
        connection.execute(_DROP, {"wanted": code})
    row = {
        "code": code,
        "purpose": meaning.purpose,
        "person": meaning.person,
        "about": json.dumps(meaning.about),
        "at": seconds(now),
    }
    connection.execute(_ADD, row)


_DROP = codes.delete().where(codes.c.code == bindparam("wanted"))
_ADD = codes.insert()
_FORGET = codes.delete().where(codes.c.at < bindparam("before"))
_FIND = select(codes).where(codes.c.code == bindparam("wanted"))


def find(connection: Connection, code: str) -> Code | None:
    row = connection.execute(_FIND, {"wanted": code}).first()
    return Code(row.purpose, row.person, tuple(json.loads(row.about))) if row else None


def forget(connection: Connection, before: datetime) -> None:
    """Drop what was last handed out before an instant."""
    connection.execute(_FORGET, {"before": seconds(before)})

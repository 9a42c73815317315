"""Single values that the whole store shares: its secret, the last pass, the inbox cursor."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any, TypeVar

from pydantic import TypeAdapter
from sqlalchemy import bindparam, select
from sqlalchemy.engine import Connection

from store.tables import facts

T = TypeVar("T")

SECRET = "secret"  # noqa: S105 - the fact's name
LAST_PASS = "last pass"  # noqa: S105
WEEK = "week"
"""The week in which the coordinator's digest was last looked at, and what it said."""
ROSTER_FAULTS = "roster faults"
"""Why the last edit of the files was refused."""
AUDIT_HEAD = "audit head"
"""Where the audit chain ends: its number of rows and the hash of the last."""
ROSTER_PAIRS = "roster pairs"
"""Keyed digests of the pairs that last held, each with its last day."""
REMOVAL = "removal"
"""What the last edit would take out, while it waits for a yes."""
REMOVAL_ACCEPTED = "removal accepted"
"""The digest of the removal that the coordinator means."""
ORGANISER = "organiser"
"""Which calendar shows the meetings: another one begins empty."""

FLOOR = "sequence floor"
"""The least SEQUENCE of what is new since a restore: above all that people may have been told."""
DOUBTS = "doubts since"
"""When a backup was restored after which nobody knows what had gone out; seconds."""


_WANTED = facts.c.name == bindparam("wanted")
_VALUE = select(facts.c.value).where(_WANTED)
_CHANGE = facts.update().where(_WANTED).values(value=bindparam("value"))
_ADD = facts.insert()


def read(connection: Connection, name: str) -> str | None:
    return connection.execute(_VALUE, {"wanted": name}).scalar()


def write(connection: Connection, name: str, value: str) -> None:
    if not connection.execute(_CHANGE, {"wanted": name, "value": value}).rowcount:
        connection.execute(_ADD, {"name": name, "value": value})


_ADAPTERS: dict[object, TypeAdapter[Any]] = {}


def _adapter(shape: type[T]) -> TypeAdapter[T]:
    """Built once: that takes longer than to read by it."""
    if shape not in _ADAPTERS:
        _ADAPTERS[shape] = TypeAdapter(shape)
    return _ADAPTERS[shape]


def kept(connection: Connection, name: str, shape: type[T]) -> T | None:
    """A fact of several fields, a dataclass or dict; None where there is none."""
    value = read(connection, name)
    return _adapter(shape).validate_json(value) if value else None


def keep(connection: Connection, name: str, value: T, shape: type[T]) -> None:
    write(connection, name, _adapter(shape).dump_json(value).decode())


def channel(name: str) -> str:
    """The fact that says why one of the programme's own channels is silent."""
    return f"silent {name}"


def inbox_cursor(url: str) -> str:
    """The fact that holds an inbox's cursor; another inbox begins anew."""
    return f"inbox cursor {hashlib.sha256(url.encode()).hexdigest()[:16]}"


def organiser_cursor(url: str) -> str:
    """The fact that holds the cursor of an organiser's calendar."""
    return f"organiser cursor {hashlib.sha256(url.encode()).hexdigest()[:16]}"


def forget(connection: Connection, name: str) -> None:
    connection.execute(facts.delete().where(facts.c.name == name))


def secret(connection: Connection) -> bytes:
    """The store's own random key: UIDs, Message-IDs and answer codes come from it."""
    own = read(connection, SECRET)
    if own is None:
        own = secrets.token_hex(32)
        write(connection, SECRET, own)
    return bytes.fromhex(own)


def floor(connection: Connection) -> int:
    """The least SEQUENCE of anything new; 0 in a store that was never restored."""
    return int(read(connection, FLOOR) or 0)

"""Rows of who asked to sign in to the coordinator's page, and of who is signed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, select
from sqlalchemy.engine import Connection

from store.instants import instant, seconds
from store.tables_coordinator import sessions, sign_ins


@dataclass(frozen=True)
class SignIn:
    """Somebody asked for a link. `address` is the keyed digest of what they typed."""

    id: int
    address: str
    asked_at: datetime


def ask(connection: Connection, address: str, now: datetime) -> None:
    connection.execute(sign_ins.insert().values(address=address, asked_at=seconds(now)))


def asked_since(connection: Connection, since: datetime, address: str = "") -> int:
    """How often a link was asked for since an instant; for one address, or for any."""
    query = select(func.count()).where(sign_ins.c.asked_at > seconds(since))
    if address:
        query = query.where(sign_ins.c.address == address)
    count: int = connection.execute(query.select_from(sign_ins)).scalar_one()
    return count


_WAITING = select(sign_ins).where(sign_ins.c.mailed_at.is_(None)).order_by(sign_ins.c.id)


def waiting(connection: Connection) -> list[SignIn]:
    """Those that nobody looked at yet, oldest first."""
    rows = connection.execute(_WAITING)
    return [SignIn(row.id, row.address, instant(row.asked_at)) for row in rows]


def settle(connection: Connection, number: int, now: datetime) -> None:
    """Looked at: its link was mailed, or there is nobody to mail it to."""
    settled = sign_ins.update().where(sign_ins.c.id == number)
    connection.execute(settled.values(mailed_at=seconds(now)))


def is_open(connection: Connection, number: int) -> bool:
    """Whether the link of this sign-in was not used yet."""
    query = select(sign_ins.c.id).where(sign_ins.c.id == number, sign_ins.c.used_at.is_(None))
    return connection.execute(query).first() is not None


def use(connection: Connection, number: int, now: datetime) -> bool:
    """Use its link up; False where it was used before."""
    changed = connection.execute(
        sign_ins.update()
        .where(sign_ins.c.id == number, sign_ins.c.used_at.is_(None))
        .values(used_at=seconds(now))
    )
    return changed.rowcount == 1


@dataclass(frozen=True)
class Session:
    email: str
    made_at: datetime


def begin(connection: Connection, digest: str, email: str, now: datetime) -> None:
    connection.execute(sessions.insert().values(digest=digest, email=email, made_at=seconds(now)))


def session(connection: Connection, digest: str) -> Session | None:
    row = connection.execute(select(sessions).where(sessions.c.digest == digest)).first()
    return Session(row.email, instant(row.made_at)) if row else None


def end(connection: Connection, digest: str) -> None:
    connection.execute(sessions.delete().where(sessions.c.digest == digest))


_FORGET = (
    sign_ins.delete().where(sign_ins.c.asked_at < bindparam("before")),
    sessions.delete().where(sessions.c.made_at < bindparam("before")),
)


def forget(connection: Connection, before: datetime) -> None:
    """Drop what began before an instant."""
    for forget in _FORGET:
        connection.execute(forget, {"before": seconds(before)})

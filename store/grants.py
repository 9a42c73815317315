"""Rows of what partners consented to: refresh tokens, sealed to their account (AEAD)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.engine import Connection

from store.instants import seconds
from store.tables import grants

_NONCE = 12


class SealBroken(Exception):  # noqa: N818 - it says what happened
    """The key does not open this grant: it is another key, or the row was moved or changed."""


def load(connection: Connection, account: str, keys: Sequence[bytes]) -> str | None:
    """The refresh token of an account; raises SealBroken where none of the keys opens it."""
    sealed = connection.execute(select(grants.c.sealed).where(grants.c.account == account)).scalar()
    if sealed is None:
        return None
    found = next((t for key in keys if (t := _opened(account, sealed, key)) is not None), None)
    if found is None:
        raise SealBroken(account)
    return found


def _opened(account: str, sealed: bytes, key: bytes) -> str | None:
    # Imported where it is used: a programme without consents has no use for seven megabytes.
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], account.encode()).decode()
    except InvalidTag:
        return None


def sealed_otherwise(connection: Connection, key: bytes) -> list[str]:
    """The accounts whose grant this key does not open."""
    rows = connection.execute(select(grants.c.account, grants.c.sealed).order_by(grants.c.account))
    return [account for account, sealed in rows if _opened(account, sealed, key) is None]


def exists(connection: Connection, account: str) -> bool:
    found = select(grants.c.account).where(grants.c.account == account)
    return connection.execute(found).first() is not None


def save(connection: Connection, account: str, token: str, key: bytes, now: datetime) -> None:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(_NONCE)
    sealed = nonce + AESGCM(key).encrypt(nonce, token.encode(), account.encode())
    connection.execute(grants.delete().where(grants.c.account == account))
    connection.execute(
        grants.insert().values(account=account, sealed=sealed, saved_at=seconds(now))
    )

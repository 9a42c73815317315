"""Rows of what partners consented to: refresh tokens, sealed to their account (AEAD)."""

from __future__ import annotations

import os
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.engine import Connection

from store.instants import seconds
from store.tables import grants

_NONCE = 12


class SealBroken(Exception):  # noqa: N818 - it says what happened
    """The key does not open this grant: it is another key, or the row was moved or changed."""


def load(connection: Connection, account: str, key: bytes) -> str | None:
    """The refresh token of an account; raises SealBroken where the key doesn't open it."""
    sealed = connection.execute(select(grants.c.sealed).where(grants.c.account == account)).scalar()
    if sealed is None:
        return None
    # Imported where it is used: a programme without consents has no use for seven megabytes.
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        opened = AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], account.encode())
    except InvalidTag as error:
        raise SealBroken(account) from error
    return opened.decode()


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

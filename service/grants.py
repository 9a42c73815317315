"""What partners consented to, as the providers' adapters ask for it."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import DatabaseError

from integrations import secrets
from integrations.ports import ProviderError
from mentoring.roster import Roster
from service.work import reading
from store import grants

KEY_BYTES = 32


@dataclass(frozen=True)
class StoredGrants:
    """Sealed with [store] key, which is read when it is needed: most programmes need none."""

    engine: Engine
    key: str
    directory: Path

    @classmethod
    def of(cls, roster: Roster, directory: Path, engine: Engine) -> StoredGrants:
        return cls(engine, roster.settings.store_key, directory)

    def load(self, account: str) -> str | None:
        """Raises ProviderError where a grant is kept and can't be opened."""
        try:
            if _is_absent(self.engine):
                return None
            with reading(self.engine) as connection:
                if not grants.exists(connection, account):
                    return None
                return grants.load(connection, account, self._key())
        except grants.SealBroken as error:
            raise ProviderError(
                f"the grant for {account} was sealed with another key",
                mend="put the earlier [store] key back, or connect the calendar again",
                permanent=True,
            ) from error
        except DatabaseError as error:
            raise ProviderError(
                "the store can't be read for grants", mend="run `daemon.py once` to bring it up"
            ) from error

    def save(self, account: str, token: str) -> None:
        with self.engine.begin() as connection:
            grants.save(connection, account, token, self._key(), datetime.now(UTC))

    def check(self) -> None:
        """Raises ProviderError where no grant could be kept."""
        self._key()

    def _key(self) -> bytes:
        if not self.key:
            raise ProviderError(
                "[store] key is not set, so no consent can be kept",
                mend="make one with `openssl rand -base64 32 > store.key` "
                'and set key = "file:store.key"',
                permanent=True,
            )
        try:
            key = base64.b64decode(secrets.resolve(self.key, self.directory), validate=True)
        except binascii.Error:
            key = b""
        if len(key) != KEY_BYTES:
            raise ProviderError(
                f"[store] key does not hold {KEY_BYTES} bytes in base64",
                mend="make one with `openssl rand -base64 32`",
                permanent=True,
            )
        return key


def _is_absent(engine: Engine) -> bool:
    """Whether there is no store yet; asking it would make an empty file."""
    database = engine.url.database
    on_disk = engine.url.get_backend_name() == "sqlite" and database not in (None, ":memory:")
    return on_disk and not Path(str(database)).exists()

"""What partners consented to, as the providers' adapters ask for it."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import DatabaseError

from integrations import secrets
from integrations.ports import ProviderError
from mentoring.roster import Roster
from service.work import reading
from store import grants
from store.database import is_absent

log = structlog.get_logger()

KEY_BYTES = 32


@dataclass(frozen=True)
class StoredGrants:
    """Sealed with [store] key, which is read when it is needed: most programmes need none."""

    engine: Engine
    keys: tuple[str, ...]
    directory: Path

    @classmethod
    def of(cls, roster: Roster, directory: Path, engine: Engine) -> StoredGrants:
        return cls(engine, roster.settings.store_keys, directory)

    def load(self, account: str) -> str | None:
        """Raises ProviderError where a grant is kept and can't be opened."""
        try:
            if is_absent(self.engine.url):
                return None
            with reading(self.engine) as connection:
                if not grants.exists(connection, account):
                    return None
                return grants.load(connection, account, self._keys())
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
            grants.save(connection, account, token, self._keys()[0], datetime.now(UTC))

    def reseal(self) -> int:
        """Seal with the newest key what an older one sealed; returns how many grants that were."""
        if len(self.keys) < 2 or is_absent(self.engine.url):
            return 0
        resealed, keys = 0, self._keys()
        with reading(self.engine) as connection:
            waiting = grants.sealed_otherwise(connection, keys[0])
        for account in waiting:
            with self.engine.begin() as connection:
                try:
                    token = grants.load(connection, account, keys)
                except grants.SealBroken:
                    continue  # whoever needs it says so, and `check` names it
                if token is not None:
                    grants.save(connection, account, token, keys[0], datetime.now(UTC))
                    resealed += 1
        if resealed:
            log.info("grants_resealed", grants=resealed)
        return resealed

    def older_keys(self) -> str:
        """Whether the older keys are still needed, in words; empty where there are none."""
        if len(self.keys) < 2:
            return ""
        keys = self._keys()
        if is_absent(self.engine.url):
            return "nothing is sealed yet; the older keys may go"
        with reading(self.engine) as connection:
            waiting = grants.sealed_otherwise(connection, keys[0])
        if waiting:
            return f"{len(waiting)} grants wait for the newest key; keep the older ones a pass more"
        return "every grant is sealed with the newest key; the older ones may go"

    def check(self) -> None:
        """Raises ProviderError where no grant could be kept."""
        self._keys()

    def _keys(self) -> tuple[bytes, ...]:
        if not self.keys:
            raise ProviderError(
                "[store] key is not set, so no consent can be kept",
                mend="make one with `openssl rand -base64 32 > store.key` "
                'and set key = "file:store.key"',
                permanent=True,
            )
        return tuple(self._key(reference) for reference in self.keys)

    def _key(self, reference: str) -> bytes:
        try:
            key = base64.b64decode(secrets.resolve(reference, self.directory), validate=True)
        except binascii.Error:
            key = b""
        if len(key) != KEY_BYTES:
            raise ProviderError(
                f"[store] key does not hold {KEY_BYTES} bytes in base64",
                mend="make one with `openssl rand -base64 32`",
                permanent=True,
            )
        return key

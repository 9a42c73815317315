"""Every secret that the suite meets is a canary: a test in whose log one shows, fails.

Noted are all secrets that a reference was resolved to, tokens that partners granted, and each
store's own secret; besides, whatever looks like a signed link or a bearer token is one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy.engine import Connection

from integrations import secrets
from store import facts, grants

_SHORTEST = 8
"""Tests' passwords such as "word" are words of the language: their like is no evidence."""
_TOKEN = re.compile(r"eyJ[\w-]{10,}\.[\w-]{20,}")
"""A signed payload that begins with a JSON object: links of ours (itsdangerous), and JWTs."""
_noted: set[str] = set()


def note(secret: str) -> None:
    if len(secret) >= _SHORTEST:
        _noted.add(secret)


def shown(text: str) -> str | None:
    """A secret that a log holds, as far as it may be repeated; None where there is none."""
    if found := _TOKEN.search(text):
        return f"a token, {found[0][:12]}…"
    if found_secret := next((secret for secret in _noted if secret in text), None):
        return f"a secret, {found_secret[:4]}…"
    return None


def _resolve(real: Callable[[str, Path], str]) -> Callable[[str, Path], str]:
    def resolve(reference: str, directory: Path) -> str:
        secret = real(reference, directory)
        note(secret)
        return secret

    return resolve


def _save(
    real: Callable[[Connection, str, str, bytes, datetime], None],
) -> Callable[[Connection, str, str, bytes, datetime], None]:
    def save(connection: Connection, account: str, token: str, key: bytes, now: datetime) -> None:
        note(token)
        real(connection, account, token, key, now)

    return save


def _secret(real: Callable[[Connection], bytes]) -> Callable[[Connection], bytes]:
    def secret(connection: Connection) -> bytes:
        found = real(connection)
        note(found.hex())
        return found

    return secret


def watch() -> None:
    """Note secrets from here on; before anything imports these functions by name."""
    secrets.resolve = _resolve(secrets.resolve)  # type: ignore[assignment]
    grants.save = _save(grants.save)  # type: ignore[assignment]
    facts.secret = _secret(facts.secret)  # type: ignore[assignment]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report: pytest.TestReport = yield  # type: ignore[assignment]
    for name, content in report.sections:
        if name.endswith(report.when or "") and (found := shown(content)):
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid}: {name} shows {found}"
    return report  # type: ignore[return-value]

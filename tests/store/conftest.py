"""What the store's tests share: a store of either kind, and one without a table."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from store.database import migrate, open_engine, resolve_url


@pytest.fixture
def engine(store: str, tmp_path: Path) -> Iterator[Engine]:
    """A store that has every table."""
    engine = open_engine(resolve_url(store, tmp_path))
    migrate(engine, now=datetime.now(UTC))
    yield engine
    engine.dispose()


@pytest.fixture
def empty(request: pytest.FixtureRequest, store: str, tmp_path: Path) -> Iterator[Engine]:
    """A store without a table, of the same kind as `store`."""
    if store.startswith("postgresql"):
        server = request.getfixturevalue("postgresql")
        store = server.url(server.create())
    engine = open_engine(resolve_url(store, tmp_path))
    yield engine
    engine.dispose()

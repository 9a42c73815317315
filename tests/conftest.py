from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests import canaries
from tests.canaries import pytest_runtest_makereport as pytest_runtest_makereport

canaries.watch()  # before the suite imports what it watches

from tests.world import SQLITE, World  # noqa: E402

if TYPE_CHECKING:
    from tests.servers.postgres import Server

# One commit, one outcome; HYPOTHESIS_PROFILE=new looks for cases that nobody has tried yet.
settings.register_profile("same", derandomize=True)
settings.register_profile("new")
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """One server for the session, begun when a test asks for it."""
    from tests.servers.postgres import postgres  # most runs need no client for it

    with postgres() as server:
        yield server


@pytest.fixture
def database(postgresql: Server) -> Iterator[str]:
    """The url of a new database, which has every table."""
    with postgresql.database() as url:
        yield url


@pytest.fixture
def store(request: pytest.FixtureRequest) -> str:
    """The url of a store; `tests.world.BOTH` runs a test with either kind."""
    kind = getattr(request, "param", os.environ.get("OVERLAP_STORE", "sqlite"))
    found: str = request.getfixturevalue("database") if kind == "postgresql" else SQLITE
    return found


@pytest.fixture
def world(tmp_path: Path, store: str) -> Iterator[World]:
    """Dana in New York and Lee in Los Angeles, both with a feed that is empty."""
    world = World(tmp_path / "programme", store=store)
    world.write()
    yield world
    world.close()

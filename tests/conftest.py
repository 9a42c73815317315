from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import canaries
from tests.canaries import pytest_runtest_makereport as pytest_runtest_makereport

canaries.watch()  # before the suite imports what it watches

from tests.world import World  # noqa: E402


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Dana in New York and Lee in Los Angeles, both with a feed that is empty."""
    world = World(tmp_path / "programme")
    world.write()
    yield world
    world.close()

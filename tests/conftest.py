from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests import canaries
from tests.canaries import pytest_runtest_makereport as pytest_runtest_makereport

canaries.watch()  # before the suite imports what it watches

from tests.world import World  # noqa: E402

# One commit, one outcome; HYPOTHESIS_PROFILE=new looks for cases that nobody has tried yet.
settings.register_profile("same", derandomize=True)
settings.register_profile("new")
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Dana in New York and Lee in Los Angeles, both with a feed that is empty."""
    world = World(tmp_path / "programme")
    world.write()
    yield world
    world.close()

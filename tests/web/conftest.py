from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.web.browser import chromium
from tests.web.office import Office, ready


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for a file of tests: while it is open, no other event loop may run on this thread."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def office(tmp_path: Path, store: str) -> Iterator[Office]:
    """A small programme with its pages served; its mentor says yes at Google when asked."""
    with ready(tmp_path / "programme", store=store) as office:
        yield office

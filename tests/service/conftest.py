from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
import structlog

from service.logging import configure


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the service logs, as it does."""
    written = io.StringIO()
    configure()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(written))
    yield written
    structlog.reset_defaults()

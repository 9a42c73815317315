"""What a clock that was ahead has left behind, once it is right again.

Rows dated after now were dated by a wrong clock. What happened can't be unmailed; but what only
waits for those dates would wait as long as the clock was wrong by, and what was given up for being
past is ahead again.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from sqlalchemy.engine import Connection

from store import clock_back, facts

log = structlog.get_logger()

_STEP = timedelta(minutes=1)
"""Clocks are put back by less while NTP keeps them."""


def look_back(connection: Connection, now: datetime) -> None:
    """Put right what was dated since, where the last pass was later than now."""
    noted = facts.read(connection, facts.LAST_PASS)
    if noted and datetime.fromisoformat(noted) - now >= _STEP:
        changed = clock_back.put_right(connection, now)
        log.warning("clock_went_back", last_pass=noted, **changed)

"""The wall clock, held against the machine's uptime: is what it says to be acted on yet?

Whoever sets a clock wrong by a day mends it soon: what was mailed, missed or let expire meanwhile
is not undone so easily. Uptime goes on through a suspend, so waking up is no leap.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import CLOCK_BOOTTIME, clock_gettime

import structlog

log = structlog.get_logger()

LEAP = timedelta(minutes=10)
"""More than clocks are out by that are kept by NTP, or by a minute's hand."""
DOUBTED = timedelta(minutes=10)
"""How long a leap must stand before it is believed."""


def uptime() -> timedelta:
    """Since the machine started, asleep or awake."""
    return timedelta(seconds=clock_gettime(CLOCK_BOOTTIME))


def wall() -> datetime:
    return datetime.now(UTC)


class SteadyClock:
    """Wall time that is doubted for a while after it leapt."""

    def __init__(
        self,
        now: Callable[[], datetime] = wall,
        uptime: Callable[[], timedelta] = uptime,
    ) -> None:
        self.now = now
        self._uptime = uptime
        self._started = now() - uptime()
        """When the machine started, by the wall clock that is believed."""
        self._leapt: tuple[datetime, timedelta] | None = None
        """The same by a clock that leapt, and the uptime since when."""

    def believed(self) -> bool:
        """Whether the present time may be acted on."""
        up = self._uptime()
        started = self.now() - up
        if abs(started - self._started) <= LEAP:
            self._started, self._leapt = started, None
            return True
        if self._leapt is None or abs(started - self._leapt[0]) > LEAP:
            by = (started - self._started).total_seconds()
            mend = "check the machine's clock; Overlap goes on by it in ten minutes"
            log.error("clock_leapt", seconds=round(by), mend=mend)
            self._leapt = started, up
        if up - self._leapt[1] < DOUBTED:
            return False
        log.warning("clock_believed", now=self.now().isoformat())
        self._started, self._leapt = started, None
        return True

"""What the service knows of itself, for the machines that watch it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import monotonic

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from mentoring.roster import Roster
from service.measured import Measured, World
from service.metrics import Metrics
from service.roster_source import RosterSource
from service.work import Work, reading
from store.database import is_current

LONGEST = timedelta(minutes=30)
"""Every call of a pass gives up after a minute or two; one that takes so long never ends."""
RECENT = timedelta(minutes=15)
"""A pass comes every minute; a long one reads thousands of calendars."""


class Health:
    """Whether the service may be relied on. `clock` is wall time, `ticks` never jump."""

    def __init__(
        self,
        engine: Engine,
        source: RosterSource,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        ticks: Callable[[], float] = monotonic,
    ) -> None:
        self.metrics = Metrics(engine, source, clock)
        self._engine = engine
        self._ticks = ticks
        self._worker: threading.Thread | None = None
        self._began: float | None = None
        self._passed: float | None = None
        self._done: Work | None = None

    def measured(self, world: World, roster: Roster) -> World:
        """The same world, its calls counted."""
        return Measured(world, roster, self.metrics.called)

    def watch(self, worker: threading.Thread) -> None:
        """The thread that passes run on."""
        self._worker = worker

    def timed(self, one_pass: Callable[[], Work]) -> Work:
        """Run a pass and keep how it went."""
        began = self._began = self._ticks()
        try:
            work = one_pass()
        except Exception:
            self.metrics.broke_off(self._ticks() - began)
            raise
        finally:
            self._began = None
        self._passed = self._ticks()
        self.metrics.passed(work.counts, self._passed - began)
        return work

    def hangs(self) -> bool:
        """Whether the pass that is under way will never end, as far as one can tell."""
        began = self._began
        return began is not None and self._ticks() - began > LONGEST.total_seconds()

    def trouble(self) -> str:
        """Why the service is not ready, in one line without secrets; empty where it is."""
        try:
            with reading(self._engine) as connection:
                current = is_current(connection)
        except SQLAlchemyError:
            return "the store does not answer; see the log"
        if not current:
            return "the store's schema is not this version's; start the service again"
        if self._worker is None or not self._worker.is_alive():
            return "passes have stopped; start the service again"
        if self._passed is None:
            return "the first pass since the start is not over yet"
        age = timedelta(seconds=self._ticks() - self._passed)
        minutes = age // timedelta(minutes=1)
        return f"no pass has worked for {minutes} minutes; see the log" if age > RECENT else ""

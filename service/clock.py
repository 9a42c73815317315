"""The life of the service: ready, tick, listen, reload, stop.

`schedule` is a coarse ticker; what is due is decided by the store. A pass that fails is logged and
tried again at the next tick.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import schedule
import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from integrations.ports import ProviderError
from mentoring.roster import Person, Roster
from mentoring.tables import Fault
from service import removals, roster_faults
from service.bell import Bell
from service.clock_rules import rules_version, take_up_rules
from service.consent import Desk
from service.doors import Doors
from service.grants import StoredGrants
from service.health import Health
from service.measured import World
from service.monitor import tell_monitor
from service.passes import begin, present, rest_of_pass, secret_of, sync_all
from service.roster_source import RosterSource
from service.steady import SteadyClock
from service.sync import EVERY
from service.systemd import notify, watchdog_seconds
from service.work import Work
from store import facts
from store.database import StoreDamagedError, StoreError

log = structlog.get_logger()

_TICK = 1.0
_PASS_EVERY = 60
_LISTEN_SECONDS = 60.0
_STOP_WITHIN = 8.0
_NEVER = datetime.min.replace(tzinfo=UTC)

Ports = Callable[[Roster, Path], World]
Sealed = Callable[[Roster], StoredGrants]
"""What partners consented to, sealed with a roster's keys."""
Pages = Callable[[Doors, str], AbstractContextManager[Any]]
"""Opens the pages on HOST:PORT; raises OSError where that is taken."""


def tick(clock: schedule.Scheduler) -> None:
    """Run what is due.

    `schedule` goes by local wall time: where that went back, in autumn or by hand, it would wait
    for as long as that.
    """
    if (clock.idle_seconds or 0) > _PASS_EVERY:
        clock.run_all()
    clock.run_pending()


class Service:
    """One running service; passes run on one thread, their jobs on a pool."""

    def __init__(
        self,
        source: RosterSource,
        engine: Engine,
        ports: Ports,
        grants: Sealed,
        pages: Pages,
        health: Health,
        clock: SteadyClock | None = None,
    ) -> None:
        self._source = source
        self._clock = clock or SteadyClock()
        self._rules = rules_version()
        self._source.vet = self._removal
        self._engine = engine
        self._health = health
        self._ports = ports
        self._sealed = grants
        self._grants = grants(source.roster)
        self._pages = pages
        self._outside = ports(source.roster, source.directory)
        self._stop = threading.Event()
        self._woken = threading.Event()
        self._reload = threading.Event()
        self._synced_at = _NEVER
        self._outdated = threading.Event()
        self._damage: StoreDamagedError | None = None
        self._bell = Bell(engine)

    def run(self) -> None:
        """Tick until told to stop. Ends within ten seconds, with nothing half done.

        Raises StoreDamagedError where that is why it stopped.
        """
        signal.signal(signal.SIGTERM, self._on_stop)
        signal.signal(signal.SIGINT, self._on_stop)
        signal.signal(signal.SIGHUP, self._on_reload)
        worker = threading.Thread(target=self._work, name="passes", daemon=True)
        listener = threading.Thread(target=self._listen, name="inbox", daemon=True)
        self._health.watch(worker)
        worker.start()
        listener.start()
        with self._open_pages():
            notify("READY=1\nSTATUS=running")
            log.info("ready", pairs=len(self._source.roster.pairs))
            self._watch(worker)
        notify("STOPPING=1")
        log.info("stopping")
        worker.join(_STOP_WITHIN)
        if self._damage:
            raise self._damage
        if worker.is_alive():
            # Every step is a transaction: what a hung connection holds up is done after a restart.
            log.warning("stopped_while_waiting", waited=_STOP_WITHIN)
            os._exit(0)

    def _open_pages(self) -> AbstractContextManager[Any]:
        """The pages; without them everything else goes on."""
        listen = self._source.roster.settings.web["listen"]
        try:
            return self._pages(self._doors(), listen)
        except OSError as error:
            mend = "free that port, or change [web] listen, and start again"
            log.error("pages_unavailable", listen=listen, reason=error.strerror, mend=mend)
            return nullcontext()

    def _doors(self) -> Doors:
        return Doors(self._desk, self._now, self._connected, self._woken.set, self._files)

    def _files(self) -> Work:
        roster = self._source.roster
        secret = secret_of(self._engine)
        return Work(roster, self._engine, self._outside, self._clock.now(), secret, roster)

    def _now(self) -> Work:
        return present(self._source.roster, self._engine, self._outside, self._clock.now())

    def _desk(self) -> Desk:
        with self._engine.begin() as connection:
            secret = facts.secret(connection)
        return Desk(self._source.roster, self._outside, self._grants, secret, self._clock.now())

    def _connected(self, _person: Person) -> None:
        self._outdated.set()
        self._woken.set()

    def _on_stop(self, _signal: int, _frame: object) -> None:
        self._stop.set()
        self._woken.set()

    def _on_reload(self, _signal: int, _frame: object) -> None:
        self._reload.set()
        self._woken.set()

    def _watch(self, worker: threading.Thread) -> None:
        """Feed systemd's watchdog while the worker works and the store answers."""
        interval = watchdog_seconds()
        while not self._stop.wait(min(interval / 3, 5.0) if interval else 5.0):
            works = worker.is_alive() and not self._health.hangs()
            if interval and works and self._store_answers():
                notify("WATCHDOG=1")

    def _store_answers(self) -> bool:
        try:
            with self._engine.connect().execution_options(reading=True) as connection:
                return connection.exec_driver_sql("SELECT 1").scalar() == 1
        except (SQLAlchemyError, StoreError):
            return False  # a full disk may heal; the passes say in the log what is wrong

    def _work(self) -> None:
        clock = schedule.Scheduler()
        clock.every(_PASS_EVERY).seconds.do(self._guarded_pass)
        self._guarded_pass()
        while not self._stop.is_set():
            tick(clock)
            if self._bell.rung():
                self._woken.set()
            if self._woken.wait(_TICK):
                self._woken.clear()
                self._guarded_pass()

    def _guarded_pass(self) -> None:
        if self._stop.is_set() or not self._clock.believed():
            return
        try:
            work = self._health.timed(self._pass)
        except StoreDamagedError as error:
            self._damage = error
            self._stop.set()
            self._woken.set()
            return
        except Exception:  # the next tick tries again; systemd restarts only what hangs
            log.exception("pass_failed")
            return
        if not work.counts["failed"]:
            tell_monitor(self._source.roster.settings, self._source.directory)

    def _pass(self) -> Work:
        self._take_up_roster()
        now = self._clock.now()
        roster_faults.note(self._engine, self._source.faults, now)
        self._grants.reseal()
        work = begin(self._source.roster, self._engine, self._outside, now)
        if self._calendars_are_due(now):
            self._read_calendars(work)
        rest_of_pass(work, self._stop)
        return work

    def _read_calendars(self, work: Work) -> None:
        """What was not read to its end is due again at the next pass."""
        self._outdated.clear()  # first: who connects a calendar meanwhile is not passed over
        all_read = False
        try:
            all_read = sync_all(work, self._stop)
        finally:
            if not all_read:
                self._outdated.set()
        self._synced_at = work.now

    def _calendars_are_due(self, now: datetime) -> bool:
        is_fresh = timedelta(0) <= now - self._synced_at < EVERY
        return self._outdated.is_set() or not is_fresh

    def _removal(self, roster: Roster) -> Fault | None:
        found = removals.asks(self._engine, roster, self._clock.now())
        return found.fault(self._source.directory) if found else None

    def _take_up_roster(self) -> None:
        rules = take_up_rules(self._rules)
        changed, self._rules = rules != self._rules, rules
        forced = self._reload.is_set()
        self._reload.clear()
        if self._source.refresh(anew=changed) or forced:
            self._outside = self._ports(self._source.roster, self._source.directory)
            self._grants = self._sealed(self._source.roster)
            self._outdated.set()

    def _listen(self) -> None:
        """Wake the worker when mail arrives; a connection of its own, since IDLE blocks it."""
        roster, inbox = self._source.roster, None
        while not self._stop.is_set():
            try:
                if inbox is None or roster is not self._source.roster:
                    roster = self._source.roster
                    inbox = self._ports(roster, self._source.directory).inbox()
                if inbox is None:
                    self._stop.wait(_LISTEN_SECONDS)
                elif inbox.wait(_LISTEN_SECONDS):
                    self._woken.set()
            except ProviderError as error:
                log.warning("inbox_not_watched", reason=error.message, mend=error.mend)
                self._stop.wait(_LISTEN_SECONDS)
            except (
                Exception
            ):  # whatever an adapter did not foresee: passes read the inbox all along
                log.exception("inbox_not_watched")
                inbox = None
                self._stop.wait(_LISTEN_SECONDS)


def serve(
    source: RosterSource,
    engine: Engine,
    ports: Ports,
    grants: Sealed,
    pages: Pages,
    health: Health,
) -> None:
    """Be the service until SIGTERM."""
    Service(source, engine, ports, grants, pages, health).run()

"""The pages in a process of their own, which has no way out to the network."""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from mentoring.roster import Person, Roster
from service.bell import Bell
from service.consent import Desk
from service.doors import Doors
from service.measured import World
from service.passes import present, secret_of
from service.roster_source import RosterSource
from service.systemd import notify
from service.work import Work, reading
from store.backup import StoreError
from store.database import is_current, named, refused

log = structlog.get_logger()

_ENDS = frozenset({signal.SIGTERM, signal.SIGINT})


def serve_apart(
    source: RosterSource,
    engine: Engine,
    outside: Callable[[Roster], World],
    pages: Callable[[Doors], AbstractContextManager[Any]],
) -> None:
    """Serve the pages until SIGTERM. Raises StoreError where `run` has not prepared the store."""
    try:
        with reading(engine) as connection:
            current = is_current(connection)
    except SQLAlchemyError as error:
        raise StoreError(str(refused(engine.url, error))) from error
    if not current:
        url = named(engine.url)
        raise StoreError(f"{url}:1: the store is not of this version; start `run` first")
    bell = Bell(engine)

    def work() -> Work:
        source.refresh()
        return present(source.roster, engine, outside(source.roster), datetime.now(UTC))

    def files() -> Work:
        roster = source.roster
        now = datetime.now(UTC)
        return Work(roster, engine, outside(roster), now, secret_of(engine), roster)

    def desk() -> Desk:
        raise StoreError("consent is served by `run` alone")

    def connected(_person: Person) -> None:
        raise StoreError("consent is served by `run` alone")

    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDS)  # before any thread, so that none takes them
    with pages(Doors(desk, work, connected, bell.ring, files)):
        notify("READY=1")
        log.info("pages_ready")
        signal.sigwait(_ENDS)
        notify("STOPPING=1")

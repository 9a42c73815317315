"""What `check` asks the store: whether it answers, what waits in it, whether its record holds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from mentoring.roster import Roster
from mentoring.tables import Fault
from service.removals import fault_of
from service.trail import verified
from service.work import reading
from store import facts
from store.database import (
    StoreDamagedError,
    file_of,
    is_absent,
    is_current,
    named,
    open_engine,
    refused,
    resolve_url,
    unfit,
)


@dataclass(frozen=True)
class Store:
    """The store as it was found, if it was `asked`.

    `engine` opens it where it answers and is of this version. `removal` is an edit of the roster
    that waits for a yes.
    """

    url: URL
    asked: bool = True
    engine: Engine | None = None
    removal: Fault | None = None
    fault: Fault | None = None

    @property
    def is_there(self) -> bool:
        return self.engine is not None

    def read_up_to(self, inbox: str) -> str | None:
        """How far the service has read the inbox; None where nobody can tell."""
        if self.engine is None:
            return None
        try:
            with reading(self.engine) as connection:
                return facts.read(connection, facts.inbox_cursor(inbox))
        except (SQLAlchemyError, StoreDamagedError):  # the audit says what is wrong
            return None

    def audit(self) -> Fault | None:
        """The first fault of the chain of who was told what."""
        if self.engine is None:
            return None
        try:
            _, found = verified(self.engine)
        except SQLAlchemyError as error:
            return refused(self.url, error)
        except StoreDamagedError as error:
            return error.fault
        if not found:
            return None
        name = str(file_of(self.url) or named(self.url))
        mend = "see docs/privacy.md; `audit` shows all"
        return Fault(name, found[0].number, f"audit: {found[0].fault}", mend)


@contextmanager
def opened(roster: Roster, directory: Path, now: datetime, *, offline: bool) -> Iterator[Store]:
    """The store for one check. `offline` asks no server."""
    url = resolve_url(roster.settings.store, directory)
    if is_absent(url) or (offline and not file_of(url)):
        yield Store(url, asked=False)
        return
    engine = open_engine(url)
    try:
        yield _asked(engine, roster, directory, now)
    finally:
        engine.dispose()


def _asked(engine: Engine, roster: Roster, directory: Path, now: datetime) -> Store:
    try:
        removal = fault_of(engine, roster, directory, now)
        if fault := unfit(engine):
            return Store(engine.url, removal=removal, fault=fault)
        with reading(engine) as connection:
            current = is_current(connection)
    except SQLAlchemyError as error:
        return Store(engine.url, fault=refused(engine.url, error))
    except StoreDamagedError as error:
        return Store(engine.url, fault=error.fault)
    return Store(engine.url, engine=engine if current else None, removal=removal)

"""What the verbs share: exit statuses, the roster, the store, the outside world."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from integrations.registry import Ports
    from mentoring.roster import Roster
    from service.grants import StoredGrants
    from service.roster_source import RosterSource

DONE, NOT_NOW, WRONG = 0, 1, 2

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Now = Annotated[str, typer.Option("--now", help="Act as if at this instant (ISO 8601 + offset).")]


def fail(message: str, status: int) -> NoReturn:
    print(message, file=sys.stderr)
    raise typer.Exit(status)


def instant(text: str) -> datetime:
    if not text:
        return datetime.now(UTC)
    try:
        instant: datetime | None = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        fail(f"--now:1: {text!r} is no instant; write it like 2027-01-11T12:00:00-05:00", WRONG)
    return instant.astimezone(UTC)


def print_json(document: dict[str, Any]) -> None:
    print(json.dumps(document, ensure_ascii=False, indent=2))


def roster_of(directory: Path) -> Roster:
    from service.roster_source import RosterFaults, load

    try:
        return load(directory)
    except RosterFaults as error:
        fail(str(error), WRONG)


def source_of(directory: Path) -> RosterSource:
    """The roster as it is taken up again after each edit."""
    from service.roster_source import RosterFaults, RosterSource

    try:
        return RosterSource(directory)
    except RosterFaults as error:
        fail(str(error), WRONG)


@contextmanager
def refusals() -> Iterator[None]:
    """What the store refuses, as a line and a status."""
    from store.backup import CallRefused, StoreError

    try:
        yield
    except StoreError as error:
        fail(str(error), WRONG if isinstance(error, CallRefused) else NOT_NOW)


@contextmanager
def open_store(roster: Roster, directory: Path, *, writing: bool = True) -> Iterator[Engine]:
    """The store, migrated and, for writing, held by this process alone."""
    from contextlib import nullcontext

    from sqlalchemy.exc import SQLAlchemyError

    from store.database import (
        StoreDamagedError,
        look_over,
        migrate,
        open_engine,
        refused,
        resolve_url,
        sole_writer,
    )

    url = resolve_url(roster.settings.store, directory)
    engine = open_engine(url)
    try:
        with refusals(), sole_writer(engine) if writing else nullcontext():
            try:
                if writing:
                    look_over(engine)
                migrate(engine, now=datetime.now(UTC))
                yield engine
            except StoreDamagedError as error:
                print(error, file=sys.stderr, flush=True)
                os._exit(NOT_NOW)  # to close a store is to write what its log holds into its file
            finally:
                engine.dispose()
    except SQLAlchemyError as error:
        fail(str(refused(url, error)), NOT_NOW)


def grants_of(roster: Roster, directory: Path, engine: Engine | None = None) -> StoredGrants:
    from service.grants import StoredGrants
    from store.database import open_engine, resolve_url

    known = engine or open_engine(resolve_url(roster.settings.store, directory))
    return StoredGrants.of(roster, directory, known)


def ports_of(roster: Roster, directory: Path, engine: Engine | None = None) -> Ports:
    """The outside world of a roster, with what partners consented to."""
    from integrations.registry import Ports

    return Ports(roster, directory, grants_of(roster, directory, engine))


def refuse_removal(engine: Engine, roster: Roster, directory: Path, now: datetime) -> None:
    """Stop where these files would take out many pairs of the roster that last held."""
    from service.removals import asks

    if found := asks(engine, roster, now):
        fail(str(found.fault(directory)), WRONG)


def leave_out_rich() -> None:
    """structlog would load it for tracebacks that we print plainly: five megabytes for nothing."""
    sys.modules.setdefault("rich", None)  # type: ignore[arg-type]

"""Opening the store: pragmas, one writer, migrations after a backup, one service a store."""

from __future__ import annotations

import fcntl
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, inspect
from sqlalchemy.engine import URL, Connection, ExceptionContext, make_url
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from mentoring.tables import Fault
from store import server
from store.backup import CallRefused, back_up
from store.backup import StoreError as StoreError
from store.server import named as named

_MIGRATIONS = Path(__file__).parent / "migrations"
_VERSION = "alembic_version"
_REVISION = re.compile(r'^(revision|down_revision) = "(\w+)"$', re.MULTILINE)
_LOCK_WAIT_MS = 30_000
_BACKUPS_KEPT = 2
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_PRIMARY = 0xFF
"""SQLite's result codes: the rest of the bits tells more of the same."""


class StoreDamagedError(StoreError):
    """The file is no sound database any more. Nothing may be written to it."""

    def __init__(self, name: str, reason: object) -> None:
        mend = "leave the file as it is, and run daemon.py restore FILE with the newest backup"
        self.fault = Fault(name, 1, f"the store is damaged ({reason})", mend)
        super().__init__(str(self.fault))


def resolve_url(url: str, directory: Path) -> URL:
    """The store's URL with a relative SQLite file placed in `directory`."""
    parsed = make_url(url)
    if not is_sqlite(parsed) or not parsed.database:
        return parsed
    return parsed.set(database=str(directory / parsed.database))


def open_engine(url: URL) -> Engine:
    """An engine whose write transactions begin at once, so that check and booking are one."""
    if not is_sqlite(url):
        return server.open_engine(url)
    timeout = {"timeout": _LOCK_WAIT_MS / 1000}
    engine = create_engine(url, connect_args=timeout, hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin)
    event.listen(engine, "handle_error", _damage_told(named(url)))
    return engine


def _damage_told(name: str) -> Callable[[ExceptionContext], None]:
    """A damaged file is no passing fault: whoever meets it hears so, and stops."""

    def tell(context: ExceptionContext) -> None:
        error = context.original_exception
        if _primary(error) in _DAMAGED:
            raise StoreDamagedError(name, error) from error

    return tell


def unfit(engine: Engine) -> Fault | None:
    """What stands against a server's database; nothing against a file."""
    return None if is_sqlite(engine.url) else server.unfit(engine)


def look_over(engine: Engine) -> None:
    """Raise StoreDamagedError where SQLite finds its file damaged: a second for some 500 MB.

    A server looks after its own files.
    """
    if not is_sqlite(engine.url):
        return
    with engine.connect().execution_options(reading=True) as connection:
        found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    if found != "ok":
        raise StoreDamagedError(named(engine.url), str(found).splitlines()[-1])


def _primary(error: BaseException | None) -> int:
    """SQLite's result code; 0 where the error is none of SQLite's."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & _PRIMARY


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in (
        *("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"),
        "secure_delete=ON",  # what is deleted is overwritten
    ):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute(f"PRAGMA busy_timeout={_LOCK_WAIT_MS}")


def _begin(connection: Connection) -> None:
    """By the driver itself, which is quicker; SQLAlchemy is asked for its word where that fails."""
    reading = connection.get_execution_options().get("reading", False)
    statement = "BEGIN" if reading else "BEGIN IMMEDIATE"
    driver: Any = connection.connection.driver_connection
    try:
        driver.execute(statement)
    except sqlite3.Error as error:
        if _primary(error) == sqlite3.SQLITE_BUSY:  # it has waited long enough
            raise OperationalError(statement, None, error, hide_parameters=True) from error
        connection.exec_driver_sql(statement)


def migrate(engine: Engine, *, now: datetime) -> Path | None:
    """Bring the schema up to date; returns the backup taken first, None where there was no need.

    Raises StoreError for a damaged or newer store, which is left as it is, and for a server's
    database that will not do.
    """
    present = _present_revision(engine)
    if fault := unfit(engine):
        raise CallRefused(str(fault))
    if present == newest_revision():
        return None
    if present and not is_known(present):
        raise StoreError(
            f"{named(engine.url)}:1: the store is of a newer version ({present}); "
            "install that version again, or restore the backup taken before its upgrade"
        )
    backup = _back_up(engine, now) if present else None
    _upgrade(engine)
    return backup


def is_known(revision: str) -> bool:
    """Whether this version can work with a schema, if need be after a migration."""
    return revision in _revisions()


def _revisions() -> dict[str, str | None]:
    """Each migration with the one before it, read from their files."""
    texts = [path.read_text("utf-8") for path in (_MIGRATIONS / "versions").glob("*.py")]
    found = [dict(_REVISION.findall(text)) for text in texts]
    return {each["revision"]: each.get("down_revision") for each in found}


def _upgrade(engine: Engine) -> None:
    # Imported here: a store that is up to date, as at nearly every start, has no use for it.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _present_revision(engine: Engine) -> str | None:
    try:
        with engine.connect().execution_options(reading=True) as connection:
            return _revision(connection)
    except SQLAlchemyError as error:
        raise StoreError(str(refused(engine.url, error))) from error


def refused(url: URL, error: SQLAlchemyError) -> Fault:
    """What a store's refusal means, in one line."""
    cause = error.orig if isinstance(error, DBAPIError) else None
    if is_sqlite(url):
        busy = _primary(cause) == sqlite3.SQLITE_BUSY
        mend = "try again when no other program holds it" if busy else "see that it can be written"
        return Fault(named(url), 1, f"the store fails ({cause or error})", mend)
    reason, mend = server.told(cause or error)
    return Fault(named(url), 1, f"the store fails ({reason})", mend)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table(_VERSION):
        return None
    found: str | None = connection.exec_driver_sql(f"SELECT version_num FROM {_VERSION}").scalar()
    return found


def newest_revision() -> str:
    """The schema that this version works with."""
    parents = _revisions()
    (newest,) = parents.keys() - parents.values()
    return newest


def is_current(connection: Connection) -> bool:
    """Whether the store has this version's schema."""
    return _revision(connection) == newest_revision()


def _back_up(engine: Engine, now: datetime) -> Path | None:
    """A backup before the schema changes; of these the newest two are kept."""
    path = file_of(engine.url)
    if path is None:
        return None  # a server's own backups are its keeper's
    backup = dated(path, now, "bak")
    try:
        back_up(path, backup)
    except CallRefused as error:
        raise StoreError(f"{path}: no upgrade without a backup, and that fails: {error}") from error
    made = sorted(path.parent.glob(f"{path.name}.*T*Z.bak"))
    for old in made[:-_BACKUPS_KEPT]:
        old.unlink()
    return backup


def dated(path: Path, now: datetime, ending: str) -> Path:
    """A name beside the store that says when, in UTC, and what: `overlap.db.…Z.bak`."""
    return path.with_name(f"{path.name}.{now.astimezone(UTC):%Y%m%dT%H%M%SZ}.{ending}")


def is_sqlite(url: URL) -> bool:
    return url.get_backend_name() == "sqlite"


def file_of(url: URL) -> Path | None:
    """The file that holds the store; None where none does."""
    if not is_sqlite(url) or url.database in (None, "", ":memory:"):
        return None
    return Path(str(url.database))


def is_absent(url: URL) -> bool:
    """Whether there is no store yet; asking it would make an empty file."""
    path = file_of(url)
    return path is not None and not path.exists()


def own_file(url: URL) -> Path:
    """The store's file, for who can only work with one. Raises CallRefused."""
    path = file_of(url)
    if path is None:
        raise CallRefused(
            f"{named(url)}:1: this store is a server's; "
            "use pg_dump and pg_restore, with the service stopped"
        )
    return path


@contextmanager
def sole_writer(engine: Engine) -> Iterator[None]:
    """Hold the store for this process. Raises StoreError where another process holds it."""
    store = file_of(engine.url)
    with held(store) if store else server.sole_service(engine):
        yield


@contextmanager
def held(store: Path) -> Iterator[None]:
    """Hold a SQLite file for this process. Raises StoreError where another process holds it."""
    path = store.with_name(f"{store.name}.lock")
    try:
        lock = path.open("w")
    except OSError as error:
        raise StoreError(
            f"{path}: the store's folder can't be written ({error.strerror}); "
            "give the service's user the folder"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StoreError(
                f"{store}: another Overlap works on this store; stop it first, "
                "or let it go on: it does the same work"
            ) from error
        yield

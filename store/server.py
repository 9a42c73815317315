"""A store on PostgreSQL, where it differs: one writer, one service, what its refusals mean.

A store's SQL is that of both databases. Here are the few statements that are PostgreSQL's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import SQLAlchemyError

from mentoring.tables import Fault
from store.backup import StoreError

if TYPE_CHECKING:
    import psycopg

_OURS = 0x4F766572
"""The first half of each advisory lock's key: other programs' in the database have another."""
_WRITER, _SERVICE = 1, 2
_WITHIN = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
"""A server that is gone is noticed within a minute or so; libpq's own names."""
_SESSION = (
    "SET lock_timeout = '30s'",
    # The server notices within a minute too, and lets go of the locks of who is gone.
    *("SET tcp_keepalives_idle = 30", "SET tcp_keepalives_interval = 10"),
    "SET tcp_keepalives_count = 3",
)
_MENDS = {
    "25006": "name a server that takes writes",
    "42501": "make the url's role the owner of the database and its tables",
    "53": "give the server room, and try again",
    "55P03": "try again when no other program holds it",
    "57": "try again when the server is up",
}
"""What to do, by the SQLSTATE or its class."""


def named(url: URL) -> str:
    """A store's URL as it may be shown and logged: without password and options."""
    return url.set(query={}).render_as_string(hide_password=True)


def open_engine(url: URL) -> Engine:
    """An engine on which one transaction writes at a time, as with SQLite.

    So check and booking are one, whichever process books; who reads sees one moment.
    """
    engine = create_engine(
        url,
        isolation_level="READ COMMITTED",
        connect_args=_WITHIN,
        pool_pre_ping=True,
        hide_parameters=True,
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: psycopg.Connection, _record: object) -> None:
    from psycopg.types.string import StrDumper

    class WithoutNul(StrDumper):
        """PostgreSQL keeps no NUL in a text, as SQLite does; a stranger's text may have one."""

        def dump(self, obj: str) -> bytes | bytearray | memoryview | None:
            return super().dump(obj.replace("\0", "\N{REPLACEMENT CHARACTER}"))

    connection.adapters.register_dumper(str, WithoutNul)
    for statement in _SESSION:
        connection.execute(statement)
    connection.commit()


def _begin(connection: Connection) -> None:
    if connection.get_execution_options().get("reading", False):
        how = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
    else:  # the lock goes with the transaction; each statement after it sees all that was written
        how = f"SELECT pg_advisory_xact_lock({_OURS}, {_WRITER})"
    connection.exec_driver_sql(how)


@contextmanager
def sole_service(engine: Engine) -> Iterator[None]:
    """Hold the database for this process. Raises StoreError where another process holds it.

    Each of the engine's writes makes sure of it, and takes hold again after the server was away: a
    service that lost its hold to another writes, and so sends, nothing.
    """
    keeper = create_engine(
        engine.url,
        isolation_level="AUTOCOMMIT",
        connect_args=_WITHIN,
        pool_pre_ping=True,
        pool_size=1,  # the lock is its session's
        max_overflow=0,
    )
    event.listen(keeper, "connect", _prepare)

    def hold() -> None:
        with keeper.connect() as session:
            taken = f"SELECT pg_try_advisory_lock({_OURS}, {_SERVICE})"  # also when we hold it
            if not session.exec_driver_sql(taken).scalar_one():
                raise StoreError(
                    f"{named(engine.url)}:1: another Overlap works on this store; stop it first, "
                    "or let it go on: it does the same work"
                )

    def hold_to_write(connection: Connection) -> None:
        if not connection.get_execution_options().get("reading", False):
            hold()

    try:
        hold()
        event.listen(engine, "begin", hold_to_write)
        yield
    finally:
        if event.contains(engine, "begin", hold_to_write):
            event.remove(engine, "begin", hold_to_write)
        with suppress(SQLAlchemyError), keeper.connect() as session:
            session.exec_driver_sql("SELECT pg_advisory_unlock_all()")  # a session ends later
        keeper.dispose()


def unfit(engine: Engine) -> Fault | None:
    """What stands against a database: texts sorted otherwise than SQLite does, by their bytes; or
    no tables yet, and no right to make them."""
    query = (
        "SELECT pg_encoding_to_char(encoding) = 'UTF8' AND 'Z' < 'a', "
        "to_regclass('alembic_version') IS NOT NULL "
        "OR coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) "
        "FROM pg_database WHERE datname = current_database()"
    )
    with engine.connect().execution_options(reading=True) as connection:
        fits, may_create = connection.exec_driver_sql(query).one()
    if not fits:
        what = "this database sorts texts by a language, or is not UTF8"
        mend = "make one with createdb --template=template0 --encoding=UTF8 --locale=C.UTF-8"
        return Fault(named(engine.url), 1, what, mend)
    if not may_create:
        what = "the url's role may make no tables in this database"
        return Fault(named(engine.url), 1, what, _MENDS["42501"])
    return None


def write_anew(engine: Engine) -> bool:
    """Every table without what was deleted; False where that is held up, or a reader still sees it.

    Statistics hold values too, so they are made anew before. The write-ahead log is the server's.
    """
    from psycopg import OperationalError

    readers = (
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
        "AND backend_xmin IS NOT NULL AND pid <> pg_backend_pid()"
    )
    raw = engine.raw_connection()
    try:
        session: psycopg.Connection = raw.driver_connection  # type: ignore[assignment]
        session.autocommit = True
        if session.execute(readers).fetchone():
            return False
        session.execute("ANALYZE")
        session.execute("VACUUM FULL")
    except OperationalError:
        return False
    finally:
        raw.invalidate()
    return True


def told(error: BaseException) -> tuple[str, str]:
    """What a refusal says, without anybody's data, and what to do."""
    state = getattr(error, "sqlstate", None)
    if state is None:  # the server was not reached, or it let nobody in
        mend = "see that the server runs, and that the url's host, role and database are right"
        return " ".join(str(error).split()), mend
    reason = error.diag.message_primary  # type: ignore[attr-defined]
    mend = _MENDS.get(state) or _MENDS.get(state[:2]) or "see the server's log"
    return reason, mend

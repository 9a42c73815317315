"""Taking what was deleted out of the files: free pages, the write-ahead log, old backups."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.engine import Connection

from store import facts, server
from store.database import file_of, is_sqlite

BACKUPS_KEPT = timedelta(days=30)
"""How long the copy is kept that an upgrade or a restore makes of the store before it."""
_DUE = "scrub due"
_STAMP = re.compile(r"\.(\d{8}T\d{6}Z)\.(?:bak|aside)$")


def ask(connection: Connection) -> None:
    """Note that something was deleted which must leave the files too."""
    facts.write(connection, _DUE, "1")


def is_due(connection: Connection) -> bool:
    return facts.read(connection, _DUE) is not None


def scrub(engine: Engine) -> bool:
    """Write the database anew without what was deleted; False where others hold it up just now."""
    done = _write_anew(engine) if is_sqlite(engine.url) else server.write_anew(engine)
    if done:
        with engine.begin() as connection:
            facts.forget(connection, _DUE)
    return done


def _write_anew(engine: Engine) -> bool:
    raw = engine.raw_connection()
    try:
        raw.cursor().execute("VACUUM")
        (busy, *_), *_ = raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except sqlite3.OperationalError:
        return False
    finally:
        raw.invalidate()
    return not busy


def backups(engine: Engine) -> Iterator[tuple[Path, datetime]]:
    """The copies that upgrades and restores made beside the store, and when."""
    store = file_of(engine.url)
    if store is None:
        return
    for path in sorted(store.parent.glob(f"{store.name}.*Z.*")):
        if found := _STAMP.search(path.name):
            yield path, datetime.strptime(found[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def drop_backups(engine: Engine, before: datetime) -> int:
    """Delete those made before an instant; how many."""
    old = [path for path, made in backups(engine) if made < before]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)

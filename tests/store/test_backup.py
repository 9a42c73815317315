"""Backup and restore of the file itself: whole or not at all, and nothing ever written over."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from store import database, facts
from store.backup import CallRefused, StoreError, back_up, look_at
from store.database import migrate, newest_revision, open_engine, own_file
from store.restore import restore

NOW = datetime(2027, 1, 11, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Path]:
    """A store in use: its newest rows are in the log beside it."""
    engine = _opened(tmp_path / "overlap.db")
    migrate(engine, now=NOW)
    with engine.begin() as connection:
        facts.write(connection, "kept", "before")
    yield tmp_path / "overlap.db"
    engine.dispose()


def _opened(path: Path) -> Engine:
    return open_engine(make_url(f"sqlite:///{path}"))


def _kept(path: Path) -> str:
    with closing(sqlite3.connect(path)) as file:
        (value,) = file.execute("SELECT value FROM facts WHERE name = 'kept'").fetchone()
        return str(value)


def _change(path: Path, value: str) -> None:
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("UPDATE facts SET value = ? WHERE name = 'kept'", (value,))


def test_a_backup_is_one_private_file_with_all_that_was_committed(store: Path) -> None:
    target = store.with_name("kept.db")
    assert Path(f"{store}-wal").stat().st_size > 0
    held = back_up(store, target)
    assert (held.revision, held.mails, held.last_pass) == (newest_revision(), 0, "")
    assert target.stat().st_mode & 0o777 == 0o600
    assert _kept(target) == "before"
    assert {path.name for path in store.parent.iterdir()} == {
        *("overlap.db", "overlap.db-wal", "overlap.db-shm", "kept.db")
    }


def test_a_backup_while_somebody_writes_is_of_one_moment(store: Path) -> None:
    with closing(sqlite3.connect(store)) as writer:
        writer.isolation_level = None
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE facts SET value = 'half done' WHERE name = 'kept'")
        back_up(store, store.with_name("kept.db"))
        writer.execute("COMMIT")
    assert _kept(store.with_name("kept.db")) == "before"


def test_no_file_is_ever_written_over(store: Path) -> None:
    target = store.with_name("kept.db")
    target.write_text("all there is")
    with pytest.raises(CallRefused, match="exists already"):
        back_up(store, target)
    assert target.read_text() == "all there is"
    with pytest.raises(StoreError, match="can't be written"):
        back_up(store, store.parent / "nowhere" / "kept.db")


def test_a_backup_of_a_damaged_store_is_refused_and_leaves_nothing(store: Path) -> None:
    with closing(sqlite3.connect(store)) as file:
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    raw = bytearray(store.read_bytes())
    raw[4096 * 3 : 4096 * 8] = os.urandom(4096 * 5)
    damaged = store.with_name("damaged.db")
    damaged.write_bytes(raw)
    with pytest.raises(StoreError):
        back_up(damaged, store.with_name("kept.db"))
    assert not store.with_name("kept.db").exists()
    assert not list(store.parent.glob(".*.part*"))


def test_a_restore_keeps_the_store_that_was_there(store: Path) -> None:
    backup = store.with_name("kept.db")
    back_up(store, backup)
    _change(store, "after")
    restored = restore(make_url(f"sqlite:///{store}"), backup, NOW)
    assert restored.aside == store.with_name("overlap.db.20270111T120000Z.aside")
    assert (_kept(store), _kept(restored.aside)) == ("before", "after")
    assert _kept(backup) == "before"
    again = _opened(store)
    assert migrate(again, now=NOW) is None
    with again.begin() as connection:
        assert facts.floor(connection) == int(NOW.timestamp()) // 60
    again.dispose()


@pytest.mark.parametrize("step", ["os.fsync", "os.link", "pathlib.Path.rename"])
def test_a_restore_that_breaks_off_leaves_the_store_as_it_was(
    store: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    backup = store.with_name("kept.db")
    back_up(store, backup)
    _change(store, "after")
    with monkeypatch.context() as patched:
        patched.setattr(step, full)
        with pytest.raises(StoreError, match="No space left"):
            restore(make_url(f"sqlite:///{store}"), backup, NOW)
    assert _kept(store) == "after"
    assert not list(store.parent.glob(".*.part*"))
    assert not list(store.parent.glob("*.aside*"))


def test_a_damaged_store_gives_way_and_is_kept_with_its_log(store: Path) -> None:
    backup = store.with_name("kept.db")
    back_up(store, backup)
    store.write_bytes(b"not a database" * 1000)
    Path(f"{store}-wal").write_bytes(b"nor a log" * 1000)
    restored = restore(make_url(f"sqlite:///{store}"), backup, NOW)
    assert not restored.carried
    assert restored.aside is not None
    assert restored.aside.read_bytes() == b"not a database" * 1000
    assert _kept(store) == "before"


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "no store of Overlap"), (b"a letter", "no store of Overlap")],
)
def test_what_is_no_backup_is_refused(store: Path, content: bytes, reason: str) -> None:
    file = store.with_name("other")
    file.write_bytes(content)
    with pytest.raises(CallRefused, match=reason):
        restore(make_url(f"sqlite:///{store}"), file, NOW)
    with pytest.raises(CallRefused, match="no such file"):
        restore(make_url(f"sqlite:///{store}"), store.with_name("missing"), NOW)
    assert _kept(store) == "before"


def test_a_backup_of_a_newer_version_is_refused_by_name(store: Path) -> None:
    backup = store.with_name("kept.db")
    back_up(store, backup)
    with closing(sqlite3.connect(backup)) as file, file:
        file.execute("UPDATE alembic_version SET version_num = '0999'")
    with pytest.raises(CallRefused, match="of a newer version"):
        restore(make_url(f"sqlite:///{store}"), backup, NOW)
    assert _kept(store) == "before"


def test_a_servers_store_is_its_keepers() -> None:
    with pytest.raises(CallRefused, match="use pg_dump"):
        own_file(make_url("postgresql+psycopg://overlap:word@db/overlap"))


def test_of_the_backups_before_upgrades_two_are_kept(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_upgrade", lambda engine: None)
    monkeypatch.setattr(database, "newest_revision", lambda: "later")
    kept = store.with_name("overlap.db.mine.bak")
    kept.write_text("not ours")
    engine = _opened(store)
    made = [migrate(engine, now=NOW + timedelta(days=day)) for day in range(4)]
    engine.dispose()
    assert {*store.parent.glob("*.bak")} == {kept, *made[2:]}
    assert look_at(store).revision != "later"

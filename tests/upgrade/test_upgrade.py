"""A store that an earlier version filled: upgraded, gone on with, and put back.

`a8e1bf9.tar.xz` is five weeks of that version's own sample programme (schema 0003); `make.py` made
it with that version's code. Mail waited in it for morning.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tarfile
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from integrations.registry import Ports
from service.grants import StoredGrants
from service.passes import begin, full_pass
from service.roster_source import load
from service.work import reading
from store import tables
from store.database import StoreError, migrate, newest_revision, open_engine, resolve_url
from store.restore import restore

EARLIER = Path(__file__).parent / "a8e1bf9.tar.xz"
ROOT = Path(__file__).parent.parent.parent
AFTER = datetime.fromisoformat("2027-02-15T06:00:00-05:00")
"""The instant of the earlier version's last pass, and an hour on: before anybody's hours."""
UPGRADED_AT = datetime(2027, 2, 15, 11, tzinfo=UTC)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    with tarfile.open(EARLIER) as tar:
        tar.extractall(tmp_path / "programme", filter="data")
    return tmp_path / "programme"


def rows(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table that the earlier version knew, in its columns."""
    with closing(sqlite3.connect(path)) as file:
        names = [r[0] for r in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: sorted(file.execute(f"SELECT * FROM {name}"), key=repr)
            for name in names
            if name not in ("alembic_version", "facts")
        }


def opened(directory: Path) -> Engine:
    return open_engine(resolve_url(load(directory).settings.store, directory))


def one_pass(directory: Path, engine: Engine, now: datetime) -> None:
    roster = load(directory)
    grants = StoredGrants.of(roster, directory, engine)
    full_pass(begin(roster, engine, Ports(roster, directory, grants), now))


def mails(engine: Engine) -> Counter[tuple[str, str, str]]:
    """How often each one was told each thing of each meeting, as far as it went out."""
    with reading(engine) as connection:
        out = tables.outbox.c
        query = select(out.kind, out.recipient, out.uid).where(out.state == "sent")
        return Counter((kind, to, uid) for kind, to, uid in connection.execute(query))


ONCE = ("welcome", "intro", "agree", "invite", "approve", "remind", "log")


def test_an_upgrade_loses_nothing_and_says_nothing_twice(directory: Path) -> None:
    store = directory / "overlap.db"
    before = rows(store)
    assert {name: len(before[name]) for name in ("grants", "agenda")} == {"grants": 1, "agenda": 1}
    assert len(before["meetings"]) > 5
    engine = opened(directory)
    backup = migrate(engine, now=UPGRADED_AT)
    assert backup is not None
    with closing(sqlite3.connect(store)) as file:
        for name, kept in before.items():
            columns = [row[1] for row in file.execute(f"PRAGMA table_info({name})")]
            with closing(sqlite3.connect(backup)) as earlier:
                known = [row[1] for row in earlier.execute(f"PRAGMA table_info({name})")]
            assert set(known) <= set(columns)
            names = ", ".join(f'"{column}"' for column in known)
            now = sorted(file.execute(f"SELECT {names} FROM {name}"), key=repr)
            assert now == kept, name
    told = mails(engine)
    with reading(engine) as connection:
        out = tables.outbox.c
        query = select(out.key).where(out.state == "queued")
        waiting = list(connection.execute(query).scalars())
    assert waiting
    earlier_mails = {path.name for path in (directory / "outbox" / "new").iterdir()}
    for hours in (0, 28, 32):  # the day is a holiday in the United States
        one_pass(directory, engine, AFTER + timedelta(hours=hours))
    after = mails(engine)
    for (kind, to, uid), times in after.items():
        if kind in ONCE and (kind, to, uid) in told:
            assert times == told[kind, to, uid], (kind, to)
    with reading(engine) as connection:
        query = select(out.key, out.state).where(out.key.in_(waiting))
        states = {row.key: row.state for row in connection.execute(query)}
    assert set(states.values()) <= {"sent", "superseded", "expired"}
    fresh = {p for p in (directory / "outbox" / "new").iterdir() if p.name not in earlier_mails}
    assert all(path.stat().st_size for path in fresh)  # no name of the earlier version's again
    grants = StoredGrants.of(load(directory), directory, engine)
    assert grants.load("google:amara@example.org") == "an old grant"
    engine.dispose()


def test_the_way_back_is_the_backup_that_the_upgrade_made(directory: Path) -> None:
    store = directory / "overlap.db"
    before = rows(store)
    engine = opened(directory)
    backup = migrate(engine, now=UPGRADED_AT)
    assert backup is not None
    one_pass(directory, engine, AFTER + timedelta(hours=4))
    told = mails(engine)
    engine.dispose()
    restored = restore(engine.url, backup, UPGRADED_AT + timedelta(hours=5))
    assert (restored.held.revision, restored.carried) == ("0003", True)
    back = rows(store)
    assert set(back) == set(before)  # the earlier version finds its own schema
    for name in ("grants", "agenda", "agreements", "signatures"):
        assert back[name] == before[name]
    again = opened(directory)
    assert mails(again) == told  # and knows of every mail that went out meanwhile
    assert migrate(again, now=UPGRADED_AT + timedelta(hours=6)) is not None
    one_pass(directory, again, AFTER + timedelta(hours=4, minutes=5))
    assert mails(again) == told
    again.dispose()


def test_an_earlier_version_refuses_a_newer_store_in_plain_words(directory: Path) -> None:
    engine = opened(directory)
    migrate(engine, now=UPGRADED_AT)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0999'")
    with pytest.raises(StoreError, match="of a newer version"):
        migrate(engine, now=UPGRADED_AT)
    engine.dispose()
    refused = subprocess.run(
        [sys.executable, "daemon.py", "--config", str(directory), "once"],
        cwd=ROOT,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert refused.returncode == 1
    assert "install that version again, or restore the backup" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert newest_revision() != "0999"

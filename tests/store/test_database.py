"""Opening the store: migrations after a backup, one writer, nothing damaged overwritten."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.engine import make_url

from store import busy_bits, database, facts, meetings
from store.database import StoreError, migrate, open_engine, resolve_url, sole_writer
from store.schema import metadata
from tests.world import BOTH

NOW = datetime(2027, 1, 11, 12, tzinfo=UTC)
LATER = f'''"""A later version."""
import sqlalchemy as sa
from alembic import op

revision = "later"
down_revision = "{database.newest_revision()}"


def upgrade() -> None:
    op.create_table("later", sa.Column("id", sa.Integer, primary_key=True))
'''


def opened(tmp_path: Path) -> Engine:
    return open_engine(make_url(f"sqlite:///{tmp_path}/overlap.db"))


@BOTH
def test_a_new_store_needs_no_backup_and_has_every_table(empty: Engine) -> None:
    assert migrate(empty, now=NOW) is None
    with empty.begin() as connection:
        for table in metadata.sorted_tables:
            connection.execute(select(table)).all()
    assert migrate(empty, now=NOW) is None


def test_a_commit_survives_a_power_loss(tmp_path: Path) -> None:
    engine = opened(tmp_path)
    with engine.begin() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
    engine.dispose()


def test_an_upgrade_takes_a_backup_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = opened(tmp_path)
    migrate(engine, now=NOW)
    with engine.begin() as connection:
        secret = facts.secret(connection)
    later = tmp_path / "migrations"
    shutil.copytree(database._MIGRATIONS, later)
    (later / "versions" / "9999_later.py").write_text(LATER)
    monkeypatch.setattr(database, "_MIGRATIONS", later)
    backup = migrate(engine, now=NOW)
    assert backup == tmp_path / "overlap.db.20270111T120000Z.bak"
    monkeypatch.undo()
    with pytest.raises(StoreError, match="newer version"):
        migrate(engine, now=NOW)
    engine.dispose()
    before = open_engine(make_url(f"sqlite:///{backup}"))
    assert migrate(before, now=NOW) is None
    with before.begin() as connection:
        assert facts.secret(connection) == secret
    before.dispose()


@BOTH
def test_a_store_of_the_first_version_keeps_its_meetings(
    empty: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = tmp_path / "migrations"
    shutil.copytree(database._MIGRATIONS, first)
    for path in (first / "versions").glob("*.py"):
        if not path.name.startswith("0001"):
            path.unlink()
    begin = int(datetime.now(UTC).timestamp()) // 900 * 900
    engine = empty
    with monkeypatch.context() as patched:
        patched.setattr(database, "_MIGRATIONS", first)
        migrate(engine, now=NOW)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO meetings (uid, mentor, mentee, number, state, sequence, tries, start, "
            '"end", proposed_at, zone, on_site, edge_mentor, edge_mentee, refused, decision, '
            "published) VALUES ('u@overlap', 'a@x.org', 'b@x.org', 1, 'proposed', 0, 1, 1800000000,"
            " 1800003600, 1799990000, 'UTC', false, 0, 0, '[]', '{}', 0)"
        )
        for person in ("a@x.org", "b@x.org"):
            connection.exec_driver_sql(
                "INSERT INTO attendances (uid, person, name, zone, partstat, nudges, code) "
                f"VALUES ('u@overlap', '{person}', 'N', 'UTC', 'ACCEPTED', 0, '{person}')"
            )
        connection.exec_driver_sql(
            'INSERT INTO busy (person, item, start, "end") VALUES '
            f"('a@x.org', 'i', {begin + 60}, {begin + 960}), ('a@x.org', 'j', {begin}, {begin})"
        )
    backup = migrate(engine, now=NOW)
    assert (backup is not None) == (engine.dialect.name == "sqlite")
    with engine.begin() as connection:
        first_quarter, bits = busy_bits.load(connection, ["a@x.org"])["a@x.org"]
        assert bits == 0b11 << begin // 900 - first_quarter
        (booking,) = meetings.of_pair(connection, "a@x.org", "b@x.org")
        assert (booking.link, booking.why, booking.meeting.accepted) == ("", "", True)
        assert (booking.wall, booking.rules) == ("2027-01-15T08:00:00+00:00", "")
        meetings.save(connection, booking)


def test_a_damaged_store_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "overlap.db"
    path.write_bytes(b"not a database, but all there is" * 100)
    engine = opened(tmp_path)
    with pytest.raises(StoreError, match=r"daemon\.py restore FILE with the newest backup"):
        migrate(engine, now=NOW)
    engine.dispose()
    assert path.read_bytes() == b"not a database, but all there is" * 100


@BOTH
def test_only_one_process_writes(engine: Engine) -> None:
    other = open_engine(engine.url)
    refused = pytest.raises(StoreError, match="another Overlap")
    with sole_writer(engine), refused, sole_writer(other):
        pass
    with sole_writer(other):
        pass
    with engine.begin() as connection:  # who holds nothing any more holds up nobody
        facts.write(connection, "kept", "yes")
    with sole_writer(other):
        pass
    other.dispose()


def test_the_folder_of_the_store(tmp_path: Path) -> None:
    assert resolve_url("sqlite:///overlap.db", tmp_path).database == str(tmp_path / "overlap.db")
    assert resolve_url("sqlite:////var/lib/x.db", tmp_path).database == "/var/lib/x.db"
    with (
        pytest.raises(StoreError, match="can't be written"),
        sole_writer(open_engine(resolve_url("sqlite:///missing/overlap.db", tmp_path))),
    ):
        pass

"""Each migration, on either database: what the store holds comes through all of them."""

from __future__ import annotations

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Engine, MetaData, select
from sqlalchemy.engine import Connection

from store import database
from store.schema import metadata
from store.tables import HAS_WORDS
from tests.world import BOTH

pytestmark = BOTH
REVISIONS = sorted(database._revisions())
VALUES: dict[type, object] = {
    bool: True,
    int: 1_800_000_000,
    float: 0.5,
    bytes: b"\x01",
    str: "UTC",  # may stand for a zone
}


def upgraded(engine: Engine, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(database._MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def fill(connection: Connection) -> set[str]:
    """One row in each table that has none; the tables."""
    present = MetaData()
    present.reflect(connection)
    for table in present.sorted_tables:
        if not connection.execute(select(table)).first():
            row = {c.name: VALUES[c.type.python_type] for c in table.columns}
            connection.execute(table.insert().values(row))
    return set(present.tables)


def test_a_row_of_each_revision_comes_through_all_that_follow(empty: Engine) -> None:
    for revision in REVISIONS:
        upgraded(empty, revision)
        with empty.begin() as connection:
            assert database._revision(connection) == revision
            tables = fill(connection)
    with empty.begin() as connection:
        assert database.is_current(connection)
        for table in metadata.sorted_tables:
            assert connection.execute(select(table)).one()
    assert tables == {*metadata.tables, "alembic_version"}


def test_migrations_lead_to_the_tables_that_the_code_knows(engine: Engine) -> None:
    with engine.begin() as connection:
        sqlite = engine.dialect.name == "sqlite"  # BIGINT and INTEGER are one there
        context = MigrationContext.configure(connection, opts={"compare_type": not sqlite})
        assert compare_metadata(context, metadata) == []


def test_words_are_forgotten_by_an_index_that_the_migrations_make(engine: Engine) -> None:
    """What a migration says of an index's WHERE is not compared with the tables' own."""
    if engine.dialect.name == "sqlite":
        query = "SELECT sql FROM sqlite_master WHERE name = 'outbox_words'"
    else:
        query = "SELECT indexdef FROM pg_indexes WHERE indexname = 'outbox_words'"
    with engine.begin() as connection:
        made = connection.exec_driver_sql(query).scalar_one()
    assert made.endswith(("(created_at, kind) WHERE length(raw) > 0", "WHERE (length(raw) > 0)"))
    assert str(HAS_WORDS) == "length(outbox.raw) > 0"

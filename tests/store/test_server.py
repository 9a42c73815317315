"""PostgreSQL where it differs: locks between processes, plain refusals, texts and bytes."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, inspect
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InternalError, OperationalError

from mentoring.interval import Interval
from mentoring.letter import Letter
from store import calendars, facts, outbox, scrub
from store.database import (
    StoreError,
    migrate,
    open_engine,
    refused,
    sole_writer,
    unfit,
)
from store.tables import outbox as letters
from tests.servers.postgres import ROLE, WORD, Server

NOW = datetime(2027, 1, 11, 12, tzinfo=UTC)
SENDER, DANA = "office@example.org", "dana@example.org"


@pytest.fixture
def store(database: str) -> str:
    return database


@pytest.fixture
def other(engine: Engine) -> Iterator[Engine]:
    """The same store as another process has it."""
    other = open_engine(engine.url)
    yield other
    other.dispose()


def queue(engine: Engine, number: int) -> None:
    with engine.begin() as connection:
        for key in map(str, range(number)):
            letter = Letter(f"<{key}@example.org>", SENDER, DANA, b"words")
            outbox.enqueue(connection, key=key, kind="invite", letter=letter, now=NOW)


def test_a_letter_is_claimed_by_one_of_two_processes(engine: Engine, other: Engine) -> None:
    queue(engine, 40)
    at_once = threading.Barrier(2)

    def claims(mine: Engine) -> list[int]:
        with mine.begin() as connection:
            due = outbox.due(connection, SENDER, NOW)
        at_once.wait(60)
        taken = []
        for letter in due:
            with mine.begin() as connection:
                if outbox.claim(connection, letter.id, NOW):
                    taken.append(letter.id)
        return taken

    with ThreadPoolExecutor(2) as pool:
        found = Counter(n for taken in pool.map(claims, (engine, other)) for n in taken)
    assert found == Counter(dict.fromkeys(range(1, 41), 1))


def test_who_checks_and_books_sees_what_others_booked(engine: Engine, other: Engine) -> None:
    """Each adds one to what it read: without one writer at a time, additions would be lost."""

    def add(mine: Engine) -> None:
        for _ in range(30):
            with mine.begin() as connection:
                facts.write(connection, "sum", str(int(facts.read(connection, "sum") or 0) + 1))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, (engine, other, engine, other)))
    with engine.begin() as connection:
        assert facts.read(connection, "sum") == "120"


def test_who_reads_waits_for_nobody_sees_one_moment_and_writes_nothing(
    engine: Engine, other: Engine
) -> None:
    with (
        engine.connect().execution_options(reading=True) as reader,
        other.begin() as writer,
    ):
        assert facts.read(reader, "kept") is None
        facts.write(writer, "kept", "yes")
        writer.commit()
        assert facts.read(reader, "kept") is None
        with pytest.raises(InternalError, match="read-only transaction"):
            facts.write(reader, "kept", "no")


def test_a_service_takes_hold_again_after_the_server_was_away(
    engine: Engine, postgresql: Server
) -> None:
    other = open_engine(engine.url)
    with sole_writer(engine):
        with postgresql.away("immediate"), pytest.raises(OperationalError), engine.begin():
            pass
        with engine.begin() as connection:
            facts.write(connection, "kept", "yes")
        with pytest.raises(StoreError, match="another Overlap"), sole_writer(other):
            pass
    other.dispose()


def test_a_service_that_lost_its_hold_writes_nothing(
    engine: Engine, other: Engine, postgresql: Server
) -> None:
    with sole_writer(engine):
        queue(engine, 1)
        ended = (
            "SELECT pg_terminate_backend(pid, 60000) FROM pg_locks JOIN pg_database d "
            "ON d.oid = database WHERE locktype = 'advisory' AND datname = current_database()"
        )
        assert postgresql.run(ended, database=engine.url.database or "") == [(True,)]
        with sole_writer(other):
            with pytest.raises(StoreError, match="another Overlap"), engine.begin() as connection:
                outbox.claim(connection, 1, NOW)
            with other.begin() as connection:
                assert outbox.claim(connection, 1, NOW)
        with engine.begin() as connection:  # the other is gone
            assert not outbox.claim(connection, 1, NOW)


def test_a_database_that_sorts_by_a_language_is_refused(postgresql: Server) -> None:
    name = postgresql.create()
    postgresql.run("DROP DATABASE {}", name)
    how = "LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C.UTF-8' TEMPLATE template0"
    postgresql.run(f"CREATE DATABASE {{}} OWNER {{}} {how}", name, ROLE)
    how = "createdb --template=template0 --encoding=UTF8 --locale=C.UTF-8"
    refused_untouched(postgresql.url(name), "sorts texts by a language", how)


def test_a_role_that_may_make_no_tables_is_refused(postgresql: Server) -> None:
    name = postgresql.create()
    postgresql.run("ALTER DATABASE {} OWNER TO CURRENT_USER", name)
    refused_untouched(postgresql.url(name), "may make no tables", "make the url's role the owner")


def refused_untouched(url: str, what: str, mend: str) -> None:
    """A database that will not do is told as such, and no table is made in it."""
    engine = open_engine(make_url(url))
    fault = unfit(engine)
    assert fault is not None
    assert what in fault.message
    assert mend in fault.mend
    with pytest.raises(StoreError) as error:
        migrate(engine, now=NOW)
    assert str(error.value) == str(fault)
    assert inspect(engine).get_table_names() == []
    engine.dispose()


def test_a_refusal_names_the_url_without_its_password(postgresql: Server, database: str) -> None:
    name = make_url(database).database or ""
    by_network = postgresql.url_by_network(name)
    engine = open_engine(make_url(by_network))
    assert migrate(engine, now=NOW) is None
    engine.dispose()
    for url, reason, mend in (
        (postgresql.url_by_network(name, f"{WORD}x"), "password authentication", "role"),
        (postgresql.url_by_network("nowhere"), 'database "nowhere" does not exist', "database"),
        (by_network.replace(str(postgresql.port), "1"), "refused", "see that the server runs"),
        (f"{by_network}?password={WORD}x", "password authentication", "role"),
    ):
        engine = open_engine(make_url(url))
        with pytest.raises(StoreError) as told:
            migrate(engine, now=NOW)
        engine.dispose()
        line = str(told.value)
        assert line.startswith("postgresql+psycopg://overlap:***@127.0.0.1:"), line
        assert "\n" not in line
        assert WORD not in line
        assert reason in line
        assert mend in line.rpartition(";")[2]


def test_a_database_that_takes_no_writes_is_told_so(postgresql: Server) -> None:
    name = postgresql.create()
    postgresql.run("ALTER DATABASE {} SET default_transaction_read_only = on", name)
    url = make_url(postgresql.url(name))
    engine = open_engine(url)
    with pytest.raises(DBAPIError) as error:
        migrate(engine, now=NOW)
    engine.dispose()
    assert "that takes writes" in str(refused(url, error.value))


def test_a_refusal_shows_no_row(engine: Engine) -> None:
    queue(engine, 1)
    with pytest.raises(DBAPIError) as error, engine.begin() as connection:
        again = {c.name: 0 for c in letters.c if c.type.python_type is int}
        row = {c.name: again.get(c.name, "") for c in letters.c} | {"raw": b"", "chained": False}
        connection.execute(letters.insert().values(row | {"key": "0", "recipient": DANA}))
    told = str(refused(engine.url, error.value))
    assert "duplicate key value violates unique constraint" in told
    assert "Key (" not in told
    assert DANA not in str(error.value)


def test_times_and_texts_that_only_sqlite_takes_by_itself(engine: Engine) -> None:
    ever = Interval(NOW, datetime(9999, 1, 1, tzinfo=UTC))
    with engine.begin() as connection:
        calendars.write_busy(connection, DANA, {"a": [ever]}, complete=True, now=NOW)
        (row,) = calendars.busy_of(connection, (DANA, ""), ever)[DANA]
        assert row.interval == ever
        facts.write(connection, "subject", "No\0thing")
        assert facts.read(connection, "subject") == "No\ufffdthing"
        facts.write(connection, "subject", "Zsófia 🎉")
        assert facts.read(connection, "subject") == "Zsófia 🎉"


def test_instants_are_the_same_whatever_zone_the_server_and_its_session_have(
    engine: Engine, postgresql: Server
) -> None:
    postgresql.run(
        "ALTER DATABASE {} SET timezone = 'Pacific/Kiritimati'", engine.url.database or ""
    )
    with engine.begin() as connection:
        known = replace(calendars.Calendar(DANA, ""), synced_at=NOW)
        calendars.save(connection, known)
    engine.dispose()
    with engine.begin() as connection:
        assert calendars.load(connection, DANA) == known


def test_keys_are_found_by_how_they_begin(engine: Engine) -> None:
    """Under a language's order `_`, `:` and `;` count for little, and the range would be empty."""
    with engine.begin() as connection:
        for key in ("noslot:a:b:1", "noslotted", "noslot;", "Noslot:a"):
            letter = Letter(f"<{key}>", SENDER, DANA, b"words")
            outbox.enqueue(connection, key=key, kind="noslot", letter=letter, now=NOW)
        assert outbox.said(connection, "noslot:") == {"noslot:a:b:1"}


def test_what_was_deleted_is_in_no_file_of_the_database(engine: Engine, postgresql: Server) -> None:
    canary = "quillfeather-4711@example.org"
    with engine.begin() as connection:
        for number in range(300):
            row = {"a": [Interval(NOW, NOW + timedelta(hours=1))]}
            calendars.write_busy(connection, f"p{number}@example.org", row, complete=True, now=NOW)
        calendars.write_busy(connection, canary, {"a": [*row["a"]]}, complete=True, now=NOW)
    postgresql.run("ANALYZE", database=engine.url.database or "")
    assert found(postgresql, engine, canary)
    with engine.connect().execution_options(reading=True) as reader:
        reader.exec_driver_sql("SELECT 1")
        with engine.begin() as connection:
            calendars.forget(connection, canary)
            scrub.ask(connection)
        assert not scrub.scrub(engine)  # who reads sees her still
    assert found(postgresql, engine, canary)
    assert scrub.scrub(engine)
    assert not found(postgresql, engine, canary)
    with engine.begin() as connection:
        assert not scrub.is_due(connection)


def found(server: Server, engine: Engine, text: str) -> bool:
    """Whether the database holds the text: in its statistics, packed, or plainly in a file."""
    name = engine.url.database or ""
    bounds = server.run("SELECT histogram_bounds::text FROM pg_stats", database=name)
    server.run("CHECKPOINT")  # all is written to disk
    (number,) = server.run(f"SELECT oid FROM pg_database WHERE datname = '{name}'")[0]
    files = (server.directory / "data" / "base" / str(number)).iterdir()
    return text in str(bounds) or any(text.encode() in file.read_bytes() for file in files)


def test_a_message_is_dealt_with_once(engine: Engine) -> None:
    with engine.begin() as connection:
        assert [outbox.remember(connection, "digest", NOW) for _ in range(2)] == [True, False]

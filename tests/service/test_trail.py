"""Who was told what, when: in the store's chain, through passes, tampering and forgetting."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
import structlog
from sqlalchemy import select, text

from service import pseudonymous
from service.acts import skip_mail
from service.check import check
from service.trail import document, verified
from service.work import reading
from store import chain, pseudonyms, queue, tables
from store.outbox import SENT
from store.tables_privacy import chain as rows
from tests.world import DANA, LEE, ON_FILE, World, at

MONDAY = at("2027-01-11 12:00")


@pytest.fixture
def told(world: World) -> World:
    for hours in (0, 8, 24, 48):
        world.step(MONDAY + timedelta(hours=hours))
    return world


def test_each_mail_that_went_out_is_a_row(told: World) -> None:
    record = document(told.engine, "", [])
    with reading(told.engine) as connection:
        outbox = tables.outbox
        query = select(outbox.c.kind, outbox.c.recipient).where(outbox.c.state == SENT)
        sent = sorted(map(tuple, connection.execute(query)))
    assert sorted((row["kind"], row["who"]) for row in record["entries"]) == sent
    assert {row["what"] for row in record["entries"]} == {"mail"}
    assert record["whole"]
    again = document(told.engine, "", [])
    assert again == record


def test_a_row_says_nothing_but_which_letter_it_was(told: World) -> None:
    with reading(told.engine) as connection:
        kept = [tuple(row) for row in connection.execute(select(rows))]
        letters = connection.execute(
            select(tables.outbox).where(tables.outbox.c.recipient == DANA)
        ).all()
        alias = pseudonyms.of(connection, DANA)
    text = repr(kept)
    for word in (DANA, LEE, "Dana", "@", "Mentoring"):
        assert word not in text
    assert alias is not None
    digests = {entry[6] for entry in kept if entry[4] == alias.pseudonym}
    assert digests == {alias.digest(row.key, row.message_id) for row in letters}


def test_one_persons_rows(told: World) -> None:
    mine = document(told.engine, DANA, [])
    assert {row["who"] for row in mine["entries"]} == {DANA}
    alias = mine["person"]["pseudonym"]
    assert document(told.engine, alias, [])["entries"] == mine["entries"]
    assert mine["rows"] > len(mine["entries"])
    with pytest.raises(ValueError, match="named nowhere"):
        document(told.engine, "nobody@example.org", [])


def test_acts_of_the_coordinator_are_rows(told: World) -> None:
    work = told.step(MONDAY + timedelta(days=3))
    with told.engine.begin() as connection:
        connection.execute(
            tables.outbox.update().where(tables.outbox.c.id == 1).values(state="queued")
        )
        skip_mail(work, connection, "coordinator@example.org", 1)
    told.step(MONDAY + timedelta(days=4))
    acts = [row for row in document(told.engine, "", [])["entries"] if row["what"] == "act"]
    (act,) = acts
    assert (act["who"], act["kind"]) == ("coordinator@example.org", "skipped a mail")


def test_a_letter_in_doubt_is_one_and_sent_again_another(told: World) -> None:
    before = document(told.engine, "", [])["rows"]
    with told.engine.begin() as connection:
        values = {"state": "unknown", "chained": False}
        connection.execute(tables.outbox.update().where(tables.outbox.c.id == 1).values(**values))
    told.step(MONDAY + timedelta(days=2, hours=1))
    with told.engine.begin() as connection:
        assert queue.resend(connection, 1, MONDAY)
        connection.execute(tables.outbox.update().where(tables.outbox.c.id == 1).values(state=SENT))
    told.step(MONDAY + timedelta(days=2, hours=2))
    added = document(told.engine, "", [])["entries"][before:]
    assert next(row["what"] for row in added if row["letter"]) == "unknown"
    (letter,) = {row["letter"] for row in added if row["what"] == "unknown"}
    assert [row["what"] for row in added if row["letter"] == letter] == ["unknown", "mail"]


TAMPERINGS = {
    "UPDATE chain SET kind = 'intro' WHERE number = 2": 2,
    "UPDATE chain SET who = 'p-00000000' WHERE number = 3": 3,
    "DELETE FROM chain WHERE number = 2": 2,
    "DELETE FROM chain WHERE number >= 3": 3,
    "INSERT INTO chain SELECT max(number) + 1, at, what, kind, who, about, letter, hash "
    "FROM chain": 0,
}


@ON_FILE
@pytest.mark.parametrize("statement", TAMPERINGS)
def test_tampering_is_named_and_stays_so(told: World, statement: str) -> None:
    with reading(told.engine) as connection:
        length = chain.head(connection).number
    assert length >= 4
    named = TAMPERINGS[statement] or length + 1
    with told.engine.begin() as connection:
        connection.execute(text(statement))
    _, found = verified(told.engine)
    assert found[0].number == named
    with told.engine.begin() as connection:  # the service goes on, and hides nothing by it
        connection.execute(tables.outbox.update().values(chained=False))
    told.step(MONDAY + timedelta(days=5))
    assert verified(told.engine)[1][0].number == named


@ON_FILE
def test_check_tells_of_a_broken_chain(told: World) -> None:
    from integrations.registry import Ports

    def outcome() -> str:
        report = check(
            told.directory, now=MONDAY, ports=lambda roster: Ports(roster, told.directory)
        )
        (audit,) = [c for c in report.connections if c.name == "audit"]
        return str(audit.fault or "")

    assert outcome() == ""
    with told.engine.begin() as connection:
        connection.execute(text("DELETE FROM chain WHERE number = 2"))
    assert "overlap.db:2: audit: row 2 is missing; see docs/privacy.md" in outcome()


@pytest.fixture
def called() -> Iterator[None]:
    pseudonymous.call_by({DANA: "p-dana", "o'neil@example.org": "p-neil"})
    yield
    pseudonymous.call_by({})


@pytest.mark.usefixtures("called")
@pytest.mark.parametrize(
    ("value", "logged"),
    [
        (DANA, "p-dana"),
        (DANA.upper(), "p-dana"),
        ("dana%40example.org", "p-dana"),
        (f"invite:{'a' * 32}@overlap:0:{DANA}", f"invite:{'a' * 32}@overlap:0:p-dana"),
        (f"550 <{DANA}>: user unknown", "550 <p-dana>: user unknown"),
        ("o'neil@example.org", "p-neil"),
        ([DANA, {"to": DANA}], ["p-dana", {"to": "p-dana"}]),
        (ValueError(f"no {DANA}"), "no p-dana"),
        (f"event-forum-{'b' * 12}@overlap.example.org",) * 2,
        (7, 7),
        (None, None),
    ],
)
def test_a_log_calls_people_by_their_pseudonyms(value: object, logged: object) -> None:
    event = pseudonymous.unnamed(None, "info", {"event": "e", "value": value})
    assert event == {"event": "e", "value": logged}


@pytest.mark.usefixtures("called")
def test_a_stranger_is_told_apart_and_not_named() -> None:
    def logged(address: str) -> str:
        return str(pseudonymous.unnamed(None, "info", {"event": "e", "v": address})["v"])

    first = logged("eve@evil.example")
    assert first.startswith("x-")
    assert first == logged("EVE@evil.example") != logged("eva@evil.example")


def test_tracebacks_name_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    import io
    import logging

    from service.logging import configure

    written = io.StringIO()
    configure()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(written))
    pseudonymous.call_by({DANA: "p-dana"})
    try:
        raise ValueError(f"for {DANA}")
    except ValueError:
        structlog.get_logger().exception("failed", person=DANA)
        record = logging.makeLogRecord({"msg": f"for {DANA}", "exc_info": None})
        library = pseudonymous.UnnamedFormatter(logging.BASIC_FORMAT).format(record)
    finally:
        pseudonymous.call_by({})
        structlog.reset_defaults()
    assert "ValueError: for p-dana" in written.getvalue()
    assert DANA not in written.getvalue()
    assert "for p-dana" in library


def test_the_logs_head_of_a_day_finds_a_chain_made_anew(told: World) -> None:
    with reading(told.engine) as connection:
        noted = chain.head(connection)
        entries = list(chain.entries(connection))
    with told.engine.begin() as connection:
        connection.execute(rows.delete())
        connection.execute(text("DELETE FROM facts WHERE name = 'audit head'"))
        for entry in entries[:-1]:
            chain.append(connection, replace(entry, kind="intro"))
    assert document(told.engine, "", [])["whole"]
    assert not document(told.engine, "", [noted])["whole"]
    json.dumps(document(told.engine, "", [noted]))

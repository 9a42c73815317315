"""Delivery over a real SMTP server: one refused reader stops nobody else, and is told about."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy.engine import Connection

from store import outbox
from tests.servers.smtpd import SmtpServer, smtpd
from tests.world import DANA, LEE, World, at

MONDAY = at("2027-01-11 12:00")
COORDINATOR = "coordinator@example.org"


@pytest.fixture
def server(world: World) -> Iterator[SmtpServer]:
    with smtpd() as running:
        path = world.directory / "overlap.toml"
        smtp = f"smtp://127.0.0.1:{running.port}"
        path.write_text(path.read_text().replace("maildir:outbox", smtp))
        yield running


def recipients(server: SmtpServer) -> list[str]:
    return sorted(letter.recipient for letter in server.letters)


def test_a_refused_reader_is_told_to_the_coordinator(world: World, server: SmtpServer) -> None:
    server.faults = {f"RCPT {LEE}": ["550 no such user"]}
    work = world.step(MONDAY)
    assert (work.counts["sent"], work.counts["failed"]) == (1, 1)
    world.step(MONDAY + timedelta(minutes=1))
    assert recipients(server) == [COORDINATOR, DANA]
    told = next(m.raw for m in server.letters if m.recipient == COORDINATOR)
    assert f"Subject: Mail refused: {LEE}".encode() in told
    assert b"550 no such user" in told
    world.step(MONDAY + timedelta(hours=1))
    assert recipients(server) == [COORDINATOR, DANA]


def test_a_greylisted_letter_is_tried_again_and_sent_once(world: World, server: SmtpServer) -> None:
    server.faults = {f"RCPT {LEE}": ["451 greylisted", "451 greylisted"]}
    assert world.step(MONDAY).counts["sent"] == 1
    assert world.step(MONDAY).counts["sent"] == 0  # not before its time
    assert world.step(MONDAY + timedelta(minutes=1)).counts["failed"] == 1
    assert world.step(MONDAY + timedelta(minutes=6)).counts["sent"] == 1
    assert recipients(server) == [DANA, LEE]


def test_a_server_that_is_down_loses_nothing(world: World, server: SmtpServer) -> None:
    server.faults = {"MAIL": ["421 closing"] * 2}
    assert world.step(MONDAY).counts["sent"] == 0
    assert world.step(MONDAY + timedelta(minutes=1)).counts["sent"] == 2


def test_silence_after_the_letter_is_shown_and_not_repeated(
    world: World, server: SmtpServer
) -> None:
    server.faults = {"DATA": ["take and drop"]}
    world.step(MONDAY)
    world.step(MONDAY + timedelta(minutes=1))
    assert recipients(server) == [COORDINATOR, DANA, LEE]
    told = next(m.raw for m in server.letters if m.recipient == COORDINATOR)
    assert b"Subject: Mail in doubt:" in told


def test_a_letter_that_is_taken_back_at_the_last_moment_is_not_sent(
    world: World, server: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = outbox.claim

    def late(connection: Connection, letter: int, now: datetime) -> bool:
        outbox.mark(connection, letter, outbox.SUPERSEDED)  # as a page does, or another process
        return claim(connection, letter, now)

    monkeypatch.setattr(outbox, "claim", late)
    work = world.step(MONDAY)
    assert (work.counts["sent"], work.counts["failed"]) == (0, 0)
    assert recipients(server) == []

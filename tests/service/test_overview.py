"""The overview: so many statements however many pairs, and what the store says of each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from mentoring.attention import Trouble
from mentoring.met import Pulse
from mentoring.poll import Poll
from service.attention import needs
from service.in_force import in_force
from service.overview import overview
from service.roster_source import load
from service.status import document, status
from service.work import reading
from store import agreements, met, outbox, polls, standings
from store.standings import Standing
from tests.bench.many_pairs import NOW, filled, write_roster


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """The statements that are run meanwhile."""
    found: list[str] = []

    def note(*args: object) -> None:
        found.append(str(args[2]))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", note)


@contextmanager
def store(tmp_path: Path, pairs: int, troubled: int = 0) -> Iterator[Engine]:
    write_roster(tmp_path, pairs)
    engine = filled(tmp_path, troubled=troubled, missed=0.0)
    try:
        yield engine
    finally:
        engine.dispose()


@pytest.mark.parametrize("pairs", [2, 60])
def test_so_many_statements_however_many_pairs(tmp_path: Path, pairs: int) -> None:
    with (
        store(tmp_path, pairs, troubled=2) as engine,
        counted(engine) as run,
        reading(engine) as connection,
    ):
        roster = in_force(connection, load(tmp_path))
        found = status(connection, roster, NOW)
        needs(connection, roster, NOW)
    assert len(found["pairs"]) == pairs
    assert len([line for line in run if line.startswith("SELECT")]) <= 32, run


def whys(engine: Engine, directory: Path) -> dict[tuple[str, str], set[Trouble]]:
    with reading(engine) as connection:
        roster = in_force(connection, load(directory))
        found: dict[tuple[str, str], set[Trouble]] = {}
        for need in needs(connection, roster, NOW):
            found.setdefault(need.pair, set()).add(need.why)
        return found


def test_what_the_store_says_of_each_pair(tmp_path: Path) -> None:
    """Each trouble is put into the store by the store's own functions, for a pair of its own."""
    with store(tmp_path, 9, troubled=1) as engine:
        pairs = [pair.key for pair in load(tmp_path).pairs]
        assert whys(engine, tmp_path) == {pairs[0]: {Trouble.QUIET}}
        with engine.begin() as connection:
            for number in (8, 9):
                _change(connection, pairs[1], number, "missed")
            met.add_pulse(connection, *pairs[2], pairs[2][1], Pulse.POORLY, NOW - timedelta(days=9))
            met.add_pulse(connection, *pairs[3], pairs[3][1], Pulse.POORLY, NOW - timedelta(days=9))
            met.add_pulse(connection, *pairs[3], pairs[3][1], Pulse.WELL, NOW - timedelta(days=2))
            polls.add(connection, Poll("poll", *pairs[4], (), NOW - timedelta(days=6)))
            polls.answer(connection, "poll", pairs[4][0], [], NOW)
            _no_slot(connection, pairs[5])
            connection.exec_driver_sql(
                "UPDATE agreements SET in_force_at = NULL WHERE mentee = ?", (pairs[6][1],)
            )
            agreements.sign(connection, *pairs[6], 1, pairs[6][0], NOW)
            connection.exec_driver_sql(
                "UPDATE outbox SET state = 'unknown' WHERE recipient = ?", (pairs[7][1],)
            )
            connection.exec_driver_sql(
                "UPDATE calendars SET state = 'needs consent', failing_since = ? WHERE person = ?",
                (int(NOW.timestamp()) - 4 * 86400, "mentee7@example.org"),
            )
        found = whys(engine, tmp_path)
        assert found == {
            pairs[0]: {Trouble.QUIET},
            pairs[1]: {Trouble.MISSED},
            pairs[2]: {Trouble.POORLY},
            pairs[4]: {Trouble.POLL},
            pairs[5]: {Trouble.UNSCHEDULABLE},
            pairs[6]: {Trouble.UNSIGNED},
            pairs[7]: {Trouble.UNDELIVERED, Trouble.CONSENT},
        }
        with reading(engine) as connection:
            roster = in_force(connection, load(tmp_path))
            remedies = {n.pair: n.remedy for n in needs(connection, roster, NOW)}
        names = {key: p.name for key, p in roster.people.items()}
        assert remedies[pairs[5]] == "45 minutes instead of 60 would fit."
        assert remedies[pairs[4]] == f"Ask {names[pairs[4][1]]} to pick a time."
        assert remedies[pairs[6]].startswith(f"Ask {names[pairs[6][1]]} to sign it")


def _change(connection: object, key: tuple[str, str], number: int, state: str) -> None:
    connection.exec_driver_sql(  # type: ignore[attr-defined]
        "UPDATE meetings SET state = ? WHERE mentor = ? AND mentee = ? AND number = ?",
        (state, *key, number),
    )


def _no_slot(connection: object, key: tuple[str, str]) -> None:
    reason = "no time suits both in the next 28 days (mentee busy: 71)"
    suggestion = "45 minutes instead of 60 would fit"
    standings.save(
        connection,  # type: ignore[arg-type]
        Standing(*key, "unschedulable", f"{reason}; {suggestion}"),
    )
    connection.exec_driver_sql(  # type: ignore[attr-defined]
        "UPDATE outbox SET key = ? WHERE key = 'invite:5:3'", (f"noslot:{key[0]}:{key[1]}:10",)
    )


def test_status_keeps_every_key_and_adds_its_own(tmp_path: Path) -> None:
    with store(tmp_path, 3, troubled=1) as engine, reading(engine) as connection:
        found = status(connection, load(tmp_path), NOW)
    assert set(found) == {"now", "programme", "pairs", "calendars", "mail", "hold", "paused"}
    assert list(found["pairs"][0]) == [
        *("mentor", "mentee", "state", "start", "end", "timezone_hint"),
        *("held", "missed", "goal", "reason", "attention", "forecast"),
    ]
    assert found["pairs"][0]["attention"] == [
        {
            "why": "no meeting for long",
            "since": "2027-02-22",
            "remedy": "Ask both what would help; look at their page first.",
        }
    ]
    assert [pair["held"] for pair in found["pairs"]] == [4, 9, 9]
    assert found["mail"] == {"queued": 0, "sending": 0, "failed": 0, "unknown": 0}


def test_a_document_is_made_of_one_look(tmp_path: Path) -> None:
    with store(tmp_path, 2) as engine:
        with reading(engine) as connection:
            seen = overview(connection, load(tmp_path), NOW)
        with engine.begin() as connection:
            outbox.mark(connection, 1, "failed")
        assert document(seen)["mail"]["failed"] == 0
        with reading(engine) as connection:
            again = overview(connection, replace(load(tmp_path)), NOW)
        assert document(again)["mail"]["failed"] == 1

"""The outbox: a letter is queued once, sent once, and leaves the queue only as its state says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, event, select
from sqlalchemy.engine import Connection, Row
from sqlalchemy.exc import IntegrityError

from mentoring.letter import Letter
from store import outbox
from store.outbox import EXPIRED, FAILED, QUEUED, SENDING, SENT, STATES, SUPERSEDED, UNKNOWN
from store.tables import metadata, received
from store.tables import outbox as table

NOW = datetime(2027, 1, 11, 15, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SENDER = "office@example.org"
DANA, LEE = "dana@example.org", "lee@example.org"
UID = "meeting-1"


@contextmanager
def empty_store() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    metadata.create_all(engine, tables=[table, received])
    with engine.begin() as connection:
        yield connection


@pytest.fixture
def connection() -> Iterator[Connection]:
    with empty_store() as connection:
        yield connection


def put(
    connection: Connection,
    key: str = "a",
    state: str = QUEUED,
    *,
    kind: str = "invite",
    recipient: str = DANA,
    now: datetime = NOW,
    **more: Any,
) -> int:
    """Queue a letter on the meeting and bring it into a state; its row's number."""
    letter = Letter(f"<{key}@example.org>", SENDER, recipient, f"words of {key}".encode())
    more.setdefault("uid", UID)
    outbox.enqueue(connection, key=key, kind=kind, letter=letter, now=now, **more)
    number = row(connection, key).id
    if state != QUEUED:
        outbox.mark(connection, number, state)
    return int(number)


def row(connection: Connection, key: str = "a") -> Row[Any]:
    return connection.execute(select(table).where(table.c.key == key)).one()


def keys(letters: list[outbox.Queued]) -> list[str]:
    return [letter.key for letter in letters]


def test_the_states_are_what_stores_and_consoles_know_them_by() -> None:
    names = "queued", "sending", "sent", "failed", "unknown", "superseded", "expired"
    assert names == STATES
    assert names == (QUEUED, SENDING, SENT, FAILED, UNKNOWN, SUPERSEDED, EXPIRED)


def test_a_letter_is_queued_as_it_was_given_and_due_at_once(connection: Connection) -> None:
    known, end = NOW + timedelta(days=1), NOW + timedelta(days=2)
    number = put(connection, known_start=known, expires_at=end)
    [queued] = outbox.due(connection, SENDER, NOW)
    assert queued == outbox.Queued(
        id=number,
        key="a",
        kind="invite",
        letter=Letter("<a@example.org>", SENDER, DANA, b"words of a"),
        uid=UID,
        attempts=0,
        known_start=known,
        expires_at=end,
        since=datetime(1970, 1, 1, tzinfo=UTC),
    )
    assert row(connection).created_at == NOW.timestamp()


def test_a_key_is_said_once_whatever_became_of_it(connection: Connection) -> None:
    number = put(connection)
    again = Letter("<b@example.org>", SENDER, LEE, b"other words")
    for state in STATES:
        outbox.mark(connection, number, state)
        assert outbox.is_said(connection, "a")
        with pytest.raises(IntegrityError):
            outbox.enqueue(connection, key="a", kind="moved", letter=again, now=NOW)
    assert (row(connection).raw, row(connection).recipient) == (b"words of a", DANA)
    assert not outbox.is_said(connection, "b")


def test_which_of_some_keys_were_queued(connection: Connection) -> None:
    put(connection)
    put(connection, "b", SENT)
    assert outbox.said_among(connection, ["a", "b", "c"]) == {"a", "b"}
    assert outbox.said_among(connection, []) == frozenset()


def test_a_letter_about_nothing_in_particular(connection: Connection) -> None:
    letter = Letter("<w@example.org>", SENDER, DANA, b"welcome")
    outbox.enqueue(connection, key="w", kind="welcome", letter=letter, now=NOW)
    [queued] = outbox.due(connection, SENDER, NOW)
    assert (queued.uid, queued.known_start, queued.expires_at) == ("", None, None)


def test_an_instant_without_a_zone_is_never_stored(connection: Connection) -> None:
    with pytest.raises(ValueError, match="zone"):
        put(connection, now=NOW.replace(tzinfo=None))


@pytest.mark.parametrize("state", STATES)
def test_what_each_state_lets_happen(connection: Connection, state: str) -> None:
    """One table of what a letter in each state is to the rest of the house."""
    put(connection, state=state, expires_at=NOW + timedelta(days=1))
    found = {
        "due": bool(outbox.due(connection, SENDER, NOW)),
        "interrupted": bool(outbox.interrupted(connection, SENDER)),
        "was sent": outbox.was_sent(connection, "a"),
        "known": outbox.known_start(connection, UID, DANA) is not None,
        "lost": bool(outbox.lost(connection)),
    }
    assert {name for name, holds in found.items() if holds} == {
        QUEUED: {"due"},
        SENDING: {"interrupted", "known"},
        SENT: {"was sent", "known"},
        FAILED: {"lost"},
        UNKNOWN: {"was sent", "known", "lost"},
        SUPERSEDED: set(),
        EXPIRED: set(),
    }[state]
    assert [outbox.count(connection, other) for other in STATES] == [
        int(other == state) for other in STATES
    ]


def test_letters_go_in_the_order_they_were_queued(connection: Connection) -> None:
    for key in "cab":
        put(connection, key)
    assert keys(outbox.due(connection, SENDER, NOW)) == ["c", "a", "b"]
    for queued in outbox.due(connection, SENDER, NOW):
        assert outbox.claim(connection, queued.id, NOW)
        assert not outbox.claim(connection, queued.id, NOW), "one sender has it"
    assert outbox.due(connection, SENDER, NOW) == []
    assert keys(outbox.interrupted(connection, SENDER)) == ["c", "a", "b"]


def test_one_that_was_begun_says_since_when_and_forgets_why_it_waited(
    connection: Connection,
) -> None:
    number = put(connection)
    other = put(connection, "b")
    outbox.put_off(connection, number, QUEUED, error="421 closing", next_attempt=NOW)
    assert outbox.claim(connection, number, NOW + SECOND)
    [left] = outbox.interrupted(connection, SENDER)
    assert (left.id, left.since, left.letter.sender) == (number, NOW + SECOND, SENDER)
    assert row(connection).error == ""
    assert (row(connection, "b").id, row(connection, "b").state) == (other, QUEUED)


def test_a_letter_that_was_not_taken_waits_until_its_time(connection: Connection) -> None:
    number = put(connection)
    put(connection, "b", SENT)
    for attempts in (1, 2):
        soon = NOW + timedelta(minutes=5)
        assert outbox.put_off(connection, number, QUEUED, error="451 later", next_attempt=soon)
        assert row(connection).attempts == attempts
    assert row(connection).error == "451 later"
    assert outbox.due(connection, SENDER, NOW + timedelta(minutes=5) - SECOND) == []
    [queued] = outbox.due(connection, SENDER, NOW + timedelta(minutes=5))
    assert (queued.id, queued.attempts) == (number, 2)
    assert (row(connection, "b").state, row(connection, "b").attempts) == (SENT, 0)


@pytest.mark.parametrize("state", STATES)
def test_only_a_letter_on_its_way_is_put_off(connection: Connection, state: str) -> None:
    number = put(connection, state=state)
    done = outbox.put_off(connection, number, FAILED, error="550 no", next_attempt=NOW)
    assert done == (state in (QUEUED, SENDING))
    assert row(connection).state == (FAILED if done else state)


def test_a_letter_that_was_taken_says_when_and_has_no_fault(connection: Connection) -> None:
    number = put(connection)
    outbox.put_off(connection, number, QUEUED, error="451 later", next_attempt=NOW)
    outbox.mark(connection, number, SENT, sent_at=NOW + SECOND)
    held = row(connection)
    assert (held.state, held.sent_at, held.error) == (SENT, NOW.timestamp() + 1, "")
    assert (held.attempts, held.next_attempt) == (1, NOW.timestamp())
    outbox.mark(connection, number, UNKNOWN)
    assert row(connection).sent_at == NOW.timestamp() + 1


def test_after_a_restore_letters_since_the_backup_are_in_doubt(connection: Connection) -> None:
    put(connection, "older", now=NOW - SECOND)
    put(connection, "newer", now=NOW)
    put(connection, "no matter", kind="digest", now=NOW)
    put(connection, "nobody's", recipient=LEE, now=NOW)
    put(connection, "gone", SENT, now=NOW)
    later = NOW + timedelta(hours=1)
    doubted = outbox.doubt(connection, NOW, later, sure_kinds={"digest"}, sure_readers={LEE})
    assert doubted == 1
    [left] = outbox.interrupted(connection, SENDER)
    assert (left.key, left.since) == ("newer", later)
    assert outbox.count(connection, QUEUED) == 3


@pytest.mark.parametrize("state", STATES)
def test_only_a_letter_still_queued_is_taken_back(connection: Connection, state: str) -> None:
    put(connection, state=state)
    outbox.supersede(connection, UID, DANA, ("invite",))
    after = SUPERSEDED if state == QUEUED else state
    assert row(connection).state == after
    put(connection, "b", state)
    outbox.withdraw(connection, "b")
    assert row(connection, "b").state == after


def test_what_is_taken_back_is_on_that_meeting_to_that_reader(connection: Connection) -> None:
    put(connection, "right")
    put(connection, "wrong kind", kind="log")
    put(connection, "wrong reader", recipient=LEE)
    put(connection, "wrong meeting", uid="meeting-2")
    outbox.supersede(connection, UID, DANA, ("invite", "moved"))
    kept = ["wrong kind", "wrong reader", "wrong meeting"]
    assert keys(outbox.due(connection, SENDER, NOW)) == kept
    outbox.withdraw(connection, "wrong kind")
    assert keys(outbox.due(connection, SENDER, NOW)) == kept[1:]


@pytest.mark.parametrize("state", STATES)
def test_only_a_letter_that_nobody_tried_to_send_gets_other_words(
    connection: Connection, state: str
) -> None:
    number = put(connection, state=state)
    found = outbox.untouched(connection, SENDER, UID, DANA)
    assert (found is not None) == (state == QUEUED)
    outbox.rewrite(connection, number, b"other words")
    assert row(connection).raw == (b"other words" if state == QUEUED else b"words of a")


def test_a_letter_that_was_tried_keeps_its_words(connection: Connection) -> None:
    number = put(connection)
    outbox.put_off(connection, number, QUEUED, error="", next_attempt=NOW)
    assert outbox.untouched(connection, SENDER, UID, DANA) is None
    outbox.rewrite(connection, number, b"other words")
    assert row(connection).raw == b"words of a"


def test_the_newest_letter_about_the_time_gets_the_words(connection: Connection) -> None:
    put(connection, "1", kind="invite")
    put(connection, "2", kind="moved")
    put(connection, "3", kind="log")
    put(connection, "4", recipient=LEE)
    put(connection, "5", uid="meeting-2")
    found = outbox.untouched(connection, SENDER, UID, DANA)
    assert found is not None
    assert (found.key, found.letter.sender) == ("2", SENDER)
    outbox.rewrite(connection, found.id, b"other words")
    changed = [key for key in "12345" if row(connection, key).raw == b"other words"]
    assert changed == ["2"]
    outbox.withdraw(connection, "2")
    before = outbox.untouched(connection, SENDER, UID, DANA)
    assert before is not None
    assert before.key == "1"


def test_a_reader_knows_the_time_that_they_were_told_last(connection: Connection) -> None:
    assert outbox.known_start(connection, UID, DANA) is None
    for days, kind in enumerate(("invite", "moved", "event", "event_moved", "log"), 1):
        put(connection, kind, SENT, kind=kind, expires_at=NOW + timedelta(days=days))
        told = min(days, 4)  # what a question about the meeting expires at says nothing of it
        assert outbox.known_start(connection, UID, DANA) == NOW + timedelta(days=told)
    put(connection, "b", SENT, recipient=LEE, expires_at=NOW)
    put(connection, "c", SENT, uid="meeting-2", expires_at=NOW)
    put(connection, "d", QUEUED, expires_at=NOW)
    assert outbox.known_start(connection, UID, DANA) == NOW + timedelta(days=4)


def test_an_incoming_message_is_dealt_with_once_until_it_is_forgotten(
    connection: Connection,
) -> None:
    assert outbox.remember(connection, "<m@x>", NOW)
    assert outbox.remember(connection, "<m@x>", NOW + SECOND) is False
    assert outbox.remember(connection, "<n@x>", NOW + SECOND)
    outbox.forget_received(connection, NOW + SECOND)
    assert outbox.remember(connection, "<m@x>", NOW)
    assert not outbox.remember(connection, "<n@x>", NOW)


def test_what_was_lost_says_whose_it_was_and_why(connection: Connection) -> None:
    for key, state in (("z", UNKNOWN), ("a", FAILED)):
        outbox.mark(connection, put(connection, key), state, error=f"550 {key}")
    assert outbox.lost(connection) == [
        outbox.Lost("z", "invite", DANA, UNKNOWN, "550 z"),
        outbox.Lost("a", "invite", DANA, FAILED, "550 a"),
    ]


@pytest.mark.parametrize("state", STATES)
def test_words_are_forgotten_and_evidence_is_kept(connection: Connection, state: str) -> None:
    put(connection, "by kind", state, kind="sign_in")
    put(connection, "by age", state, now=NOW - SECOND)
    before = [row(connection, key) for key in ("by kind", "by age")]
    outbox.blank(connection, NOW, ("sign_in",))
    waits = state in (QUEUED, SENDING)
    for old, key in zip(before, ("by kind", "by age"), strict=True):
        raw = old.raw if waits else b""
        assert row(connection, key)._asdict() == {**old._asdict(), "raw": raw}


def test_words_are_kept_while_their_time_is_not_over(connection: Connection) -> None:
    put(connection, "other kind", SENT, kind="log")
    put(connection, "over", SENT, kind="log", now=NOW - SECOND)
    outbox.blank(connection, NOW, ("sign_in",))
    assert [row(connection, key).raw != b"" for key in ("other kind", "over")] == [True, False]


def test_forgetting_goes_over_letters_that_have_words_and_not_over_all(
    connection: Connection,
) -> None:
    steps: list[str] = []

    def planned(_: object, __: object, statement: str, given: Any, *___: object) -> None:
        driver: Any = connection.connection.driver_connection
        if statement.startswith("UPDATE"):
            steps.extend(
                row[-1] for row in driver.execute(f"EXPLAIN QUERY PLAN {statement}", given)
            )

    event.listen(connection, "before_cursor_execute", planned)
    outbox.blank(connection, NOW, ("sign_in",))
    assert len(steps) == 1
    assert steps[0].endswith("USING INDEX outbox_words")


PREFIXES = st.text("abc:;~\u00e9", min_size=1, max_size=4)


@settings(max_examples=30, deadline=None)
@example("ab", {"z1", "z2", "z3", "b", "ac", "abc", "ab", "aa", "a"})
@given(PREFIXES, st.sets(st.text("abc:;~\u00e9", min_size=1, max_size=6), max_size=12))
def test_keys_by_their_beginning(prefix: str, every: set[str]) -> None:
    with empty_store() as connection:
        for number, key in enumerate(sorted(every, reverse=True)):
            put(connection, key, now=NOW + number * SECOND)
        begin_so = {key for key in every if key.startswith(prefix)}
        assert outbox.said(connection, prefix) == begin_so
        since = outbox.said_since(connection, prefix, NOW + 3 * SECOND)
        ordered = sorted(every, reverse=True)
        assert since == [
            (key, NOW + number * SECOND)
            for number, key in enumerate(ordered)
            if key in begin_so and number >= 3
        ]

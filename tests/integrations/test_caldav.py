"""CalDAV against a real Radicale, with sync-collection and without."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from integrations import caldav, caldav_organiser
from integrations.ports import Access, BusySource, Entry, Owner, ProviderError, Shown, item_key
from mentoring.interval import Interval
from tests.demo.programme import busy_event
from tests.servers.radicale import Radicale, radicale

WINDOW = Interval(datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 4, 1, tzinfo=UTC))
DANA = Owner("dana@example.org", "America/New_York")
NINE, TEN = datetime(2027, 1, 12, 9, tzinfo=UTC), datetime(2027, 1, 12, 10, tzinfo=UTC)


@pytest.fixture(params=[True, False], ids=["sync-collection", "plain"])
def server(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Radicale]:
    monkeypatch.setenv("DAV_PASSWORD", "word")
    with radicale(tmp_path, {"dana": "word"}, sync_collection=request.param) as running:
        running.create("dana")
        running.put("dana", "a", busy_event("a@example.org", NINE, TEN))
        running.put("dana", "b", busy_event("b@example.org", TEN, TEN.replace(hour=11)))
        yield running


def source(server: Radicale, **options: object) -> BusySource:
    access = Access(Path(), options or {"password": "env:DAV_PASSWORD"})
    return caldav.busy_source(server.url("dana"), DANA, access)


def test_changes_and_removals_are_noticed(server: Radicale) -> None:
    calendar = source(server)
    first = calendar.read(WINDOW, None)
    assert set(first.items) == {item_key("a@example.org"), item_key("b@example.org")}
    unchanged = calendar.read(WINDOW, first.cursor)
    assert (unchanged.items, unchanged.complete) == ({}, False)
    server.put("dana", "a", busy_event("a@example.org", TEN, TEN.replace(hour=12)))
    server.delete("dana", "b")
    changed = calendar.read(WINDOW, unchanged.cursor)
    seen = {key: spans for key, spans in changed.items.items() if spans}
    assert seen == {item_key("a@example.org"): (Interval(TEN, TEN.replace(hour=12)),)}
    assert changed.complete or changed.items[item_key("b@example.org")] == ()


def test_an_entry_whose_uid_is_escaped_is_freed(server: Radicale) -> None:
    calendar = source(server)
    server.put("dana", "c", busy_event("c\\,1@example.org", NINE, TEN))
    first = calendar.read(WINDOW, None)
    assert item_key("c,1@example.org") in first.items
    server.delete("dana", "c")
    after = calendar.read(WINDOW, first.cursor)
    assert after.complete or after.items[item_key("c,1@example.org")] == ()


def test_an_unchanged_calendar_costs_one_request(server: Radicale) -> None:
    calendar = source(server)
    cursor = calendar.read(WINDOW, None).cursor
    server.requests.clear()
    again = calendar.read(WINDOW, cursor)
    assert (again.items, again.complete, again.cursor) == ({}, False, cursor)
    has_tokens = bool(json.loads(cursor)["token"])
    assert len(server.requests) == (1 if has_tokens else 2)  # refused, and then the whole


def test_a_forgotten_token_means_a_full_read(server: Radicale) -> None:
    calendar = source(server)
    cursor = calendar.read(WINDOW, None).cursor
    stale = cursor.replace("radicale.org/ns/sync/", "radicale.org/ns/sync/0")
    server.put("dana", "c", busy_event("c@example.org", NINE, TEN))
    again = calendar.read(WINDOW, stale)
    assert item_key("c@example.org") in again.items


def test_a_wrong_password_is_said(server: Radicale, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAV_PASSWORD", "wrong")
    with pytest.raises(ProviderError, match="refuses the account") as error:
        source(server).read(WINDOW, None)
    assert error.value.permanent
    assert "wrong" not in str(error.value)


def test_each_account_may_have_its_own_password(
    server: Radicale, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HERS", "word")
    named = {f"dana@127.0.0.1:{server.port}": "env:HERS"}
    assert source(server, passwords=named, password="env:NONE").read(WINDOW, None).items
    with pytest.raises(ProviderError, match="has no password"):
        source(server, passwords={}).read(WINDOW, None)


def test_a_calendar_that_is_not_there(server: Radicale) -> None:
    access = Access(Path(), {"password": "env:DAV_PASSWORD"})
    gone = caldav.busy_source(server.url("dana", "nope"), DANA, access)
    with pytest.raises(ProviderError, match="is not there") as error:
        gone.read(WINDOW, None)
    assert error.value.permanent


def test_a_server_that_is_down() -> None:
    access = Access(Path(), {"password": "env:HOME"})
    down = caldav.busy_source("caldav://dana@127.0.0.1:1/dana/", DANA, access)
    with pytest.raises(ProviderError, match="can't be used") as error:
        down.read(WINDOW, None)
    assert not error.value.permanent


def test_the_organisers_copy_is_made_once_replaced_and_removed(server: Radicale) -> None:
    access = Access(Path(), {"password": "env:DAV_PASSWORD"})
    organiser = caldav_organiser.organiser(server.url("dana"), access)
    event = busy_event("meeting@overlap", NINE, TEN)
    invite = event.replace("VERSION", "METHOD:REQUEST\r\nVERSION").replace(
        "SUMMARY", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:x@example.org\r\nSUMMARY"
    )
    entry = Entry("meeting@overlap", 0, Interval(NINE, TEN), "UTC", "", "", "", (), False, b"")
    organiser.publish(replace(entry, ics=invite.encode()))
    organiser.publish(replace(entry, ics=invite.replace("T100000Z", "T110000Z").encode()))
    kept = source(server).read(WINDOW, None).items[item_key("meeting@overlap")]
    assert kept == (Interval(NINE, TEN.replace(hour=11)),)
    shown = Shown("meeting@overlap", kept[0], {"x@example.org": "ACCEPTED"})
    assert organiser.find("meeting@overlap") == shown
    showing = organiser.showing(WINDOW, None)
    assert shown in (showing.entries or ())
    again = organiser.showing(WINDOW, showing.cursor)
    assert again.entries is None or not showing.cursor
    organiser.withdraw("meeting@overlap")
    organiser.withdraw("meeting@overlap")
    assert organiser.find("meeting@overlap") is None
    after = organiser.showing(WINDOW, again.cursor)
    assert after.entries is not None
    assert shown not in after.entries
    assert item_key("meeting@overlap") not in source(server).read(WINDOW, None).items
    stored = caldav_organiser._stored(invite.encode())
    assert "METHOD" not in stored
    assert "ATTENDEE;SCHEDULE-AGENT=CLIENT;PARTSTAT=ACCEPTED:mailto:x@example.org" in stored

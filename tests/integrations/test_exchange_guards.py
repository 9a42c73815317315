"""Exchange: what its client library and its limits need guarding against."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from integrations import exchange_busy, exchange_login
from integrations.ports import OPAQUE, ProviderError, item_key
from mentoring.interval import Interval
from tests.demo.programme import busy_event
from tests.integrations.exchange_site import KEY, NINE, SPAN, TEN, WINDOW, Site, running
from tests.integrations.providers import DANA
from tests.servers import exchange_calls
from tests.servers.exchange_soap import NAMES

ELEVEN_TO_NOON = (TEN + timedelta(hours=1), TEN + timedelta(hours=2))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with running(tmp_path) as started:
        yield started


def test_titles_and_bodies_are_never_asked_for(site: Site) -> None:
    site.source().read(WINDOW, None)
    asked = b"".join(site.server.bodies)
    assert b"calendar:Start" in asked
    for unwanted in (b"item:", b"Attendees", b"Location", b"Detailed", b"AllProperties"):
        assert unwanted not in asked


def test_the_library_may_not_log_requests(site: Site) -> None:
    for name in ("exchangelib.util", "exchangelib.util.xml", "exchangelib.services.common"):
        assert not logging.getLogger(name).isEnabledFor(logging.ERROR)


def test_what_is_no_xml_to_its_end_is_no_answer_but_odd_characters_are_let_pass() -> None:
    """The library repairs a cut list, whose missing entries would be free hours."""
    whole = b"<?xml version='1.0'?><a><b>x&#x1;\x0b&#xD83D;</b></a>"
    assert exchange_login._is_whole(whole)
    assert not exchange_login._is_whole(whole[:-4])
    assert not exchange_login._is_whole(whole.replace(b"<b>", b""))
    assert not exchange_login._is_whole(b"<!DOCTYPE a><a/>")


@pytest.mark.parametrize("tls", [False, True])
def test_a_roster_that_is_loaded_again_and_again_never_hangs(tmp_path: Path, tls: bool) -> None:
    with running(tmp_path, tls) as site:
        read: list[Any] = []

        def reading() -> None:
            """With sessions and a thread of its own, over what the library keeps."""
            read.append(site.source(site.access()).read(WINDOW, None).items)

        for _ in range(4):
            threads = [threading.Thread(target=reading, daemon=True) for _ in range(3)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(10)
        assert read == [{KEY: SPAN}] * 12


def test_an_answer_too_large_is_a_fault(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    access = site.access()
    site.source(access).read(WINDOW, None)
    monkeypatch.setattr(exchange_login, "LARGEST", 100)
    with pytest.raises(ProviderError, match="can't be reached"):
        site.source(access).read(WINDOW, None)
    monkeypatch.undo()
    assert site.source(access).read(WINDOW, None).items


def test_a_server_that_never_answers_is_given_up(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = site.access()
    site.source(access).read(WINDOW, None)
    monkeypatch.setattr(exchange_login, "TIMEOUT", 0.05)
    site.server.slow = 0.3
    site.server.fail(lambda request: True, "slow")
    with pytest.raises(ProviderError, match="can't be reached"):
        site.source(access).read(WINDOW, None)


def test_a_busy_server_says_how_long(site: Site) -> None:
    site.server.fail(lambda request: request.operation == "FindItem", "403 quota")
    with pytest.raises(ProviderError, match="busy") as error:
        site.source().read(WINDOW, None)
    assert error.value.retry_after == 1.5


def test_more_entries_than_a_view_holds_are_read_in_halves(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in range(1, 20):
        start = NINE.replace(day=day)
        site.server.fill(DANA.email, busy_event(f"{day}@x", start, start + timedelta(hours=1)))
    monkeypatch.setattr(exchange_busy, "_MOST", 5)
    assert len(site.source().read(WINDOW, None).items) == 20
    monkeypatch.setattr(exchange_busy, "_MOST", 1000)
    site.server.exchange.store.view = 6
    assert len(site.source().read(WINDOW, None).items) == 20


@pytest.mark.parametrize(("days", "asked"), [(62, 1), (42, 1), (14, 3), (1, 31)])
def test_free_busy_comes_in_stretches_that_the_server_takes(
    site: Site, days: int, asked: int
) -> None:
    site.server.impersonates = set()
    site.server.exchange.longest = timedelta(days=days)
    access = site.access()
    first = site.source(access).read(WINDOW, None)
    assert list(first.items.values()) == [SPAN]
    site.server.requests.clear()
    again = site.source(access).read(WINDOW, first.cursor)
    assert (again.items, again.cursor) == ({}, first.cursor)
    assert len(site.server.requests) == asked


def test_more_entries_than_an_hour_may_hold_are_a_fault(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        site.server.fill(DANA.email, busy_event(f"{number}@x", NINE, TEN))
    monkeypatch.setattr(exchange_busy, "_MOST", 3)
    with pytest.raises(ProviderError, match="within an hour"):
        site.source().read(WINDOW, None)


def test_changes_come_in_pages(site: Site) -> None:
    site.server.exchange.store.page = 2
    source = site.source()
    for day in range(1, 8):
        start = NINE.replace(day=day)
        site.server.fill(DANA.email, busy_event(f"{day}@x", start, start + timedelta(hours=1)))
    first = source.read(WINDOW, None)
    assert len(first.items) == 8
    for day in range(1, 8):
        site.server.remove(DANA.email, f"{day}@x")
    assert set(source.read(WINDOW, first.cursor).items) == {KEY}


def test_a_change_while_it_is_read_is_not_lost(site: Site) -> None:
    source, late = site.source(), busy_event("late@example.org", NINE, TEN)
    waiting = [late]

    def sneak(request: Any) -> bool:
        """Something comes in between the sync state and the view."""
        if request.operation == "FindItem" and waiting:
            site.server.fill(DANA.email, waiting.pop())
        return False

    site.server.fail(sneak, "404")
    first = source.read(WINDOW, None)
    assert item_key("late@example.org") in first.items
    site.server.remove(DANA.email, "late@example.org")
    assert item_key("late@example.org") not in source.read(WINDOW, first.cursor).items


def test_the_servers_own_schema_is_at_hand() -> None:
    from tests.servers.exchange_soap import schema

    assert schema() is not None


def _shown(show: str) -> str:
    status = f"X-MICROSOFT-CDO-BUSYSTATUS:{show.upper()}\r\n"
    return busy_event("b@example.org", *ELEVEN_TO_NOON).replace("SUMMARY", f"{status}SUMMARY")


@pytest.mark.parametrize("show", ["busy", "tentative", "oof"])
def test_an_entry_that_the_library_passes_over_is_busy_still(
    site: Site, monkeypatch: pytest.MonkeyPatch, show: str
) -> None:
    site.server.exchange.shares[DANA.email] = "freebusy"
    site.server.fill(DANA.email, _shown(show))
    said = exchange_calls.Exchange._free_busy

    def renamed(self: Any, *asked: Any) -> Any:
        answer = said(self, *asked)
        entry = answer.findall(".//t:CalendarEvent", NAMES)[1]
        entry.tag = f"{entry.tag}Ex"
        return answer

    monkeypatch.setattr(exchange_calls.Exchange, "_free_busy", renamed)
    monkeypatch.setattr("tests.servers.exchange.problem_of", lambda _: "")
    source = site.source(site.access(access="delegate"))
    assert source.read(WINDOW, None).items == {OPAQUE: (*SPAN, Interval(*ELEVEN_TO_NOON))}


def test_working_elsewhere_is_free_where_only_free_busy_is_told(site: Site) -> None:
    """The merged view has the same digit for it as for "no data"."""
    site.server.exchange.shares[DANA.email] = "freebusy"
    site.server.fill(DANA.email, _shown("workingelsewhere"))
    source = site.source(site.access(access="delegate"))
    assert source.read(WINDOW, None).items == {OPAQUE: SPAN}

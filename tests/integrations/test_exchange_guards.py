"""Exchange: what its client library and its limits need guarding against."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
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

NOON = TEN + timedelta(hours=2)
ELEVEN = Interval(TEN + timedelta(hours=1), NOON)


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


# What free/busy alone says, by entry and by quarter hour


def _shown(show: str, span: Interval) -> str:
    status = f"X-MICROSOFT-CDO-BUSYSTATUS:{show.upper()}\r\n"
    entry = busy_event(f"{show}@example.org", span.start, span.end)
    return entry.replace("SUMMARY", f"{status}SUMMARY")


@pytest.fixture
def glimpsed(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """No more than free/busy is shared, and the answers may be what no schema allows."""
    site.server.exchange.shares[DANA.email] = "freebusy"
    monkeypatch.setattr("tests.servers.exchange.problem_of", lambda _: "")
    yield site


def _glimpse(site: Site, window: Interval = WINDOW) -> dict[str, tuple[Interval, ...]]:
    reading = site.source(site.access(access="delegate")).read(window, None)
    return dict(reading.items)


def _changed(monkeypatch: pytest.MonkeyPatch, change: Callable[[Any], None]) -> None:
    said = exchange_calls.Exchange._free_busy

    def answer(self: Any, *asked: Any) -> Any:
        answered = said(self, *asked)
        change(answered)
        return answered

    monkeypatch.setattr(exchange_calls.Exchange, "_free_busy", answer)


def _rename_at_eleven(answer: Any) -> None:
    for entry in answer.findall(".//t:CalendarEvent", NAMES):
        if "T11:00" in entry.findtext("t:StartTime", "", NAMES):
            entry.tag = f"{entry.tag}Ex"


@pytest.mark.parametrize("above", ["free", "workingelsewhere", "tentative", ""])
@pytest.mark.parametrize("show", ["busy", "tentative", "oof"])
def test_an_entry_that_the_library_passes_over_is_busy_still(
    glimpsed: Site, monkeypatch: pytest.MonkeyPatch, show: str, above: str
) -> None:
    """Also where another entry lies over the whole day, unless that is as much."""
    glimpsed.server.fill(DANA.email, _shown(show, ELEVEN))
    if above:
        glimpsed.server.fill(DANA.email, _shown(above, Interval(NINE, NOON)))
    _changed(monkeypatch, _rename_at_eleven)
    whole = (Interval(NINE, NOON),)
    assert _glimpse(glimpsed) == {OPAQUE: whole if above == "tentative" else (*SPAN, ELEVEN)}


@pytest.mark.parametrize("show", ["workingelsewhere", "free"])
def test_who_works_elsewhere_is_free_where_only_free_busy_is_told(
    glimpsed: Site, show: str
) -> None:
    glimpsed.server.fill(DANA.email, _shown(show, ELEVEN))
    assert _glimpse(glimpsed) == {OPAQUE: SPAN}


@pytest.mark.parametrize("longest", [timedelta(days=62), timedelta(days=1)])
@pytest.mark.parametrize("minutes", [0, 7])
def test_a_window_between_the_quarters_is_read_to_its_edges(
    glimpsed: Site, longest: timedelta, minutes: int
) -> None:
    glimpsed.server.exchange.longest = longest
    begin = NINE + timedelta(minutes=minutes)
    window = Interval(begin, begin + timedelta(days=7))
    assert _glimpse(glimpsed, window) == {OPAQUE: (Interval(begin, TEN),)}


@pytest.mark.parametrize("stream", ["", "0", "2" * 2975, "x" * 2976, "٢" * 2976])
def test_a_merged_view_that_is_none_is_no_answer(
    glimpsed: Site, monkeypatch: pytest.MonkeyPatch, stream: str
) -> None:
    def change(answer: Any) -> None:
        answer.find(".//t:MergedFreeBusy", NAMES).text = stream

    _changed(monkeypatch, change)
    with pytest.raises(ProviderError, match="garbled"):
        _glimpse(glimpsed)


def test_a_view_without_the_merged_one_is_not_believed(
    glimpsed: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(answer: Any) -> None:
        answer.find(".//t:FreeBusyViewType", NAMES).text = "FreeBusy"

    _changed(monkeypatch, change)
    with pytest.raises(ProviderError, match="may not open it"):
        _glimpse(glimpsed)


def _minutes(first: int, last: int) -> Interval:
    return Interval(NINE + timedelta(minutes=first), NINE + timedelta(minutes=last))


@pytest.mark.parametrize(
    ("slots", "told", "busy"),
    [
        ("0000", [], []),
        ("0220", [(_minutes(15, 45), "Busy")], []),
        ("0220", [(_minutes(20, 40), "OOF")], []),
        ("0220", [(_minutes(15, 30), "Busy")], [2]),
        ("0220", [(_minutes(0, 60), "Tentative")], [1, 2]),
        ("0330", [(_minutes(0, 60), "Busy")], [1, 2]),
        ("0220", [(_minutes(0, 60), "Free")], [1, 2]),
        ("2000", [(_minutes(0, 0), "Busy")], [0]),
        ("0440", [(_minutes(0, 60), "WorkingElsewhere")], []),
        ("0440", [(_minutes(0, 60), "Busy")], []),
        ("0440", [(_minutes(0, 60), "Free")], [1, 2]),
        ("0550", [(_minutes(0, 60), "Free")], [1, 2]),
        ("0590", [(_minutes(0, 60), "NoData")], [2]),
        ("2222", [(_minutes(-60, 600), "Busy")], []),
    ],
)
def test_a_quarter_that_no_entry_explains_is_busy(
    slots: str, told: list[tuple[Interval, str]], busy: list[int]
) -> None:
    found = list(exchange_busy._untold(NINE, slots, told))
    assert found == [_minutes(15 * number, 15 * number + 15) for number in busy]

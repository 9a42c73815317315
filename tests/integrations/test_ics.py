"""Feeds by https: conditional requests, limits, and every fault by its name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from integrations import ics
from integrations.http_client import retry_after
from integrations.ports import Access, Owner, ProviderError
from mentoring.interval import Interval
from tests.integrations.golden import named
from tests.servers.certificates import server_context
from tests.servers.feeds import feeds

WINDOW = Interval(datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 4, 1, tzinfo=UTC))
DANA = Owner("dana@example.org", "America/New_York")
TEXT = named("plain").text()


def test_an_unchanged_feed_costs_one_request_and_no_reading(tmp_path: Path) -> None:
    with feeds() as server:
        source = ics.busy_source(server.put("/a.ics", TEXT), DANA, Access(tmp_path))
        first = source.read(WINDOW, None)
        again = source.read(WINDOW, first.cursor)
        assert (again.items, again.complete) == ({}, False)
        assert [status for _, _, status in server.requests] == [200, 304]
        later = Interval(WINDOW.start, WINDOW.end + timedelta(days=28))
        assert source.read(later, again.cursor).complete
        server.put("/a.ics", TEXT.replace("T110000Z", "T120000Z"))
        assert source.read(later, again.cursor).complete


def test_a_feed_over_tls_needs_a_certificate_we_trust(tmp_path: Path) -> None:
    context, ca = server_context(tmp_path)
    with feeds(context) as server:
        url = server.put("/a.ics", TEXT)
        with pytest.raises(ProviderError, match="can't be reached") as error:
            ics.busy_source(url, DANA, Access(tmp_path)).read(WINDOW, None)
        assert not error.value.permanent
        assert ics.busy_source(url, DANA, Access(tmp_path, ca=ca)).read(WINDOW, None).items


@pytest.mark.parametrize(
    ("how", "said", "permanent"),
    [
        ({"status": 404}, "is not there (404)", True),
        ({"status": 410}, "is not there (410)", True),
        ({"status": 401}, "refuses access (401)", True),
        ({"status": 403}, "refuses access (403)", True),
        ({"status": 500}, "answers 500", False),
        ({"status": 503, "headers": (("Retry-After", "120"),)}, "answers 503", False),
        ({"status": 429, "headers": (("Retry-After", "120"),)}, "answers 429", False),
        ({"endless": True}, "larger than 10 MB", True),
        ({"cut": True}, "can't be reached", False),
        ({"headers": (("Content-Encoding", "gzip"),)}, "answers compressed", True),
    ],
)
def test_a_fault_is_named(
    how: dict[str, object], said: str, permanent: bool, tmp_path: Path
) -> None:
    with feeds() as server:
        url = server.put("/secret-token/a.ics", TEXT * 200, **how)
        with pytest.raises(ProviderError) as error:
            ics.busy_source(url, DANA, Access(tmp_path)).read(WINDOW, None)
    assert said in error.value.message
    assert error.value.permanent == permanent
    assert error.value.mend
    assert "secret-token" not in str(error.value)
    if ("Retry-After", "120") in how.get("headers", ()):  # type: ignore[operator]
        assert error.value.retry_after == 120


def test_a_web_page_is_no_calendar(tmp_path: Path) -> None:
    with feeds() as server:
        url = server.put("/a.ics", "<!doctype html><title>Log in</title>")
        with pytest.raises(ProviderError, match="is a web page") as error:
            ics.busy_source(url, DANA, Access(tmp_path)).read(WINDOW, None)
    assert error.value.permanent


def test_fifty_megabytes_are_not_read(tmp_path: Path) -> None:
    with feeds() as server:
        url = server.put("/a.ics", b"x" * (50 << 20))
        with pytest.raises(ProviderError, match="larger than 10 MB"):
            ics.busy_source(url, DANA, Access(tmp_path)).read(WINDOW, None)


def test_a_feed_that_trickles_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ics, "_WHOLE_READ_SECONDS", 0.3)
    with feeds() as server:
        url = server.put("/a.ics", TEXT, delay=0.05)
        with pytest.raises(ProviderError, match="took longer"):
            ics.busy_source(url, DANA, Access(tmp_path)).read(WINDOW, None)


def test_redirects_stay_safe_and_end(tmp_path: Path) -> None:
    with feeds() as server:
        server.put("/a.ics", TEXT)
        two = (("Location", "/one"),)
        server.put("/two", b"", status=302, headers=two)
        server.put("/one", b"", status=302, headers=(("Location", "/a.ics"),))
        found = ics.busy_source(server.url("/two"), DANA, Access(tmp_path)).read(WINDOW, None)
        assert found.items
        server.put("/loop", b"", status=302, headers=(("Location", "/loop"),))
        with pytest.raises(ProviderError, match="redirects more than 3 times"):
            ics.busy_source(server.url("/loop"), DANA, Access(tmp_path)).read(WINDOW, None)
        away = (("Location", "http://192.0.2.1/a.ics"),)
        server.put("/away", b"", status=302, headers=away)
        with pytest.raises(ProviderError, match="unencrypted"):
            ics.busy_source(server.url("/away"), DANA, Access(tmp_path)).read(WINDOW, None)


def test_encryption_is_never_left_by_a_redirect(tmp_path: Path) -> None:
    context, ca = server_context(tmp_path)
    with feeds() as plain, feeds(context) as server:
        away = (("Location", plain.put("/a.ics", TEXT)),)
        url = server.put("/a.ics", b"", status=302, headers=away)
        with pytest.raises(ProviderError, match="unencrypted"):
            ics.busy_source(url, DANA, Access(tmp_path, ca=ca)).read(WINDOW, None)
        assert plain.requests == []


def test_a_file_that_is_missing_or_too_large(tmp_path: Path) -> None:
    source = ics.busy_source("file:a.ics", DANA, Access(tmp_path))
    with pytest.raises(ProviderError, match=r"a\.ics can't be read") as error:
        source.read(WINDOW, None)
    assert error.value.permanent
    with (tmp_path / "a.ics").open("wb") as file:
        file.truncate(11 << 20)
    with pytest.raises(ProviderError, match="larger than 10 MB"):
        source.read(WINDOW, None)


def test_retry_after_as_a_date() -> None:
    soon = retry_after("Fri, 31 Dec 2100 23:59:59 GMT")
    assert soon is not None
    assert soon > 0
    assert retry_after("Fri, 31 Dec 1999 23:59:59 GMT") == 0


@pytest.mark.parametrize(
    ("value", "seconds"), [("30", 30), ("9" * 20, 86_400), ("\N{SUPERSCRIPT TWO}", None)]
)
def test_retry_after_as_seconds(value: str, seconds: float | None) -> None:
    assert retry_after(value) == seconds
    assert retry_after("soon") is None

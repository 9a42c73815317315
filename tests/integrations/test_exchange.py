"""Exchange: logins, rights, and what its client library needs guarding against."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from integrations import exchange_busy, exchange_login, exchange_organiser
from integrations.ports import OPAQUE, Access, ProviderError, item_key
from mentoring.interval import Interval
from tests.demo.programme import busy_event
from tests.integrations.providers import DANA, OFFICE
from tests.servers.certificates import server_context
from tests.servers.exchange import (
    CLIENT_ID,
    CLIENT_SECRET,
    LOGIN,
    PASSWORD,
    SERVICE,
    TENANT,
    Server,
    exchange,
    ntlm_users,
)

WINDOW = Interval(datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 2, 1, tzinfo=UTC))
NINE, TEN = datetime(2027, 1, 12, 9, tzinfo=UTC), datetime(2027, 1, 12, 10, tzinfo=UTC)
BUSY = busy_event("a@example.org", NINE, TEN)
KEY = item_key("a@example.org")
SPAN = (Interval(NINE, TEN),)


@dataclass
class Site:
    """A server whose service account may impersonate everybody, and who asks it how."""

    server: Server
    directory: Path
    ca: Path | None = None

    def access(self, **options: object) -> Access:
        known = {
            "endpoint": self.server.url,
            "username": SERVICE,
            "password": "file:password",
            **options,
        }
        return Access(self.directory, known, ca=self.ca)

    def source(self, access: Access | None = None) -> Any:
        return exchange_busy.busy_source(f"exchange:{DANA.email}", DANA, access or self.access())

    def organiser(self, **options: object) -> Any:
        return exchange_organiser.organiser(f"exchange:{OFFICE}", self.access(**options))


@contextmanager
def running(directory: Path, tls: bool = False) -> Iterator[Site]:
    context, ca = server_context(directory) if tls else (None, None)
    with exchange(context) as server:
        for address in (DANA.email, OFFICE):
            server.user(address)
        server.impersonates = None
        server.fill(DANA.email, BUSY)
        (directory / "password").write_text(PASSWORD)
        (directory / "client").write_text(CLIENT_SECRET)
        yield Site(server, directory, ca)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with running(tmp_path) as started:
        yield started


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[Site]:
    with running(tmp_path, tls=True) as started:
        yield started


def oauth(**more: object) -> dict[str, object]:
    return {
        "auth": "oauth",
        "tenant": TENANT,
        "client_id": CLIENT_ID,
        "client_secret": "file:client",
        "username": "",
        **more,
    }


# Logins


def test_basic_is_found_out_and_used(site: Site) -> None:
    assert site.source().read(WINDOW, None).items == {KEY: SPAN}


@pytest.mark.parametrize("tls", [False, True])
def test_ntlm_is_found_out_and_logs_in_once(
    tmp_path: Path, tls: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NTLM_USER_FILE", "")
    ntlm_users(tmp_path / "users")
    with running(tmp_path, tls) as site:
        site.server.auth = "ntlm"
        access = site.access(username=LOGIN)
        reading = site.source(access).read(WINDOW, None)
        assert reading.items == {KEY: SPAN}
        (tmp_path / "password").write_text("wrong")
        with pytest.raises(ProviderError, match=r"refuses the account EXAMPLE.overlap \(401\)"):
            site.source(site.access(username=LOGIN)).read(WINDOW, None)


def test_a_wrong_password_is_said_and_never_shown(site: Site) -> None:
    (site.directory / "password").write_text("wrongword")
    with pytest.raises(ProviderError, match="refuses the account") as error:
        site.source().read(WINDOW, None)
    assert "wrongword" not in str(error.value)


def test_a_new_password_is_used_without_a_restart(site: Site) -> None:
    access = site.access()
    (site.directory / "password").write_text("old")
    with pytest.raises(ProviderError):
        site.source(access).read(WINDOW, None)
    (site.directory / "password").write_text(PASSWORD)
    assert site.source(access).read(WINDOW, None).items


def test_an_application_fetches_its_token_once(secure: Site) -> None:
    secure.server.auth = "oauth"
    access = secure.access(**oauth(authority=secure.server.url))
    cursor = secure.source(access).read(WINDOW, None).cursor
    secure.server.requests.clear()
    for _ in range(3):
        secure.source(access).read(WINDOW, cursor)
    assert secure.server.fetched == 1
    assert len(secure.server.requests) == 3
    secure.server.tokens.clear()  # it was taken back before its time
    with pytest.raises(ProviderError, match="401"):
        secure.source(access).read(WINDOW, cursor)
    assert secure.source(access).read(WINDOW, cursor).cursor == cursor
    assert secure.server.fetched == 2


def test_an_application_that_is_refused(secure: Site) -> None:
    secure.server.auth = "oauth"
    (secure.directory / "client").write_text("wrong")
    access = secure.access(**oauth(authority=secure.server.url))
    with pytest.raises(ProviderError, match="full_access_as_app") as error:
        secure.source(access).read(WINDOW, None)
    assert error.value.permanent


def test_an_application_asks_for_free_busy_as_the_account_named(secure: Site) -> None:
    secure.server.auth, secure.server.impersonates = "oauth", {OFFICE}
    access = secure.access(**oauth(authority=secure.server.url, username=OFFICE))
    assert secure.source(access).read(WINDOW, None).items == {OPAQUE: SPAN}


def test_oauth_is_asked_for_where_the_server_takes_nothing_else(site: Site) -> None:
    site.server.auth = "oauth"
    with pytest.raises(ProviderError, match="does not say how to log in"):
        site.source().read(WINDOW, None)


@pytest.mark.parametrize("auth", ["", "basic", "ntlm"])
def test_a_certificate_of_nobody_s_is_named(secure: Site, auth: str) -> None:
    secure.ca = None
    with pytest.raises(ProviderError, match="no valid certificate"):
        secure.source(secure.access(auth=auth)).read(WINDOW, None)


def test_only_this_machine_is_spoken_to_in_the_clear(site: Site) -> None:
    with pytest.raises(ProviderError, match="unencrypted") as error:
        site.source(site.access(endpoint="http://mail.example.org")).read(WINDOW, None)
    assert error.value.permanent


def test_what_asks_for_no_login_is_no_exchange_and_not_believed_later(site: Site) -> None:
    site.server.auth = "open"
    access = site.access()
    with pytest.raises(ProviderError, match="asks for no login"):
        site.source(access).read(WINDOW, None)
    site.server.auth = "basic"
    assert site.source(access).read(WINDOW, None).items


@pytest.mark.parametrize("missing", ["username", "password"])
def test_what_is_not_set_is_named(site: Site, missing: str) -> None:
    access = site.access(**{missing: ""} if missing == "username" else {missing: None})
    with pytest.raises(ProviderError, match=rf"\[exchange\] {missing} is not set"):
        site.source(access).read(WINDOW, None)


@pytest.mark.parametrize("newest", ["Exchange2010_SP2", "Exchange2013_SP1", "Exchange2016"])
def test_older_servers_are_spoken_to_in_their_version(site: Site, newest: str) -> None:
    site.server.newest = newest
    assert site.source().read(WINDOW, None).items == {KEY: SPAN}


# Rights


@pytest.mark.parametrize("terse", [False, True])
@pytest.mark.parametrize(
    ("level", "items"),
    [("editor", {KEY: SPAN}), ("reviewer", {KEY: SPAN}), ("freebusy", {OPAQUE: SPAN})],
)
def test_a_delegate_reads_what_is_shared(
    site: Site, level: str, items: dict[str, Any], terse: bool
) -> None:
    site.server.exchange.shares[DANA.email] = level
    site.server.exchange.terse = terse
    assert site.source(site.access(access="delegate")).read(WINDOW, None).items == items


def test_nothing_shared_is_said(site: Site) -> None:
    site.server.exchange.shares[DANA.email] = "none"
    with pytest.raises(ProviderError, match="may not open it") as error:
        site.source(site.access(access="delegate")).read(WINDOW, None)
    assert error.value.permanent


def test_the_missing_role_is_named(site: Site) -> None:
    site.server.impersonates = set()
    site.server.exchange.shares[DANA.email] = "none"
    with pytest.raises(ProviderError, match="lacks the role ApplicationImpersonation"):
        site.source().read(WINDOW, None)
    with pytest.raises(ProviderError, match="lacks the role ApplicationImpersonation"):
        site.organiser().check()


def test_an_organiser_who_may_only_read_is_told(site: Site) -> None:
    site.server.exchange.shares[OFFICE] = "reviewer"
    with pytest.raises(ProviderError, match="may be read, not written"):
        site.organiser(access="delegate").check()
    site.server.exchange.shares[OFFICE] = "editor"
    site.organiser(access="delegate").check()


def test_a_mailbox_that_is_not_there(site: Site) -> None:
    source = exchange_busy.busy_source("exchange:nobody@example.org", DANA, site.access())
    with pytest.raises(ProviderError, match="no such mailbox") as error:
        source.read(WINDOW, None)
    assert error.value.permanent


# What the library needs guarding against


def test_titles_and_bodies_are_never_asked_for(site: Site) -> None:
    site.source().read(WINDOW, None)
    asked = b"".join(site.server.bodies)
    assert b"calendar:Start" in asked
    for unwanted in (b"item:", b"Attendees", b"Location", b"Detailed", b"AllProperties"):
        assert unwanted not in asked


def test_the_library_may_not_log_requests(site: Site) -> None:
    for name in ("exchangelib.util", "exchangelib.util.xml", "exchangelib.services.common"):
        assert not logging.getLogger(name).isEnabledFor(logging.ERROR)


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

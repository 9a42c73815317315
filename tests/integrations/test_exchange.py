"""Exchange: logins and rights."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integrations import exchange_busy
from integrations.ports import OPAQUE, ProviderError
from tests.integrations.exchange_site import KEY, SPAN, WINDOW, Site, running
from tests.integrations.providers import DANA, OFFICE
from tests.servers.exchange import CLIENT_ID, LOGIN, PASSWORD, TENANT, ntlm_users


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

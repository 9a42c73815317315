"""Exchange found by autodiscover, on loopback: the library asks a DNS server of our own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from exchangelib.autodiscover import Autodiscovery

from integrations import exchange_busy
from integrations.ports import Access, ProviderError, item_key
from mentoring.interval import Interval
from tests.demo.programme import busy_event
from tests.integrations.providers import DANA, OFFICE
from tests.servers import exchange as simulator
from tests.servers.certificates import server_context
from tests.servers.exchange_discovery import names

WINDOW = Interval(datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 2, 1, tzinfo=UTC))
NINE, TEN = datetime(2027, 1, 12, 9, tzinfo=UTC), datetime(2027, 1, 12, 10, tzinfo=UTC)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[simulator.Server]:
    context, _ = server_context(tmp_path)
    (tmp_path / "password").write_text(simulator.PASSWORD)
    with names() as port, simulator.exchange(context) as running:
        resolver = {"nameservers": ["127.0.0.1"], "port": port}
        monkeypatch.setattr(Autodiscovery, "DNS_RESOLVER_KWARGS", {"configure": False})
        monkeypatch.setattr(Autodiscovery, "DNS_RESOLVER_ATTRS", resolver)
        running.impersonates = None
        for address in (DANA.email, OFFICE):
            running.user(address)
        running.fill(DANA.email, busy_event("a@example.org", NINE, TEN))
        yield running


def access(server: simulator.Server, directory: Path, name: str = "overlap") -> Access:
    options = {
        "username": f"{name}@localhost:{server.port}",
        "password": "file:password",
    }
    return Access(directory, options, ca=directory / "ca.pem")


def source(using: Access, address: str = DANA.email) -> Any:
    return exchange_busy.busy_source(f"exchange:{address}", DANA, using)


def test_the_server_is_found_once_for_all_mailboxes(
    server: simulator.Server, tmp_path: Path
) -> None:
    server.logins.add(f"overlap@localhost:{server.port}")
    using = access(server, tmp_path)
    assert set(source(using).read(WINDOW, None).items) == {item_key("a@example.org")}
    assert source(using, OFFICE).read(WINDOW, None).items == {}
    assert server.discovered == 1


def test_an_unencrypted_address_is_not_followed(server: simulator.Server, tmp_path: Path) -> None:
    server.logins.add(f"overlap@localhost:{server.port}")
    server.ews_url = "http://mail.example.org/EWS/Exchange.asmx"
    with pytest.raises(ProviderError, match="no encrypted address"):
        source(access(server, tmp_path)).read(WINDOW, None)


def test_a_search_that_failed_is_not_made_for_every_mailbox(
    server: simulator.Server, tmp_path: Path
) -> None:
    server.logins.add(f"nobody@localhost:{server.port}")
    using = access(server, tmp_path, "nobody")
    with pytest.raises(ProviderError, match="autodiscover for nobody"):
        source(using).read(WINDOW, None)
    asked = server.discovered
    with pytest.raises(ProviderError, match="autodiscover for nobody"):
        source(using, OFFICE).read(WINDOW, None)
    assert server.discovered == asked


def test_without_endpoint_or_address_nothing_is_asked(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("word")
    options = {"username": "EXAMPLE\\overlap", "password": "file:password"}
    with pytest.raises(ProviderError, match="endpoint is not set") as error:
        source(Access(tmp_path, options)).read(WINDOW, None)
    assert error.value.permanent

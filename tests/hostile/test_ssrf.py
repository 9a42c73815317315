"""Links that would lead inside: a hundred ways to write an address, redirects, and names that
change their mind."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from integrations import caldav, ics, tls
from integrations.addresses import Reach, looked_up
from integrations.ports import Access, Owner, ProviderError
from integrations.registry import Ports
from mentoring.settings_file import read_settings
from service.roster_source import load
from tests.hostile.parsers import WINDOW
from tests.integrations.golden import named
from tests.servers.certificates import server_context
from tests.servers.feeds import feeds
from tests.world import DANA, PEOPLE, SETTINGS, World

OWNER = Owner(DANA, "America/New_York")
TEXT = named("plain").text()
INSIDE = (
    # IPv4, plainly
    *("127.0.0.1", "127.1.2.3", "127.255.255.254", "10.0.0.1", "10.255.255.255", "172.16.0.1"),
    *("172.31.255.255", "192.168.0.1", "192.168.255.255", "169.254.169.254", "169.254.0.1"),
    *("100.64.0.1", "100.100.100.200", "100.127.255.255", "0.1.2.3", "192.0.0.8"),
    *("192.0.0.170", "192.0.2.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.9"),
    *("192.88.99.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"),
    *("168.63.129.16", "0.0.0.0"),  # noqa: S104 - nothing listens there
    # as inet_aton reads them: decimal, octal, hexadecimal, short
    *("2130706433", "017700000001", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "0x7f.1", "127.1"),
    *("127.0.1", "0177.1", "0", "0x0", "00", "167772161", "0x0a000001", "012.0.0.1", "10.1"),
    *("3232235521", "0xc0a80001", "0300.0250.0.1", "192.168.1", "2852039166", "0xa9fea9fe"),
    *("0251.0376.0251.0376", "169.16689662", "0xA9.0xFE.0xA9.0xFE", "127.0x0.0.0x1"),
    *("00000177.0.0.1", "0x7F000001", "4294967295", "3221225986"),
    # IPv6: loopback, private, link-local, multicast, and IPv4 inside
    *("[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"),
    *("[::ffff:10.0.0.1]", "[::ffff:a9fe:a9fe]", "[0:0:0:0:0:ffff:c0a8:1]", "[::127.0.0.1]"),
    *("[::7f00:1]", "[64:ff9b::7f00:1]", "[64:ff9b::10.0.0.1]", "[64:ff9b::a9fe:a9fe]"),
    *("[64:ff9b:1::7f00:1]", "[64:ff9b:1:ffff::1]", "[2002:7f00:1::]", "[2002:a00:1::1]"),
    *("[2002:c0a8:1::]", "[2002:a9fe:a9fe::]", "[2001:0:4136:e378:8000:63bf:80ff:fffe]"),
    *("[2001::1]", "[2001:10::1]", "[2001:20::1]", "[2001:db8::1]", "[3fff::1]", "[5f00::1]"),
    *("[fc00::1]", "[fd00:ec2::254]", "[fdff::1]", "[fe80::1]", "[febf::1]", "[fec0::1]"),
    *("[ff02::1]", "[ff0e::1]", "[100::1]", "[4000::1]", "[::ffff:0:127.0.0.1]", "[a000::1]"),
)  # fmt: skip
NAMES = (
    *("localhost", "localhost.", "LOCALHOST", "ip6-localhost", "calendar.evil.example"),
    *("127.0.0.1.nip.example", "127。0。0。1", "①②⑦.0.0.1", "１２７.0.0.1", "a" * 300),
    *("user:pw@127.0.0.1", "example.org@10.0.0.1", "example.org%40@[::1]", "10.0.0.1#@example.org"),
    *("10.0.0.1?@example.org", "127.0.0.1\\@example.org", "0x7f.1.", "[::1%25lo]"),
)


@pytest.fixture
def lying(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """No connection is ever made, and every name there is leads inside."""
    real, asked = socket.getaddrinfo, []

    def answer(host: Any, port: Any, **how: Any) -> Any:
        asked.append(host)
        try:
            return real(host, port, **{**how, "flags": socket.AI_NUMERICHOST})
        except OSError:
            return real("10.1.2.3", port, **how)

    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("a connection was made")

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    yield asked


def test_there_are_a_hundred_forms() -> None:
    assert len(set(INSIDE) | set(NAMES)) >= 100


@pytest.mark.parametrize("scheme", ["https", "caldavs"])
def test_no_form_of_an_address_leads_inside(
    scheme: str, lying: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = Access(tmp_path, {"password": "env:PATH"})
    context = tls.context(access)  # made anew each time it would take most of the test
    monkeypatch.setattr(tls, "context", lambda _access: context)
    for host in (*INSIDE, *NAMES):
        url = f"{scheme}://{host}/x.ics"
        if tls.is_loopback(url):
            continue  # the roster may name this machine; a link on the way may not, see below
        module = ics if scheme == "https" else caldav
        with pytest.raises(ProviderError):
            module.busy_source(url, OWNER, access).read(WINDOW, None)


def test_public_addresses_are_reached() -> None:
    for text in ("8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8", "172.32.0.1"):
        assert Reach().addresses("a.example", 443, lambda *_, t=text: [t]) == (text,)


def test_one_address_inside_is_one_too_many() -> None:
    with pytest.raises(ProviderError, match="inside a network"):
        Reach().addresses("a.example", 443, lambda *_: ["8.8.8.8", "10.0.0.1"])


@pytest.mark.parametrize(
    ("allow", "host", "address"),
    [
        (("10.1.0.0/16",), "c.example", "10.1.2.3"),
        (("calendar.intranet.example",), "Calendar.Intranet.Example.", "192.168.7.7"),
        (("fd00::/8",), "c.example", "fd00::7"),
        (("127.0.0.2/32",), "c.example", "127.0.0.2"),
    ],
)
def test_the_coordinator_may_allow_an_own_network_or_host(
    allow: tuple[str, ...], host: str, address: str
) -> None:
    assert Reach(allow).addresses(host, 443, lambda *_: [address]) == (address,)
    with pytest.raises(ProviderError):
        Reach(allow).addresses("d.example", 443, lambda *_: ["10.2.0.1"])


def test_the_allow_list_is_read_from_the_settings_and_reaches_the_adapters(world: World) -> None:
    (world.directory / "overlap.toml").write_text(
        SETTINGS.format(agreement="")
        + '[calendars]\nallow = ["10.0.0.0/8", "Calendar.Intranet.example"]\n'
        + '[calendar]\nurl = "caldavs://o@organiser.intranet.example/c/"\n'
    )
    roster = load(world.directory)
    assert roster.settings.allow == ("10.0.0.0/8", "calendar.intranet.example")
    (world.directory / "people.csv").write_text(
        PEOPLE.replace("file:dana.ics", "caldavs://d@c.example/x/")
    )
    roster = load(world.directory)
    ports = Ports(roster, world.directory)
    source: Any = ports.busy_source(roster.people[DANA])
    assert source.account.access.allow == roster.settings.allow
    organiser: Any = ports.organiser()
    assert "organiser.intranet.example" in organiser.account.access.allow
    assert read_settings(b'[calendars]\nallow = "10.0.0.0/8"')[0] is None


def test_a_redirect_leads_no_further_than_the_link_itself(tmp_path: Path) -> None:
    """From a host that is allowed, over TLS, to this machine and to the network around it."""
    context, ca = server_context(tmp_path, "a.example", "127.0.0.1", "localhost")
    with feeds(context) as server:
        port = server.port
        for place in (f"https://127.0.0.1:{port}/ok", f"https://localhost:{port}/ok",
                      "https://10.0.0.1/ok", "https://[::ffff:7f00:1]/ok", "https://2130706433/ok",
                      "//169.254.169.254/ok", f"http://127.0.0.1:{port}/ok"):  # fmt: skip
            server.put("/away", b"", status=302, headers=(("Location", place),))
            server.put("/ok", TEXT)
            access = Access(tmp_path, ca=ca, allow=("a.example",))
            with pytest.raises(ProviderError), resolving({"a.example": ["127.0.0.1"]}):
                source = ics.busy_source(f"https://a.example:{port}/away", OWNER, access)
                source.read(WINDOW, None)
        assert {path for path, *_ in server.requests} == {"/away"}


class resolving:  # noqa: N801 - it reads as what it does
    """Names with the answers that a name server gives, one after another; the last one stays."""

    def __init__(self, answers: dict[str, list[str]]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def __enter__(self) -> resolving:
        self.real = socket.getaddrinfo
        socket.getaddrinfo = self._answer
        return self

    def __exit__(self, *_: object) -> None:
        socket.getaddrinfo = self.real

    def _answer(self, host: Any, port: Any, *what: Any, **how: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name not in self.answers:
            return self.real(host, port, *what, **how)
        self.asked.append(name)
        told = self.answers[name]
        return self.real(told.pop(0) if len(told) > 1 else told[0], port, *what, **how)


def test_a_name_that_changes_its_mind_is_asked_once_and_pinned(tmp_path: Path) -> None:
    """The first answer is the server that is allowed; a second one would be another machine."""
    context, ca = server_context(tmp_path, "a.example")
    with feeds(context) as server:
        server.put("/x.ics", TEXT)
        access = Access(tmp_path, ca=ca, allow=("127.0.0.1/32",))
        with resolving({"a.example": ["127.0.0.1", "127.0.0.77"]}) as names:
            source = ics.busy_source(f"https://a.example:{server.port}/x.ics", OWNER, access)
            assert source.read(WINDOW, None).items
        assert names.asked == ["a.example"]
        with resolving({"a.example": ["127.0.0.77"]}), pytest.raises(ProviderError) as error:
            source.read(WINDOW, None)
        assert "inside a network" in error.value.message
        assert "[calendars] allow" in error.value.mend


def test_the_name_is_what_tls_proves_and_the_server_is_asked_for(tmp_path: Path) -> None:
    context, ca = server_context(tmp_path, "another.example")
    with feeds(context) as server:
        server.put("/x.ics", TEXT)
        access = Access(tmp_path, ca=ca, allow=("a.example",))
        source = ics.busy_source(f"https://a.example:{server.port}/x.ics", OWNER, access)
        with resolving({"a.example": ["127.0.0.1"]}), pytest.raises(ProviderError) as error:
            source.read(WINDOW, None)
        assert "can't be reached" in error.value.message


def test_an_address_that_does_not_answer_gives_way_to_the_next(tmp_path: Path) -> None:
    with feeds() as server:
        server.put("/x.ics", TEXT)
        url = httpx.URL(f"http://localhost:{server.port}/x.ics")
        reach = Reach(here=True)

        def found(*_: Any) -> tuple[str, ...]:
            return ("127.0.0.99", "127.0.0.1")

        object.__setattr__(reach, "addresses", found)
        with httpx.Client(timeout=20) as client:
            answer = ics._asked(client, url, {}, reach)
            assert answer.status_code == 200
            answer.close()


def test_a_name_that_nobody_knows_is_tried_again() -> None:
    with pytest.raises(ProviderError) as error:
        looked_up("a" * 300, 443)
    assert not error.value.permanent

"""The dead man's switch, over a real loopback server: told when a pass went well, and only then."""

from __future__ import annotations

import ssl
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import trustme
from structlog.testing import capture_logs

from integrations.ping import ping
from integrations.ports import Access, ProviderError
from integrations.registry import Ports
from mentoring.roster import Roster
from service.clock import Service
from service.doors import Doors
from service.grants import StoredGrants
from service.health import Health
from service.monitor import tell_monitor
from service.roster_source import RosterFaults, RosterSource, load
from tests.servers.feeds import Feeds, feeds
from tests.service.test_run import overlap
from tests.world import World

PATH = "/ping/0d6c1a40-secret"


def monitored(world: World, setting: str) -> None:
    toml = world.directory / "overlap.toml"
    toml.write_text(f'{toml.read_text()}\n[monitor]\nping = "{setting}"\n')


def pings(server: Feeds) -> int:
    return len([path for path, *_ in server.requests if path == PATH])


def passes(world: World, times: int) -> None:
    """The service's own passes, one after another."""
    source = RosterSource(world.directory)

    def grants(roster: Roster) -> StoredGrants:
        return StoredGrants.of(roster, world.directory, world.engine)

    health = Health(world.engine, source)
    service = Service(source, world.engine, Ports, grants, no_pages, health)
    for _ in range(times):
        service._guarded_pass()


def no_pages(doors: Doors, listen: str) -> AbstractContextManager[object]:
    raise AssertionError("no pages are served here")


def test_each_pass_that_went_well_is_told(world: World) -> None:
    with feeds() as server:
        (world.directory / "ping").write_text(server.put(PATH, "OK"))
        monitored(world, "file:ping")
        passes(world, 2)
        assert pings(server) == 2


def test_a_pass_that_failed_is_not(world: World) -> None:
    with feeds() as server:
        monitored(world, server.put(PATH, "OK"))
        toml = world.directory / "overlap.toml"
        toml.write_text(toml.read_text().replace("maildir:inbox", "imap://nobody@127.0.0.1:1/"))
        passes(world, 1)
        assert pings(server) == 0


def test_a_pass_that_broke_off_is_not(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr("service.clock.begin", broken)
    with feeds() as server:
        monitored(world, server.put(PATH, "OK"))
        passes(world, 1)
        assert pings(server) == 0


@pytest.mark.parametrize("status", [404, 500])
def test_a_refusal_is_logged_without_the_address(world: World, status: int) -> None:
    with feeds() as server:
        monitored(world, server.put(PATH, "no", status=status))
        roster = load(world.directory)
        with capture_logs() as logs:
            tell_monitor(roster.settings, world.directory)
    (entry,) = logs
    assert (entry["event"], str(status) in entry["reason"]) == ("monitor_not_told", True)
    assert "secret" not in str(logs)


def test_a_monitor_that_is_down_stops_nothing(world: World) -> None:
    monitored(world, f"http://127.0.0.1:1{PATH}")
    with capture_logs() as logs:
        tell_monitor(load(world.directory).settings, world.directory)
    assert [entry["event"] for entry in logs] == ["monitor_not_told"]
    assert "secret" not in str(logs)


def test_its_certificate_is_verified(tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with feeds(tls=context) as server:
        url = server.put(PATH, "OK")
        with pytest.raises(ProviderError, match="can't be reached"):
            ping(url, Access(tmp_path))
        ping(url, Access(tmp_path, ca=tmp_path / "ca.pem"))
    assert pings(server) == 1


def test_an_address_in_the_clear_is_refused(world: World) -> None:
    monitored(world, "http://monitor.example.org/ping")
    with pytest.raises(RosterFaults, match="https://"):
        load(world.directory)
    (world.directory / "clear").write_text("http://monitor.example.org/ping")
    with pytest.raises(ProviderError, match="begins with https://"):
        ping("file:clear", Access(world.directory))


def test_check_reads_the_secret_and_does_not_ping(world: World) -> None:
    with feeds() as server:
        (world.directory / "ping").write_text(server.put(PATH, "OK"))
        monitored(world, "file:ping")
        assert "monitor: its address is set" in overlap(world, "check").stdout
        (world.directory / "ping").unlink()
        missing = overlap(world, "check")
        assert (missing.returncode, "monitor: the secret file:ping" in missing.stderr) == (1, True)
        assert server.requests == []

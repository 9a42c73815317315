"""`connect`, `check` and the served page as a coordinator meets them: as commands."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.servers.google import CLIENT_ID, Google, google
from tests.service.test_run import NOON, heard, overlap, running
from tests.world import DANA, LEE, ON_FILE, PEOPLE, World, to

pytestmark = ON_FILE


@pytest.fixture
def server() -> Iterator[Google]:
    with google() as running_server:
        for address in (DANA, LEE):
            running_server.user(address)
        yield running_server


@pytest.fixture
def office(world: World, server: Google) -> World:
    """Lee's calendar is at Google; the pages stand on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    world.write(people=PEOPLE.replace("file:lee.ics", f"google:{LEE}"))
    settings = world.directory / "overlap.toml"
    settings.write_text(
        settings.read_text()
        + f'[web]\nlisten = "127.0.0.1:{port}"\nbase_url = "http://127.0.0.1:{port}"\n'
        + '[store]\nkey = "file:store.key"\n'
        + f'[google]\nendpoint = "{server.url}"\nclient_id = "{CLIENT_ID}"\n'
        + 'client_secret = "file:client"\n'
    )
    (world.directory / "client").write_text("client-secret")
    (world.directory / "store.key").write_text(base64.b64encode(bytes(32)).decode())
    return world


def test_the_link_is_printed_and_mailed(office: World) -> None:
    printed = overlap(office, "connect", LEE)
    assert printed.returncode == 0
    assert "/connect/" in printed.stdout
    assert overlap(office, "connect", DANA).stdout == "Dana Lee's calendar needs no consent.\n"
    mailed = overlap(office, "connect", LEE.upper(), "--mail")
    assert "in their work hours" in mailed.stdout
    overlap(office, "once", "--now", NOON)
    asked = [m for m in to(office.sent(), LEE) if m["Subject"] == "Connect your calendar"]
    assert len(asked) == 2  # the coordinator's, and the one for a calendar never connected
    assert all("/connect/" in str(m) for m in asked)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('key = "file:store.key"', "[store] key is not set"),
        ("base_url", "[web] base_url is not set"),
        ("client_id", "[google] client_id is not set"),
    ],
)
def test_what_a_consent_lacks_is_said_before_anybody_is_sent_anywhere(
    office: World, line: str, message: str
) -> None:
    settings = office.directory / "overlap.toml"
    kept = [text for text in settings.read_text().splitlines() if not text.startswith(line)]
    settings.write_text("\n".join(kept) + "\n")
    refused = overlap(office, "connect", LEE)
    assert refused.returncode == 2
    assert message in refused.stderr
    assert "overlap.toml:1: " in refused.stderr


def test_without_a_page_nobody_is_told_to_follow_a_link(office: World) -> None:
    settings = office.directory / "overlap.toml"
    kept = [line for line in settings.read_text().splitlines() if not line.startswith("base_url")]
    settings.write_text("\n".join(kept) + "\n")
    overlap(office, "once", "--now", NOON)
    (asked,) = [m for m in to(office.sent(), LEE) if m["Subject"] == "Connect your calendar"]
    assert "who can connect it with you" in str(asked)
    assert "link in this mail" not in str(asked)
    rows = json.loads(overlap(office, "status", "--json").stdout)["calendars"]
    assert any("set [web] base_url" in row["reason"] for row in rows)


def test_a_partner_is_not_asked_to_mend_what_only_the_coordinator_can(office: World) -> None:
    settings = office.directory / "overlap.toml"
    settings.write_text(settings.read_text() + 'service_account = "file:key.json"\n')
    (office.directory / "key.json").write_text("{}")
    overlap(office, "once", "--now", NOON)
    about = "Your calendar can't be read"
    (told,) = (m for m in to(office.sent(), LEE) if m["Subject"] == about)
    assert "the coordinator has to mend it" in str(told)
    assert "[google]" not in told.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    rows = json.loads(overlap(office, "status", "--json").stdout)["calendars"]
    assert any("name it in [google] service_account" in row["reason"] for row in rows)


@pytest.mark.slow
def test_the_service_serves_the_page_and_reads_the_calendar_at_once(
    office: World, server: Google
) -> None:
    server.consenting = LEE
    with running(office) as (_, channel), httpx.Client(timeout=10) as http:
        heard(channel, "READY=1")
        link = overlap(office, "connect", LEE).stdout.split()[0]
        page = http.get(link)
        assert page.status_code == 200
        form = page.text.partition('name="form" value="')[2].partition('"')[0]
        away = http.post(link, data={"form": form}).headers["Location"]
        back = http.get(away).headers["Location"]
        assert "is connected" in http.get(back).text
        for _ in range(100):  # the pass that it wakes
            rows = json.loads(overlap(office, "status", "--json").stdout)["calendars"]
            if {row["person"]: row["state"] for row in rows}[LEE] == "ok":
                return
    raise AssertionError("the calendar was not read")


def test_check_names_who_never_connected_and_which_scope_is_missing(
    office: World, server: Google
) -> None:
    never = overlap(office, "check")
    assert never.returncode == 1
    assert f"people.csv:3: calendar of {LEE}: google:{LEE} was never connected" in never.stderr
    key = server.service_account(office.directory / "key.json", "gmail.send")
    settings = office.directory / "overlap.toml"
    settings.write_text(settings.read_text() + f'service_account = "file:{Path(key).name}"\n')
    missing = overlap(office, "check")
    assert "may not act for lee@example.org with the scope" in missing.stderr
    assert "auth/calendar.freebusy" in missing.stderr
    server.service_account(office.directory / "key.json", "calendar.freebusy")
    assert overlap(office, "check").returncode == 0

"""Who may scrape: this machine, and nobody through the public web server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from starlette.types import ASGIApp

from service.health import Health
from service.roster_source import RosterSource
from tests.service.exposed import exposed
from tests.web.served import no_doors
from tests.world import World
from web.app import application
from web.serve import PageServer

PATHS = ("/metrics", "/healthz", "/readyz")


def app(world: World) -> ASGIApp:
    return application(no_doors(), Health(world.engine, RosterSource(world.directory)))


@contextmanager
def serving(world: World) -> Iterator[httpx.Client]:
    with (
        PageServer(app(world), "127.0.0.1:0") as pages,
        httpx.Client(base_url=f"http://127.0.0.1:{pages.port}") as http,
    ):
        yield http


@pytest.mark.parametrize("path", PATHS)
def test_what_came_through_a_web_server_finds_no_page(world: World, path: str) -> None:
    with serving(world) as http:
        direct = http.get(path)
        assert direct.status_code in (200, 503)
        assert direct.headers["content-type"].startswith("text/plain")
        assert http.get(path, headers={"Host": "localhost"}).status_code == direct.status_code
        nothing = http.get("/nothing")
        for name, value in (
            ("X-Forwarded-For", "127.0.0.1"),
            ("x-forwarded-proto", "https"),
            ("X-Forwarded-Host", "localhost"),
            ("X-Real-IP", "127.0.0.1"),
            ("Forwarded", "for=127.0.0.1"),
            ("Via", "1.1 proxy"),
            ("Host", "mentoring.example.org"),
            ("Host", "mentoring.example.org:8470"),
            ("Host", "127.0.0.1.example.org"),
            ("Host", "[::1"),
        ):
            refused = http.get(path, headers={name: value})
            assert (refused.status_code, refused.text) == (404, nothing.text), (name, value)


@pytest.mark.parametrize(
    ("peer", "status"),
    [
        ("127.0.0.1", 200),
        ("127.8.9.1", 200),
        ("::1", 200),
        ("::ffff:127.0.0.1", 200),
        ("192.0.2.7", 404),
        ("10.0.0.7", 404),
        ("::ffff:192.0.2.7", 404),
        ("2001:db8::1", 404),
    ],
)
def test_only_this_machine_is_answered(world: World, peer: str, status: int) -> None:
    async def ask() -> int:
        transport = httpx.ASGITransport(app(world), client=(peer, 40000))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
            return (await http.get("/healthz")).status_code

    assert asyncio.run(ask()) == status


def test_nothing_acts_there(world: World) -> None:
    with serving(world) as http:
        for path in PATHS:
            assert http.post(path).status_code == 405


def test_a_token_or_a_strange_path_is_no_label(world: World) -> None:
    with serving(world) as http:
        for path in ("/agenda/secret-token/x", "/dana@example.org", "/%2e%2e/x", "/metrics/x"):
            http.get(path)
        http.request("BREW", "/agenda/secret-token")
        said = exposed(http.get("/metrics").text)
    asked = {
        (dict(labels)["page"], dict(labels)["method"], dict(labels)["status"])
        for name, labels in said.samples
        if name == "overlap_page_requests_total"
    }
    assert asked == {
        ("agenda", "GET", "404"),
        ("agenda", "other", "405"),
        ("metrics", "GET", "404"),
        ("none", "GET", "404"),
    }


def test_pages_of_no_daemon_have_none(world: World) -> None:
    with (
        PageServer(application(no_doors()), "127.0.0.1:0") as pages,
        httpx.Client(base_url=f"http://127.0.0.1:{pages.port}") as http,
    ):
        assert [http.get(path).status_code for path in PATHS] == [404] * 3

"""A programme whose pages are served over real sockets, at an instant that the test sets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn

import httpx

from integrations.registry import Ports
from service.doors import Doors
from service.passes import present
from service.roster_source import load
from service.work import Work
from tests.world import World
from web.app import application
from web.serve import PageServer


@dataclass
class Served:
    """`http` follows no redirect; `woken` counts the buttons that the service heard of."""

    world: World
    http: httpx.Client
    now: datetime
    woken: int = 0

    def work(self) -> Work:
        roster = load(self.world.directory)
        return present(roster, self.world.engine, Ports(roster, self.world.directory), self.now)

    def press(self, link: str, **fields: Any) -> httpx.Response:
        """Open a link and press its button with these fields."""
        token = form_token_in(self.http.get(link).text)
        return self.http.post(link, data={"form": token, **fields})

    def heard(self) -> None:
        self.woken += 1


def form_token_in(page: str) -> str:
    return page.partition('name="form" value="')[2].partition('"')[0]


def no_doors() -> Doors:
    """For pages that reach nothing of the service."""

    def never(*_: object) -> NoReturn:
        raise AssertionError("nobody opens a link here")

    return Doors(never, never, never, never)


@contextmanager
def served(world: World, now: datetime) -> Iterator[Served]:
    def no_desk() -> NoReturn:
        raise AssertionError("nobody connects a calendar here")

    with httpx.Client(timeout=10) as http:
        programme = Served(world, http, now)
        doors = Doors(no_desk, programme.work, lambda person: None, programme.heard)
        with PageServer(application(doors), "127.0.0.1:0") as pages:
            settings = world.directory / "overlap.toml"
            base = f'[web]\nbase_url = "http://127.0.0.1:{pages.port}"\n'
            settings.write_text(settings.read_text() + base)
            yield programme

"""A small programme with its pages served over a real socket."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from integrations.registry import Ports
from mentoring.roster import Person, Roster
from service.consent import Desk, connect_link
from service.doors import Doors
from service.grants import StoredGrants
from service.links import page_link
from service.passes import present
from service.roster_source import load
from service.work import Work
from store import facts
from tests.servers.google import CLIENT_ID, google
from tests.world import DANA, LEE, PEOPLE, SQLITE, World, at
from web.app import application
from web.serve import PageServer

MONDAY = at("2027-01-11 12:00")
HIS = f"google:{LEE}"


@dataclass
class Office:
    """A programme whose mentor's calendar needs his consent, with the pages served."""

    world: World
    server: Any
    calendar: str = HIS
    provider: str = ""
    base: str = "http://127.0.0.1:1"
    now: datetime = MONDAY
    language: str = ""
    connected: list[Person] = field(default_factory=list)
    woken: int = 0

    def wake(self) -> None:
        """What a button asks for: a pass."""
        self.woken += 1

    @property
    def roster(self) -> Roster:
        return load(self.world.directory)

    @property
    def grants(self) -> StoredGrants:
        return StoredGrants.of(self.roster, self.world.directory, self.world.engine)

    def ports(self, roster: Roster, directory: Path) -> Ports:
        return Ports(roster, directory, self.grants)

    def desk(self) -> Desk:
        with self.world.engine.begin() as connection:
            secret = facts.secret(connection)
        ports = self.ports(self.roster, self.world.directory)
        return Desk(self.roster, ports, self.grants, secret, self.now)

    def work(self) -> Work:
        ports = self.ports(self.roster, self.world.directory)
        return present(self.roster, self.world.engine, ports, self.now)

    def link(self) -> str:
        return connect_link(self.work(), self.roster.people[LEE])

    def page(self, purpose: str, email: str, *about: str) -> str:
        """A page's address as it stands in a mail."""
        work = self.work()
        return page_link(work.roster, work.secret, work.now, purpose, email, *about)

    def write(self) -> None:
        (self.world.directory / "store.key").write_text(base64.b64encode(bytes(32)).decode())
        people = PEOPLE.replace("file:lee.ics", self.calendar)
        if self.language:
            first, *rest = people.splitlines()
            people = "\n".join([f"{first},language", *(f"{row},{self.language}" for row in rest)])
        self.world.write(people=people)
        settings = self.world.directory / "overlap.toml"
        text = settings.read_text()
        store = "" if "[store]" in text else "[store]\n"  # it is the last section
        text += f'{store}key = "file:store.key"\n[web]\nbase_url = "{self.base}"\n'
        settings.write_text(text + self.provider)

    def through(self, http: httpx.Client) -> httpx.Response:
        """Open the link, press the button, sign in at Google, come back."""
        page = http.get(self.link())
        assert page.status_code == 200
        away = http.post(self.link(), data={"form": hidden(page.text)})
        assert away.status_code == 303
        back = http.get(away.headers["Location"])
        return http.get(back.headers["Location"])


def hidden(page: str) -> str:
    return page.partition('name="form" value="')[2].partition('"')[0]


@contextmanager
def opened(office: Office) -> Iterator[None]:
    """The pages on a port of their own."""
    office.world.ports = office.ports  # type: ignore[assignment]
    office.write()
    doors = Doors(office.desk, office.work, office.connected.append, office.wake)
    app = application(doors)
    with PageServer(app, "127.0.0.1:0") as pages:
        office.base = f"http://127.0.0.1:{pages.port}"
        office.write()
        yield


@contextmanager
def at_google(directory: Path, language: str = "", store: str = SQLITE) -> Iterator[Office]:
    """The office of a mentor with Google Calendar, who has not consented yet."""
    world = World(directory, store=store)
    with google() as server:
        server.user(LEE, "America/Los_Angeles")
        server.user(DANA)
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "client").write_text("client-secret")
        provider = f'[google]\nendpoint = "{server.url}"\nclient_id = "{CLIENT_ID}"\n'
        provider += 'client_secret = "file:client"\n'
        office = Office(world, server, HIS, provider, language=language)
        with opened(office):
            yield office
    world.close()


@contextmanager
def ready(directory: Path, language: str = "", store: str = SQLITE) -> Iterator[Office]:
    """An office whose mentor will say yes at Google."""
    with at_google(directory, language, store) as office:
        office.server.consenting = LEE
        yield office

"""Where the demo's partners keep their calendars: Radicale, or a provider's simulator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.demo.programme import ORGANISER, PARTNERS, PASSWORD, by_user
from tests.servers.radicale import Radicale, radicale
from tests.servers.started import SIMULATORS, Started


class Desk(Protocol):
    """One kind of calendar, as its owners use it."""

    def calendar(self, user: str) -> str: ...
    def fill(self, user: str, ics: str) -> None: ...
    def keep(self, user: str, uid: str, ics: str) -> None: ...
    def drop(self, user: str, uid: str) -> None: ...


@dataclass(frozen=True)
class RadicaleDesk:
    server: Radicale

    def calendar(self, user: str) -> str:
        return self.server.url(user)

    def fill(self, user: str, ics: str) -> None:
        self.server.create(user)
        self.server.fill(user, ics)

    def keep(self, user: str, uid: str, ics: str) -> None:
        self.server.put(user, uid.partition("@")[0], ics)

    def drop(self, user: str, uid: str) -> None:
        name = uid.partition("@")[0]
        if name in self.server.names(user):
            self.server.delete(user, name)


@dataclass(frozen=True)
class SimulatorDesk:
    started: Started

    def calendar(self, user: str) -> str:
        return f"{self.started.scheme}:{by_user(user).email}"

    def fill(self, user: str, ics: str) -> None:
        self.started.server.fill(by_user(user).email, ics)

    def keep(self, user: str, uid: str, ics: str) -> None:
        self.drop(user, uid)
        self.fill(user, ics)

    def drop(self, user: str, uid: str) -> None:
        self.started.server.remove(by_user(user).email, uid)


@dataclass(frozen=True)
class Desks:
    """Everybody's desk, what overlap.toml says of them, and the organiser's calendar."""

    of: dict[str, Desk]
    settings: str
    organiser: str


@contextmanager
def desks(folder: Path, config: Path, providers: tuple[str, ...]) -> Iterator[Desks]:
    """Start them; partners who don't publish a feed sit at each kind in turn."""
    config.mkdir(parents=True, exist_ok=True)
    users = {p.user: PASSWORD for p in PARTNERS if p.calendar == "caldav"}
    with ExitStack() as stack:
        server = stack.enter_context(radicale(folder, {**users, "office": PASSWORD}))
        server.create("office")
        kinds: list[Desk] = [RadicaleDesk(server)]
        organiser, settings = server.url("office"), ""
        for name in providers:
            started = stack.enter_context(SIMULATORS[name](config))
            for partner in PARTNERS:
                started.server.user(partner.email, partner.zone)
            started.server.user(ORGANISER, "America/New_York")
            kinds.append(SimulatorDesk(started))
            settings += _once(settings, started.toml())
        if providers:
            organiser = f"{providers[0]}:"
        yield Desks({u: kinds[n % len(kinds)] for n, u in enumerate(users)}, settings, organiser)


def _once(before: str, more: str) -> str:
    """One [tls] section serves them all."""
    return more.partition("[tls]")[0] if "[tls]" in before else more

"""Each provider behind one face, so that what they share is tested once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from integrations import registry
from integrations.ports import Access, BusySource, Inbox, Mailer, Organiser, Owner
from tests.servers.faults import Request

DANA = Owner("dana@example.org", "America/New_York")
OFFICE = "office@example.org"


class Simulator(Protocol):
    """What every simulator can do; addresses are mailboxes."""

    requests: list[Request]
    slow: float

    def user(self, address: str) -> None: ...
    def fill(self, address: str, ics: str) -> None: ...
    def remove(self, address: str, uid: str) -> None: ...
    def deliver(self, address: str, raw: bytes) -> None: ...
    def sent(self, address: str) -> list[bytes]: ...
    def answer(self, address: str, uid: str, attendee: str, partstat: str) -> None: ...
    def move(self, address: str, uid: str, start: datetime, end: datetime) -> None: ...
    def events(self, address: str) -> list[Any]: ...
    def fail(self, match: Callable[[Request], bool], kind: str, times: int = 1) -> None: ...
    def heal(self) -> None: ...
    def expire_tokens(self) -> None: ...


@dataclass
class Provider:
    """A running simulator and the adapters that talk to it. `scheme` as in people.csv."""

    scheme: str
    server: Simulator
    access: Access
    details: bool = True
    answers: bool = True
    join: str = ""
    polls: int = 1
    lacks: frozenset[str] = field(default_factory=frozenset)

    def source(self, owner: Owner = DANA) -> BusySource:
        url = f"{self.scheme}:{owner.email}"
        made: BusySource = registry._adapter(url, registry.BUSY).busy_source(
            url, owner, self.access
        )
        return made

    def organiser(self) -> Organiser:
        made: Organiser = self._made(registry.ORGANISERS).organiser(self._office, self.access)
        return made

    def mailer(self) -> Mailer:
        made: Mailer = self._made(registry.MAILERS).mailer(self._office, self.access)
        return made

    def inbox(self) -> Inbox:
        made: Inbox = self._made(registry.INBOXES).inbox(self._office, self.access)
        return made

    @property
    def _office(self) -> str:
        return f"{self.scheme}:{OFFICE}"

    def _made(self, served: dict[str, str]) -> Any:
        return registry._adapter(self._office, served)


@contextmanager
def google(directory: Path, *, details: bool = True) -> Iterator[Provider]:
    from tests.servers.google import google as serve

    read = "calendar.events.readonly" if details else "calendar.freebusy"
    with serve() as server:
        rest = ("calendar.events.owned", "gmail.send", "gmail.readonly")
        key = server.service_account(directory / "key.json", read, *rest)
        for address in (DANA.email, OFFICE):
            server.user(address)
        options = {"endpoint": server.url, "service_account": f"file:{key}"}
        yield Provider(
            "google", server, Access(directory, options), details, join="https://meet.google.com/"
        )


@contextmanager
def exchange(directory: Path, *, details: bool = True) -> Iterator[Provider]:
    from tests.servers.exchange import PASSWORD, SERVICE
    from tests.servers.exchange import exchange as serve

    with serve() as server:
        for address in (DANA.email, OFFICE):
            server.user(address)
        server.impersonates = {DANA.email, OFFICE} if details else {OFFICE}
        (directory / "password").write_text(PASSWORD)
        options = {
            "endpoint": server.url,
            "username": SERVICE,
            "password": "file:password",
        }
        polls = 1 if details else 3  # free/busy comes in parts of 42 days
        yield Provider("exchange", server, Access(directory, options), details, polls=polls)


Start = Callable[[Path], Any]
PROVIDERS: dict[str, Start] = {
    "google": google,
    "google, free/busy only": lambda directory: google(directory, details=False),
    "exchange": exchange,
    "exchange, free/busy only": lambda directory: exchange(directory, details=False),
}

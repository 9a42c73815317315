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


@dataclass
class _Graph:
    """The Graph simulator under the names that all simulators share."""

    real: Any
    slow: float = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    @property
    def requests(self) -> list[Any]:
        return _Asked(self.real)

    def fail(self, match: Callable[[Any], bool], kind: str, times: int = 1) -> None:
        from tests.servers.microsoft365 import Fault

        def of_graph(request: Any) -> bool:
            return request.path.startswith("/v1.0/") and match(request)

        self.real.fail(of_graph, Fault(kind, self.slow), times)

    def heal(self) -> None:
        self.real.faults.planned.clear()

    def expire_tokens(self) -> None:
        self.real.expire()


class _Asked(list[Any]):
    """What Graph was asked, the sign-in left out; to clear it is to clear all."""

    def __init__(self, real: Any) -> None:
        super().__init__(real.asked())
        self._real = real

    def clear(self) -> None:
        self._real.requests.clear()


@contextmanager
def microsoft365(directory: Path, *, details: bool = True) -> Iterator[Provider]:
    from tests.servers.microsoft365 import SECRET
    from tests.servers.microsoft365 import microsoft365 as serve

    with serve(directory) as server:
        (directory / "graph").write_text(SECRET)
        server.user(DANA.email, DANA.timezone)
        server.user(OFFICE)
        if not details:
            server.app.roles = {"Calendars.ReadBasic.All"}
        options = server.options(client_secret="file:graph")
        access = Access(directory, options, server.ca)
        face: Any = _Graph(server)
        yield Provider("microsoft365", face, access, details, answers=False, join="https://teams.")


Start = Callable[[Path], Any]
PROVIDERS: dict[str, Start] = {
    "google": google,
    "google, free/busy only": lambda directory: google(directory, details=False),
    "microsoft365": microsoft365,
    "microsoft365, free/busy only": lambda directory: microsoft365(directory, details=False),
}

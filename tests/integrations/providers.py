"""Each provider behind one face, so that what they share is tested once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from integrations import registry
from integrations.ports import Access, BusySource, Inbox, Mailer, Organiser, Owner
from tests.servers.faults import Request
from tests.servers.started import SIMULATORS

DANA = Owner("dana@example.org", "America/New_York")
OFFICE = "office@example.org"


@dataclass
class Kept:
    """Refresh tokens by account."""

    tokens: dict[str, str] = field(default_factory=dict)

    def load(self, account: str) -> str | None:
        return self.tokens.get(account)

    def save(self, account: str, token: str) -> None:
        self.tokens[account] = token


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
    office: str = OFFICE
    place: str = "{scheme}:{address}"
    """The URL of somebody's calendar; `{local}` is their address before the @."""

    def source(self, owner: Owner = DANA) -> BusySource:
        url = self._url(owner.email)
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
        return self._url(self.office)

    def _url(self, address: str) -> str:
        local = address.partition("@")[0]
        return self.place.format(scheme=self.scheme, address=address, local=local)

    def _made(self, served: dict[str, str]) -> Any:
        return registry._adapter(self._office, served)


JOIN = {"google": "https://meet.google.com/", "microsoft365": "https://teams.microsoft.com/"}


@contextmanager
def provider(scheme: str, directory: Path, *, details: bool = True) -> Iterator[Provider]:
    """A simulator with Dana's mailbox and the office's; without details only free/busy shows."""
    with SIMULATORS[scheme](directory, details=details) as started:
        started.server.user(DANA.email, DANA.timezone)
        started.server.user(OFFICE, DANA.timezone)
        access = Access(directory, started.options, started.ca)
        answers = scheme != "microsoft365"  # Graph would mail attendees, so there are none
        yield Provider(scheme, started.server, access, details, answers, JOIN.get(scheme, ""))


Start = Callable[[Path], AbstractContextManager[Provider]]
PROVIDERS: dict[str, Start] = {
    f"{scheme}{'' if details else ', free/busy only'}": partial(provider, scheme, details=details)
    for scheme in SIMULATORS
    for details in (True, False)
}

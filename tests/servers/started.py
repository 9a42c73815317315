"""A provider's simulator, started, with what overlap.toml must say to use it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Started:
    """`options` is the provider's section; its secrets lie as files in the directory."""

    scheme: str
    server: Any
    options: dict[str, object] = field(default_factory=dict)
    ca: Path | None = None

    def toml(self) -> str:
        """The sections of overlap.toml."""
        lines = "".join(f'{name} = "{value}"\n' for name, value in self.options.items())
        trusted = f'[tls]\nca = "{self.ca.name}"\n' if self.ca else ""
        return f"[{self.scheme}]\n{lines}{trusted}"


@contextmanager
def google(directory: Path, *, details: bool = True) -> Iterator[Started]:
    from tests.servers.google import google as serve

    read = "calendar.events.readonly" if details else "calendar.freebusy"
    with serve() as server:
        rest = ("calendar.events.owned", "gmail.send", "gmail.readonly")
        server.service_account(directory / "google.json", read, *rest)
        options: dict[str, object] = {"endpoint": server.url}
        options["service_account"] = "file:google.json"
        yield Started("google", server, options)


@contextmanager
def microsoft365(directory: Path, *, details: bool = True) -> Iterator[Started]:
    from tests.servers.microsoft365 import SECRET
    from tests.servers.microsoft365 import microsoft365 as serve

    with serve(directory) as server:
        (directory / "microsoft365.secret").write_text(SECRET)
        if not details:
            server.app.roles = {"Calendars.ReadBasic.All"}
        options = server.options(client_secret="file:microsoft365.secret")
        yield Started("microsoft365", server, options, server.ca)


@contextmanager
def exchange(directory: Path, *, details: bool = True) -> Iterator[Started]:
    from tests.servers.exchange import PASSWORD, SERVICE
    from tests.servers.exchange import exchange as serve

    with serve() as server:
        server.impersonates = None
        if not details:  # partners share free/busy, as everybody does by default
            server.impersonates = {"office@example.org", "mentoring@example.org"}
        (directory / "exchange.secret").write_text(PASSWORD)
        options: dict[str, object] = {"endpoint": server.url, "username": SERVICE}
        options["password"] = "file:exchange.secret"
        yield Started("exchange", server, options)


SIMULATORS: dict[str, Callable[..., AbstractContextManager[Started]]] = {
    "google": google,
    "microsoft365": microsoft365,
    "exchange": exchange,
}

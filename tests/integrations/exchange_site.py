"""An Exchange simulator with one entry in one calendar, and adapters that ask it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from integrations import exchange_busy, exchange_organiser
from integrations.ports import Access, item_key
from mentoring.interval import Interval
from tests.demo.programme import busy_event
from tests.integrations.providers import DANA, OFFICE
from tests.servers.certificates import server_context
from tests.servers.exchange import CLIENT_SECRET, PASSWORD, SERVICE, Server, exchange

WINDOW = Interval(datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 2, 1, tzinfo=UTC))
NINE, TEN = datetime(2027, 1, 12, 9, tzinfo=UTC), datetime(2027, 1, 12, 10, tzinfo=UTC)
BUSY = busy_event("a@example.org", NINE, TEN)
KEY = item_key("a@example.org")
SPAN = (Interval(NINE, TEN),)


@dataclass
class Site:
    """A server whose service account may impersonate everybody, and who asks it how."""

    server: Server
    directory: Path
    ca: Path | None = None

    def access(self, **options: object) -> Access:
        known = {
            "endpoint": self.server.url,
            "username": SERVICE,
            "password": "file:password",
            **options,
        }
        return Access(self.directory, known, ca=self.ca)

    def source(self, access: Access | None = None) -> Any:
        return exchange_busy.busy_source(f"exchange:{DANA.email}", DANA, access or self.access())

    def organiser(self, **options: object) -> Any:
        return exchange_organiser.organiser(f"exchange:{OFFICE}", self.access(**options))


@contextmanager
def running(directory: Path, tls: bool = False) -> Iterator[Site]:
    context, ca = server_context(directory) if tls else (None, None)
    with exchange(context) as server:
        for address in (DANA.email, OFFICE):
            server.user(address)
        server.impersonates = None
        server.fill(DANA.email, BUSY)
        (directory / "password").write_text(PASSWORD)
        (directory / "client").write_text(CLIENT_SECRET)
        yield Site(server, directory, ca)

"""What the tests of Microsoft 365 share: the service with three mailboxes, and ports to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from integrations import (
    microsoft365_busy,
    microsoft365_login,
    microsoft365_mail,
    microsoft365_organiser,
)
from integrations.ports import Access, BusySource, Grants, Owner, Sessions
from mentoring.interval import Interval
from tests.integrations.providers import Kept as Kept
from tests.servers.microsoft365 import SECRET, Microsoft365, microsoft365
from tests.servers.microsoft365_login import App

WINDOW = Interval(datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 4, 1, tzinfo=UTC))
DANA = Owner("dana@example.org", "America/New_York")
ORGANISER = "organiser@example.org"
URL = f"microsoft365:{DANA.email}"


@dataclass
class Asking:
    server: Microsoft365
    grants: Grants | None = None
    sessions: Sessions = field(default_factory=Sessions)

    @property
    def app(self) -> App:
        return self.server.app

    def access(self, **options: object) -> Access:
        whole = self.server.options(**options)
        return Access(Path(), whole, self.server.ca, self.grants, self.sessions)

    def busy(self, **options: object) -> BusySource:
        return microsoft365_busy.busy_source(URL, DANA, self.access(**options))

    def organiser(self, **options: object) -> microsoft365_organiser.Microsoft365Organiser:
        made = microsoft365_organiser.organiser(f"microsoft365:{ORGANISER}", self.access(**options))
        assert isinstance(made, microsoft365_organiser.Microsoft365Organiser)
        return made

    def mailer(self, **options: object) -> microsoft365_mail.Microsoft365Mailer:
        return microsoft365_mail.mailer(f"microsoft365:{ORGANISER}", self.access(**options))

    def inbox(self, **options: object) -> microsoft365_mail.Microsoft365Inbox:
        return microsoft365_mail.inbox(f"microsoft365:{ORGANISER}", self.access(**options))

    def afresh(self) -> Asking:
        """As after a restart: no client, no token."""
        return Asking(self.server, self.grants)


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Asking]:
    monkeypatch.setenv("GRAPH_SECRET", SECRET)
    monkeypatch.setattr(microsoft365_login, "TIMEOUT", 5)
    with microsoft365(tmp_path) as running:
        running.user(DANA.email, DANA.timezone)
        running.user(ORGANISER, "UTC")
        yield Asking(running)

"""Which adapter serves which URL. An adapter is imported when a URL names it, and not before.

A new provider costs its file, its line here, its line in the contract tests and its README section.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

from integrations.ports import Access, BusySource, Inbox, Mailer, Organiser, Owner, ProviderError
from mentoring.roster import Person, Roster

BUSY = {
    "https": "ics",
    "http": "ics",
    "file": "ics",
    "caldavs": "caldav",
    "caldav": "caldav",
}
ORGANISERS = {"caldavs": "caldav", "caldav": "caldav"}
MAILERS = {"smtp": "smtp", "smtps": "smtp", "maildir": "maildir"}
INBOXES = {"imaps": "imap", "imap": "imap", "maildir": "maildir"}


class Ports:
    """The outside world as one roster names it. The inbox keeps its connection between passes."""

    def __init__(self, roster: Roster, directory: Path) -> None:
        self._roster = roster
        self._directory = directory
        self._inbox: Inbox | None = None

    def busy_source(self, person: Person) -> BusySource:
        """The source of a person's busy times; the person must have a calendar."""
        module = _adapter(person.calendar, BUSY)
        owner = Owner(person.email, person.timezone)
        source: BusySource = module.busy_source(person.calendar, owner, self._access("caldav"))
        return source

    def mailer(self) -> Mailer:
        url = self._roster.settings.mail["url"]
        mailer: Mailer = _adapter(url, MAILERS).mailer(url, self._access("mail"))
        return mailer

    def inbox(self) -> Inbox | None:
        url = self._roster.settings.mail.get("inbox", "")
        if url and self._inbox is None:
            self._inbox = _adapter(url, INBOXES).inbox(url, self._access("mail"))
        return self._inbox

    def organiser(self) -> Organiser | None:
        url = self._roster.settings.calendar.get("url", "")
        if not url:
            return None
        organiser: Organiser = _adapter(url, ORGANISERS).organiser(url, self._access("calendar"))
        return organiser

    def _access(self, section: str) -> Access:
        settings = self._roster.settings
        sections = {"mail": settings.mail, "calendar": settings.calendar, **settings.providers}
        ca = settings.tls.get("ca")
        return Access(
            directory=self._directory,
            options=sections.get(section, {}),
            ca=self._directory / ca if ca else None,
        )


def _adapter(url: str, served: dict[str, str]) -> ModuleType:
    scheme = url.partition(":")[0].lower()
    if scheme not in served:
        raise ProviderError(
            f"{scheme}: has no adapter in this version",
            mend=f"use one of {', '.join(sorted(served))}",
            permanent=True,
        )
    return importlib.import_module(f"integrations.{served[scheme]}")

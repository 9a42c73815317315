"""Which adapter serves which URL. An adapter is imported when a URL names it, and not before.

A new provider costs its file, its line here, its line in the contract tests and its README section.
"""

from __future__ import annotations

import importlib
import threading
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from urllib.parse import urlsplit

from integrations.ports import (
    Access,
    BusySource,
    Consent,
    Grants,
    Inbox,
    Mailer,
    Organiser,
    Owner,
    ProviderError,
    Sessions,
)
from mentoring.roster import Person, Roster

BUSY = {
    "https": "ics",
    "http": "ics",
    "file": "ics",
    "caldavs": "caldav",
    "caldav": "caldav",
    "google": "google_busy",
    "microsoft365": "microsoft365_busy",
    "exchange": "exchange_busy",
}
ORGANISERS = {
    "caldavs": "caldav_organiser",
    "caldav": "caldav_organiser",
    "google": "google_organiser",
    "microsoft365": "microsoft365_organiser",
    "exchange": "exchange_organiser",
}
MAILERS = {
    "smtp": "smtp",
    "smtps": "smtp",
    "maildir": "maildir",
    "google": "google_mail",
    "microsoft365": "microsoft365_mail",
    "exchange": "exchange_mail",
}
INBOXES = {
    "imaps": "imap",
    "imap": "imap",
    "maildir": "maildir",
    "google": "google_mail",
    "microsoft365": "microsoft365_mail",
    "exchange": "exchange_mail",
}
CONSENTS = {"google": "google_consent", "microsoft365": "microsoft365_consent"}
UID_DOMAINS = {"google": "google.com"}
"""Google names an event's UID after its id: `ID@google.com`."""


_IMPORTING = threading.Lock()
"""Two threads that import clients which share a library may see half of it, and keep that."""
_TENANTED = frozenset({"google", "microsoft365", "exchange"})
"""Providers with a section of their own, at which `google:` alone is the organiser's mailbox."""


class Ports:
    """The outside world as one roster names it. The inbox keeps its connection between passes."""

    def __init__(self, roster: Roster, directory: Path, grants: Grants | None = None) -> None:
        self._roster = roster
        self._directory = directory
        self._grants = grants
        self._sessions = Sessions()
        self._inbox: Inbox | None = None

    def busy_source(self, person: Person) -> BusySource:
        """The source of a person's busy times; the person must have a calendar."""
        url = person.calendar
        owner = Owner(person.email, person.timezone)
        access = self._access(url, "caldav")
        source: BusySource = _adapter(url, BUSY).busy_source(url, owner, access)
        return source

    def mailer(self) -> Mailer:
        url = self._own(self._roster.settings.mail["url"])
        mailer: Mailer = _adapter(url, MAILERS).mailer(url, self._access(url, "mail"))
        return mailer

    def inbox(self) -> Inbox | None:
        url = self._own(self._roster.settings.mail.get("inbox", ""))
        if url and self._inbox is None:
            self._inbox = _adapter(url, INBOXES).inbox(url, self._access(url, "mail"))
        return self._inbox

    def organiser(self) -> Organiser | None:
        url = self._own(self._roster.settings.calendar.get("url", ""))
        if not url:
            return None
        access = self._access(url, "calendar")
        host = urlsplit(url).hostname
        if host:  # the coordinator's own word, and no partner's
            access = replace(access, allow=(*access.allow, host))
        organiser: Organiser = _adapter(url, ORGANISERS).organiser(url, access)
        return organiser

    def consent(self, calendar: str) -> Consent:
        """The consent page of the provider that holds a calendar."""
        access = self._access(calendar, "")
        consent: Consent = _adapter(calendar, CONSENTS).consent(calendar, access)
        return consent

    def uid_domain(self) -> str:
        """What follows the @ in the UIDs of new meetings."""
        scheme = _scheme(self._roster.settings.calendar.get("url", ""))
        return UID_DOMAINS.get(scheme, "overlap")

    def _own(self, url: str) -> str:
        """`google:` alone is the organiser's own mailbox there."""
        scheme = _scheme(url)
        alone = scheme in _TENANTED and not url.partition(":")[2].strip("/")
        return f"{scheme}:{self._roster.programme.organiser.email}" if alone else url

    def _access(self, url: str, section: str) -> Access:
        """What `overlap.toml` says of a URL's provider, else of what it is used for."""
        settings = self._roster.settings
        scheme = _scheme(url)
        sections = {"mail": settings.mail, "calendar": settings.calendar, **settings.providers}
        ca = settings.tls.get("ca")
        return Access(
            directory=self._directory,
            options=sections.get(scheme if scheme in _TENANTED else section, {}),
            ca=self._directory / ca if ca else None,
            grants=self._grants,
            allow=settings.allow,
            sessions=self._sessions,
        )


def _scheme(url: str) -> str:
    return url.partition(":")[0].lower()


def _adapter(url: str, served: dict[str, str]) -> ModuleType:
    scheme = _scheme(url)
    if scheme not in served:
        raise ProviderError(
            f"{scheme}: has no adapter in this version",
            mend=f"use one of {', '.join(sorted(served))}",
            permanent=True,
        )
    with _IMPORTING:
        return importlib.import_module(f"integrations.{served[scheme]}")

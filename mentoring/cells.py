"""Single values as coordinators write them: addresses, zones, dates, durations, lists."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, timedelta
from functools import lru_cache
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from mentoring.availability import region_exists
from mentoring.hours import HoursError, WeeklyHours, parse_day, parse_hours
from mentoring.roster import Mailbox
from mentoring.tables import nearest, quoted
from mentoring.wording import tag

_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@([A-Za-z0-9-]{1,63}\.)*[A-Za-z0-9-]{1,63}"
)
_MAILBOX = re.compile(r"(?P<name>[^<>]*)<(?P<email>[^<>]*)>", re.DOTALL)
_DURATION = re.compile(r"(?:(\d{1,4})\s*)?(minute|hour|day|week|month)s?", re.IGNORECASE)
_UNITS = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "month": timedelta(days=30),
}
_LONGEST = timedelta(days=366)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_SECRET = re.compile(r"(env|file|credential):\S.*")

CALENDARS = ("https", "http", "file", "caldavs", "caldav", "google", "microsoft365", "exchange")
MAILERS = ("smtp", "smtps", "maildir", "google", "microsoft365", "exchange")
INBOXES = ("imaps", "imap", "maildir", "google", "microsoft365", "exchange")
ARCHIVES = ("imaps", "imap")
ORGANISERS = ("caldavs", "caldav", "google", "microsoft365", "exchange")
_BY_ADDRESS = frozenset({"google", "microsoft365", "exchange"})
_ON_A_HOST = frozenset({"https", "http", "caldavs", "caldav", "smtp", "smtps", "imaps", "imap"})
_ONLY_LOOPBACK = {"http": "https", "caldav": "caldavs", "imap": "imaps"}


class CellError(ValueError):
    """A value that can't be used; `mend` says what to write."""

    def __init__(self, message: str, mend: str) -> None:
        super().__init__(message)
        self.mend = mend


def read_name(text: str) -> str:
    if any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in text):
        raise CellError("the name holds an invisible character", "type it again")
    if not text:
        raise CellError("the name is missing", "write the person's name")
    return text


def read_email(text: str) -> str:
    if not _ADDRESS.fullmatch(text):
        raise CellError(f"{quoted(text)} is no email address", "write it like dana@example.org")
    return text.lower()


def read_mailbox(text: str) -> Mailbox:
    """`Name <address>`, or an address alone."""
    match = _MAILBOX.fullmatch(text)
    if match is None:
        return Mailbox("", read_email(text))
    name = match["name"].strip().removeprefix('"').removesuffix('"').strip()
    return Mailbox(read_name(name) if name else "", read_email(match["email"].strip()))


def read_zone(text: str) -> str:
    if text not in _zones():
        raise CellError(f"{quoted(text)} is no time zone", _nearest_zone(text))
    ZoneInfo(text)
    return text


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    """The IANA zones; what a machine calls its own zone means another one on the next machine."""
    return frozenset(available_timezones() - {"localtime", "posixrules", "Factory"})


@lru_cache(maxsize=256)
def _nearest_zone(text: str) -> str:
    """What to write instead; Outlook calls zones by names of its own."""
    if text in WINDOWS_TO_OLSON:
        return f'did you mean "{WINDOWS_TO_OLSON[text]}"?'
    advice = nearest(text.strip().replace(" ", "_"), sorted(_zones()))
    if advice.startswith("did"):
        return advice
    return "use an IANA name such as America/New_York"


def read_hours(text: str) -> WeeklyHours:
    try:
        return parse_hours(text)
    except HoursError as error:
        raise CellError(str(error), error.mend) from error


def read_weekdays(text: str) -> frozenset[int]:
    try:
        return frozenset(parse_day(name) for name in re.split(r"[\s,;]+", text) if name)
    except HoursError as error:
        raise CellError(str(error), error.mend) from error


def read_region(text: str) -> str:
    if text.lower() == "none":
        return ""
    if text and not region_exists(text):
        mend = "use an ISO country or subdivision such as US, US-CA or DE-BY, or none"
        raise CellError(f"no holidays are known for {quoted(text)}", mend)
    return text


def read_date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise CellError(f"{quoted(text)} is no date", "write it like 2027-01-31") from error


def read_duration(text: str) -> timedelta:
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise CellError(f"{quoted(text)} is no length of time", 'write it like "2 weeks"')
    length = int(match[1] or 1) * _UNITS[match[2].lower()]
    if length > _LONGEST:
        raise CellError(f"{quoted(text)} is longer than a year", "write less")
    return length


def read_list(text: str) -> tuple[str, ...]:
    return tuple(read_name(part.strip()) for part in text.split(";") if part.strip())


def read_links(text: str) -> tuple[str, ...]:
    links = read_list(text)
    for link in links:
        read_link(link)
    return links


def read_link(text: str) -> str:
    """A link that a mail may show."""
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise CellError(f"{quoted(text)} is no web link", "check its host") from error
    if parts.scheme not in ("https", "http") or not parts.netloc or not text.isprintable():
        raise CellError(f"{quoted(text)} is no web link", "begin it with https://")
    return text


def read_language(text: str) -> str:
    if text and not _LANGUAGE.fullmatch(text):
        raise CellError(f"{quoted(text)} is no language", 'write a code such as "en" or "es"')
    return tag(text or "en")


def read_url(text: str, schemes: tuple[str, ...]) -> str:
    """A provider's URL with one of the schemes; unencrypted ones only to this machine."""
    scheme, colon, rest = text.partition(":")
    if colon and scheme.lower() in (_BY_ADDRESS & set(schemes)):
        return _by_address(scheme.lower(), rest, alone=schemes != CALENDARS)
    if not colon or scheme.lower() not in schemes or not rest.strip("/"):
        mend = f"begin it with one of {', '.join(f'{name}:' for name in schemes)}"
        raise CellError("the address of the provider can't be used", mend)
    try:
        host, _ = urlsplit(text).hostname, urlsplit(text).port
    except ValueError as error:
        raise CellError("the address of the provider is malformed", "check its host") from error
    if not text.isprintable() or (scheme.lower() in _ON_A_HOST and not host):
        mend = f"write it like {scheme.lower()}://host.example.org"
        raise CellError("the address of the provider is malformed", mend)
    safe = _ONLY_LOOPBACK.get(scheme.lower())
    if safe and host not in _LOOPBACK:
        raise CellError(f"{scheme}: is unencrypted and serves this machine only", f"use {safe}://")
    return text


def _by_address(scheme: str, address: str, *, alone: bool) -> str:
    """`google:ADDRESS`; a mailbox may go without: it is the organiser's own then."""
    if alone and not address.strip("/"):
        return f"{scheme}:"
    if not _ADDRESS.fullmatch(address):
        mend = f"write it like {scheme}:dana@example.org"
        raise CellError(f"{quoted(address)} is no email address", mend)
    return f"{scheme}:{address.lower()}"


def read_secret(text: str) -> str:
    """A reference to a secret; a secret itself is refused, and not repeated."""
    if not _SECRET.fullmatch(text):
        mend = "write env:NAME, file:PATH or credential:NAME"
        raise CellError("a secret must not stand in this file", mend)
    return text

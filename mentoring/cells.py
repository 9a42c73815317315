"""Single values as coordinators write them: addresses, zones, dates, durations, lists."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, timedelta
from email.utils import parseaddr
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from mentoring.availability import region_exists
from mentoring.hours import HoursError, WeeklyHours, parse_day, parse_hours
from mentoring.roster import Mailbox
from mentoring.tables import nearest

_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@([A-Za-z0-9-]{1,63}\.)*[A-Za-z0-9-]{1,63}"
)
_DURATION = re.compile(r"(?:(\d{1,4})\s*)?(minute|hour|day|week|month)s?", re.IGNORECASE)
_UNITS = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "month": timedelta(days=30),
}
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})?")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_SECRET = re.compile(r"(env|file|credential):\S.*")

CALENDARS = ("https", "http", "file", "caldavs", "caldav", "google", "microsoft365", "exchange")
MAILERS = ("smtp", "smtps", "maildir", "google", "microsoft365", "exchange")
INBOXES = ("imaps", "imap", "maildir", "google", "microsoft365", "exchange")
ORGANISERS = ("caldavs", "caldav", "google", "microsoft365", "exchange")
_ONLY_LOOPBACK = {"http": "https", "caldav": "caldavs", "imap": "imaps"}


class CellError(ValueError):
    """A value that can't be used; `mend` says what to write."""

    def __init__(self, message: str, mend: str) -> None:
        super().__init__(message)
        self.mend = mend


def quoted(text: str) -> str:
    """The text as an error may repeat it: short, and without what a terminal would act on."""
    shown = "".join(c if c.isprintable() else "·" for c in text)
    return f'"{shown[:80]}…"' if len(shown) > 80 else f'"{shown}"'


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
    name, address = parseaddr(text)
    if "<" not in text:
        return Mailbox("", read_email(text))
    return Mailbox(read_name(name) if name else "", read_email(address))


def read_zone(text: str) -> str:
    zones = available_timezones()
    if text not in zones:
        raise CellError(f"{quoted(text)} is no time zone", nearest_zone(text, zones))
    ZoneInfo(text)
    return text


def nearest_zone(text: str, zones: set[str]) -> str:
    advice = nearest(text, sorted(zones))
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
    return int(match[1] or 1) * _UNITS[match[2].lower()]


def read_list(text: str) -> tuple[str, ...]:
    return tuple(read_name(part.strip()) for part in text.split(";") if part.strip())


def read_links(text: str) -> tuple[str, ...]:
    links = read_list(text)
    for link in links:
        if urlsplit(link).scheme not in ("https", "http"):
            raise CellError(f"{quoted(link)} is no web link", "begin it with https://")
    return links


def read_language(text: str) -> str:
    if text and not _LANGUAGE.fullmatch(text):
        raise CellError(f"{quoted(text)} is no language", 'write a code such as "en" or "es"')
    return text or "en"


def read_url(text: str, schemes: tuple[str, ...]) -> str:
    """A provider's URL with one of the schemes; unencrypted ones only to this machine."""
    scheme, colon, rest = text.partition(":")
    if not colon or scheme.lower() not in schemes or not rest.strip("/"):
        mend = f"begin it with one of {', '.join(f'{name}:' for name in schemes)}"
        raise CellError("the address of the provider can't be used", mend)
    try:
        host = urlsplit(text).hostname
    except ValueError as error:
        raise CellError("the address of the provider is malformed", "check its host") from error
    safe = _ONLY_LOOPBACK.get(scheme.lower())
    if safe and host not in _LOOPBACK:
        raise CellError(f"{scheme}: is unencrypted and serves this machine only", f"use {safe}://")
    return text


def read_secret(text: str) -> str:
    """A reference to a secret; a secret itself is refused, and not repeated."""
    if not _SECRET.fullmatch(text):
        mend = "write env:NAME, file:PATH or credential:NAME"
        raise CellError("a secret must not stand in this file", mend)
    return text

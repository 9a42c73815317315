"""CalDAV (RFC 4791): busy times by sync-collection (RFC 6578)."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

import niquests
from caldav import DAVClient
from caldav.lib import error as dav
from niquests.auth import HTTPBasicAuth

from integrations import secrets, tls
from integrations.addresses import Reach
from integrations.caldav_session import LARGEST, Session
from integrations.ical import read_busy
from integrations.ports import (
    GARBLED,
    Access,
    BusySource,
    Owner,
    ProviderError,
    Reading,
)
from integrations.ports import item_key as key_of
from mentoring.interval import Interval

_TIMEOUT = 20
_PORTS = {"caldavs": ("https", 443), "caldav": ("http", 80)}
_UID = re.compile(r"^UID(?:;[^:\r\n]*)?:(.*)$", re.MULTILINE | re.IGNORECASE)
_ESCAPED = re.compile(r"\\([\\,;])")  # RFC 5545 section 3.3.11
_GARBLED = (*GARBLED, SyntaxError)
"""SyntaxError is what is no XML."""
LATER = "it is tried again at the next sync"


@dataclass(frozen=True)
class _Cursor:
    """`token` is empty where the server has none; `keys` maps a resource's digest to its items."""

    token: str = ""
    digest: str = ""
    until: float = 0.0
    keys: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Account:
    """One calendar collection on one server."""

    url: str
    access: Access

    @property
    def name(self) -> str:
        return f"the calendar at {urlsplit(self.url).hostname}"

    @contextlib.contextmanager
    def opened(self) -> Iterator[Any]:
        """The collection, with every fault in our words. Nothing leaves the account's origin."""
        scheme: dict[str, str] = self.access.sessions.get(("caldav", self.url), dict)
        try:
            with self._client(scheme) as client:
                yield client.calendar(url=client.url)
                if isinstance(client.auth, HTTPBasicAuth):  # no challenge is needed again
                    scheme["auth_type"] = "basic"
        except dav.AuthorizationError as error:
            raise ProviderError(
                f"{self.name} refuses the account or its password",
                mend="correct the address in the roster or the password in [caldav]",
                permanent=True,
            ) from error
        except dav.NotFoundError as error:
            raise ProviderError(
                f"{self.name} is not there",
                mend="copy the calendar's address from its settings",
                permanent=True,
            ) from error
        except dav.RateLimitError as error:
            raise ProviderError(
                f"{self.name} is busy", mend=LATER, retry_after=error.retry_after_seconds
            ) from error
        except (AttributeError, KeyError, TypeError, ValueError, AssertionError) as error:
            # What the library lets through where an answer is nothing, or a web page.
            raise ProviderError(f"{self.name}: its answer is garbled", mend=LATER) from error
        except (dav.DAVError, niquests.exceptions.RequestException, OSError) as error:
            raise ProviderError(
                f"{self.name} can't be used ({type(error).__name__})", mend=LATER
            ) from error
        except _GARBLED as error:
            raise ProviderError(
                f"{self.name} gives an answer that is garbled", mend=LATER
            ) from error

    def _client(self, scheme: Mapping[str, str]) -> Any:
        parts = urlsplit(self.url)
        protocol, port = _PORTS[parts.scheme]
        if protocol == "http" and not tls.is_loopback(self.url):
            raise ProviderError(
                "caldav: is unencrypted and serves this machine only",
                mend="use caldavs://",
                permanent=True,
            )
        named = parts.hostname or ""
        reach = Reach(self.access.allow, here=tls.is_loopback(self.url))
        judged = reach.addresses(named, parts.port or port)
        host = f"[{named}]" if ":" in named else named
        make: Any = DAVClient  # its signature hides behind a decorator
        client = make(
            f"{protocol}://{host}:{parts.port or port}{parts.path}",
            username=unquote(parts.username or ""),
            password=self._password(parts.username or "", parts.netloc),
            timeout=_TIMEOUT,
            ssl_verify_cert=str(self.access.ca) if self.access.ca else True,
            enable_rfc6764=False,
            require_tls=protocol == "https",
            **scheme,
        )
        client.session.close()
        client.session = Session(named, judged)
        return client

    def _password(self, user: str, netloc: str) -> str:
        options = self.access.options
        passwords = options.get("passwords")
        known: Mapping[str, object] = passwords if isinstance(passwords, Mapping) else {}
        host = netloc.rpartition("@")[2]
        names = (netloc, unquote(netloc), f"{unquote(user)}@{host.partition(':')[0]}")
        reference = next((known[name] for name in names if name in known), options.get("password"))
        if not isinstance(reference, str):
            raise ProviderError(
                f"{self.name} has no password for {unquote(user)}",
                mend="set [caldav] password, or passwords for this account",
                permanent=True,
            )
        return secrets.resolve(reference, self.access.directory)


@dataclass(frozen=True)
class CaldavSource:
    account: Account
    owner: Owner

    def read(self, window: Interval, cursor: str | None) -> Reading:
        known = _Cursor(**json.loads(cursor)) if cursor else _Cursor()
        with self.account.opened() as calendar:
            if known.token and known.until >= window.end.timestamp():
                changes = changes_since(calendar, known.token)
                if changes is not None:
                    return self._partly(calendar, window, known, changes)
            return self._whole(calendar, window, known)

    def check(self) -> None:
        with self.account.opened() as calendar:
            calendar.get_supported_components()

    def _partly(self, calendar: Any, window: Interval, known: _Cursor, changes: Any) -> Reading:
        """What changed since the cursor: changed resources are read, removed ones freed."""
        gone = {str(url) for url in changes.deleted_urls}
        bodies = _fetch(calendar, changes)
        if not gone and not bodies:
            return Reading({}, False, _text(known))  # its token stays good
        items, warnings = self._busy(bodies.values(), window)
        keys = dict(known.keys)
        fresh = {_mark(url): _key(body) for url, body in bodies.items()}
        freed = {keys.pop(_mark(url), "") for url in (*gone, *bodies)}
        keys.update(fresh)
        still = set(keys.values())
        freed = {key for key in freed if key and key not in still}
        moved: dict[str, tuple[Interval, ...]] = dict.fromkeys((*freed, *fresh.values()), ())
        after = _Cursor(str(changes.sync_token), "", known.until, keys)
        return Reading({**moved, **items}, False, _text(after), warnings)

    def _whole(self, calendar: Any, window: Interval, known: _Cursor) -> Reading:
        listing = changes_since(calendar, None)
        if listing is None:
            bodies = {str(e.url.canonical()): str(e.data) for e in calendar.get_events()}
        else:
            bodies = _fetch(calendar, listing)
        token = str(listing.sync_token or "") if listing is not None else ""
        digest = _digest(bodies)
        until = window.end.timestamp()
        if digest == known.digest and known.until >= until:
            return Reading({}, False, _text(known))
        items, warnings = self._busy(bodies.values(), window)
        keys = {_mark(url): _key(body) for url, body in bodies.items()} if token else {}
        return Reading(items, True, _text(_Cursor(token, digest, until, keys)), warnings)

    def _busy(
        self, bodies: Iterable[str], window: Interval
    ) -> tuple[dict[str, tuple[Interval, ...]], tuple[str, ...]]:
        text = "\r\n".join(body.strip() for body in bodies)
        if not text:
            return {}, ()
        if len(text) > LARGEST:
            raise ProviderError(
                f"{self.account.name} is larger than 50 MB",
                mend="archive old entries",
                permanent=True,
            )
        return read_busy(text.encode(), window, self.owner)


def changes_since(calendar: Any, token: str | None) -> Any:
    """The sync-collection answer; None where the server lacks it or no longer knows the token."""
    try:
        answer = calendar.get_objects_by_sync_token(token, disable_fallback=True)
    except dav.AuthorizationError as error:
        if error.preconditions:  # RFC 6578 section 3.2: DAV:valid-sync-token
            return None
        raise
    except (dav.ReportError, dav.ResponseError, dav.DAVError):
        return None
    return None if answer.truncated else answer


def _fetch(calendar: Any, listing: Any) -> dict[str, str]:
    """The bodies of what a listing names and doesn't call deleted, by canonical URL.

    Raises ProviderError where the server leaves one out: it may be busy.
    """
    gone = {str(url) for url in listing.deleted_urls}
    urls = [o.url for o in listing if str(o.url.canonical()) not in gone]
    if not urls:
        return {}
    bodies = {
        str(o.url.canonical()): str(o.data) for o in calendar.multiget(urls) if o.data is not None
    }
    missing = {str(url.canonical()) for url in urls} - set(bodies)
    if missing:
        raise ProviderError(
            f"the calendar listed {len(urls)} entries and left {len(missing)} of them out",
            mend=LATER,
        )
    return bodies


def _key(body: str) -> str:
    """The item key of a resource, which holds one UID (RFC 4791 section 4.1)."""
    unfolded = re.sub(r"\r?\n[ \t]", "", body)
    found = _UID.search(unfolded[unfolded.find("BEGIN:VEVENT") :])
    return key_of(_ESCAPED.sub(r"\1", found[1].strip())) if found else ""


def _mark(url: str) -> str:
    """A resource in the cursor: its address may say more than we want to keep."""
    return hashlib.sha256(urlsplit(url).path.encode()).hexdigest()[:16]


def _digest(bodies: Mapping[str, str]) -> str:
    whole = "\0".join(f"{url}\0{body}" for url, body in sorted(bodies.items()))
    return hashlib.sha256(whole.encode()).hexdigest()


def _text(cursor: _Cursor) -> str:
    return json.dumps(cursor.__dict__)


def busy_source(url: str, owner: Owner, access: Access) -> BusySource:
    return CaldavSource(Account(url, access), owner)

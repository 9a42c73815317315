"""Calendar feeds: `https://…/x.ics`, or `file:x.ics` beside the roster (RFC 5545, RFC 9110)."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from integrations import tls
from integrations.addresses import Reach
from integrations.http_client import http_client, retry_after
from integrations.ical import read_busy
from integrations.ports import Access, BusySource, Owner, ProviderError, Reading
from mentoring.interval import Interval

LARGEST = 10 * 1024 * 1024
_WHOLE_READ_SECONDS = 30
_TIMEOUT = httpx.Timeout(20, connect=10)
_REDIRECTS = 3
_VALIDATORS = frozenset({"if-none-match", "if-modified-since"})
_PORTS = {"https": 443, "http": 80}
_REPUBLISH = "ask the owner to publish the calendar again and put the new link into people.csv"


@dataclass(frozen=True)
class _Cursor:
    """What the last read knew: validators, the body's digest, and how far it was expanded."""

    etag: str = ""
    modified: str = ""
    digest: str = ""
    until: float = 0.0

    def covers(self, window: Interval) -> bool:
        return self.until >= window.end.timestamp()


@dataclass(frozen=True)
class _Body:
    """A feed's content; None where it is as it was."""

    content: bytes | None
    etag: str = ""
    modified: str = ""


@dataclass(frozen=True)
class Feed:
    """A calendar that is one document. `fetch` gets the last cursor and returns the body."""

    owner: Owner
    fetch: Callable[[_Cursor], _Body]

    def read(self, window: Interval, cursor: str | None) -> Reading:
        known = _Cursor(**json.loads(cursor)) if cursor else _Cursor()
        reusable = known if known.covers(window) else _Cursor()
        body = self.fetch(reusable)
        if body.content is None:
            return Reading({}, complete=False, cursor=_text(known))
        digest = hashlib.sha256(body.content).hexdigest()
        if digest == reusable.digest:
            fresh = _Cursor(body.etag, body.modified, digest, known.until)
            return Reading({}, complete=False, cursor=_text(fresh))
        items, warnings = read_busy(body.content, window, self.owner)
        fresh = _Cursor(body.etag, body.modified, digest, window.end.timestamp())
        return Reading(items, complete=True, cursor=_text(fresh), warnings=warnings)


def _text(cursor: _Cursor) -> str:
    return json.dumps(asdict(cursor))


def busy_source(url: str, owner: Owner, access: Access) -> BusySource:
    """The feed at a URL: https, http to this machine, or file relative to the roster."""
    if url.startswith("file:"):
        path = access.directory / url.removeprefix("file:")
        return Feed(owner, lambda _known: _read_file(path))
    return Feed(owner, lambda known: _download(url, known, access))


def _read_file(path: Path) -> _Body:
    try:
        if path.stat().st_size > LARGEST:
            raise _too_large(path.name)
        return _Body(path.read_bytes())
    except OSError as error:
        raise ProviderError(
            f"the calendar file {path.name} can't be read ({error.strerror})",
            mend=f"put it at {path}, or correct the calendar column",
            permanent=True,
        ) from error


def _download(url: str, known: _Cursor, access: Access) -> _Body:
    headers = {"Accept": "text/calendar", "Accept-Encoding": "identity"}
    if known.etag:
        headers["If-None-Match"] = known.etag
    if known.modified:
        headers["If-Modified-Since"] = known.modified
    name = _name(url)
    try:
        reach = Reach(access.allow, here=tls.is_loopback(url))
        with http_client(access, _TIMEOUT) as client:
            return _follow(client, url, headers, name, reach)
    except httpx.HTTPError as error:
        raise ProviderError(
            f"{name} can't be reached ({type(error).__name__})",
            mend="it is tried again at the next sync; check the network if it lasts",
        ) from error
    except (httpx.InvalidURL, ValueError) as error:
        mend = "correct the calendar column"
        raise ProviderError(f"{name} is no address", mend=mend, permanent=True) from error


def _follow(
    client: httpx.Client, link: str, headers: dict[str, str], name: str, reach: Reach
) -> _Body:
    url = httpx.URL(link)
    for _ in range(_REDIRECTS + 1):
        _refuse_unsafe(str(url), name)
        with contextlib.closing(_asked(client, url, headers, reach)) as response:
            if response.is_redirect and "location" in response.headers:
                onward = url.join(response.headers["location"])
                if url.scheme == "https" and onward.scheme != "https":
                    raise _unencrypted(name)
                url = onward
                continue
            return _body(response, name)
    raise ProviderError(
        f"{name} redirects more than {_REDIRECTS} times", mend=_REPUBLISH, permanent=True
    )


def _asked(
    client: httpx.Client, url: httpx.URL, headers: dict[str, str], reach: Reach
) -> httpx.Response:
    """The answer of one of the addresses that were judged; the name stays what TLS proves."""
    host = url.raw_host.decode("ascii")
    *others, last = reach.addresses(host, url.port or _PORTS[url.scheme])

    def ask(address: str) -> httpx.Response:
        named = {"Host": url.netloc.decode("ascii"), **headers}
        target, extensions = url.copy_with(host=address), {"sni_hostname": host}
        request = client.build_request("GET", target, headers=named, extensions=extensions)
        return client.send(request, stream=True)

    for address in others:
        with contextlib.suppress(httpx.ConnectError, httpx.ConnectTimeout):
            return ask(address)
    return ask(last)


def _refuse_unsafe(url: str, name: str) -> None:
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and tls.is_loopback(url)):
        return
    raise _unencrypted(name)


def _unencrypted(name: str) -> ProviderError:
    return ProviderError(
        f"{name} leads to an unencrypted address", mend="use an https:// link", permanent=True
    )


def _body(response: httpx.Response, name: str) -> _Body:
    if response.status_code == httpx.codes.NOT_MODIFIED and _VALIDATORS & {
        *response.request.headers
    }:
        return _Body(None)  # unasked it would leave a calendar that was never read for free
    _refuse_status(response, name)
    if response.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
        raise ProviderError(
            f"{name} answers compressed although it was asked not to",
            mend=_REPUBLISH,
            permanent=True,
        )
    content = _bounded(response, name)
    if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
        raise ProviderError(
            f"{name} is a web page, not a calendar", mend=_REPUBLISH, permanent=True
        )
    headers = response.headers
    return _Body(content, headers.get("etag", ""), headers.get("last-modified", ""))


def _bounded(response: httpx.Response, name: str) -> bytes:
    """The body, within size and time: a byte a second must end as well."""
    began, chunks, size = time.monotonic(), [], 0
    for chunk in response.iter_raw():
        size += len(chunk)
        if size > LARGEST:
            raise _too_large(name)
        if time.monotonic() - began > _WHOLE_READ_SECONDS:
            raise ProviderError(
                f"{name} took longer than {_WHOLE_READ_SECONDS} seconds",
                mend="it is tried again at the next sync",
            )
        chunks.append(chunk)
    return b"".join(chunks)


def _refuse_status(response: httpx.Response, name: str) -> None:
    code = response.status_code
    if code == httpx.codes.OK:
        return
    if code in (401, 403):
        raise ProviderError(f"{name} refuses access ({code})", mend=_REPUBLISH, permanent=True)
    if code in (404, 410):
        raise ProviderError(f"{name} is not there ({code})", mend=_REPUBLISH, permanent=True)
    raise ProviderError(
        f"{name} answers {code}",
        mend="it is tried again at the next sync",
        permanent=400 <= code < 500 and code not in (408, 425, 429),
        retry_after=retry_after(response.headers.get("retry-after", "")),
    )


def _too_large(name: str) -> ProviderError:
    return ProviderError(f"{name} is larger than 10 MB", mend=_REPUBLISH, permanent=True)


def _name(url: str) -> str:
    """The feed in words: host and last part, since the rest of such a link is a secret."""
    parts = urlsplit(url)
    return f"the feed {parts.hostname or ''}/…/{parts.path.rsplit('/', 1)[-1][-20:]}"

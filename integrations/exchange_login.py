"""How Overlap gets at an Exchange server: who logs in, over which connection, within which bounds.

exchangelib is steered by its documented hooks alone: an HTTP adapter of our own, a retry policy,
and credentials that bring their token along.
https://ecederstrand.github.io/exchangelib/#connecting-to-your-account
"""

from __future__ import annotations

import io
import logging
import re
import ssl
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.parsers import expat

import httpx
import requests
from exchangelib import BaseProtocol, Credentials, FailFast, Identity
from exchangelib.credentials import OAuth2AuthorizationCodeCredentials
from exchangelib.errors import MalformedResponseError, TransportError
from exchangelib.transport import BASIC, NTLM, OAUTH2
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse
from urllib3.exceptions import HTTPError

from integrations import secrets, tls
from integrations.http_client import asked, http_client, retry_after
from integrations.ports import Access, ProviderError

LATER = "it is tried again by itself"
TIMEOUT = 20
LONGEST = 60.0
LARGEST = 50 * 1024 * 1024
REQUESTS = 1000
_POOLS = 10
_AUTHORITY = "https://login.microsoftonline.com"
_CLOUD = "https://outlook.office365.com"
_EARLY = 300
_AUTH = {"basic": BASIC, "ntlm": NTLM, "oauth": OAUTH2}

# At these levels the library writes whole requests into the log, titles and mails included.
logging.getLogger("exchangelib").setLevel(logging.CRITICAL)


class HttpFault(TransportError):  # type: ignore[misc]  # noqa: N818 - as the library's own
    """The server answered with an HTTP status and nothing of EWS: it took nothing."""

    def __init__(self, status: int, retry_after: float | None) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.retry_after = retry_after


class Patience(FailFast):  # type: ignore[misc]
    """Fail at once, with what the server said about when to come back."""

    def raise_response_errors(self, response: Any) -> None:
        soap = response.content.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<")
        html = response.content[:200].lstrip().lower().startswith((b"<html", b"<!doctype"))
        if response.status_code == 200 or (response.status_code == 500 and soap and not html):
            if soap and not _is_whole(response.content):
                raise MalformedResponseError("no whole XML")
            return
        wait = retry_after(response.headers.get("Retry-After", ""))
        raise HttpFault(response.status_code, wait)


_NO_XML = re.compile(rb"&#[xX]?[0-9a-fA-F]+;|[\x00-\x08\x0b\x0c\x0e-\x1f]")
"""Characters that XML has no place for: Exchange writes them out of people's texts all the same."""


def _is_whole(content: bytes) -> bool:
    """Whether it is XML to its end: of what is not, the library keeps what it can, and a list that
    lacks its rest would leave its hours free."""

    def refuse(*_: object) -> None:
        raise ValueError("no document type has a place in SOAP")

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(_NO_XML.sub(b"", content), True)
    except (expat.ExpatError, ValueError):
        return False
    return True


_trusted: dict[str, ssl.SSLContext] = {}  # by host; the empty name is for what is discovered
_contexts: dict[tuple[Path | None, float], ssl.SSLContext] = {}  # by CA file and its age
_budget = threading.local()


def allow(number: int = REQUESTS) -> None:
    """How many requests the call that begins now may make: the library's page loops have no end."""
    _budget.left = number


class _Adapter(HTTPAdapter):
    """Every request of the library: own CA, a timeout, an answer of bounded size, no compression.

    exchangelib takes the class and not an object, so that what to trust is kept by host.
    """

    def __init__(self, **how: Any) -> None:
        # With one pool a second key, as after another CA, would wait for the first for ever; and a
        # session serves one call at a time, so that it need wait for no connection either.
        pools = {"pool_block": False, "pool_connections": _POOLS, "pool_maxsize": _POOLS}
        super().__init__(**{**how, **pools})

    def send(self, request: Any, *_: Any, **how: Any) -> Any:
        _budget.left = getattr(_budget, "left", REQUESTS) - 1
        if _budget.left < 0:
            raise requests.ConnectionError("the server goes in circles")
        request.headers["Accept-Encoding"] = "identity"  # a compressed answer has no bound
        answer = super().send(request, **{**how, "stream": True, "timeout": TIMEOUT})
        if int(answer.headers.get("Content-Length") or 0) > LARGEST:
            raise requests.ConnectionError("the answer is larger than 50 MB")
        if answer.status_code != 401:  # NTLM binds to the socket under a 401
            answer.raw = _bounded(answer.raw)
        return answer

    def build_connection_pool_key_attributes(
        self, request: Any, verify: Any, cert: Any = None
    ) -> Any:
        host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
        trusted = _trusted.get(urlsplit(request.url).netloc) or _trusted.get("")
        secure = host["scheme"] == "https" and trusted
        return host, {**pool, **({"ssl_context": trusted} if secure else {})}


def _bounded(raw: Any) -> HTTPResponse:
    """The answer, read to its end."""
    if raw.headers.get("Content-Encoding", "identity") != "identity":
        raise requests.ConnectionError("the answer is compressed")
    content, until = bytearray(), time.monotonic() + LONGEST
    try:
        while chunk := raw.read1(1 << 16, decode_content=False):
            content += chunk
            if len(content) > LARGEST or time.monotonic() > until:
                raw.close()
                raise requests.ConnectionError("the answer has no end")
    except (HTTPError, OSError) as error:
        raise requests.ConnectionError("the answer breaks off") from error
    raw.release_conn()
    return HTTPResponse(
        body=io.BytesIO(bytes(content)),
        headers=raw.headers,
        status=raw.status,
        preload_content=False,
        original_response=raw._original_response,  # requests takes the cookies from it
    )


BaseProtocol.HTTP_ADAPTER_CLS = _Adapter
BaseProtocol.TIMEOUT = TIMEOUT


def endpoint(access: Access) -> str:
    """The fixed EWS address, the coordinator's CA trusted there; empty where it must be found."""
    url = str(access.options.get("endpoint", ""))
    if not url:
        trust(access, "")
        return ""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and tls.is_loopback(url)):
        raise ProviderError(
            "[exchange] endpoint is unencrypted", mend="use https://", permanent=True
        )
    trust(access, url)
    return url if parts.path.strip("/") else f"{url.rstrip('/')}/EWS/Exchange.asmx"


def trust(access: Access, url: str) -> None:
    """Trust the system's CAs and the coordinator's own at an address; the empty one is any."""
    # The library keeps its connections over reloads of the roster: so must what they trust.
    known = (access.ca, access.ca.stat().st_mtime if access.ca and access.ca.exists() else 0.0)
    if known not in _contexts:
        _contexts[known] = tls.context(access)
    context = _contexts[known]
    _trusted[urlsplit(url).netloc] = context


def auth_type(access: Access) -> str | None:
    """How to log in; None has the library ask the server."""
    options = access.options
    chosen = str(options.get("auth", "")) or ("oauth" if options.get("client_id") else "")
    return _AUTH.get(chosen)


def secret(access: Access) -> str:
    """The service account's password, or the application's access token as it is now."""
    if auth_type(access) == OAUTH2:
        return access.sessions.get("exchange token", lambda: _Token(access)).value()
    return _secret(access, "password")


def credentials(access: Access, word: str, behalf: str) -> Any:
    """What the library logs in with. `behalf` is as whom an application asks about no mailbox."""
    if auth_type(access) == OAUTH2:
        return OAuth2AuthorizationCodeCredentials(
            access_token={"access_token": word, "token_type": "Bearer"},
            identity=Identity(primary_smtp_address=behalf),
        )
    username = str(access.options.get("username", ""))
    if not username:
        raise ProviderError(
            "[exchange] username is not set",
            mend="set it as docs/exchange.md shows",
            permanent=True,
        )
    return Credentials(username, word)


def renew(access: Access) -> None:
    """The token was refused: the next call fetches another."""
    if auth_type(access) == OAUTH2:
        access.sessions.get("exchange token", lambda: _Token(access)).forget()


class _Token:
    """An application's access token, from Entra ID or another OAuth 2.0 server (RFC 6749, 4.4).

    Not by the library: a session of it that finds no token is lost to its pool for good.
    """

    def __init__(self, access: Access) -> None:
        self._access = access
        self._lock = threading.Lock()
        self._value = ""
        self._until = 0.0

    def value(self) -> str:
        with self._lock:
            if time.monotonic() >= self._until:
                self._fetch()
            return self._value

    def forget(self) -> None:
        self._until = 0.0

    def _fetch(self) -> None:
        answer = self._ask()
        try:
            self._value = str(answer["access_token"])
            seconds = float(answer.get("expires_in", 3600))
        except (KeyError, TypeError, ValueError) as error:
            raise ProviderError("[exchange] authority gives no token", mend=LATER) from error
        self._until = time.monotonic() + max(seconds - _EARLY, 30)

    def _ask(self) -> Mapping[str, Any]:
        options = self._access.options
        form = {
            "grant_type": "client_credentials",
            "client_id": str(options.get("client_id", "")),
            "client_secret": _secret(self._access, "client_secret"),
            "scope": f"{_origin(str(options.get('endpoint', '')))}/.default",
        }
        try:
            with http_client(self._access, TIMEOUT) as client:
                answer = asked(client, "POST", _token_url(options), data=form)
            document = answer.json()
        except (httpx.HTTPError, ValueError, RecursionError) as error:
            raise ProviderError(
                f"[exchange] authority gives no token ({type(error).__name__})", mend=LATER
            ) from error
        if answer.status_code == 200 and isinstance(document, Mapping):
            return document
        code = str(document.get("error", "")) if isinstance(document, Mapping) else ""
        raise _no_token(answer.status_code, code)


def _no_token(status: int, code: str) -> ProviderError:
    if code in ("invalid_client", "unauthorized_client", "invalid_scope", "invalid_request"):
        return ProviderError(
            f"the authority refuses the application of [exchange] client_id ({code})",
            mend="check tenant, client_id and client_secret, and that full_access_as_app is "
            "granted with an administrator's consent",
            permanent=True,
        )
    return ProviderError(
        f"[exchange] authority gives no token ({status} {code})".replace(" )", ")"), mend=LATER
    )


def _origin(url: str) -> str:
    parts = urlsplit(url or _CLOUD)
    return f"{parts.scheme}://{parts.hostname}"


def _token_url(options: Mapping[str, object]) -> str:
    authority = str(options.get("authority", "")).rstrip("/") or _AUTHORITY
    if not authority.startswith("https://") and not tls.is_loopback(authority):
        raise ProviderError(
            "[exchange] authority is unencrypted", mend="use https://", permanent=True
        )
    if authority.endswith("/token"):
        return authority
    return f"{authority}/{options.get('tenant') or 'organizations'}/oauth2/v2.0/token"


def _secret(access: Access, name: str) -> str:
    reference = access.options.get(name)
    if not isinstance(reference, str):
        raise ProviderError(
            f"[exchange] {name} is not set", mend="set it as docs/exchange.md shows", permanent=True
        )
    return secrets.resolve(reference, access.directory)

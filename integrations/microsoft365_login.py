"""Access tokens for Microsoft Graph by MSAL: the app's own, or a partner's from their consent.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import re
import threading
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx
import msal

from integrations import secrets
from integrations.http_client import asked, http_client, retry_after
from integrations.ports import GARBLED, Access, ConsentNeeded, Grants, ProviderError

AUTHORITY = "https://login.microsoftonline.com"
ENDPOINT = "https://graph.microsoft.com"
CONSENT = "Calendars.Read"
"""What a partner consents to."""
TIMEOUT = httpx.Timeout(20)
_GRAPHS = frozenset(
    {
        "graph.microsoft.com",
        "graph.microsoft.us",
        "dod-graph.microsoft.us",
        "microsoftgraph.chinacloudapi.cn",
    }
)
_EARLY = 300
_LATER = "it is tried again by itself"

# It writes a sign-in's answer into the log where that is no JSON, tokens included.
logging.getLogger("msal").setLevel(logging.CRITICAL)


@dataclass(frozen=True)
class _MsalHttp:
    """Our HTTP for MSAL (`msal.oauth2cli.http.HttpClient`), which hands over forms with bytes."""

    http: httpx.Client

    def get(self, url: str, *, params: Any = None, headers: Any = None, **_: Any) -> httpx.Response:
        return _unless_busy(asked(self.http, "GET", url, params=params, headers=headers))

    def post(
        self, url: str, *, params: Any = None, data: Any = None, headers: Any = None, **_: Any
    ) -> httpx.Response:
        form = {n: v.decode() if isinstance(v, bytes) else v for n, v in (data or {}).items()}
        answer = asked(self.http, "POST", url, params=params, data=form, headers=headers)
        return _unless_busy(answer)

    def close(self) -> None:
        """The client outlives MSAL's application."""


class _Busy(Exception):  # noqa: N818 - it says how the sign-in is
    """The sign-in wants to be left alone for so many seconds. MSAL would hide the time."""

    def __init__(self, seconds: float | None) -> None:
        super().__init__("busy")
        self.seconds = seconds


def _unless_busy(answer: httpx.Response) -> httpx.Response:
    if answer.status_code not in (429, 503):
        return answer
    raise _Busy(retry_after(answer.headers.get("Retry-After", "")))


_UNUSABLE = (
    httpx.HTTPError,
    httpx.InvalidURL,
    msal.exceptions.MsalError,
    *GARBLED,
    RuntimeError,
    _Busy,
)
"""What MSAL lets through where the other side is no sign-in, or not now."""


@dataclass
class Login:
    """One app in one tenant, with the tokens it holds. Shared by all ports of a roster."""

    access: Access
    http: httpx.Client
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _app: msal.ConfidentialClientApplication | None = None
    _delegated: dict[str, tuple[str, float]] = field(default_factory=dict)

    def token(self, account: str, grants: Grants | None) -> str:
        """A token that is good for some minutes, from the partner's grant where there are any.

        Raises ProviderError, ConsentNeeded.
        """
        with self._lock:
            try:
                return self._consented(account, grants) if grants else self._own(account)
            except ProviderError:
                self._app = None  # it remembers refusals for a minute; the next pass asks afresh
                raise
            except _UNUSABLE as error:
                self._app = None
                raise ProviderError(
                    f"{_named(account)}: the sign-in at {self._authority} can't be used "
                    f"({type(error).__name__.strip('_')})",
                    mend=f"check [microsoft365] tenant and authority; {_LATER}",
                    retry_after=error.seconds if isinstance(error, _Busy) else None,
                ) from error

    def forget(self, account: str) -> None:
        """Let go of tokens that Graph no longer takes."""
        with self._lock:
            self._delegated.pop(account, None)
            self._app = None

    @property
    def client_id(self) -> str:
        return _needed(self.access, "client_id")

    @property
    def consent_scope(self) -> str:
        return f"{self._resource}/{CONSENT}"

    @property
    def consent_page(self) -> str:
        return f"{self._tenant}/oauth2/v2.0/authorize"

    def redeem(self, code: str, redirect: str, verifier: str, mend: str) -> dict[str, Any]:
        """The tokens that a consent's code stands for. Raises ProviderError, with `mend`."""
        flow = {
            "state": "checked",  # by whoever got the code
            "redirect_uri": redirect,
            "scope": [self.consent_scope],
            "code_verifier": verifier,
            "nonce": nonce(verifier),
        }
        with self._lock:
            try:
                answer: dict[str, Any] = self._application().acquire_token_by_auth_code_flow(
                    flow, {"code": code, "state": "checked"}
                )
            except _UNUSABLE as error:
                self._app = None
                raise ProviderError("Microsoft can't be reached", mend=mend) from error
        if "access_token" not in answer:
            raise ProviderError(f"Microsoft gives no token ({_code(answer)})", mend=mend)
        return answer

    @property
    def _authority(self) -> str:
        return (_text(self.access, "authority") or AUTHORITY).rstrip("/")

    @property
    def _tenant(self) -> str:
        return f"{self._authority}/{_needed(self.access, 'tenant')}"

    @property
    def _resource(self) -> str:
        """Whose token it is: Graph of the cloud, also where a proxy stands before it."""
        wanted = endpoint(self.access)
        return wanted if urlsplit(wanted).hostname in _GRAPHS else ENDPOINT

    def _own(self, account: str) -> str:
        answer = self._application().acquire_token_for_client([f"{self._resource}/.default"])
        if "access_token" not in answer:
            raise self._refused(account, answer)
        return _bearer(answer)

    def _consented(self, account: str, grants: Grants) -> str:
        token, until = self._delegated.get(account, ("", 0.0))
        if until - _EARLY > time.time():
            return token
        kept = grants.load(account)
        if kept is None:
            raise _consent(account, "its owner gave no consent")
        answer = self._application().acquire_token_by_refresh_token(kept, [self.consent_scope])
        if "access_token" not in answer:
            raise self._not_renewed(account, answer)
        newest = answer.get("refresh_token")
        if isinstance(newest, str) and newest != kept:
            grants.save(account, newest)
        token = _bearer(answer)
        self._delegated[account] = (token, time.time() + float(answer.get("expires_in", 0)))
        return token

    def _not_renewed(self, account: str, answer: dict[str, Any]) -> ProviderError:
        if answer.get("error") in ("invalid_grant", "interaction_required", "consent_required"):
            return _consent(account, f"its owner's consent no longer holds ({_code(answer)})")
        return self._refused(account, answer)

    def _application(self) -> msal.ConfidentialClientApplication:
        if self._app is None:
            self._app = msal.ConfidentialClientApplication(
                self.client_id,
                client_credential=self._credential(),
                authority=self._tenant,
                instance_discovery=False,  # else an unknown authority is looked up at Microsoft
                http_client=_MsalHttp(self.http),
            )
        return self._app

    def _credential(self) -> str | dict[str, str]:
        options, directory = self.access.options, self.access.directory
        if isinstance(certificate := options.get("certificate"), str):
            pem = secrets.resolve(certificate, directory)
            if "PRIVATE KEY" not in pem or "BEGIN CERTIFICATE" not in pem:
                raise ProviderError(
                    "[microsoft365] certificate holds no key and certificate in PEM",
                    mend="put both into the one file",
                    permanent=True,
                )
            return {"private_key": pem, "public_certificate": pem}
        if isinstance(secret := options.get("client_secret"), str):
            return secrets.resolve(secret, directory)
        raise ProviderError(
            "[microsoft365] names no client_secret and no certificate",
            mend="set one of them",
            permanent=True,
        )

    def _refused(self, account: str, answer: dict[str, Any]) -> ProviderError:
        error = str(answer.get("error", ""))
        mend = {
            "invalid_client": "renew [microsoft365] client_secret or certificate",
            "unauthorized_client": "check [microsoft365] client_id and tenant",
        }.get(error, f"check [microsoft365]; {_LATER}")
        return ProviderError(
            f"{_named(account)}: the app's sign-in is refused ({error}, {_code(answer)})",
            mend=mend,
            permanent=error in ("invalid_client", "unauthorized_client"),
        )


def _bearer(answer: dict[str, Any]) -> str:
    """The token, fit for a header (RFC 6750 section 2.1). Raises ValueError."""
    token = answer["access_token"]
    if not (isinstance(token, str) and token.isascii() and token.isprintable()):
        raise ValueError("no token")
    return token


def nonce(verifier: str) -> str:
    """Ties the ID token to one consent. The page is told its SHA-256, as MSAL expects it back."""
    return hashlib.sha256(f"nonce {verifier}".encode()).hexdigest()


def login(access: Access) -> Login:
    """The one login that a roster's ports share."""
    names = ("authority", "endpoint", "tenant", "client_id")
    key = ("microsoft365", *(_text(access, name) for name in names))
    return access.sessions.get(key, lambda: Login(access, _http(access)))


def endpoint(access: Access) -> str:
    """Where Graph stands, without a closing slash. Raises ProviderError unless it is HTTPS."""
    url = (_text(access, "endpoint") or ENDPOINT).rstrip("/")
    if urlsplit(url).scheme != "https":
        raise ProviderError(
            "[microsoft365] endpoint is no https:// address", mend="correct it", permanent=True
        )
    return url


def granted(token: str, *, delegated: bool) -> frozenset[str]:
    """The permissions a token carries, for messages only; none where it can't be read.

    Those that Exchange itself grants (RBAC for Applications) are never in it.
    """
    try:
        body = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        held = str(claims.get("scp", "")).split() if delegated else claims.get("roles", [])
        return frozenset(str(name) for name in held)
    except (IndexError, ValueError, AttributeError, TypeError):
        return frozenset()


def _http(access: Access) -> httpx.Client:
    return http_client(
        access,
        TIMEOUT,
        follow_redirects=False,
        headers={"Accept-Encoding": "identity"},
        limits=httpx.Limits(max_connections=32, max_keepalive_connections=8),
    )


def _consent(account: str, why: str) -> ConsentNeeded:
    return ConsentNeeded(
        f"{_named(account)} can't be read: {why}",
        mend="have its owner connect it again: `connect PERSON` makes the link",
    )


def _named(account: str) -> str:
    return f"the Microsoft 365 mailbox {account.partition(':')[2]}"


def _code(answer: dict[str, Any]) -> str:
    """Entra's own number for a fault; its words may name more than a log should keep."""
    found = re.search(r"AADSTS\d+", str(answer.get("error_description", "")))
    return found[0] if found else str(answer.get("error", ""))


def _text(access: Access, name: str) -> str:
    value = access.options.get(name)
    return value if isinstance(value, str) else ""


def _needed(access: Access, name: str) -> str:
    if value := _text(access, name):
        return value
    raise ProviderError(
        f"[microsoft365] {name} is not set",
        mend="copy it from the app's page in the Entra admin centre",
        permanent=True,
    )

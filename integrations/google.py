"""Google Workspace by google-api-python-client: who asks, with which scope, and what faults mean.

A partner's own consent comes first, then the service account with domain-wide delegation.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any

import httplib2
import httpx
from google.auth.exceptions import GoogleAuthError, RefreshError
from google.oauth2 import credentials, service_account
from google_auth_httplib2 import AuthorizedHttp
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

from integrations import secrets, tls
from integrations.google_answers import LATER, reason_of, token_error
from integrations.http_client import http_client, retry_after
from integrations.ports import GARBLED, Access, ConsentNeeded, ProviderError

SCOPES = "https://www.googleapis.com/auth/"
DETAILS = f"{SCOPES}calendar.events.readonly"
FREEBUSY = f"{SCOPES}calendar.freebusy"
ORGANISE = f"{SCOPES}calendar.events.owned"
SEND = f"{SCOPES}gmail.send"
READ_MAIL = f"{SCOPES}gmail.readonly"

_TIMEOUT = 20
_LARGEST = 50 * 1024 * 1024
_IN_FLIGHT = 4
_GRANT_GONE = frozenset(
    {
        "invalid_grant",
        "access_denied",
        "invalid_scope",
        "unauthorized_client",
        "admin_policy_enforced",
    }
)
"""What says of a consent that it holds no longer; anything else is the service's own trouble."""
_QUOTA = frozenset(
    {"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "dailyLimitExceeded"}
)
_SCOPE = frozenset({"insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"})


class MissingScope(ProviderError):  # noqa: N818 - it names what is missing
    """The scope that a call needs was never granted; a lesser one may do."""

    def __init__(self, message: str, *, mend: str) -> None:
        super().__init__(message, mend=mend, permanent=True)


class Refused(Exception):  # noqa: N818 - an answer, which may be no fault
    """An answer of Google's that the caller asked to understand itself: its HTTP status, and in
    how many seconds to come back."""

    def __init__(self, status: int, wait: float | None) -> None:
        super().__init__(status)
        self.status = status
        self.retry_after = wait


@dataclass(frozen=True)
class Account:
    """One Google user, as whom calls are made."""

    address: str
    access: Access

    @property
    def name(self) -> str:
        return f"google:{self.address}"

    def call(
        self,
        scope: str,
        request: Any,
        *,
        expected: frozenset[int] = frozenset(),
        empty: bool = False,
    ) -> Any:
        """Execute a request of the client library; raises Refused for the statuses expected.

        The answer is a JSON object, or with `empty` no content.
        """
        authorised = self._authorised(scope)
        with self._slots():
            try:
                answer = request.execute(http=authorised)
            except HttpError as error:
                if error.resp.status in expected:
                    wait = retry_after(error.resp.get("retry-after", ""))
                    raise Refused(error.resp.status, wait) from error
                raise self._fault(error, scope) from error
            except RefreshError as error:
                raise self._no_token(error, scope) from error
            except (GoogleAuthError, httpx.HTTPError, HTTPException, OSError) as error:
                raise ProviderError(
                    f"{self.name}: Google can't be reached ({type(error).__name__})", mend=LATER
                ) from error
            except GARBLED as error:
                raise self.garbled() from error
        if not isinstance(answer, dict) and not (empty and not answer):
            raise self.garbled()  # the library hands out what is no JSON as it came
        return answer

    def garbled(self) -> ProviderError:
        return ProviderError(f"{self.name}: Google's answer is garbled", mend=LATER)

    def obtain(self, scope: str) -> None:
        """Have a token for the scope, so that what follows can fail for its own reasons only."""
        authorised = self._authorised(scope)
        if authorised.credentials.valid:
            return
        try:
            authorised.credentials.refresh(authorised._request)
        except RefreshError as error:
            raise self._no_token(error, scope) from error
        except (GoogleAuthError, httpx.HTTPError, OSError, *GARBLED) as error:
            raise ProviderError(
                f"{self.name}: Google gives no token ({type(error).__name__})", mend=LATER
            ) from error

    def service(self, api: str) -> Any:
        """The client of an API, from the discovery document that ships with the library."""
        endpoint = endpoint_of(self.access)
        version = {"calendar": "v3", "gmail": "v1"}[api]

        def make() -> Any:
            path = {"calendar": "calendar/v3/", "gmail": ""}[api]
            options = {"api_endpoint": f"{endpoint}/{path}"} if endpoint else None
            return build(
                api,
                version,
                http=httplib2.Http(),
                static_discovery=True,
                client_options=options,
            )

        return self.access.sessions.get(("google service", api), make)

    def _slots(self) -> threading.BoundedSemaphore:
        key = ("google slots", self.address)
        return self.access.sessions.get(key, lambda: threading.BoundedSemaphore(_IN_FLIGHT))

    def _authorised(self, scope: str) -> AuthorizedHttp:
        # A grant may be replaced while a session lasts: its token is part of the key.
        grants = self.access.grants
        grant = grants.load(self.name) if grants else None
        key = ("google", self.address, scope, grant)
        return self.access.sessions.get(key, lambda: self._authorise(scope, grant))

    def _authorise(self, scope: str, grant: str | None) -> AuthorizedHttp:
        options = self.access.options
        if grant:
            found: Any = self._consented(grant)
        elif options.get("service_account"):
            found = self._delegated(scope)
        else:
            raise ConsentNeeded(
                f"{self.name} was never connected",
                mend="have its owner connect it: `connect PERSON` makes the link",
            )
        return AuthorizedHttp(found, http=_transport(self.access))

    def _consented(self, grant: str) -> Any:
        endpoint = endpoint_of(self.access)
        return credentials.Credentials(  # type: ignore[no-untyped-call]
            None,
            refresh_token=grant,
            token_uri=f"{endpoint}/token" if endpoint else "https://oauth2.googleapis.com/token",
            client_id=str(self.access.options.get("client_id", "")),
            client_secret=secret(self.access, "client_secret"),
        )

    def _delegated(self, scope: str) -> Any:
        # The key is checked when it is read, which takes a tenth of a second: once will do.
        found = self.access.sessions.get("google key", self._service_account)
        return found.with_scopes([scope]).with_subject(self.address)

    def _service_account(self) -> Any:
        try:
            key = json.loads(secret(self.access, "service_account"))
            return service_account.Credentials.from_service_account_info(key)  # type: ignore[no-untyped-call]
        except ValueError as error:
            raise ProviderError(
                "the service account's key is not the JSON file that Google hands out",
                mend="download a new key and name it in [google] service_account",
                permanent=True,
            ) from error

    def _no_token(self, error: RefreshError, scope: str) -> ProviderError:
        code = token_error(error)
        if self.access.grants and self.access.grants.load(self.name):
            if error.retryable or code not in _GRANT_GONE:
                return ProviderError(f"{self.name}: Google gives no token ({code})", mend=LATER)
            return ConsentNeeded(
                f"Google no longer lets Overlap read {self.name} ({code})",
                mend="have its owner connect it again: `connect PERSON` makes the link",
            )
        match code:
            case "unauthorized_client" | "access_denied" | "invalid_scope":
                return MissingScope(
                    f"the service account may not act for {self.address} with the scope {scope}",
                    mend="in the Admin console, under API controls, Domain-wide delegation, "
                    f"add {scope} to client {self._client()}",
                )
            case "invalid_grant":
                return ProviderError(
                    f"Google does not let the service account act for {self.address}",
                    mend="check that the user exists, the key is in use, and this clock is right",
                    permanent=True,
                )
        return ProviderError(
            f"{self.name}: Google gives no token ({code or 'no answer'})", mend=LATER
        )

    def _client(self) -> str:
        return str(json.loads(secret(self.access, "service_account")).get("client_id", "?"))

    def _fault(self, error: HttpError, scope: str) -> ProviderError:
        status, reason = error.resp.status, reason_of(error)
        if status == 403 and reason in _SCOPE:
            return MissingScope(
                f"{self.name}: the scope {scope} is missing",
                mend=f"grant {scope}, or have the owner connect the calendar again",
            )
        if reason in ("accessNotConfigured", "SERVICE_DISABLED"):
            api = "Gmail" if "gmail" in scope else "Google Calendar"
            return ProviderError(
                f"the {api} API is switched off in the Google Cloud project",
                mend="switch it on under APIs & Services, Library",
                permanent=True,
            )
        if status in (429, 500, 502, 503, 504) or reason in _QUOTA:
            return ProviderError(
                f"{self.name}: Google is busy ({status} {reason})".rstrip(),
                mend=LATER,
                retry_after=retry_after(error.resp.get("retry-after", "")),
            )
        if status == 401:
            return self._unauthorised()
        if status in (403, 404):
            return ProviderError(
                f"{self.name} is not there, or not open to this account ({status} {reason})",
                mend="check its address in the roster, and who may see it",
                permanent=True,
            )
        return ProviderError(
            f"{self.name}: Google refuses the request ({status} {reason})",
            mend="please report this as a fault of Overlap's",
        )

    def _unauthorised(self) -> ProviderError:
        if self.access.grants and self.access.grants.load(self.name):
            return ConsentNeeded(
                f"Google no longer takes the grant for {self.name}",
                mend="have its owner connect it again: `connect PERSON` makes the link",
            )
        return ProviderError(f"{self.name}: Google refuses the service account (401)", mend=LATER)


def secret(access: Access, name: str) -> str:
    """The secret that an option of [google] refers to."""
    reference = access.options.get(name)
    if not isinstance(reference, str):
        raise ProviderError(
            f"[google] {name} is not set", mend="set it as docs/google.md shows", permanent=True
        )
    return secrets.resolve(reference, access.directory)


def endpoint_of(access: Access) -> str:
    endpoint = str(access.options.get("endpoint", "")).rstrip("/")
    if endpoint.startswith("http://") and not tls.is_loopback(endpoint):
        raise ProviderError("[google] endpoint is unencrypted", mend="use https://", permanent=True)
    return endpoint


def _transport(access: Access) -> Any:
    def make() -> _Transport:
        return _Transport(http_client(access, _TIMEOUT))

    return access.sessions.get("google transport", make)


@dataclass(frozen=True)
class _Transport:
    """httplib2's call on httpx: httplib2 repeats a POST by itself, and so could mail twice."""

    client: httpx.Client

    def request(
        self,
        uri: str,
        method: str = "GET",
        body: Any = None,
        headers: Mapping[str, Any] | None = None,
        **_: object,
    ) -> tuple[httplib2.Response, bytes]:
        sent = {k: v for k, v in (headers or {}).items() if k.lower() != "accept-encoding"}
        sent["accept-encoding"] = "identity"  # a compressed answer has no bound
        content = b""
        with self.client.stream(method, uri, content=body, headers=sent) as answer:
            for chunk in answer.iter_raw():
                content += chunk
                if len(content) > _LARGEST:
                    raise ValueError("the answer has no end")
        status = {**dict(answer.headers), "status": str(answer.status_code)}
        return httplib2.Response(status), content

    def close(self) -> None:
        self.client.close()

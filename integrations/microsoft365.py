"""One mailbox in Microsoft 365 by Microsoft Graph v1.0, with every fault in our words.

https://learn.microsoft.com/graph/errors and /graph/throttling-limits#outlook-service-limits
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any
from urllib.parse import quote, unquote, urlencode

import httpx

from integrations.http_client import retry_after
from integrations.microsoft365_login import endpoint, granted, login
from integrations.ports import Access, ConsentNeeded, ProviderError
from integrations.understood import understood_by, word

LATER = "it is tried again by itself"
understood = understood_by(attrgetter("mailbox"))
"""For the methods of a port that speaks as one mailbox."""
PREFER = 'IdType="ImmutableId", outlook.timezone="UTC"'
_IN_FLIGHT = 4
_LARGEST = 50 * 1024 * 1024
_MOST_PAGES = 1000
_DENIED = frozenset(
    {"ErrorAccessDenied", "Authorization_RequestDenied", "AccessDenied", "Forbidden"}
)
_NO_MAILBOX = frozenset(
    {
        "ErrorInvalidUser",
        "ErrorNonExistentMailbox",
        "MailboxNotEnabledForRESTAPI",
        "Request_ResourceNotFound",
        "ResourceNotFound",
    }
)


class GraphError(ProviderError):
    """Graph refused. `status` is HTTP's, `code` Graph's own name for the fault."""

    def __init__(
        self,
        message: str,
        *,
        mend: str,
        status: int,
        code: str,
        permanent: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, mend=mend, permanent=permanent, retry_after=retry_after)
        self.status = status
        self.code = code

    @property
    def denied(self) -> bool:
        return self.status == 403 and self.code in _DENIED


class NoAnswer(ProviderError):  # noqa: N818 - it names an outcome
    """The request went out, and no whole answer came: whether it took effect is unknown."""


@dataclass(frozen=True)
class Permission:
    """What a call needs: any of `names`, the one to ask for first."""

    names: tuple[str, ...]

    @property
    def first(self) -> str:
        return self.names[0]


READ_EVENTS = Permission(
    ("Calendars.Read", "Calendars.ReadWrite", "Calendars.ReadBasic.All", "Calendars.ReadBasic")
)
FREE_BUSY = Permission(
    ("Calendars.ReadBasic.All", "Calendars.ReadBasic", "Calendars.Read", "Calendars.ReadWrite")
)
WRITE_EVENTS = Permission(("Calendars.ReadWrite",))


@dataclass(frozen=True)
class Mailbox:
    """A person's mailbox. With their consent Graph is asked in their name, else in the app's."""

    address: str
    access: Access

    @property
    def name(self) -> str:
        return f"the Microsoft 365 mailbox {self.address}"

    @property
    def account(self) -> str:
        return f"microsoft365:{self.address}"

    @property
    def delegated(self) -> bool:
        grants = self.access.grants
        return grants is not None and grants.load(self.account) is not None

    def url(self, path: str, params: Mapping[str, str] | None = None) -> str:
        """The address of something in the mailbox; `path` is quoted already."""
        owner = "me" if self.delegated else f"users/{quote(self.address)}"
        query = f"?{urlencode(params, quote_via=quote)}" if params else ""
        return f"{endpoint(self.access)}/v1.0/{owner}{path}{query}"

    def get(self, url: str, needs: Permission, prefer: str = PREFER) -> dict[str, Any]:
        return self._json(self.send("GET", url, needs, prefer=prefer))

    def post(self, url: str, needs: Permission, body: object) -> dict[str, Any]:
        """Make something: of JSON, or of base64 MIME where `body` is bytes."""
        if isinstance(body, bytes):
            return self._json(self.send("POST", url, needs, content=body, kind="text/plain"))
        return self._json(self.send("POST", url, needs, content=json.dumps(body).encode()))

    def patch(self, url: str, needs: Permission, body: object) -> dict[str, Any]:
        return self._json(self.send("PATCH", url, needs, content=json.dumps(body).encode()))

    def delete(self, url: str, needs: Permission) -> None:
        self.send("DELETE", url, needs, expected=204)

    def require(self, method: str, path: str, needs: Permission) -> None:
        """Raise what keeps us from a call, found by making it on an item that is not there."""
        try:
            self.send(method, self.url(path), needs, content=b"{}" if method == "PATCH" else b"")
        except GraphError as error:
            if error.status not in (400, 404) or error.code in _NO_MAILBOX:
                raise

    def pages(self, url: str, needs: Permission, prefer: str = PREFER) -> Iterator[dict[str, Any]]:
        """Page after page of a collection. Raises ProviderError where they lead in a circle."""
        seen: set[str] = set()
        while url:
            if url in seen or len(seen) >= _MOST_PAGES:
                raise self._nonsense("its pages have no end")
            seen.add(url)
            page = self.get(url, needs, prefer)
            if not isinstance(page.get("value"), list):
                raise self._nonsense("a page has no entries")
            yield page
            url = self.at_home(page.get("@odata.nextLink"))

    def at_home(self, link: object) -> str:
        """A link out of an answer, empty where there is none. It may not leave the endpoint."""
        if link is None:
            return ""
        home = httpx.URL(endpoint(self.access))
        try:
            leads = httpx.URL(str(link))  # what is no URL must enter no cursor
        except (ValueError, httpx.InvalidURL) as error:
            raise self._nonsense("a link in it is none") from error
        if leads.userinfo or (leads.scheme, leads.netloc) != (home.scheme, home.netloc):
            raise self._nonsense("a link in it leads to another server")
        return str(link)

    def send(
        self,
        method: str,
        url: str,
        needs: Permission,
        *,
        content: bytes | None = None,
        kind: str = "application/json",
        prefer: str = PREFER,
        expected: int | None = None,
    ) -> bytes:
        """The body of a good answer. Raises GraphError, NoAnswer, ProviderError."""
        grants = self.access.grants if self.delegated else None
        shared = login(self.access)
        headers = {"Prefer": prefer, **({"Content-Type": kind} if content is not None else {})}
        for last in (False, True):
            token = shared.token(self.account, grants)
            headers["Authorization"] = f"Bearer {token}"
            request = shared.http.build_request(method, url, headers=headers, content=content)
            with self._turn():
                status, answered, body = self._exchange(shared.http, request)
            if status == 401 and not last:  # revoked before its time
                shared.forget(self.account)
                continue
            if status >= 300:
                raise self._refused(status, answered, body, needs, token)
            if expected not in (None, status):  # somebody in between answers for Graph
                raise NoAnswer(f"{self.name}: Microsoft Graph answers {status}", mend=LATER)
            return body
        raise AssertionError("unreachable")

    def _turn(self) -> threading.BoundedSemaphore:
        """Graph serves four requests of an app at a time in one mailbox."""
        key = ("microsoft365 in flight", self.address)
        return self.access.sessions.get(key, lambda: threading.BoundedSemaphore(_IN_FLIGHT))

    def _exchange(
        self, http: httpx.Client, request: httpx.Request
    ) -> tuple[int, httpx.Headers, bytes]:
        try:
            answer = http.send(request, stream=True)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise ProviderError(
                f"{self.name}: Microsoft Graph can't be reached ({type(error).__name__})",
                mend=f"check the network and [microsoft365] endpoint; {LATER}",
            ) from error
        except httpx.HTTPError as error:
            raise self._silent(error) from error
        try:
            if answer.status_code in (202, 204):  # taken: whatever follows changes nothing
                return answer.status_code, answer.headers, b""
            return answer.status_code, answer.headers, self._body(answer)
        except httpx.HTTPError as error:
            raise self._silent(error) from error
        finally:
            answer.close()

    def _body(self, answer: httpx.Response) -> bytes:
        parts, size = [], 0
        for part in answer.iter_raw():
            parts.append(part)
            size += len(part)
            if size > _LARGEST:
                raise self._nonsense("it is larger than 50 MB")
        return b"".join(parts)

    def _silent(self, error: Exception) -> NoAnswer:
        return NoAnswer(
            f"{self.name}: Microsoft Graph gave no whole answer ({type(error).__name__})",
            mend=LATER,
        )

    def _json(self, body: bytes) -> dict[str, Any]:
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise self._nonsense("it is no JSON") from error
        if not isinstance(answer, dict):
            raise self._nonsense("it is no JSON object")
        return answer

    def garbled(self) -> ProviderError:
        return self._nonsense("it is of another shape than expected")

    def _nonsense(self, what: str) -> ProviderError:
        return ProviderError(
            f"{self.name}: the answer of Microsoft Graph can't be used: {what}", mend=LATER
        )

    def _refused(
        self, status: int, headers: httpx.Headers, body: bytes, needs: Permission, token: str
    ) -> ProviderError:
        code = _code_of(body)
        if status == 403 and code in _DENIED:
            return self._denied(code, needs, token)
        if status == 404 and code in _NO_MAILBOX:
            return GraphError(
                f"{self.name} is not there ({code})",
                mend="write the address that its owner signs in with",
                status=status,
                code=code,
                permanent=True,
            )
        wait = retry_after(headers.get("Retry-After", "")) if status in (429, 503) else None
        return GraphError(
            f"{self.name}: Microsoft Graph answers {status} {code}".rstrip(),
            mend=LATER,
            status=status,
            code=code,
            retry_after=wait,
        )

    def _denied(self, code: str, needs: Permission, token: str) -> ProviderError:
        delegated = self.delegated
        holds = granted(token, delegated=delegated) & set(needs.names)
        if delegated and not holds:
            return ConsentNeeded(
                f"{self.name}: its owner's consent does not include {needs.first}",
                mend="have its owner connect it again: `connect PERSON` makes the link",
            )
        if holds:
            message = f"the administrator keeps the app out of {self.name}, though it has "
            message += f"{min(holds)}"
            mend = "include the mailbox in the app's access policy or role scope"
        else:
            message = f"the app may not use {self.name}: it lacks {needs.first}"
            mend = f"grant the application permission {needs.first}, with admin consent, or its "
            mend += "role in Exchange for this mailbox"
        return GraphError(message, mend=mend, status=403, code=code, permanent=True)


def _code_of(body: bytes) -> str:
    """Graph's name for a fault, as far as a log can bear it; its message may quote content."""
    try:
        code = json.loads(body)["error"]["code"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return word(code)


def address_of(url: str) -> str:
    """The mailbox in `microsoft365:ADDRESS`."""
    return unquote(url.partition(":")[2]).strip("/").lower()

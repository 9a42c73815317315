"""What the simulator is asked, and how it refuses: shared by its calendar and its mail."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.servers.faults import Answer
from tests.servers.microsoft365_login import Bearer
from tests.servers.microsoft365_schema import schema

READ_EVENTS = ("Calendars.Read",)
FREE_BUSY = ("Calendars.ReadBasic", "Calendars.ReadBasic.All", "Calendars.Read")
WRITE_EVENTS = ("Calendars.ReadWrite",)
READ_MAIL = ("Mail.Read",)
WRITE_MAIL = ("Mail.ReadWrite",)
SEND_MAIL = ("Mail.Send",)
_FULL = {"Calendars.Read": "Calendars.ReadWrite", "Mail.Read": "Mail.ReadWrite"}


@dataclass
class Request:
    """One request. `operation` is its last word: token, delta, calendarView, send, …"""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    operation: str = ""

    @property
    def prefer(self) -> str:
        return self.headers.get("prefer", "")

    def json(self) -> Any:
        if self.headers.get("content-type", "").partition(";")[0] != "application/json":
            raise Refusal(415, "RequestBodyRead", "no JSON")
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise Refusal(400, "BadRequest", "unable to read JSON request payload") from error


class Refusal(Exception):  # noqa: N818 - the service's answer, not the simulator's fault
    def __init__(
        self, status: int, code: str, message: str = "", headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(f"{status} {code} {message}")
        self.status = status
        self.headers = headers or {}
        self.code = code
        self.message = message

    @property
    def answer(self) -> Answer:
        error = {"code": self.code, "message": self.message, "innerError": {}}
        return Answer(self.status, {"error": error}, dict(self.headers))


@dataclass
class Links:
    """Skip and delta tokens: whatever a link must remember is kept here under its token."""

    base: str = ""
    kept: dict[str, Callable[[Request], Answer]] = field(default_factory=dict)
    page: int = 1000

    def make(self, path: str, kind: str, go: Callable[[Request], Answer]) -> str:
        token = f"{kind[1:3]}{len(self.kept)}_R0usmc"
        self.kept[token] = go
        return f"{self.base}{path}?{kind}={token}"

    def follow(self, request: Request) -> Answer | None:
        """The answer to a link of ours; None for a first request."""
        for kind in ("$skiptoken", "$deltatoken"):
            if kind in request.query:
                if set(request.query) != {kind}:
                    raise Refusal(400, "BadRequest", "a token stands alone")
                if request.query[kind] not in self.kept:
                    raise Refusal(400, "ErrorInvalidSyncStateData", "bad token")
                return self.kept[request.query[kind]](request)
        return None


def parse(method: str, target: str, headers: dict[str, str], body: bytes) -> Request:
    parts = urlsplit(target)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    path = unquote(parts.path)
    return Request(method, path, query, headers, body, path.rstrip("/").rpartition("/")[2])


def allow(bearer: Bearer, mailbox: str, names: tuple[str, ...]) -> None:
    """Refuse unless one of the permissions is held for this mailbox."""
    wanted = {*names, *(_FULL[name] for name in names if name in _FULL)}
    if bearer.user:
        if bearer.user != mailbox or not wanted & bearer.permissions:
            raise Refusal(403, "ErrorAccessDenied", "Access is denied. Check credentials.")
        return
    if any(mailbox in bearer.app.exchange.get(name, ()) for name in wanted):
        return
    if not wanted & bearer.permissions:
        raise Refusal(403, "ErrorAccessDenied", "Access is denied. Check credentials.")
    if bearer.app.mailboxes is not None and mailbox not in bearer.app.mailboxes:
        raise Refusal(403, "ErrorAccessDenied", "[RAOP] : Blocked by tenant AccessPolicy.")


def parameters(request: Request, *known: str) -> None:
    for name in request.query:
        if name not in known:
            raise Refusal(400, "BadRequest", f"the query parameter {name} is not supported")


def selected(request: Request, kind: str) -> set[str] | None:
    """The names in $select; None for all. Unknown ones are refused."""
    if "$select" not in request.query:
        return None
    names = set(request.query["$select"].split(","))
    known = schema().properties(kind)
    if known and (unknown := names - set(known)):
        raise Refusal(400, "RequestBroker--ParseUri", f"no property {sorted(unknown)}")
    return names


def check_body(kind: str, value: object) -> dict[str, Any]:
    """A request's body, refused where the metadata does not name what it says."""
    if not isinstance(value, dict):
        raise Refusal(400, "BadRequest", "an object belongs here")
    if found := schema().faults(kind, value):
        raise Refusal(400, "RequestBodyRead", found[0])
    return value


def page_size(request: Request, default: int) -> int:
    if found := re.search(r"odata\.maxpagesize=(\d+)", request.prefer):
        return int(found[1])
    size = request.query.get("$top", str(default))
    if not size.isdigit() or not 1 <= int(size) <= 1000:
        raise Refusal(400, "BadRequest", "$top is 1 to 1000")
    return int(size)


def paged(
    rows: list[dict[str, Any]],
    size: int,
    links: Links,
    path: str,
    last: Callable[[], dict[str, str]],
) -> Answer:
    """A page of rows with the link to the next; `last` gives the links of the last one."""
    size = min(size, links.page)
    body: dict[str, Any] = {"@odata.context": f"{links.base}/v1.0/$metadata", "value": rows[:size]}
    if len(rows) > size:
        rest = rows[size:]
        body["@odata.nextLink"] = links.make(
            path, "$skiptoken", lambda _: paged(rest, size, links, path, last)
        )
    else:
        body |= last()
    return Answer(200, body)

"""Microsoft 365 on loopback: sign-in and Graph, strict and with a memory.

Holds mailboxes with calendars and mail, checks every request and every answer of its own against
Graph's metadata, and refuses what Graph refuses.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from tests.servers import faults as shared
from tests.servers import microsoft365_edits as edits
from tests.servers.certificates import server_context
from tests.servers.faults import Answer, Faults
from tests.servers.microsoft365_ask import (
    FREE_BUSY,
    READ_EVENTS,
    READ_MAIL,
    SEND_MAIL,
    WRITE_EVENTS,
    WRITE_MAIL,
    Links,
    Refusal,
    Request,
    allow,
)
from tests.servers.microsoft365_calendar import Shelf
from tests.servers.microsoft365_events import Calendars
from tests.servers.microsoft365_http import listening
from tests.servers.microsoft365_login import App, Bearer, Directory, LoginError
from tests.servers.microsoft365_mail import Post

TENANT = "11111111-2222-3333-4444-555555555555"
CLIENT = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
SECRET = "kept~by-the.simulator"
ROLES = {"Calendars.ReadWrite", "Mail.ReadWrite", "Mail.Send"}
_IN_FLIGHT = 4


@dataclass
class Microsoft365:
    """The running service. `heard` is what was asked, whole; `requests` what it amounts to."""

    base: str
    ca: Path
    directory: Directory
    links: Links
    calendars: Calendars
    post: Post
    faults: Faults = field(default_factory=Faults)
    slow: float = 0.0
    requests: list[shared.Request] = field(default_factory=list)
    heard: list[Request] = field(default_factory=list)
    busiest: int = 0
    _flying: Counter[str] = field(default_factory=Counter)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _counting: threading.Lock = field(default_factory=threading.Lock)

    @property
    def app(self) -> App:
        return self.directory.apps[CLIENT]

    def options(self, **more: object) -> dict[str, object]:
        """What [microsoft365] says; the secret is in the environment as GRAPH_SECRET."""
        return {
            "authority": self.base,
            "endpoint": self.base,
            "tenant": TENANT,
            "client_id": CLIENT,
            "client_secret": "env:GRAPH_SECRET",
            **more,
        }

    def asked(self, operation: str = "") -> list[Request]:
        """What Graph was asked; the sign-in is left out."""
        graph = [request for request in self.heard if request.path.startswith("/v1.0/")]
        return [request for request in graph if operation in ("", request.operation)]

    def forget_requests(self) -> None:
        self.requests.clear()
        self.heard.clear()

    def fail(self, match: Callable[[shared.Request], bool], kind: str, times: int = 1) -> None:
        self.faults.add(match, kind, times)

    def heal(self) -> None:
        self.faults.waiting.clear()

    def user(self, address: str, zone: str = "America/New_York") -> None:
        self.calendars.shelves[address] = Shelf(address, zone)
        self.post.boxes[address] = {}

    def fill(self, address: str, ics: str) -> None:
        self._shelf(address).fill(ics)

    def remove(self, address: str, uid: str) -> None:
        self._shelf(address).remove(uid)

    def move(self, address: str, uid: str, start: datetime, end: datetime) -> None:
        self._shelf(address).move(uid, start, end)

    def answer(self, address: str, uid: str, attendee: str, partstat: str) -> None:
        self._shelf(address).answer(uid, attendee, partstat)

    def events(self, address: str) -> list[dict[str, Any]]:
        shelf = self._shelf(address)
        return [
            {
                "uid": next((v for n, v in event.extended.items() if n.endswith("-uid")), item.uid),
                "start": item.instant(item.start, shelf.zone),
                "end": item.instant(item.end, shelf.zone),
                **item.properties,
            }
            for event in shelf.events.values()
            if (item := event.item)
        ]

    def deliver(self, address: str, raw: bytes) -> None:
        self.post.put(address, raw, "inbox")

    def sent(self, address: str) -> list[bytes]:
        mails = self.post.boxes[address].values()
        return [mail.raw for mail in mails if mail.folder == "sentitems"]

    @property
    def on_mail(self) -> Callable[[str, bytes], None] | None:
        return self.post.on_mail

    @on_mail.setter
    def on_mail(self, heard: Callable[[str, bytes], None] | None) -> None:
        self.post.on_mail = heard

    def expire_tokens(self) -> None:
        """All delta links given so far are too old from now on."""
        for shelf in self.calendars.shelves.values():
            shelf.changes += 1
            self.calendars.oldest = max(self.calendars.oldest, shelf.changes)
        for shelf in self.calendars.shelves.values():
            shelf.changes = self.calendars.oldest
        self.post.count += 1
        self.post.oldest = self.post.count

    def _shelf(self, address: str) -> Shelf:
        return self.calendars.shelves[address]

    def hear(self, request: Request) -> shared.Request:
        parts = request.path.split("/")
        user = parts[3] if parts[1:3] == ["v1.0", "users"] and len(parts) > 3 else ""
        summary = shared.Request(request.operation, request.method, request.path, user)
        with self._counting:
            self.heard.append(request)
            self.requests.append(summary)
        return summary

    def serve(self, request: Request) -> Answer:
        if not request.path.startswith("/v1.0/"):
            with self._lock:
                return self._sign_in(request)
        bearer = self._bearer(request)
        mailbox, rest = self._mailbox(request, bearer)
        with self._in_flight(mailbox), self._lock:
            return self._graph(request, bearer, mailbox, rest)

    @contextmanager
    def _in_flight(self, mailbox: str) -> Iterator[None]:
        with self._counting:
            self._flying[mailbox] += 1
            self.busiest = max(self.busiest, self._flying[mailbox])
            over = self._flying[mailbox] > _IN_FLIGHT
        try:
            if over:
                wait = {"Retry-After": "1"}
                raise Refusal(429, "ApplicationThrottled", "MailboxConcurrency limit", wait)
            self.dawdle()
            yield
        finally:
            with self._counting:
                self._flying[mailbox] -= 1

    def dawdle(self) -> None:
        """Tests put a wait here to see how many requests come at once."""

    def _sign_in(self, request: Request) -> Answer:
        form = dict(parse_qsl(request.body.decode())) if request.body else request.query
        _, tenant, *rest = request.path.split("/")
        try:
            match request.method, rest:
                case "GET", ["v2.0", ".well-known", "openid-configuration"]:
                    return Answer(200, self.directory.configuration(tenant))
                case "GET", ["discovery", "v2.0", "keys"]:
                    return Answer(200, self.directory.keys())
                case "GET", ["oauth2", "v2.0", "authorize"]:
                    return Answer(302, headers={"Location": self.directory.authorize(form)})
                case "POST", ["oauth2", "v2.0", "token"]:
                    return Answer(200, self.directory.token(tenant, form))
        except LoginError as error:
            return Answer(error.status, error.body)
        raise Refusal(404, "NotFound", request.path)

    def _bearer(self, request: Request) -> Bearer:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self.directory.bearers:
            raise Refusal(401, "InvalidAuthenticationToken", "Access token is empty or unknown.")
        return self.directory.bearers[token]

    def _mailbox(self, request: Request, bearer: Bearer) -> tuple[str, list[str]]:
        parts = request.path.removeprefix("/v1.0/").split("/")
        if parts[0] == "me" and bearer.user:
            return bearer.user, parts[1:]
        if parts[0] != "users" or len(parts) < 3:
            raise Refusal(400, "BadRequest", "/me is for a signed-in user")
        if parts[1] not in self.calendars.shelves:
            raise Refusal(404, "ErrorInvalidUser", f"The requested user '{parts[1]}' is invalid.")
        return parts[1], parts[2:]

    def _graph(self, request: Request, bearer: Bearer, mailbox: str, rest: list[str]) -> Answer:
        if rest[0] in ("calendarView", "calendar", "events"):
            return self._calendar(request, bearer, mailbox, rest)
        return self._mail(request, bearer, mailbox, rest)

    def _calendar(self, request: Request, bearer: Bearer, mailbox: str, rest: list[str]) -> Answer:
        basic = rest[-1] in ("calendarView", "getSchedule")
        reads = READ_EVENTS if request.method == "GET" else WRITE_EVENTS
        allow(bearer, mailbox, FREE_BUSY if basic else reads)
        shelf, calendars = self._shelf(mailbox), self.calendars
        match request.method, rest:
            case "GET", ["calendarView"]:
                return calendars.view(shelf, request)
            case "GET", ["calendarView", "delta"]:
                return calendars.delta(shelf, request)
            case "POST", ["calendar", "getSchedule"]:
                return calendars.schedule(request)
            case "GET", ["events"]:
                return calendars.listing(shelf, request)
            case "POST", ["events"]:
                return edits.create(calendars, shelf, request)
            case "GET", ["events", key]:
                return calendars.one(shelf, key, request)
            case "PATCH", ["events", key]:
                return edits.change(calendars, shelf, key, request)
            case "DELETE", ["events", key]:
                return edits.delete(calendars, shelf, key, request)
        raise Refusal(405, "BadRequest", f"{request.method} {request.path}")

    def _mail(self, request: Request, bearer: Bearer, mailbox: str, rest: list[str]) -> Answer:
        names = READ_MAIL if request.method == "GET" else WRITE_MAIL
        allow(bearer, mailbox, SEND_MAIL if rest[-1] == "send" else names)
        match request.method, rest:
            case "GET", ["messages"]:
                return self.post.listing(mailbox, request)
            case "GET", ["mailFolders", "inbox", "messages"]:
                return self.post.listing(mailbox, request, "inbox")
            case "GET", ["mailFolders", "inbox", "messages", "delta"]:
                return self.post.delta(mailbox, request)
            case "GET", ["messages", key, "$value"]:
                return self.post.raw(mailbox, key)
            case "POST", ["messages"]:
                return self.post.create(mailbox, request)
            case "POST", ["messages", key, "send"]:
                return self.post.send(mailbox, key)
            case "PATCH", ["messages", key]:
                return self.post.change(mailbox, key, request)
            case "DELETE", ["messages", key]:
                return self.post.delete(mailbox, key)
        raise Refusal(405, "BadRequest", f"{request.method} {request.path}")


@contextmanager
def microsoft365(directory: Path) -> Iterator[Microsoft365]:
    """Start it, with one app that holds every permission. `directory` gets the CA's file."""
    tls, ca = server_context(directory)
    links, tenant = Links(), Directory(TENANT)
    tenant.apps[CLIENT] = App(CLIENT, SECRET, roles=set(ROLES))
    service = Microsoft365("", ca, tenant, links, Calendars(links), Post(links))
    with listening(service, tls) as port:
        service.base = links.base = tenant.base = f"https://127.0.0.1:{port}"
        yield service

"""A strict Exchange on a loopback port: Basic, NTLM or OAuth, and EWS at /EWS/Exchange.asmx.

Every request and every answer is checked against Microsoft's schema; who lacks a role or a share
is refused as Exchange refuses them.
"""

from __future__ import annotations

import base64
import os
import secrets
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import spnego

from tests.servers import entries
from tests.servers import exchange_discovery as discovery
from tests.servers import exchange_items as items
from tests.servers.exchange_calls import Exchange
from tests.servers.exchange_soap import (
    NAMES,
    Call,
    Refusal,
    envelope,
    fault,
    problem_of,
    schema,
    t,
    understand,
)
from tests.servers.exchange_store import Item, received, stamp
from tests.servers.faults import UNHEARD, Answer, Faults, Request, send
from tests.servers.serving import serving

PATH = "/EWS/Exchange.asmx"
SERVICE, LOGIN, PASSWORD = "overlap@example.org", "EXAMPLE\\overlap", "word"
CLIENT_ID, CLIENT_SECRET, TENANT = "client", "client-secret", "tenant"
_READS = {"FindItem": "FIND", "SyncFolderItems": "FIND", "GetUserAvailability": "FIND"}
_STATUS = {"401": 401, "404": 404, "410": 410, "429": 429, "500": 500, "503": 503}
_XML = {"Content-Type": "text/xml; charset=utf-8"}


@dataclass
class Server:
    """The running server. `impersonates` is whom the service account may be; None for everybody.

    `auth` is what it offers to log in by: basic, ntlm, oauth, or open for no login at all.
    `newest` is the newest version of requests that it understands.
    """

    port: int = 0
    scheme: str = "http"
    auth: str = "basic"
    newest: str = "Exchange2016"
    exchange: Exchange = field(default_factory=Exchange)
    impersonates: set[str] | None = field(default_factory=set)
    faults: Faults = field(default_factory=Faults)
    requests: list[Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    fetched: int = 0
    discovered: int = 0
    logins: set[str] = field(default_factory=lambda: {LOGIN, SERVICE})
    ews_url: str = ""
    slow: float = 0.0

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def user(self, address: str, zone: str = "America/New_York") -> None:
        self.exchange.store.user(address, zone)

    def fill(self, address: str, ics: str) -> None:
        store = self.exchange.store
        found = entries.read(ics, address, store.zones[address])
        for series in found:
            items.can_hold(series)
        for series in found:
            store.add(address, Item("", "calendar", "CalendarItem", series=series))

    def remove(self, address: str, uid: str) -> None:
        for item in self._by_uid(address, uid):
            self.exchange.store.drop(item)

    def answer(self, address: str, uid: str, attendee: str, partstat: str) -> None:
        for item in self._by_uid(address, uid):
            for one in item.parts["calendar:RequiredAttendees"]:
                if one.findtext("t:Mailbox/t:EmailAddress", "", NAMES).lower() == attendee:
                    said = one.find("t:ResponseType", NAMES)
                    if said is None:
                        said = t("ResponseType")
                        one.append(said)
                    said.text = items.RESPONSES[partstat]
            self.exchange.store.touch(item)

    def move(self, address: str, uid: str, start: datetime, end: datetime) -> None:
        for item in self._by_uid(address, uid):
            item.parts["calendar:Start"].text = stamp(start)
            item.parts["calendar:End"].text = stamp(end)
            self.exchange.store.touch(item)

    def events(self, address: str) -> list[dict[str, Any]]:
        """What was put into a calendar by EWS."""
        return [
            {
                "uid": item.text("calendar:UID"),
                "start": item.text("calendar:Start"),
                "end": item.text("calendar:End"),
            }
            for item in self.exchange.store.within(address, "calendar")
            if item.series is None
        ]

    def deliver(self, address: str, raw: bytes) -> None:
        self.exchange.store.add(address, received(raw))

    def sent(self, address: str) -> list[bytes]:
        return [item.raw for item in self.exchange.store.within(address, "sentitems")]

    def fail(self, match: Callable[[Request], bool], kind: str, times: int = 1) -> None:
        self.faults.add(match, kind, times)

    def heal(self) -> None:
        self.faults.waiting.clear()

    def expire_tokens(self) -> None:
        """Sync states given so far are too old now."""
        self.exchange.store.generation += 1

    def _by_uid(self, address: str, uid: str) -> list[Item]:
        own = self.exchange.store.within(address, "calendar")
        return [item for item in own if item.text("calendar:UID") == uid]

    def handle(self, raw: bytes) -> tuple[Answer, str]:
        """The answer to a request of the service account, and the fault to write it with."""
        try:
            call = understand(raw, self.newest)
            request = Request(
                call.operation,
                _READS.get(call.operation) or ("GET" if call.operation[:3] == "Get" else "POST"),
                PATH,
                call.impersonated or SERVICE,
            )
            self.requests.append(request)
            self.bodies.append(raw)
            return self._faulty(call, self.faults.take(request))
        except Refusal as refusal:
            return Answer(500, headers=dict(_XML), raw=fault(refusal)), ""

    def _faulty(self, call: Call, kind: str) -> tuple[Answer, str]:
        if kind in _STATUS:
            headers = {"Retry-After": "1"} if kind == "429" else {}
            if kind == "401":
                headers = {"WWW-Authenticate": self.challenge}
            return Answer(_STATUS[kind], headers=headers), ""
        if kind == "403 quota":
            raise Refusal("ErrorServerBusy", fault=True, back_off=1500)
        if kind in UNHEARD:
            return Answer(), kind
        body = self.exchange.perform(call, self._identity(call))
        if problem := problem_of(body):
            raise AssertionError(f"the simulator's own answer is wrong: {problem}")
        if kind in ("duplicate page", "endless pages"):
            _circle(call, body, kind)
            if kind == "endless pages":
                self.faults.add(lambda r: r.operation == call.operation, kind)
        return Answer(200, headers=dict(_XML), raw=envelope(body)), kind

    def _identity(self, call: Call) -> str:
        if not call.impersonated:
            if self.auth == "oauth":  # an application is nobody
                raise Refusal("ErrorImpersonationRequired", fault=True)
            return SERVICE
        if self.impersonates is not None and call.impersonated not in self.impersonates:
            raise Refusal("ErrorImpersonateUserDenied", fault=True)
        if call.impersonated not in self.exchange.store.zones:
            raise Refusal("ErrorNonExistentMailbox", fault=True)
        return call.impersonated

    @property
    def challenge(self) -> str:
        return {
            "basic": 'Basic realm="mail"',
            "ntlm": "NTLM",
            "oauth": "Bearer",
            "open": "",
        }[self.auth]

    def token(self, raw: bytes) -> Answer:
        """The authority's token endpoint: client credentials only."""
        form = {name: values[0] for name, values in parse_qs(raw.decode()).items()}
        self.fetched += 1
        right = (
            CLIENT_ID,
            CLIENT_SECRET,
            "client_credentials",
            f"{self.scheme}://127.0.0.1/.default",
        )
        named = ("client_id", "client_secret", "grant_type", "scope")
        if tuple(form.get(name) for name in named) != right:
            return Answer(401, {"error": "invalid_client"})
        token = secrets.token_hex(16)
        self.tokens.add(token)
        return Answer(200, {"access_token": token, "expires_in": 3599, "token_type": "Bearer"})


def _circle(call: Call, body: Any, kind: str) -> None:
    """Make a list go on: with the same page for ever, or always with another."""
    for last in body.iter("{*}IncludesLastItemInRange"):
        last.text = "false"
    for state in body.iter("{*}SyncState"):
        asked = call.text("m:SyncState")
        state.text = asked if kind == "duplicate page" else f"{state.text}#{secrets.token_hex(8)}"
    for root in body.iter("{*}RootFolder"):
        root.set("IncludesLastItemInRange", "false")
        root.set("TotalItemsInView", "1000")
        root.set("IndexedPagingOffset", "1")


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16
        disable_nagle_algorithm = True
        ntlm: Any = None

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.path == f"/{TENANT}/oauth2/v2.0/token":
                send(self, server.token(raw), "", 0)
                return
            known = (PATH, discovery.PATH)
            challenge = "" if self.path in known else "none"
            challenge = challenge or self._challenge()
            if challenge == "none":
                send(self, Answer(404), "", 0)
                return
            if challenge != "in":
                headers = {"WWW-Authenticate": challenge}
                send(self, Answer(401, headers=headers), "", 0)
                return
            if self.path == discovery.PATH:
                server.discovered += 1
                body = discovery.answer(raw, server.ews_url or f"{server.url}{PATH}")
                send(self, Answer(200, headers=dict(_XML), raw=body), "", 0)
                return
            with lock:
                answer, kind = server.handle(raw)
            with suppress(BrokenPipeError, ConnectionResetError):  # who asked gave up
                send(self, answer, kind, server.slow)

        def _challenge(self) -> str:
            """What to answer to who isn't logged in; "in" for who is."""
            given = self.headers.get("Authorization", "")
            if server.auth == "open":
                return "in"
            if server.auth == "basic":
                right = [
                    base64.b64encode(f"{u}:{PASSWORD}".encode()).decode() for u in server.logins
                ]
                return "in" if given.removeprefix("Basic ") in right else server.challenge
            if server.auth == "oauth":
                token = given.removeprefix("Bearer ")
                return "in" if token in server.tokens else server.challenge
            return self._negotiate(given)

        def _negotiate(self, given: str) -> str:
            """NTLM logs in the connection, in three legs."""
            if not given:
                done = self.ntlm is not None and self.ntlm.complete
                return "in" if done else "NTLM"
            token = base64.b64decode(given.removeprefix("NTLM "))
            try:
                if token[8:12] == b"\x01\0\0\0":
                    self.ntlm = spnego.server(protocol="ntlm")
                answer = self.ntlm.step(token)
            except (spnego.exceptions.SpnegoError, AttributeError):
                self.ntlm = None
                return "NTLM"
            if self.ntlm.complete:
                return "in"
            return f"NTLM {base64.b64encode(answer).decode()}"

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            return

    lock = threading.Lock()
    return Handler


@contextmanager
def exchange(tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Start it, over TLS where a context is given."""
    schema()
    running = Server(scheme="https" if tls else "http")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(running))
    server.daemon_threads = True
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    running.port = server.server_port
    running.user(SERVICE)
    with serving(server):
        yield running


def ntlm_users(path: Path) -> None:
    """Let NTLM know the service account: the acceptor reads its users from a file."""
    path.write_text(f"{LOGIN.replace(chr(92), ':')}:{PASSWORD}\n")
    os.environ["NTLM_USER_FILE"] = str(path)

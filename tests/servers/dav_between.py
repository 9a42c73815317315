"""Radicale behind somebody who has faults: what stands before a CalDAV server on the way to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.servers.faults import REFUSED, UNHEARD, Answer, Faults, Request, send
from tests.servers.radicale import Radicale, radicale
from tests.servers.serving import serving

USER, PASSWORD = "office", "word"
_HOP = frozenset({"connection", "transfer-encoding", "content-length", "date", "server"})


@dataclass
class Dav:
    """Everybody's calendar is one of one account's, under their address before the @."""

    radicale: Radicale
    port: int = 0
    faults: Faults = field(default_factory=Faults)
    slow: float = 0.0

    def user(self, address: str) -> None:
        self.radicale.create(USER, _local(address))

    def fill(self, address: str, ics: str) -> None:
        found = re.search(r"UID:(\S+)", ics)
        self.radicale.put(USER, found[1] if found else "none", ics, _local(address))

    def events(self, address: str) -> list[str]:
        folder = self.radicale.directory / "collection-root" / USER / _local(address)
        return [path.stem for path in folder.glob("*.ics")]

    def move(self, address: str, uid: str, start: datetime, end: datetime) -> None:
        (name,) = self.events(address)
        path = f"/{USER}/{_local(address)}/{name}.ics"
        ics = self.radicale._ask(USER, "GET", path).text
        for what, at in (("DTSTART", start), ("DTEND", end)):
            ics = re.sub(rf"{what}[^\r\n]*", f"{what}:{at.astimezone(UTC):%Y%m%dT%H%M%SZ}", ics)
        self.radicale.put(USER, name, ics, _local(address))


def _local(address: str) -> str:
    return address.partition("@")[0]


def _handler(dav: Dav) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16
        disable_nagle_algorithm = True

        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            kind = ""
            if self.headers.get("Authorization"):  # the first try of each client has none
                found = re.search(rb"<[\w:]*(sync-collection|calendar-query|multiget)", body)
                operation = f"{self.command} {found[1].decode()}" if found else self.command
                kind = dav.faults.take(Request(operation, self.command, self.path, USER))
            send(self, self._answer(body, kind), kind, dav.slow)

        def _answer(self, body: bytes, kind: str) -> Answer:
            if kind in REFUSED:
                headers = {"Retry-After": "1"} if kind == "429" else {}
                return Answer(int(kind[:3]), headers=headers)
            return Answer() if kind in UNHEARD else self._forwarded(body)

        def _forwarded(self, body: bytes) -> Answer:
            beyond = HTTPConnection("127.0.0.1", dav.radicale.port)
            beyond.request(self.command, self.path, body, dict(self.headers))
            answer = beyond.getresponse()
            kept = {k: v for k, v in answer.getheaders() if k.lower() not in _HOP}
            raw = answer.read()
            beyond.close()
            return Answer(answer.status, None, kept, raw)

        def __getattr__(self, name: str) -> Any:
            if name.startswith("do_"):  # every verb of WebDAV's
                return self._any
            raise AttributeError(name)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            return

    return Handler


@contextmanager
def dav(directory: Path) -> Iterator[Dav]:
    with radicale(directory, {USER: PASSWORD}) as beyond:
        standing = Dav(beyond)
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(standing))
        server.daemon_threads = True
        standing.port = server.server_port
        with serving(server):
            yield standing

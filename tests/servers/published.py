"""Published calendars as web servers hand them out: by a redirect, with validators, with faults.

The link that its owner hands round leads on to the calendar itself (RFC 9110 section 15.4.3); an
unchanged one is answered 304 to whoever knows its validators (section 13.1.3).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.servers.faults import REFUSED, UNHEARD, Answer, Faults, Request, send
from tests.servers.serving import serving

_HEAD = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Example//Feed//EN\r\n"
_ENTRY = re.compile(r"BEGIN:VEVENT.*?END:VEVENT\r?\n", re.DOTALL)
_MODIFIED = "Fri, 01 Jan 2027 00:00:00 GMT"
ASTRAY = {
    "redirects without end": "/link/{name}",
    "redirect inside": "https://169.254.169.254/{name}",
    "redirect to another scheme": "file:///etc/passwd",
}
"""Faults that lead a reader somewhere else."""


@dataclass
class Published:
    """Everybody's calendar by their address before the @."""

    port: int = 0
    faults: Faults = field(default_factory=Faults)
    slow: float = 0.0
    entries: dict[str, list[str]] = field(default_factory=dict)

    def user(self, address: str) -> None:
        self.entries[address.partition("@")[0]] = []

    def fill(self, address: str, ics: str) -> None:
        self.entries[address.partition("@")[0]] += _ENTRY.findall(ics)

    def answer(self, path: str, known: str | None, kind: str) -> Answer:
        place, name = path.strip("/").split("/")
        if kind in REFUSED:
            return Answer(int(kind[:3]), headers={"Retry-After": "1"} if kind == "429" else {})
        if kind in UNHEARD:
            return Answer()
        if kind in ASTRAY:
            return Answer(302, headers={"Location": ASTRAY[kind].format(name=name)})
        if kind == "not modified":
            return Answer(304)
        if place == "link":
            return Answer(302, headers={"Location": f"/calendars/{name}"})
        raw = f"{_HEAD}{''.join(self.entries[name])}END:VCALENDAR\r\n".encode()
        tag = f'"{hashlib.sha256(raw).hexdigest()[:16]}"'
        if known == tag:
            return Answer(304, headers={"ETag": tag})
        kept = {"ETag": tag, "Last-Modified": _MODIFIED, "Content-Type": "text/calendar"}
        return Answer(206 if kind == "a part of it" else 200, None, kept, raw)


def _handler(published: Published) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            operation = f"GET {self.path.split('/')[1]}"
            kind = published.faults.take(Request(operation, "GET", self.path, ""))
            if kind == "redirects without end":
                published.faults.add(lambda request: True, kind)
            answer = published.answer(self.path, self.headers.get("If-None-Match"), kind)
            send(self, answer, kind, published.slow)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            return

    return Handler


@contextmanager
def published() -> Iterator[Published]:
    """Start it."""
    running = Published()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(running))
    server.daemon_threads = True
    running.port = server.server_port
    with serving(server):
        yield running

"""Faults on demand for the servers that play a provider, and how they cut, slow or garble."""

from __future__ import annotations

import gzip
import json
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler

REFUSED = ("401", "403 quota", "404", "410", "429", "500", "503")
"""What the vendor itself answers, in its own words; nothing was done."""
UNHEARD = ("409", "412", "429 date", "429 bare", "502", "504", "reset before")
"""What never reached the vendor, or was sent back by whatever stands before it."""
HEARD = (
    "504 after effect",
    "slow",
    "a byte at a time",
    "truncated",
    "garbage",
    "empty",
    "wrong type",
    "skewed date",
    "reset inside",
    "reset after effect",
)
"""What was done, and then its answer went wrong."""
PAGED = ("duplicate page", "endless pages")
KINDS = (*REFUSED, *UNHEARD, *HEARD, *PAGED)
DOCUMENT = (
    "half",
    "longer than promised",
    "compressed",
    "a part of it",
    "not modified",
    "redirects without end",
    "redirect inside",
    "redirect to another scheme",
)
"""What besides may happen to a document that a web server hands out."""
_HTML = b"<html><body>Bad gateway</body></html>"


@dataclass(frozen=True)
class Request:
    """What was asked: `operation` is the vendor's name of the call."""

    operation: str
    method: str
    path: str
    user: str


@dataclass
class Faults:
    """Faults waiting for their request. Each serves `times` requests that match it."""

    waiting: list[tuple[Callable[[Request], bool], str, int]] = field(default_factory=list)
    delay: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, match: Callable[[Request], bool], kind: str, times: int = 1) -> None:
        if kind not in KINDS + DOCUMENT:
            raise ValueError(f"there is no fault {kind!r}")
        self.waiting.append((match, kind, times))

    def take(self, request: Request) -> str:
        """The kind of fault this request meets; empty for none."""
        with self._lock:
            for number, (match, kind, times) in enumerate(self.waiting):
                if match(request):
                    if times > 1:
                        self.waiting[number] = (match, kind, times - 1)
                    else:
                        del self.waiting[number]
                    return kind
        return ""


@dataclass
class Answer:
    """An answer of a simulator: a JSON document unless `raw` holds bytes."""

    status: int = 200
    document: object = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None

    @property
    def body(self) -> bytes:
        if self.raw is not None:
            return self.raw
        return b"" if self.document is None else json.dumps(self.document).encode()


def send(handler: BaseHTTPRequestHandler, answer: Answer, fault: str, slow: float) -> None:
    """Write an answer the way a fault would have it; `slow` is in seconds, for a whole answer."""
    if fault == "slow":
        threading.Event().wait(slow)
    if fault in ("reset before", "reset after effect"):
        cut(handler)
        return
    status, headers, body = _as_told(answer, fault)
    if fault != "skewed date":
        handler.send_response(status)
    else:
        handler.send_response_only(status)
        handler.send_header("Date", "Thu, 01 Jan 1970 00:00:00 GMT")
    for name, value in headers.items():
        handler.send_header(name, value)
    promised = len(body) // 2 if fault == "longer than promised" else len(body)
    handler.close_connection |= fault == "longer than promised"
    handler.send_header("Content-Length", str(promised))
    handler.end_headers()
    try:
        _write(handler, body, fault, slow)
    except OSError:  # who asked has given up
        handler.close_connection = True


def _write(handler: BaseHTTPRequestHandler, body: bytes, fault: str, slow: float) -> None:
    if fault in ("truncated", "reset inside"):
        handler.wfile.write(body[: len(body) // 2])
        cut(handler, hard=fault == "reset inside")
    elif fault == "a byte at a time":
        _drip(handler, body, slow)
    else:
        handler.wfile.write(body)


def _as_told(answer: Answer, fault: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of an answer as somebody in between would have them."""
    headers = {"Content-Type": "application/json; charset=UTF-8", **answer.headers}
    page = {"Content-Type": "text/html"}
    match fault:
        case "409" | "412":
            return int(fault), headers, b'{"error": {"code": "conflict", "message": "A message"}}'
        case "429 date":
            at = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
            return 429, {**page, "Retry-After": at}, _HTML
        case "429 bare":
            return 429, page, _HTML
        case "502" | "504" | "504 after effect":
            return int(fault[:3]), page, _HTML
        case "garbage":
            return 200, page, _HTML
        case "empty":
            return 200, headers, b""
        case "half":
            return answer.status, headers, answer.body[: len(answer.body) // 2]
        case "compressed":
            zipped = {**headers, "Content-Encoding": "gzip"}
            return answer.status, zipped, gzip.compress(answer.body)
        case "wrong type":
            return answer.status, {**headers, **page}, answer.body
    return answer.status, headers, answer.body


def _drip(handler: BaseHTTPRequestHandler, body: bytes, slow: float) -> None:
    """A byte at a time, so that each read gets one and the whole takes `slow` times too long."""
    for number in range(len(body)):
        handler.wfile.write(body[number : number + 1])
        handler.wfile.flush()
        threading.Event().wait(slow)


def cut(handler: BaseHTTPRequestHandler, *, hard: bool = False) -> None:
    """Drop the connection without another byte; `hard` by a reset (RFC 9293 section 3.5.2)."""
    handler.close_connection = True
    handler.wfile.flush()
    if hard:
        at_once = struct.pack("ii", 1, 0)
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        handler.connection.close()
    else:
        handler.connection.shutdown(socket.SHUT_RDWR)

"""Faults on demand for the servers that play a provider, and how they cut, slow or garble."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

KINDS = (
    "401",
    "403 quota",
    "404",
    "410",
    "429",
    "500",
    "503",
    "slow",
    "truncated",
    "garbage",
    "reset before",
    "reset after effect",
    "duplicate page",
    "endless pages",
)


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
        if kind not in KINDS:
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
    """Write an answer the way a fault would have it."""
    if fault == "slow":
        threading.Event().wait(slow)
    if fault in ("reset before", "reset after effect"):
        cut(handler)
        return
    body = b"<html><body>Bad gateway</body></html>" if fault == "garbage" else answer.body
    handler.send_response(200 if fault == "garbage" else answer.status)
    for name, value in answer.headers.items():
        handler.send_header(name, value)
    if "Content-Type" not in answer.headers:
        kind = "text/html" if fault == "garbage" else "application/json; charset=UTF-8"
        handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body[: len(body) // 2] if fault == "truncated" else body)
    if fault == "truncated":
        cut(handler)


def cut(handler: BaseHTTPRequestHandler) -> None:
    """Drop the connection without another byte."""
    handler.close_connection = True
    handler.wfile.flush()
    handler.connection.shutdown(socket.SHUT_RDWR)

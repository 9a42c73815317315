"""An HTTP(S) server of calendar feeds on a free loopback port, with faults on demand."""

from __future__ import annotations

import hashlib
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.servers.serving import serving


@dataclass(frozen=True)
class Answer:
    """How a path answers: its body, or a fault.

    `endless` repeats the body for ever, `delay` waits so many seconds before each byte, `cut`
    promises more than it sends.
    """

    body: bytes = b""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    endless: bool = False
    delay: float = 0.0
    cut: bool = False


@dataclass
class Feeds:
    """The running server. `requests` lists (path, headers, status)."""

    port: int
    scheme: str
    answers: dict[str, Answer] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str], int]] = field(default_factory=list)

    def url(self, path: str) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}{path}"

    def put(self, path: str, body: bytes | str, **how: object) -> str:
        content = body.encode() if isinstance(body, str) else body
        self.answers[path] = Answer(content, **how)  # type: ignore[arg-type]
        return self.url(path)


def _handler(feeds: Feeds) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = feeds.answers.get(self.path, Answer(status=404))
            etag = f'"{hashlib.sha256(answer.body).hexdigest()[:16]}"'
            status = answer.status
            if status == 200 and self.headers.get("If-None-Match") == etag:
                status = 304
            feeds.requests.append((self.path, dict(self.headers.items()), status))
            try:
                self._send(answer, status, etag)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def _send(self, answer: Answer, status: int, etag: str) -> None:
            self.send_response(status)
            self.send_header("ETag", etag)
            for name, value in answer.headers:
                self.send_header(name, value)
            if not answer.endless:
                length = 0 if status == 304 else len(answer.body) + (1000 if answer.cut else 0)
                self.send_header("Content-Length", str(length))
            self.send_header("Connection", "close")
            self.end_headers()
            if status == 304:
                return
            self._write(answer)
            while answer.endless:
                self._write(answer)

        def _write(self, answer: Answer) -> None:
            if not answer.delay:
                self.wfile.write(answer.body)
                return
            for byte in answer.body:
                time.sleep(answer.delay)
                self.wfile.write(bytes([byte]))
                self.wfile.flush()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            return

    return Handler


@contextmanager
def feeds(tls: ssl.SSLContext | None = None) -> Iterator[Feeds]:
    """Start it, over TLS where a context is given."""
    running = Feeds(0, "https" if tls else "http")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(running))
    server.daemon_threads = True
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    running.port = server.server_port
    with serving(server):
        yield running

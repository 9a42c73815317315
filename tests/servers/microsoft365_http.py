"""The simulator's socket: HTTPS on loopback, with faults on demand."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.servers.microsoft365_ask import Answer, Links, Refusal, Request, parse

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
_STATUSES = {
    "401": Refusal(401, "InvalidAuthenticationToken", "Access token validation failure."),
    "403 quota": Refusal(403, "ErrorQuotaExceeded", "The quota is used up."),
    "404": Refusal(404, "ErrorItemNotFound", "The specified object was not found in the store."),
    "410": Refusal(410, "SyncStateNotFound", "The sync state generation is not found"),
    "429": Refusal(429, "ApplicationThrottled", "MailboxConcurrency", {"Retry-After": "1"}),
    "500": Refusal(500, "InternalServerError", "An internal server error occurred."),
    "503": Refusal(503, "serviceNotAvailable", "The service is unavailable.", {"Retry-After": "1"}),
}


@dataclass(frozen=True)
class Fault:
    """One of `KINDS`. `delay` is how long "slow" waits, in seconds."""

    kind: str
    delay: float = 1.0


@dataclass
class Faults:
    """What goes wrong next: a fault goes to each request that matches, so many times."""

    links: Links
    planned: list[tuple[Callable[[Request], bool], Fault, int]] = field(default_factory=list)
    pause: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, request: Request) -> Fault | None:
        with self._lock:
            for number, (match, fault, times) in enumerate(self.planned):
                if match(request):
                    self.planned[number] = (match, fault, times - 1)
                    self.planned = [plan for plan in self.planned if plan[2] > 0]
                    return fault
        return None

    def page(self, request: Request, answer: Answer, *, endless: bool) -> Answer:
        """The same page again behind the next link, once or for ever."""
        body = json.loads(answer.body)
        if "value" not in body:
            return answer
        whole = replace(answer, body=json.dumps(body).encode())
        again = (
            (lambda later: self.page(later, whole, endless=True)) if endless else lambda _: whole
        )
        link = self.links.make(request.path, "$skiptoken", again)
        kept = {name: value for name, value in body.items() if name != "@odata.deltaLink"}
        return Answer.of({**kept, "@odata.nextLink": link}, answer.status)


def _handler(serve: Callable[[Request], Answer], faults: Faults) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16
        disable_nagle_algorithm = True

        def _any(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = parse(self.command, self.path, headers, self.rfile.read(length))
            fault = faults.take(request)
            kind = fault.kind if fault else ""
            if fault and kind == "slow":
                faults.pause.wait(fault.delay)
            if kind == "reset before":
                return self._reset()
            answer = self._answer(request, kind)
            if kind == "reset after effect":
                return self._reset()
            return self._write(answer, cut=kind == "truncated")

        do_GET = do_POST = do_PATCH = do_DELETE = _any  # noqa: N815

        def _answer(self, request: Request, kind: str) -> Answer:
            if kind == "garbage":
                return Answer(200, b"<html>Sign in</html>", kind="text/html")
            if kind in _STATUSES:
                return _refused(_STATUSES[kind])
            try:
                answer = serve(request)
            except Refusal as refusal:
                return _refused(refusal)
            if kind in ("duplicate page", "endless pages"):
                return faults.page(request, answer, endless=kind == "endless pages")
            return answer

        def _write(self, answer: Answer, *, cut: bool) -> None:
            try:
                self.send_response(answer.status)
                for name, value in answer.headers:
                    self.send_header(name, value)
                if answer.body:
                    self.send_header("Content-Type", answer.kind)
                more = 1 if cut and not answer.body else 0
                self.send_header("Content-Length", str(len(answer.body) + more))
                self.end_headers()
                self.wfile.write(answer.body[: len(answer.body) // 2] if cut else answer.body)
                self.close_connection = self.close_connection or cut
            except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
                self.close_connection = True

        def _reset(self) -> None:
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.close_connection = True

        def finish(self) -> None:
            try:
                super().finish()
            except (OSError, ValueError):
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            return

    return Handler


def _refused(refusal: Refusal) -> Answer:
    return Answer(refusal.status, json.dumps(refusal.body).encode(), tuple(refusal.headers.items()))


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    tls: ssl.SSLContext

    def finish_request(self, request: Any, client_address: Any) -> None:
        """The handshake in the connection's own thread, so that nobody waits for another's."""
        try:
            encrypted = self.tls.wrap_socket(request, server_side=True)
        except (OSError, ssl.SSLError):
            return
        super().finish_request(encrypted, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        return


@contextmanager
def listening(
    serve: Callable[[Request], Answer], faults: Faults, tls: ssl.SSLContext
) -> Iterator[int]:
    """Serve on a free port until the block ends."""
    server = _Server(("127.0.0.1", 0), _handler(serve, faults))
    server.tls = tls
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        faults.pause.set()
        server.shutdown()
        server.server_close()
        thread.join()

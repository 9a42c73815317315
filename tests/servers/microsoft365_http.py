"""The simulator's socket: HTTPS on loopback, with faults on demand."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from tests.servers import faults as shared
from tests.servers.faults import UNHEARD, Answer, Faults
from tests.servers.microsoft365_ask import Links, Refusal, Request, parse
from tests.servers.serving import serving

_REFUSALS = {
    "401": Refusal(401, "InvalidAuthenticationToken", "Access token validation failure."),
    "403 quota": Refusal(403, "ErrorQuotaExceeded", "The quota is used up."),
    "404": Refusal(404, "ErrorItemNotFound", "The specified object was not found in the store."),
    "410": Refusal(410, "SyncStateNotFound", "The sync state generation is not found"),
    "429": Refusal(429, "ApplicationThrottled", "MailboxConcurrency", {"Retry-After": "1"}),
    "500": Refusal(500, "InternalServerError", "An internal server error occurred."),
    "503": Refusal(503, "serviceNotAvailable", "The service is unavailable.", {"Retry-After": "1"}),
}


class Service(Protocol):
    """What stands behind the socket. `slow` is how long that fault waits, in seconds."""

    links: Links
    faults: Faults
    slow: float

    def hear(self, request: Request) -> shared.Request: ...
    def serve(self, request: Request) -> Answer: ...


def _answer(service: Service, request: Request, kind: str) -> Answer:
    if kind in _REFUSALS:
        return _REFUSALS[kind].answer
    if kind in UNHEARD:
        return Answer()
    try:
        answer = service.serve(request)
    except Refusal as refusal:
        return refusal.answer
    if kind in ("duplicate page", "endless pages"):
        return _page(service.links, request, answer, endless=kind == "endless pages")
    return answer


def _page(links: Links, request: Request, answer: Answer, *, endless: bool) -> Answer:
    """The same page again behind the next link, once or for ever."""
    body = answer.document
    if not isinstance(body, dict) or "value" not in body:
        return answer

    def again(later: Request) -> Answer:
        return _page(links, later, answer, endless=True) if endless else answer

    kept = {name: value for name, value in body.items() if name != "@odata.deltaLink"}
    link = links.make(request.path, "$skiptoken", again)
    return Answer(answer.status, {**kept, "@odata.nextLink": link})


def _handler(service: Service) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16
        disable_nagle_algorithm = True

        def _any(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = parse(self.command, self.path, headers, self.rfile.read(length))
            kind = service.faults.take(service.hear(request))
            answer = _answer(service, request, kind)
            try:
                shared.send(self, answer, kind, service.slow)
            except OSError:  # the client has given up
                self.close_connection = True

        do_GET = do_POST = do_PATCH = do_DELETE = _any  # noqa: N815

        def finish(self) -> None:
            with suppress(OSError, ValueError):
                super().finish()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            return

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    tls: ssl.SSLContext

    def finish_request(self, request: Any, client_address: Any) -> None:
        """The handshake in the connection's own thread, so that nobody waits for another's."""
        try:
            encrypted = self.tls.wrap_socket(request, server_side=True)
        except OSError:
            return
        super().finish_request(encrypted, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        return


@contextmanager
def listening(service: Service, tls: ssl.SSLContext) -> Iterator[int]:
    """Serve on a free port until the block ends."""
    server = _Server(("127.0.0.1", 0), _handler(service))
    server.tls = tls
    with serving(server):
        yield server.server_port

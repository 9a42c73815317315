"""A real SMTP server (aiosmtpd) on a free loopback port, with faults on demand."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

OK = "250 taken"


@dataclass(frozen=True)
class Taken:
    """A letter as the server took it."""

    sender: str
    recipient: str
    raw: bytes


@dataclass
class SmtpServer:
    """The running server. `faults` maps "MAIL", "RCPT", "DATA", or "RCPT address", to answers.

    Each answer is used once, then the verb works again; the answer "drop" closes the connection,
    and "take and drop" does so after the letter was taken.
    """

    port: int = 0
    letters: list[Taken] = field(default_factory=list)
    faults: dict[str, list[str]] = field(default_factory=dict)
    on_letter: Callable[[Taken], None] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def fault(self, *names: str) -> str | None:
        with self.lock:
            for name in names:
                if self.faults.get(name):
                    return self.faults[name].pop(0)
        return None


class _Handler:
    def __init__(self, server: SmtpServer) -> None:
        self._server = server

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, smtp: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self._answer(smtp, "MAIL")
        envelope.mail_from = address
        return answer or OK

    async def handle_RCPT(  # noqa: N802
        self, smtp: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self._answer(smtp, f"RCPT {address}", "RCPT")
        if answer:
            return answer
        envelope.rcpt_tos.append(address)
        return OK

    async def handle_DATA(self, smtp: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        fault = self._server.fault("DATA")
        if fault == "drop":
            _close(smtp)
            return "421 bye"
        if fault and fault != "take and drop":
            return fault
        for recipient in envelope.rcpt_tos:
            raw = envelope.original_content or b""
            taken = Taken(envelope.mail_from or "", recipient, raw)
            with self._server.lock:
                self._server.letters.append(taken)
            if self._server.on_letter:
                self._server.on_letter(taken)
        if fault:
            _close(smtp)
        return OK

    def _answer(self, smtp: SMTP, *names: str) -> str | None:
        fault = self._server.fault(*names)
        if fault == "drop":
            _close(smtp)
            return "421 bye"
        return fault


def _close(smtp: SMTP) -> None:
    transport: Any = smtp.transport
    if transport:
        transport.abort()


@contextmanager
def smtpd(
    *,
    host: str = "127.0.0.1",
    starttls: ssl.SSLContext | None = None,
    tls: ssl.SSLContext | None = None,
    login: tuple[str, str] | None = None,
) -> Iterator[SmtpServer]:
    """Start it: plain, with STARTTLS offered, or with TLS from the start; with one account."""
    server = SmtpServer(port=free_port())
    options: dict[str, Any] = {"tls_context": starttls, "auth_require_tls": starttls is not None}
    if login:
        options |= {"authenticator": _authenticator(login), "auth_required": True}
    controller = Controller(
        _Handler(server), hostname=host, port=server.port, ssl_context=tls, **options
    )
    controller.start()
    try:
        yield server
    finally:
        controller.stop()


@contextmanager
def scripted(*answers: str) -> Iterator[int]:
    """A server for one connection that says each answer in turn, then hangs up; its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(10)

    def serve() -> None:
        with listener, listener.accept()[0] as connection:
            connection.settimeout(10)
            for answer in answers:
                connection.sendall(f"{answer}\r\n".encode())
                if not connection.recv(65536):
                    return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    thread.join(10)


def free_port() -> int:
    """A port that was free a moment ago: aiosmtpd can't choose one itself."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _authenticator(login: tuple[str, str]) -> Callable[..., AuthResult]:
    def check(
        _server: object, _session: object, _envelope: object, _how: str, data: Any
    ) -> AuthResult:
        right = isinstance(data, LoginPassword) and (data.login, data.password) == (
            login[0].encode(),
            login[1].encode(),
        )
        return AuthResult(success=right, handled=False)

    return check

"""uvicorn on a thread of the daemon's."""

from __future__ import annotations

import socket
import threading
from types import TracebackType

import uvicorn
from starlette.types import ASGIApp


class PageServer:
    """Serves an application on HOST:PORT, or on a socket that listens, while it is entered.

    Raises OSError for a taken port.
    """

    def __init__(self, app: ASGIApp, listen: str | socket.socket) -> None:
        self._socket = _listening(listen) if isinstance(listen, str) else listen
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            proxy_headers=False,  # who is at the other end is never a header's to say
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._serve, name="pages", daemon=True)

    @property
    def port(self) -> int:
        port: int = self._socket.getsockname()[1]
        return port

    def _serve(self) -> None:
        self._server.run(sockets=[self._socket])

    def __enter__(self) -> PageServer:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.should_exit = True
        self._thread.join(5)
        self._socket.close()


def _listening(listen: str) -> socket.socket:
    host, _, port = listen.rpartition(":")
    return socket.create_server(
        (host.strip("[]"), int(port)), family=_family(host), reuse_port=False
    )


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET

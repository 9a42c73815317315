"""Somebody between a client and a real server, who cuts, answers in its place, or splits."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Between:
    """`at` is the number of the command, from 0, that meets the fault; it does so once.

    `fault` is "before" (the server never hears it), "after" (its answer never comes), or makes the
    answer of the command itself; an answer that ends in a blank closes the connection. "mute": the
    server hears it and all that follows, and its answers never come. `split`
    passes a server's words on a byte at a time. `heard` counts the commands.
    """

    port: int = 0
    at: int = -1
    fault: str | Callable[[bytes], bytes] = "before"
    split: bool = False
    heard: int = 0
    met: bool = False
    commands: list[bytes] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def meets(self, command: bytes) -> bool:
        with self._lock:
            self.commands.append(command)
            number, self.heard = self.heard, self.heard + 1
            if number != self.at or self.met:
                return False
            self.met = True
            return True


@contextmanager
def between(server: int, **how: object) -> Iterator[Between]:
    """Stand before a server on a loopback port; every connection goes on to it."""
    listener = socket.create_server(("127.0.0.1", 0))
    standing = Between(listener.getsockname()[1], **how)  # type: ignore[arg-type]

    def accept() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                beyond = socket.create_connection(("127.0.0.1", server))
                for one in (client, beyond):
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                deaf = threading.Event()
                for pump in (_commands, _answers):
                    made = (standing, client, beyond, deaf)
                    threading.Thread(target=pump, args=made, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield standing
    finally:
        listener.close()


def _commands(
    standing: Between, client: socket.socket, beyond: socket.socket, deaf: threading.Event
) -> None:
    with suppress(OSError):
        while command := client.recv(65536):
            if not standing.meets(command) or standing.fault == "mute":
                beyond.sendall(command)
            elif standing.fault == "before":
                break
            elif standing.fault == "after":
                deaf.set()
                beyond.sendall(command)
            elif callable(standing.fault):
                answer = standing.fault(command)
                client.sendall(answer)
                if answer.endswith(b" \r\n"):
                    break
    _cut(client, beyond)


def _answers(
    standing: Between, client: socket.socket, beyond: socket.socket, deaf: threading.Event
) -> None:
    with suppress(OSError):
        while (answer := beyond.recv(65536)) and not deaf.is_set():
            if standing.met and standing.fault == "mute":
                continue
            size = 1 if standing.split else len(answer)
            for first in range(0, len(answer), size):
                client.sendall(answer[first : first + size])
    _cut(client, beyond)


def _cut(*connections: socket.socket) -> None:
    for connection in connections:
        with suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.shutdown(socket.SHUT_RDWR)
        connection.close()

"""Telling systemd how we are: sd_notify(3), by its socket."""

from __future__ import annotations

import os
import socket

_FIRST_SOCKET = 3


def notify(state: str) -> None:
    """Send "READY=1", "WATCHDOG=1", "STOPPING=1"…; without systemd, nothing."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.connect(address)
        channel.sendall(state.encode())


def handed_over() -> socket.socket | None:
    """The socket that systemd listens on for us: sd_listen_fds(3). None where it passed none."""
    ours = os.environ.get("LISTEN_PID") == str(os.getpid())
    if not ours or os.environ.get("LISTEN_FDS") != "1":
        return None
    return socket.socket(fileno=_FIRST_SOCKET)


def watchdog_seconds() -> float | None:
    """How often systemd wants to hear of us; None where it doesn't."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    return int(microseconds) / 1_000_000 if microseconds.isdigit() else None

"""Telling systemd how we are: sd_notify(3), by its socket."""

from __future__ import annotations

import os
import socket


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


def watchdog_seconds() -> float | None:
    """How often systemd wants to hear of us; None where it doesn't."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    return int(microseconds) / 1_000_000 if microseconds.isdigit() else None

"""`daemon.py run` as a process of its own, and a tracer that comes and goes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

ROOT = Path(__file__).parent.parent.parent


@contextmanager
def running(directory: Path, address: str) -> Iterator[subprocess.Popen[bytes]]:
    """The service, its first pass over, its pages on `address`; its log is the file `log`."""
    words = [sys.executable, "daemon.py", "--config", str(directory), "run"]
    with (directory / "log").open("ab") as log:
        process = subprocess.Popen(words, cwd=ROOT, stderr=log)
        try:
            wait_for(lambda: _is_ready(f"http://{address}/readyz"))
            yield process
        finally:
            process.terminate()
            process.wait(60)


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.TransportError:
        return False


def wait_for(true: Callable[[], bool], seconds: float = 90) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it did not come to it"
        threading.Event().wait(0.1)


@contextmanager
def tampered(pid: int, calls: str, injection: str = "", log: str = os.devnull) -> Iterator[None]:
    """A running process under strace until the block ends: `injection` as strace has it."""
    words = ["strace", "-f", "-y", "-p", str(pid), "-o", log, "-e", f"trace={calls}"]
    words += ["-e", f"inject={injection}"] if injection else []
    tracer = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    try:
        assert tracer.stderr
        assert "attached" in tracer.stderr.readline()
        yield
    finally:
        tracer.send_signal(signal.SIGINT)  # it lets go, and the process goes on
        tracer.communicate(timeout=60)

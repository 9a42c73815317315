"""Rendering a coordinator's own templates in a child process, which has limits we do not have.

The sandbox keeps a template from what is not its business; only a process of its own keeps it from
taking all memory or time: `{% set a = a ~ a %}` thirty times is a gigabyte.
"""

from __future__ import annotations

import atexit
import json
import pickle
import select
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mentoring.tables import Fault
from service.render_child import LENGTH

_ROOT = Path(__file__).parent.parent
_WALL_SECONDS = 30
Own = tuple[tuple[str, str, str], ...]
"""Own templates: name, text and path of each."""


class Refused(Exception):  # noqa: N818 - it is the template that is refused
    """A template that is not rendered. Its fault names no file where nobody can tell which it is.

    `is_fatal` where the child came to its end over it.
    """

    def __init__(self, fault: Fault, *, is_fatal: bool = False) -> None:
        super().__init__(fault.message)
        self.fault = fault
        self.is_fatal = is_fatal


_TOO_MUCH = Fault("", 1, "it takes more time or memory than one may", "shorten its loops and texts")


class _Child:
    """One child for all, started when it is first needed; renders one template at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, request: bytes) -> dict[str, Any]:
        with self._lock:
            process = self._running()
            try:
                return _asked(process, request)
            except (OSError, ValueError) as error:
                self._end()
                raise Refused(_TOO_MUCH, is_fatal=True) from error

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._end()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "service.render_child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=_ROOT,
            )
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def end(self) -> None:
        with self._lock:
            self._end()


def _asked(process: subprocess.Popen[bytes], request: bytes) -> dict[str, Any]:
    if process.stdin is None or process.stdout is None:
        raise OSError("the child has no pipes")
    process.stdin.write(LENGTH.pack(len(request)) + request)
    process.stdin.flush()
    if not select.select([process.stdout], [], [], _WALL_SECONDS)[0]:
        raise OSError("the child does not answer")
    head = process.stdout.read(LENGTH.size)
    if len(head) < LENGTH.size:
        raise OSError("the child has ended")
    answer: dict[str, Any] = json.loads(process.stdout.read(LENGTH.unpack(head)[0]))
    return answer


_CHILD = _Child()
atexit.register(_CHILD.end)


def render_apart(own: Own, language: str, name: str, given: Mapping[str, object] | None) -> str:
    """The text of a template; with nothing `given` it is only compiled. Raises Refused."""
    request = (own, language, name, None if given is None else dict(given))
    answer = _CHILD.ask(pickle.dumps(request))
    if "text" not in answer:
        raise Refused(Fault(**answer))
    return str(answer["text"])

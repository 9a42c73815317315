"""A process that has loaded the whole daemon and forks one `daemon.py` after another.

So a run costs a fork and not a second of imports. Orders come in on stdin, a JSON document a line;
of each, first the child's pid is answered, then its status as `waitpid` has it.
"""

from __future__ import annotations

import atexit
import ctypes
import importlib
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from typer.main import get_command

from tests.settle import settle

Command = Callable[[list[str]], object]
T = TypeVar("T")

_ROOT = Path(__file__).parent.parent.parent
_PR_SET_PTRACER, _ANY = 0x59616D61, ctypes.c_ulong(-1)


class OneThread:
    """An executor that does at once what it is given: then a process's calls have one order."""

    def __init__(self, workers: int, thread_name_prefix: str = "") -> None:
        del workers, thread_name_prefix

    def __enter__(self) -> OneThread:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def submit(self, call: Callable[..., T], *arguments: Any) -> Future[T]:
        done: Future[T] = Future()
        done.set_result(call(*arguments))
        return done


def preload(names: Iterable[str]) -> None:
    for name in names:
        importlib.import_module(name)


def everything() -> list[str]:
    """Every module of the product that no start of its own belongs to."""
    found = ["daemon", "css_inline", "googleapiclient.discovery", "alembic.command"]
    found += ["sqlalchemy.dialects.sqlite", "caldav.search", "_strptime"]
    for room in ("mentoring", "store", "integrations", "service"):
        paths = sorted((_ROOT / room).glob("*.py"))
        found += [f"{room}.{p.stem}" for p in paths if not p.stem.endswith(("__init__", "_child"))]
    return found


def warm(programme: Path) -> None:
    """Compile the mails' templates, as a daemon that has run for a day has long done."""
    from service.preview import preview
    from service.roster_source import load

    with tempfile.TemporaryDirectory() as out:
        preview(load(programme), at=datetime.now(UTC), template="", to="", out=Path(out))


def _mark_after_sending() -> None:
    """A letter on its way is not marked: after a kill it looks as if nobody had tried."""
    from store import outbox

    vars(outbox)["claim"] = lambda *_: True


def _create_without_looking() -> None:
    """An event is put into Exchange's calendar without a search for it."""
    from integrations.exchange_organiser import ExchangeOrganiser

    type.__setattr__(ExchangeOrganiser, "_marked", lambda *_: [])


DEFECTS = {
    "mark after sending": _mark_after_sending,
    "create without looking": _create_without_looking,
}
"""What the harness must catch: planted on demand, to show that it can."""


def main(gate: int) -> None:
    preload(everything())
    import daemon

    command = get_command(daemon.app)
    settle()
    print("ready", flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        if "warm" in order:
            warm(Path(order["warm"]))
            settle()
            print("warm", flush=True)
            continue
        pid = os.fork()
        if pid == 0:
            _become(order, gate, command)
            return
        print(pid, flush=True)
        print(os.waitpid(pid, 0)[1], flush=True)


def _become(order: dict[str, Any], gate: int, command: Command) -> None:
    """Be one run of the daemon: `argv`, with its output in `out` and `err`."""
    for number, name, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, order["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        (2, order["err"], os.O_WRONLY | os.O_CREAT | os.O_APPEND),
    ):
        opened = os.open(name, flags, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    if order["one_thread"]:
        from service import engine

        vars(engine)["ThreadPoolExecutor"] = OneThread
    if order["plant"]:
        DEFECTS[order["plant"]]()
    if order["patience"] is not None:
        from store import database

        vars(database)["_LOCK_WAIT_MS"] = order["patience"]
    if order["traced"]:
        ctypes.CDLL(None).prctl(_PR_SET_PTRACER, _ANY, 0, 0, 0)
        os.read(gate, 1)  # until the tracer holds us
    try:
        command(order["argv"])
    except SystemExit as ended:
        _leave(ended.code)


def _leave(status: Any) -> None:
    """End as Python does, but don't tear down what this process shares with its parent."""
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status or 0)


if __name__ == "__main__":
    main(int(sys.argv[1]))

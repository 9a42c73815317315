"""Runs of the daemon under strace, which kills them at a call or makes calls fail."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parent.parent.parent
CALLS = (
    *("write", "pwrite64", "writev", "fsync", "fdatasync", "ftruncate"),
    *("sendto", "sendmsg", "connect"),
    *("rename", "renameat", "renameat2", "unlink", "mkdir", "link"),
)
"""Everything by which a run leaves a mark: on disk, or at a server."""
_LINE = re.compile(r"^(?:\[pid +)?(\d+)?\]? *([a-z0-9_]+)\((.*)$")
_OUTPUT = re.compile(r"[12]<")


class NoTracer(Exception):  # noqa: N818 - it names what is missing
    """strace is not installed, or may not trace here."""


@dataclass(frozen=True)
class Point:
    """The `number`-th time that a thread of the process begins this call."""

    call: str
    number: int
    about: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{self.call} {self.number} {self.about}".rstrip()


@dataclass(frozen=True)
class Outcome:
    """How a run ended. `status` is negative for a signal, as in subprocess."""

    status: int
    calls: tuple[Point, ...]
    errors: str

    @property
    def killed(self) -> bool:
        return self.status == -signal.SIGKILL


@dataclass
class Runner:
    """Starts runs of the daemon out of one zygote; `folder` holds what they print."""

    process: subprocess.Popen[str]
    gate: int
    folder: Path
    runs: int = 0

    def run(
        self,
        argv: Sequence[str],
        *,
        kill: Point | None = None,
        faults: Sequence[str] = (),
        paths: Sequence[Path] = (),
        watch: bool = False,
        one_thread: bool = True,
        patience: int | None = None,
        plant: str = "",
    ) -> Outcome:
        """One `daemon.py argv`, to its end.

        `faults` are strace's own expressions of injections, on calls about `paths` alone where
        there are some. `plant` names a defect of zygote.py's. `patience` is how many milliseconds
        it waits for a locked store instead of the product's own time.
        """
        self.runs += 1
        traced = watch or kill is not None or bool(faults)
        errors = self.folder / "err"
        errors.unlink(missing_ok=True)
        order = {
            "argv": list(argv),
            "out": str(self.folder / "out"),
            "err": str(errors),
            "traced": traced,
            "one_thread": one_thread,
            "patience": patience,
            "plant": plant,
        }
        self._order(order)
        pid = int(self._answer())
        log = self.folder / "calls"
        tracer = self._traced(pid, log, kill, faults, paths) if traced else None
        status = os.waitstatus_to_exitcode(int(self._answer()))
        if tracer:
            tracer.communicate()
        calls = tuple(_calls(log.read_text(errors="replace"), pid)) if watch else ()
        return Outcome(status, calls, errors.read_text(errors="replace"))

    def warm(self, programme: Path) -> None:
        """Let the zygote compile what every run of this programme would compile anew."""
        self._order({"warm": str(programme)})
        self._answer()

    def _order(self, order: dict[str, Any]) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()

    def output(self) -> str:
        return (self.folder / "out").read_text()

    def _answer(self) -> str:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the zygote is gone")
        return line

    def _traced(
        self,
        pid: int,
        log: Path,
        kill: Point | None,
        faults: Sequence[str],
        paths: Sequence[Path],
    ) -> subprocess.Popen[str]:
        failing = [name for fault in faults for name in fault.partition(":")[0].split(",")]
        wanted = [kill.call] if kill else failing or CALLS
        injections = [f"{kill.call}:signal=SIGKILL:when={kill.number}"] if kill else []
        injections += faults
        command = ["strace", "-f", "-y", "-s", "0", "-o", str(log), "-p", str(pid)]
        command += ["-e", f"trace={','.join(wanted)}", "-e", "signal=none"]
        for path in paths:
            command += ["-P", str(path)]
        for injection in injections:
            command += ["-e", f"inject={injection}"]
        tracer = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert tracer.stderr
        said = tracer.stderr.readline()
        os.write(self.gate, b"g")
        if "attached" not in said:
            raise NoTracer(said.strip() or "strace says nothing")
        return tracer


def _calls(text: str, pid: int) -> Iterator[Point]:
    """The calls of one thread, numbered as strace counts them; not those that only print."""
    numbers: Counter[str] = Counter()
    for line in text.splitlines():
        found = _LINE.match(line)
        if not found or int(found[1] or pid) != pid:
            continue
        call, rest = found[2], found[3]
        numbers[call] += 1
        if not _OUTPUT.match(rest):
            yield Point(call, numbers[call], rest.partition(",")[0][:80])


@contextmanager
def runner(folder: Path) -> Iterator[Runner]:
    """A zygote, ready to run the daemon; raises NoTracer where there is no strace."""
    if shutil.which("strace") is None:
        raise NoTracer("strace is missing; run: apt-get install strace")
    folder.mkdir(parents=True, exist_ok=True)
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.crash.zygote", str(reading)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=_ROOT,
        pass_fds=[reading],
    )
    try:
        started = Runner(process, writing, folder)
        if started._answer().strip() != "ready":
            raise RuntimeError("the zygote did not start")
        yield started
    finally:
        process.kill()
        process.communicate()
        os.close(reading)
        os.close(writing)

"""The daemon itself: how soon it is ready, and the room that it takes while nothing happens."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from service.roster_source import load
from store.database import migrate, open_engine, resolve_url
from tests.bench.many import ROOT, resident
from tests.bench.row import Row, Scale

_WAIT = 60.0
_KINDS = ("", "google", "exchange", "microsoft365")
_SETTINGS = """[programme]
name = "Bench"
organiser = "Mentoring Office <mentoring@example.org>"
timezone = "America/New_York"
start = 2027-01-11
end = 2027-07-30
coordinator = "coordinator@example.org"

[mail]
url = "{mail}"
inbox = "{inbox}"

[web]
listen = "127.0.0.1:{port}"
"""
_PEOPLE = """name,email,timezone,hours,calendar
Dana Lee,dana@example.org,America/New_York,Mon-Fri 09:00-17:00,{scheme}
Lee Park,lee@example.org,America/Los_Angeles,Mon-Fri 08:00-16:00,
"""
_IDLE = """
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from verbs import wiring
wiring.leave_out_rich()
import service.clock, service.logging, web.app, web.serve
from service.roster_source import RosterSource
def resident():
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:"))
folder = Path(sys.argv[1])
source = RosterSource(folder)
with wiring.open_store(source.roster, folder) as engine:
    ports = wiring.ports_of(source.roster, folder, engine)
    service.clock.present(source.roster, engine, ports, datetime.now(UTC))
    print(resident())
    for person in source.roster.people.values():
        if person.calendar:
            ports.busy_source(person)
    ports.mailer(), ports.inbox(), ports.organiser()
    print(resident())
"""


def rows(scale: Scale) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, "")
        runs = [started(folder) for _ in range(max(1, scale.sample // 8))]
    yield Row(
        "start to ready",
        min(run.ready for run in runs),
        "s",
        f"`daemon.py run` until it logs `ready`, its store in place; the quickest of {len(runs)}, "
        f"{min(run.worked for run in runs):.2f} s of it processor time",
        limit=1.5,
    )
    yield Row(
        "running, without a provider",
        median(run.room for run in runs),
        "MB",
        "resident, two seconds after it was ready, its first pass done",
        limit=90,
    )
    for kind in _KINDS:
        before, after = idle(kind)
        named = kind or "no provider"
        yield Row(f"idle, {named} named", before, "MB", "all loaded but the provider")
        if kind:
            yield Row(f"idle, {named} loaded", after, "MB", "and its adapters made", limit=90)


def write(folder: Path, kind: str) -> None:
    """A roster of one pair whose organiser is at a provider, its store as it should be."""
    mail, inbox = (f"{kind}:", f"{kind}:") if kind else ("maildir:outbox", "maildir:inbox")
    settings = _SETTINGS.format(mail=mail, inbox=inbox, port=_free_port())
    (folder / "overlap.toml").write_text(settings, "utf-8")
    scheme = f"{kind}:dana@example.org" if kind else ""
    (folder / "people.csv").write_text(_PEOPLE.format(scheme=scheme), "utf-8")
    (folder / "pairs.csv").write_text("mentor,mentee\nlee@example.org,dana@example.org\n", "utf-8")
    engine = open_engine(resolve_url(load(folder).settings.store, folder))
    migrate(engine, now=datetime.now(UTC))
    engine.dispose()


@dataclass(frozen=True)
class Run:
    """Seconds until it was ready, those of them that it worked, and megabytes a while later."""

    ready: float
    worked: float
    room: float


def started(folder: Path) -> Run:
    command = [sys.executable, "daemon.py", "--config", str(folder), "run"]
    begun = time.monotonic()
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE) as run:
        assert run.stderr is not None
        try:
            for line in run.stderr:
                if b"ready" in line:
                    break
                assert time.monotonic() - begun < _WAIT
            ready, worked = time.monotonic() - begun, _worked(run.pid)
            time.sleep(2)
            return Run(ready, worked, resident(str(run.pid)))
        finally:
            run.terminate()
            run.stderr.read()


def idle(kind: str) -> tuple[float, float]:
    """Megabytes of a process that has loaded what the daemon loads: before the provider, after."""
    with tempfile.TemporaryDirectory() as name:
        write(Path(name), kind)
        command = [sys.executable, "-c", _IDLE, name]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        run = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        )
    before, after = (float(line) for line in run.stdout.split())
    return before, after


def _worked(process: int) -> float:
    """Seconds of processor time that a process has had."""
    fields = Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port

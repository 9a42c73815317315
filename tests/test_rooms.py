"""Imports run one way: daemon → verbs → service, web → store, integrations → mentoring."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ALLOWED = {
    "mentoring": {"mentoring"},
    "integrations": {"mentoring", "integrations"},
    "store": {"mentoring", "store"},
    "service": {"mentoring", "integrations", "store", "service"},
    "web": {"mentoring", "integrations", "store", "service", "web"},
    "verbs": {"mentoring", "integrations", "store", "service", "web", "verbs"},
}
ROOMS = {*ALLOWED, "tests", "daemon"}
OUTSIDE = {"httpx", "sqlalchemy", "socket", "subprocess", "requests", "smtplib", "os", "threading"}


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


@pytest.mark.parametrize("room", sorted(ALLOWED))
def test_a_room_imports_only_what_lies_below_it(room: str) -> None:
    files = list((ROOT / room).rglob("*.py"))
    assert files
    for path in files:
        assert (imports(path) & ROOMS) <= ALLOWED[room], path


def test_the_rules_touch_nothing_outside() -> None:
    for path in (ROOT / "mentoring").rglob("*.py"):
        assert not imports(path) & OUTSIDE, path


CLIENTS = {
    "file": (),
    "google": ("googleapiclient", "google.oauth2"),
    "microsoft365": ("msal",),
    "exchange": ("exchangelib",),
}


@pytest.mark.parametrize("scheme", CLIENTS)
def test_a_roster_loads_no_provider_that_it_does_not_name(tmp_path: Path, scheme: str) -> None:
    from tests.world import World

    world = World(tmp_path)
    world.write()
    people, settings = tmp_path / "people.csv", tmp_path / "overlap.toml"
    if scheme != "file":
        text = people.read_text()
        for name in ("dana", "lee"):
            text = text.replace(f"file:{name}.ics", f"{scheme}:{name}@example.org")
        people.write_text(text)
        mail = settings.read_text().replace("maildir:outbox", f"{scheme}:")
        settings.write_text(mail.replace("maildir:inbox", f"{scheme}:"))
    every = sorted({name for names in CLIENTS.values() for name in names})
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from integrations.registry import Ports\nfrom service.roster_source import load\n"
        "import service.clock, service.check, web.app\n"
        f"roster = load(Path({str(tmp_path)!r}))\nports = Ports(roster, Path('.'))\n"
        "[ports.busy_source(p) for p in roster.people.values()]\n"
        "ports.mailer(), ports.inbox(), ports.organiser()\n"
        f"wanted = {[*every, 'caldav', 'imapclient', 'smtplib']!r}\n"
        "print([m for m in wanted if m in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert run.stdout.strip() == str([name for name in every if name in CLIENTS[scheme]])


def test_threads_may_load_providers_at_once() -> None:
    code = (
        "import sys, threading\nfrom integrations import registry\nsys.setswitchinterval(1e-6)\n"
        "names, found, gate = ['google', 'exchange', 'microsoft365', 'caldav'], [], "
        "threading.Barrier(8)\n"
        "def load(name):\n"
        "    gate.wait()\n"
        "    found.append(registry._adapter(name + ':x', registry.BUSY).__name__)\n"
        "threads = [threading.Thread(target=load, args=(n,)) for n in names * 2]\n"
        "[t.start() for t in threads], [t.join() for t in threads]\n"
        "print(len(found))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert run.stdout.strip() == "8", run.stderr


def test_only_the_service_that_is_watched_loads_prometheus() -> None:
    code = (
        "import sys, daemon, service.passes, service.simulate, service.check, service.overview\n"
        "print('prometheus_client' in sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert run.stdout.strip() == "False"

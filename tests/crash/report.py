"""A channel played in a process of its own, and the results as a table."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

from tests.crash.points import Plan, Result, cases, play
from tests.crash.tracing import runner
from tests.world import in_memory


def over(name: str, plan: Plan) -> list[Result]:
    """One channel's results; each fault is said at once, for a run may take hours."""
    results = []
    with (
        tempfile.TemporaryDirectory(dir=in_memory()) as folder,
        runner(Path(folder) / "runs") as started,
        cases(name, Path(folder), started) as found,
    ):
        for result in play(found, plan):
            results.append(result)
            if not result.verdict.good:
                print(result, file=sys.stderr, flush=True)
    return results


def table(results: Iterable[Result]) -> str:
    """The results as Markdown: what docs/reliability.md shows."""
    cells: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for result in results:
        cells[result.channel, result.workflow] += counted(result)
    rows = [
        "| channel | workflow | points | double kills | lost | doubled | unknown |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    total: Counter[str] = Counter()
    for (channel, workflow), cell in sorted(cells.items()):
        rows.append(_row(channel, workflow, cell))
        total += cell
    return "\n".join([*rows, _row("all", "", total)])


def counted(result: Result) -> Counter[str]:
    """A kill that was not reached, because the call never came, is none."""
    verdict = result.verdict
    return Counter(
        {
            "points": int(result.reached and result.again is None),
            "doubles": int(result.reached and result.again is not None),
            "lost": int(bool(verdict.lost or verdict.other)),
            "doubled": int(bool(verdict.doubled)),
            "unknown": int(bool(verdict.unknown)),
        }
    )


def _row(channel: str, workflow: str, cell: Counter[str]) -> str:
    counts = (str(cell[n]) for n in ("points", "doubles", "lost", "doubled", "unknown"))
    return f"| {channel} | {workflow} | {' | '.join(counts)} |"

"""`python -m tests.bench [PART…]`: measures, and prints one table."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

from tests.bench.row import FULL, Row
from tests.bench.rows import PARTS

_HEAD = "| what | figure | promised | peers in the same run | ratio | how |"
_RULE = "|---|---|---|---|---|---|"


def main(names: list[str]) -> int:
    """Prints the table; 2 for a part that there is not."""
    if unknown := [name for name in names if name not in PARTS]:
        print(f"there is no part {unknown[0]!r}; use {', '.join(PARTS)}", file=sys.stderr)  # noqa: T201
        return 2
    print(f"{machine()}\n\n{_HEAD}\n{_RULE}")  # noqa: T201
    for name in names or PARTS:
        for row in PARTS[name](FULL):
            print(line(row), flush=True)  # noqa: T201
    return 0


def line(row: Row) -> str:
    """A row of the table, in Markdown."""
    promised = ""
    if row.limit is not None:
        sign, verdict = "≥" if row.at_least else "≤", "" if row.kept else " **missed**"
        promised = f"{sign} {row.limit:g} {row.unit}{verdict}"
    ratio = "" if row.ratio is None else f"{row.ratio:,.1f} ×"
    cells = (row.name, f"{_short(row.figure)} {row.unit}", promised, row.peer, ratio, row.how)
    return f"| {' | '.join(cells)} |"


def machine() -> str:
    """What all this was measured on."""
    info = Path("/proc/cpuinfo").read_text("utf-8")
    model = next((x for x in info.splitlines() if "model name" in x), ":?").partition(": ")[2]
    load = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} cores of {model}, Python {platform.python_version()}, "
        f"load {load:.1f} when it began"
    )


def _short(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.3g}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

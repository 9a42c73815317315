"""The table of docs/templates.md: what each kind of mail gives its templates."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from pathlib import Path

from service.preview import SAMPLES
from service.roster_source import load
from service.samples import Sitting

ROOT = Path(__file__).parent.parent
DOC = ROOT / "docs" / "templates.md"
BEGIN, END = "writes this table -->\n", "<!-- end of kinds -->"
_KNOWN = ("kind", "key", "reader")


def table() -> str:
    roster = load(ROOT / "config")
    pair = roster.pairs[0]
    sitting = Sitting(roster, pair, roster.mentee_of(pair), datetime(2027, 2, 16, 17, tzinfo=UTC))
    rows: list[str] = []
    for kind in sorted(SAMPLES):
        notice = SAMPLES[kind](sitting)
        assert dataclasses.is_dataclass(notice)
        names = [f"`{f.name}`" for f in dataclasses.fields(notice) if f.name not in _KNOWN]
        rows.append(f"| `{kind}` | {', '.join(names)} |")
    return "\n".join(["| kind | `n` has |", "|---|---|", *rows, ""])


def written() -> str:
    return DOC.read_text("utf-8").partition(BEGIN)[2].partition(END)[0]


if __name__ == "__main__":
    text = DOC.read_text("utf-8")
    DOC.write_text(text.replace(f"{BEGIN}{written()}{END}", f"{BEGIN}{table()}{END}"), "utf-8")

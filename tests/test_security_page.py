"""SECURITY.md names a test for each promise; each of them is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_every_test_that_the_page_names_is_there() -> None:
    page = (ROOT / "SECURITY.md").read_text()
    rows = re.findall(r"^\|(?! who \| wants|---)(.*)\|$", page, re.MULTILINE)
    assert len(rows) > 15
    for row in rows:
        named = re.findall(r"`((?:tests/)?[\w/]+\.py)`", row.split("|")[3])
        assert named, row
        for name in named:
            assert list((ROOT / "tests").rglob(Path(name).name)), name
            assert not name.startswith("tests/") or (ROOT / name).is_file(), name

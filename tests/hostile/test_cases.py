"""Every curated case, its parser in a child with limits on processor time and memory."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.hostile.curated import FAMILIES, every_case
from tests.hostile.fuzz import SECONDS

ROOT = Path(__file__).parent.parent.parent


def test_there_are_at_least_five_hundred_and_no_two_alike() -> None:
    every = list(every_case())
    assert len({(case.parser, case.raw) for case in every}) >= 500
    names = Counter((case.parser, case.name) for case in every)
    assert [name for name, count in names.items() if count > 1] == []


SLOW = frozenset({"answers", "calendars", "mails", "templates"})
"""Families that take more than a few seconds."""


@pytest.mark.parametrize(
    "family",
    [
        pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else [])
        for name in sorted(FAMILIES)
    ],
)
def test_a_hostile_input_comes_to_what_it_may(family: str) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "tests.hostile.curated", family],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr[-3000:]
    outcomes = json.loads(answer.stdout)
    assert len(outcomes) == len(list(FAMILIES[family]()))
    wrong = [o for o in outcomes if o["outcome"] not in o["may"] or o["seconds"] > SECONDS]
    assert wrong == []

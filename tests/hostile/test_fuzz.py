"""A few thousand mutants over every parser; `python -m tests.hostile` runs a million."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.hostile.conversations import NAMES, kept, replayed
from tests.hostile.fuzz import fuzz, share
from tests.hostile.parsers import PARSERS
from tests.hostile.seeds import SEEDS
from tests.hostile.test_cases import ROOT


def test_mutants_come_to_a_word_within_limits() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.hostile", "--cases", "5000", "--seed", "11"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-2000:]
    assert "0 findings" in ran.stdout


def test_every_parser_has_seeds_and_a_share() -> None:
    assert set(SEEDS) == set(PARSERS) == set(share(1000))
    assert sum(share(1_000_000).values()) >= 1_000_000


def test_the_same_seed_makes_the_same_run() -> None:
    assert fuzz("hours", 300, 5).outcomes == fuzz("hours", 300, 5).outcomes
    assert fuzz("hours", 300, 5).outcomes != fuzz("hours", 300, 6).outcomes


def test_a_parser_that_breaks_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(raw: bytes) -> str:
        raise KeyError(raw[:1])

    monkeypatch.setitem(PARSERS, "hours", broken)
    assert len(fuzz("hours", 3, 1).findings) == 3


@pytest.mark.parametrize("name", NAMES)
def test_a_conversation_as_it_was_comes_to_its_end(name: str) -> None:
    """Else answers.json is old: `python -m tests.hostile.record` writes it anew."""
    assert replayed(name, 0, kept()[name][0].body) in ("busy", "read")

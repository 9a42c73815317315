"""Slips are what they say, and a test that can't fail is found out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutation.mutate import mutants
from tests.mutation.subjects import MODULES
from tests.mutation.trial import ROOT


@pytest.mark.parametrize(
    ("source", "slips"),
    [
        ("x = a < b", ["a <= b", "a >= b"]),
        ("x = a is None", ["a is not None"]),
        ("x = a <= b < c", ["a < b < c", "a > b < c", "a <= b <= c", "a <= b >= c"]),
        ("x = a and b", ["a or b"]),
        ("x = not a", ["a"]),
        ("x = -a", ["a"]),
        ("x = a + b", ["a - b"]),
        ("x += y", ["x -= y", "pass"]),
        ("x = 1", ["2", "0"]),
        ("x = True", ["False"]),
        ("x = 'y'", ["'XXyXX'"]),
        ("x = b'y'", ["b'XXyXX'"]),
        ("f(x)", ["pass"]),
        ("x = min(a, b)", ["max(a, b)"]),
        ("a.b = c", ["pass"]),
        ("x[a] = c", ["pass"]),
        ("if a:\n    b = c", ["if not a:"]),
        ("if a == b:\n    b = c", ["a != b"]),
        ("x = a if b else c", ["a if not b else c"]),
        ("while a:\n    break", ["while not a:", "continue"]),
        ("x = [x for x in a if x]", [" for x in a if not x"]),
        ("raise a", ["pass"]),
        ("del a", ["pass"]),
        ("def f():\n    return a", ["return None"]),
        ("def f():\n    return", ["pass"]),
        ('def f(a: "int") -> "int":\n    """A word."""', []),
        ("@f(1)\nclass A:\n    pass", []),
    ],
)
def test_slips(source: str, slips: list[str]) -> None:
    every = list(mutants(source))
    assert [mutant.slip.partition(" -> ")[2] for mutant in every] == slips
    assert len({mutant.source for mutant in every} - {source}) == len(slips)


def test_a_mutant_says_where_it_is_and_is_one_slip_away() -> None:
    source = "class A:\n\n    def f(self):\n        return self.a + 7"
    [sums] = [mutant for mutant in mutants(source) if "-" in mutant.slip.partition("> ")[2]]
    assert str(sums) == "4 A.f: self.a + 7 -> self.a - 7"
    assert sums.source == source.replace("+", "-")


def test_each_module_and_its_tests_are_there() -> None:
    for module in MODULES:
        for path in (module.path, *module.tests):
            assert (ROOT / path).is_file()


_RULE = "LIMIT = 3\n\ndef f(n):\n    return n < LIMIT\n"
_TRIED = """
import json, sys
from pathlib import Path
from tests.mutation import trial
from tests.mutation.subjects import Module
trial.ROOT = Path.cwd()
same = {": 3 -> 4": "why", ": 3 -> 5": "why"}
try:
    score = trial.try_module(Module("mentoring/rule.py", (sys.argv[1],), same))
    print(json.dumps([score.tried, score.found, score.lived, score.same, score.stale]))
except trial.TestsFailError as error:
    print(json.dumps(str(error)))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("test", "answer"),
    [
        (
            "assert rule.f(2) and not rule.f(4)",
            [
                5,
                3,
                ["mentoring/rule.py:4 f: n < LIMIT -> n <= LIMIT"],
                ["mentoring/rule.py:1 : 3 -> 4"],
                [": 3 -> 5"],
            ],
        ),
        (
            "assert rule.f(2) and rule.__spec__",
            "mentoring/rule.py: its own tests fail where it is put in unchanged",
        ),
        ("assert rule.f(9)", "mentoring/rule.py: its own tests fail; run pytest test_rule.py"),
    ],
)
def test_what_tests_find_and_what_they_do_not(test: str, answer: object, tmp_path: Path) -> None:
    (tmp_path / "mentoring").mkdir()
    (tmp_path / "mentoring" / "__init__.py").write_text("")
    (tmp_path / "mentoring" / "rule.py").write_text(_RULE)
    (tmp_path / "test_rule.py").write_text(
        f"from mentoring import rule\n\ndef test_it():\n    {test}\n"
    )
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\nmarkers = ['slow']\n")
    done = subprocess.run(
        [sys.executable, "-c", _TRIED, "test_rule.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == answer

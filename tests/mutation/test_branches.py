"""Every branch of what must hold is run by the tests that are to hold it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutation.subjects import MODULES
from tests.mutation.trial import ROOT


@pytest.mark.slow
def test_no_branch_goes_untried(tmp_path: Path) -> None:
    tests = list(dict.fromkeys(path for module in MODULES for path in module.tests))
    coverage = [sys.executable, "-m", "coverage"]
    run = ["run", "--branch", f"--include={','.join(module.path for module in MODULES)}"]
    plainly = ["-m", "pytest", "-n", "0", "-p", "no:cacheprovider", "-m", "not slow"]
    for command in ([*run, *plainly, *tests], ["report", "--show-missing", "--fail-under=100"]):
        done = subprocess.run(
            [*coverage, *command],
            cwd=ROOT,
            env={**os.environ, "COVERAGE_FILE": str(tmp_path / "coverage")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]

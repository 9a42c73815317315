"""The canaries sing: a secret in a log fails its test, wherever it came from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.canaries import shown

pytest_plugins = ["pytester"]

LEAKS = """
from datetime import UTC, datetime
import structlog
from integrations import secrets
from service import links

log = structlog.get_logger()

def test_a_password(tmp_path):
    (tmp_path / "word").write_text("correct horse battery staple")
    log.info("event", value=secrets.resolve("file:word", tmp_path))

def test_a_link():
    log.info("event", value=links.sign(bytes(32), "agenda", datetime.now(UTC), "a@example.org"))

def test_nothing():
    log.info("event", value="a word")
"""


def test_a_secret_in_a_log_line_fails_its_test(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent.parent))
    pytester.makeconftest(
        "from tests import canaries\n"
        "from tests.canaries import pytest_runtest_makereport\n"
        "canaries.watch()\n"
    )
    pytester.makepyfile(LEAKS)
    done = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:randomly", "-rA")
    capfd.readouterr()  # it holds the leaks, and would fail this test as well
    done.assert_outcomes(failed=2, passed=1)
    done.stdout.fnmatch_lines(["PASSED *::test_nothing"])
    assert "horse" not in "".join(line for line in done.outlines if "shows" in line)


def test_what_is_no_secret_is_left_alone() -> None:
    assert shown("uid=2f0c6a1e5b7d4c3f9a8b@overlap eyJ not.a token") is None

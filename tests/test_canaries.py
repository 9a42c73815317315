"""The canaries sing: a secret in a log fails its test, wherever it came from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.canaries import shown

pytest_plugins = ["pytester"]

LEAKS = {
    "a password": 'secrets.resolve("file:word", tmp_path)',
    "a link": 'links.sign(bytes(32), "agenda", datetime.now(UTC), "dana@example.org", "uid")',
    "nothing": '"a word"',
}


@pytest.mark.parametrize("what", LEAKS)
def test_a_secret_in_a_log_line_fails_its_test(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    what: str,
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent.parent))
    pytester.makeconftest(
        "from tests import canaries\n"
        "from tests.canaries import pytest_runtest_makereport\n"
        "canaries.watch()\n"
    )
    pytester.makepyfile(
        f"""
        from datetime import UTC, datetime
        import structlog
        from integrations import secrets
        from service import links

        def test_it(tmp_path):
            (tmp_path / "word").write_text("correct horse battery staple")
            structlog.get_logger().info("event", value={LEAKS[what]})
        """
    )
    done = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:randomly")
    capfd.readouterr()  # it holds the leak, and would fail this test as well
    failed = 0 if what == "nothing" else 1
    done.assert_outcomes(failed=failed, passed=1 - failed)
    assert "horse" not in "".join(line for line in done.outlines if "shows" in line)


def test_what_is_no_secret_is_left_alone() -> None:
    assert shown("uid=2f0c6a1e5b7d4c3f9a8b@overlap eyJ not.a token") is None

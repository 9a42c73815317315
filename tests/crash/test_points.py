"""A fair sample of kills: every channel, every workflow. `make crash` does them all.

docs/reliability.md holds the table of the long runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.channels import CHANNELS
from tests.crash.points import Case, Plan, cases, play
from tests.crash.report import table
from tests.crash.tracing import Runner, runner

WORKFLOWS = ("consent", "propose", "move", "confirm", "cancel", "remind", "summarise", "forget")
SAMPLE = {name: WORKFLOWS[number :: len(CHANNELS)] for number, name in enumerate(CHANNELS)}
"""Each workflow at one channel, and each channel with one or two."""


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    with runner(tmp_path_factory.mktemp("runs")) as started:
        yield started


def test_the_sample_is_spread_over_all() -> None:
    assert {workflow for two in SAMPLE.values() for workflow in two} == set(WORKFLOWS)
    assert all(SAMPLE.values())


@pytest.mark.slow
@pytest.mark.parametrize("channel", CHANNELS)
def test_killed_anywhere_nothing_is_lost_or_doubled(
    channel: str, tmp_path: Path, started: Runner, capsys: pytest.CaptureFixture[str]
) -> None:
    with cases(channel, tmp_path, started, SAMPLE[channel]) as found:
        assert {case.name for case in found} == set(SAMPLE[channel])
        results = list(play(found, Plan(points=4, doubles=1, seed=7)))
    with capsys.disabled():
        print(f"\n{table(results)}")
    assert [str(result) for result in results if not result.verdict.good] == []
    assert sum(result.reached for result in results) >= 4
    if channel != "smtp":  # where nothing can be looked up, the coordinator is told
        assert [str(result) for result in results if result.verdict.unknown] == []


@pytest.fixture(scope="module")
def proposing(
    started: Runner, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Case]:
    folder = tmp_path_factory.mktemp("proposing")
    with cases(request.param, folder, started, ["propose"]) as (case,):
        yield case.survey()


@pytest.mark.slow
@pytest.mark.parametrize("proposing", ["smtp"], indirect=True)
def test_a_kill_between_taken_and_known_is_unknown_and_never_twice(proposing: Case) -> None:
    """QUIT is said once the letter was taken; the store does not know it yet."""
    goodbye = [point for point in proposing.points if point.call == "sendto"][-1]
    verdict = proposing.kill(goodbye).verdict
    assert verdict.good
    assert len(verdict.unknown) == 1


@pytest.mark.slow
@pytest.mark.parametrize("proposing", ["smtp"], indirect=True)
def test_the_harness_catches_a_mark_that_comes_after_sending(proposing: Case) -> None:
    goodbye = [point for point in proposing.points if point.call == "sendto"][-1]
    assert proposing.kill(goodbye, plant="mark after sending").verdict.doubled


@pytest.mark.slow
@pytest.mark.parametrize("proposing", ["exchange"], indirect=True)
def test_the_harness_catches_a_create_without_a_look(proposing: Case) -> None:
    """Killed once the event was made and before the store knows: then a second one is made."""
    calls = [point.call for point in proposing.points]
    answered = [
        point
        for before, point in zip(calls, proposing.points[1:], strict=False)
        if (before, point.call) == ("sendto", "pwrite64")
    ]
    killed = (proposing.kill(point, plant="create without looking") for point in answered)
    assert any(result.verdict.doubled for result in killed)

"""Seeded worlds hold what must hold; a seed plays the same again; planted defects are found."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import Connection

from service import booking, deliver, sides, sync
from service.work import Work
from store import meetings, outbox
from tests.simulation.__main__ import all_of, played
from tests.simulation.world import Size

ROOT = Path(__file__).parents[2]
SMALL = Size()
SEEDS = int(os.environ.get("OVERLAP_SEEDS", "8"))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, SEEDS + 1))
def test_a_world_holds(seed: int) -> None:
    """200 of them by `python -m tests.simulation`; see docs/reliability.md."""
    world = played(SMALL, seed)
    assert world.faults == ()
    assert world.booked and world.mails


@pytest.mark.slow
def test_a_seed_plays_the_same_in_any_process() -> None:
    """Every mail's bytes and every state, step by step, come to the same digest."""
    command = [sys.executable, "-m", "tests.simulation", "--seed", "7"]
    command += ["--pairs", "2", "--weeks", "5", "--looks", "6"]
    said = []
    for number in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": number, "TZ": f"Etc/GMT-{number}"}
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        )
        said.append(done.stdout.splitlines()[0])
    assert said[0] == said[1]
    assert len(said[0].split()[-1]) == 64


@pytest.mark.slow
def test_worlds_on_two_processes_come_to_what_each_comes_to_alone() -> None:
    size = Size(pairs=1, weeks=5, looks=5)
    alone, together = (
        [replace(world, seconds=0.0) for world in all_of([1, 2, 3], size, jobs)] for jobs in (1, 2)
    )
    assert alone == together
    assert len({world.digest for world in alone}) == 3


def _sent_again(work: Work, _mailer: object, queued: Any, _reason: str) -> None:
    with work.engine.begin() as connection:
        outbox.mark(connection, queued.id, outbox.QUEUED)


def _same_sequence(moved: Callable[..., Any]) -> Callable[..., Any]:
    def move(work: Work, connection: Connection, before: Any, after: Any) -> None:
        meeting = replace(after.meeting, sequence=before.meeting.sequence)
        moved(work, connection, before, replace(after, meeting=meeting))

    return move


DEFECTS: dict[str, tuple[str, Callable[[pytest.MonkeyPatch], None]]] = {
    "unknown is free": (
        "nobody knows their time",
        lambda plant: plant.setattr(sides, "is_known", lambda calendar, now: True),
    ),
    "mail at night": (
        "outside their hours",
        lambda plant: plant.setattr(deliver, "reads_at", lambda person, at: True),
    ),
    "double booking": (
        " is in ",
        lambda plant: plant.setattr(
            meetings, "taken", lambda connection, both, *_, **__: dict.fromkeys(both, ())
        ),
    ),
    "sent again in doubt": (
        "is sent twice",
        lambda plant: plant.setattr(deliver, "_in_doubt", _sent_again),
    ),
    "mail to leavers": (
        "they left on",
        lambda plant: plant.setattr(deliver, "_has_left", lambda work, queued: False),
    ),
    "an empty calendar is believed at once": (
        "over a busy time",
        lambda plant: plant.setattr(sync, "_is_doubtful", lambda *_: False),
    ),
    "SEQUENCE stays": (
        "moved under the same SEQUENCE",
        lambda plant: plant.setattr("service.propose.move", _same_sequence(booking.move)),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("defect", DEFECTS)
def test_a_planted_defect_is_found(defect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    what, plant = DEFECTS[defect]
    plant(monkeypatch)
    for seed in range(1, 60):
        found = played(SMALL, seed).faults
        if any(what in fault for fault in found):
            return
    pytest.fail("no world noticed")

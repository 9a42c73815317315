"""What a pass does not look at closely needed no look: shown on whole worlds."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select
from sqlalchemy.engine import Connection

from service import passes
from service.resting import restless
from service.work import Work
from store import meetings, tables
from tests.simulation.__main__ import played
from tests.simulation.world import Size


def _kept(connection: Connection) -> list[object]:
    """All that looking after a meeting could change."""
    of_pairs = select(tables.pairs).order_by(tables.pairs.c.mentor, tables.pairs.c.mentee)
    letters = select(func.count()).select_from(tables.outbox)
    return [
        meetings.live(connection),
        connection.execute(of_pairs).all(),
        connection.execute(letters).scalar(),
    ]


@pytest.mark.slow
def test_a_meeting_that_rests_needs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rested, moved = 0, []

    def watched(work: Work, connection: Connection) -> list[str]:
        nonlocal rested
        asked = restless(work, connection)
        before = _kept(connection)
        resting = [b.uid for b in meetings.live(connection) if b.uid not in asked]
        for uid in resting:
            passes._tend_one(work, connection, uid)
        rested += len(resting)
        if _kept(connection) != before:
            moved.append((work.now, resting))
        return asked

    monkeypatch.setattr(passes, "restless", watched)
    for seed in (1, 2, 3):
        assert played(Size(), seed).faults == ()
    assert rested > 50
    assert moved == []

"""Every fault at every request of a published calendar's reader, as in test_faults.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from integrations.ports import Access
from tests.integrations.errands import BUSY, Errand, Stage, _first_busy, _never_free, _read
from tests.integrations.faults_matrix import FAULTS, Matrix, sampled
from tests.integrations.providers import Provider
from tests.integrations.test_faults import SEED
from tests.servers.faults import DOCUMENT
from tests.servers.published import published


def _read_before(stage: Stage) -> None:
    _first_busy(stage)
    _read(stage)
    stage.last = stage.spans()


UNCHANGED = Errand("busy, unchanged", "busy", _read_before, _read, Stage.spans, _never_free)


@pytest.mark.slow
def test_every_fault_at_every_request_is_got_over(tmp_path: Path) -> None:
    with published() as server:
        standing: Any = server  # no mailboxes, and so not all that a simulator can
        place = f"http://localhost:{server.port}/link/{{local}}"
        provider = Provider("http", standing, Access(tmp_path), place=place)
        matrix = Matrix(provider, (*BUSY, UNCHANGED), (*FAULTS, *DOCUMENT))
        played = sampled(matrix.cases(), SEED, every=2)
        assert {case.call for case in played} == {"GET link", "GET calendars"}
        wrong = [trouble for case in played if (trouble := matrix.play(case))]
        assert wrong == [], "\n".join(wrong)

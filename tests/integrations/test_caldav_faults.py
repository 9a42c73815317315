"""Every fault at every call to a real CalDAV server, as in test_faults.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from integrations.ports import Access
from tests.integrations.errands import ERRANDS
from tests.integrations.faults_matrix import Matrix, sampled
from tests.integrations.providers import Provider
from tests.integrations.test_faults import SEED
from tests.servers.dav_between import PASSWORD, USER, dav


@pytest.mark.slow
def test_every_fault_at_every_call_is_got_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAV_PASSWORD", PASSWORD)
    with dav(tmp_path) as server:
        place = f"caldav://{USER}@127.0.0.1:{server.port}/{USER}/{{local}}/"
        access = Access(tmp_path, {"password": "env:DAV_PASSWORD"})
        ports = ("busy", "organiser")
        own = tuple(errand for errand in ERRANDS if errand.port in ports)
        standing: Any = server  # no mailboxes, and so not all that a simulator can
        matrix = Matrix(Provider("caldav", standing, access, place=place), only=own)
        played = sampled(matrix.cases(), SEED, every=3)
        assert len({case.call for case in played}) >= 5
        wrong = [trouble for case in played if (trouble := matrix.play(case))]
        assert wrong == [], "\n".join(wrong)

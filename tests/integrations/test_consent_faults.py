"""Every fault at every call of a partner's own consent: given, used and given back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.integrations.consents import BACK, CONNECT, GIVE_BACK, granted_before
from tests.integrations.errands import BUSY
from tests.integrations.faults_matrix import Matrix, sampled
from tests.integrations.providers import PROVIDERS, Kept
from tests.integrations.test_faults import SEED, _awkward, impatient
from tests.servers import google

__all__ = ["impatient"]


@pytest.fixture(params=["google", "microsoft365"])
def matrix(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Matrix]:
    with PROVIDERS[request.param](tmp_path) as provider:
        _awkward(provider.server)
        access = replace(provider.access, grants=Kept())
        if request.param == "google":
            (tmp_path / "google.secret").write_text(google.CLIENT_SECRET)
            own = {"client_id": google.CLIENT_ID, "client_secret": "file:google.secret"}
            access = replace(access, options={**access.options, **own})
        else:
            server: Any = provider.server
            server.app.redirects.add(BACK)
        used = tuple(
            replace(e, name=f"{e.name}, by consent", prepare=granted_before(e)) for e in BUSY
        )
        yield Matrix(replace(provider, access=access), (CONNECT, *used, GIVE_BACK))


@pytest.mark.slow
@pytest.mark.usefixtures("impatient")
def test_every_fault_at_every_call_of_a_consent_is_got_over(matrix: Matrix) -> None:
    expected = "(True, False)" if matrix.provider.scheme == "google" else "(False, True)"
    assert matrix.expected(GIVE_BACK) == expected
    played = sampled(matrix.cases(), SEED, every=2)
    wrong = [trouble for case in played if (trouble := matrix.play(case))]
    assert wrong == [], "\n".join(wrong)

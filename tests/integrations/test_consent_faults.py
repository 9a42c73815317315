"""Every fault at every call of a partner's own consent: given, used and given back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from integrations import registry
from integrations.ports import Consent
from tests.integrations.errands import BUSY, Errand, Stage, _first_busy, _later_busy, _read
from tests.integrations.faults_matrix import Matrix, sampled
from tests.integrations.providers import PROVIDERS, Kept
from tests.integrations.test_faults import SEED, _awkward, impatient
from tests.servers import google

__all__ = ["impatient"]

BACK = "https://mentoring.example.org/connected"
VERIFIER = "v" * 43


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
        used = tuple(replace(e, name=f"{e.name}, by consent", prepare=_granted(e)) for e in BUSY)
        yield Matrix(replace(provider, access=access), (CONNECT, *used, GIVE_BACK))


def _consent(stage: Stage) -> Consent:
    account, access = _account(stage), stage.provider.access
    made: Consent = registry._adapter(account, registry.CONSENTS).consent(account, access)
    return made


def _account(stage: Stage) -> str:
    return f"{stage.provider.scheme}:{stage.owner.email}"


def _kept(stage: Stage) -> dict[str, str]:
    grants: Any = stage.provider.access.grants
    tokens: dict[str, str] = grants.tokens
    return tokens


def _allowed(stage: Stage, page: str) -> str:
    """The code that the provider's own page sends its user back with, who has just agreed."""
    server, asked = stage.server, urlsplit(page)
    back: str
    if stage.provider.scheme == "google":
        server.consenting = stage.owner.email
        back = server.handle("GET", page, {}, b"")[0].headers["Location"]
    else:
        server.directory.signs_in = stage.owner.email
        back = server.directory.authorize(dict(parse_qsl(asked.query)))
    return parse_qs(urlsplit(back).query)["code"][0]


def _connect(stage: Stage) -> None:
    """What the button on the page does, pressed again where it failed."""
    consent = _consent(stage)
    code = _allowed(stage, consent.page(BACK, "state", VERIFIER))
    granted = consent.redeem(BACK, code, VERIFIER)
    assert granted.address == stage.owner.email
    _kept(stage)[_account(stage)] = granted.token


def _granted(errand: Errand) -> Any:
    prepare = {"busy, first read": _first_busy, "busy, later read": _later_busy}[errand.name]

    def prepared(stage: Stage) -> None:
        _connect(stage)
        prepare(stage)

    return prepared


def _is_read(stage: Stage) -> Any:
    _read(stage)
    return stage.spans()


def _holds(stage: Stage) -> bool:
    """No grant is kept but one that the provider knows."""
    token = _kept(stage).get(_account(stage))
    return token is None or token in _standing(stage)


def _standing(stage: Stage) -> Any:
    server = stage.server
    return server._grants if stage.provider.scheme == "google" else server.directory.refresh


def _give_back(stage: Stage) -> None:
    stage.last = _consent(stage).revoke(_kept(stage)[_account(stage)])


def _given_back(stage: Stage) -> Any:
    """Microsoft has no call for it: who gave it must withdraw it, and is told so."""
    return stage.last, _kept(stage)[_account(stage)] in _standing(stage)


CONNECT = Errand(
    "connect a calendar", "consent", _first_busy, _connect, _is_read, _holds, polled=False
)
GIVE_BACK = Errand(
    "give a consent back", "consent", _connect, _give_back, _given_back, polled=False
)


@pytest.mark.slow
@pytest.mark.usefixtures("impatient")
def test_every_fault_at_every_call_of_a_consent_is_got_over(matrix: Matrix) -> None:
    expected = "(True, False)" if matrix.provider.scheme == "google" else "(False, True)"
    assert matrix.expected(GIVE_BACK) == expected
    played = sampled(matrix.cases(), SEED, every=2)
    wrong = [trouble for case in played if (trouble := matrix.play(case))]
    assert wrong == [], "\n".join(wrong)

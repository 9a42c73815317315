"""A partner's own consent, given, used and given back: errands as those of errands.py."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from integrations import registry
from integrations.ports import Consent
from tests.integrations.errands import Errand, Stage, _first_busy, _later_busy, _read

BACK = "https://mentoring.example.org/connected"
VERIFIER = "v" * 43


def consent_of(stage: Stage) -> Consent:
    account, access = _account(stage), stage.provider.access
    made: Consent = registry._adapter(account, registry.CONSENTS).consent(account, access)
    return made


def _account(stage: Stage) -> str:
    return f"{stage.provider.scheme}:{stage.owner.email}"


def _kept(stage: Stage) -> dict[str, str]:
    grants: Any = stage.provider.access.grants
    tokens: dict[str, str] = grants.tokens
    return tokens


def allowed(stage: Stage, page: str) -> str:
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
    consent = consent_of(stage)
    code = allowed(stage, consent.page(BACK, "state", VERIFIER))
    granted = consent.redeem(BACK, code, VERIFIER)
    assert granted.address == stage.owner.email
    _kept(stage)[_account(stage)] = granted.token


def granted_before(errand: Errand) -> Any:
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
    stage.last = consent_of(stage).revoke(_kept(stage)[_account(stage)])


def _given_back(stage: Stage) -> Any:
    """Microsoft has no call for it: who gave it must withdraw it, and is told so."""
    return stage.last, _kept(stage)[_account(stage)] in _standing(stage)


CONNECT = Errand(
    "connect a calendar", "consent", _first_busy, _connect, _is_read, _holds, polled=False
)
GIVE_BACK = Errand(
    "give a consent back", "consent", _connect, _give_back, _given_back, polled=False
)

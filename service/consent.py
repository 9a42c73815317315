"""Consent to read a calendar: the signed link, the way to the provider and back."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from itsdangerous import BadSignature, URLSafeSerializer

from integrations.ports import Consent, Grants, ProviderError
from mentoring.roster import Person, Roster
from service.work import Work

LINK_LASTS = timedelta(days=14)
_FLOW_LASTS = timedelta(hours=1)
_SCHEMES = ("google:", "microsoft365:")


class Asks(Protocol):
    """Where a provider's consent page can be had."""

    def consent(self, calendar: str) -> Consent: ...


@dataclass(frozen=True)
class Desk:
    """What a consent needs to know; `now` is the only clock."""

    roster: Roster
    asks: Asks
    grants: Grants
    secret: bytes
    now: datetime

    @property
    def redirect(self) -> str:
        """Where the provider sends people back to; registered there letter by letter."""
        return f"{base_url(self.roster)}/connected"


def base_url(roster: Roster) -> str:
    return str(roster.settings.web.get("base_url", "")).rstrip("/")


def needs_consent(person: Person) -> bool:
    """Whether this calendar can be read by its owner's consent at all."""
    return person.calendar.startswith(_SCHEMES)


def connect_link(work: Work, person: Person) -> str:
    """The page on which a person lets us read their calendar; empty where there are no pages."""
    base = base_url(work.roster)
    if not base or not needs_consent(person):
        return ""
    return f"{base}/connect/{_sign(work.secret, 'connect', person.email, work.now)}"


def invited(desk: Desk, token: str) -> Person | None:
    """Whose link this is; None for one that is forged, too old, or of somebody who left."""
    payload = _read(desk.secret, "connect", token, desk.now, LINK_LASTS)
    person = desk.roster.people.get(payload["about"]) if payload else None
    return person if person and needs_consent(person) else None


def form_token(desk: Desk, token: str) -> str:
    """What our own form sends along, so that no other site's form passes for it."""
    return hmac.new(desk.secret, f"form\0{token}".encode(), "sha256").hexdigest()[:32]


def begin(desk: Desk, person: Person) -> str:
    """The provider's consent page for this person, with state and PKCE (RFC 7636)."""
    state = _sign(desk.secret, "state", person.email, desk.now)
    consent = desk.asks.consent(person.calendar)
    return consent.page(desk.redirect, state, _verifier(desk.secret, state))


def finish(desk: Desk, state: str, code: str) -> Person:
    """Keep what the provider granted. Raises ProviderError, with words for the person's eyes."""
    payload = _read(desk.secret, "state", state, desk.now, _FLOW_LASTS)
    person = desk.roster.people.get(payload["about"]) if payload else None
    if person is None or not needs_consent(person):
        raise ProviderError("this link is too old, or not ours", mend="open the one in the mail")
    consent = desk.asks.consent(person.calendar)
    granted = consent.redeem(desk.redirect, code, _verifier(desk.secret, state))
    wanted = person.calendar.partition(":")[2]
    if granted.address.lower() != wanted:
        raise ProviderError(
            f"you signed in as {granted.address}, and your calendar here is {wanted}",
            mend="sign in with that account, or ask the coordinator to correct the address",
        )
    desk.grants.save(person.calendar, granted.token)
    return person


def _verifier(secret: bytes, state: str) -> str:
    """PKCE's secret half follows from the state, which only we could sign: nothing to keep."""
    return hmac.new(secret, f"pkce\0{state}".encode(), "sha256").hexdigest()


def _sign(secret: bytes, purpose: str, about: str, now: datetime) -> str:
    payload = {"about": about, "at": int(now.timestamp())}
    return str(URLSafeSerializer(secret, salt=purpose).dumps(payload))


def _read(
    secret: bytes, purpose: str, token: str, now: datetime, lasts: timedelta
) -> dict[str, Any] | None:
    try:
        payload: dict[str, Any] = URLSafeSerializer(secret, salt=purpose).loads(token)
    except BadSignature:
        return None
    age = now.timestamp() - payload["at"]
    return payload if age <= lasts.total_seconds() else None

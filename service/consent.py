"""Consent to read a calendar: the signed link, the way to the provider and back."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import urlsplit

from integrations.ports import Consent, Grants, ProviderError
from mentoring.roster import Person, Roster
from service.links import base_url, opened, page_link, sign
from service.work import Work

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


def needs_consent(person: Person) -> bool:
    """Whether this calendar can be read by its owner's consent at all."""
    return person.calendar.startswith(_SCHEMES)


def connect_link(work: Work, person: Person) -> str:
    """The page on which a person lets us read their calendar; empty where there are no pages."""
    if not needs_consent(person):
        return ""
    return page_link(work.roster, work.secret, work.now, "connect", person.email)


def invited(desk: Desk, token: str) -> Person | None:
    """Whose link this is; None for one that is forged, too old, or of somebody who left."""
    link = opened(desk.secret, "connect", token, desk.now)
    person = desk.roster.people.get(link.email) if link else None
    return person if person and needs_consent(person) else None


def begin(desk: Desk, person: Person) -> str:
    """The provider's consent page for this person, with state and PKCE (RFC 7636)."""
    state = sign(desk.secret, "state", desk.now, person.email)
    consent = desk.asks.consent(person.calendar)
    return consent.page(desk.redirect, state, _verifier(desk.secret, state))


def provider_origin(desk: Desk, person: Person) -> str:
    """Scheme and host of the provider's consent page; empty where the settings don't say."""
    try:
        parts = urlsplit(begin(desk, person))
    except ProviderError:
        return ""  # the button says what is missing
    return f"{parts.scheme}://{parts.netloc}"


def returning(desk: Desk, state: str) -> Person | None:
    """Who comes back from a provider; None where the state is not one that we signed."""
    link = opened(desk.secret, "state", state, desk.now)
    person = desk.roster.people.get(link.email) if link else None
    return person if person and needs_consent(person) else None


def finish(desk: Desk, state: str, code: str) -> Person:
    """Keep what the provider granted. Raises ProviderError, with words for the person's eyes."""
    person = returning(desk, state)
    if person is None:
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

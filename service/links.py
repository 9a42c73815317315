"""Links in mails: signed, for one person and one purpose, and good for a time only."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from itsdangerous import BadSignature, URLSafeSerializer

from mentoring.roster import Roster
from mentoring.sign_in import IDLE_LASTS, LINK_LASTS

LASTS: Mapping[str, timedelta] = {
    "connect": timedelta(days=14),
    "state": timedelta(hours=1),
    "coordinator/enter": LINK_LASTS,
    "session": IDLE_LASTS,
}
"""How long a link of a purpose is good; any other for `USUALLY`."""
USUALLY = timedelta(days=60)


@dataclass(frozen=True)
class Opened:
    """What a good link says: whose it is, and what it is about (a UID, a pair, an event)."""

    email: str
    about: tuple[str, ...] = ()


def base_url(roster: Roster) -> str:
    """The address of our pages without a slash at its end; empty where there are none."""
    return str(roster.settings.web.get("base_url", "")).rstrip("/")


def page_link(
    roster: Roster, secret: bytes, now: datetime, purpose: str, email: str, *about: str
) -> str:
    """A page's address in a mail; empty where there are no pages."""
    base = base_url(roster)
    return f"{base}/{purpose}/{sign(secret, purpose, now, email, *about)}" if base else ""


def sign(secret: bytes, purpose: str, now: datetime, email: str, *about: str) -> str:
    payload = {"for": email, "about": list(about), "at": int(now.timestamp())}
    return str(URLSafeSerializer(secret, salt=purpose).dumps(payload))


def opened(secret: bytes, purpose: str, token: str, now: datetime) -> Opened | None:
    """What a token says; None for one that is forged, of another purpose, or too old."""
    try:
        payload: dict[str, Any] = URLSafeSerializer(secret, salt=purpose).loads(token)
    except BadSignature:
        return None
    age = now.timestamp() - payload["at"]
    if age > LASTS.get(purpose, USUALLY).total_seconds():
        return None
    return Opened(payload["for"], tuple(payload["about"]))


def form_token(secret: bytes, token: str) -> str:
    """What our own form sends along, so that no other site's form passes for it."""
    return hmac.new(secret, f"form\0{token}".encode(), "sha256").hexdigest()[:32]

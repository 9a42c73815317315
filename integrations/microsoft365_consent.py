"""A partner's own consent at Microsoft (authorisation code with PKCE).

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from integrations.microsoft365 import address_of
from integrations.microsoft365_login import login
from integrations.ports import Access, Consent, Granted, ProviderError

_AGAIN = "try again in a while, or tell the coordinator"


@dataclass(frozen=True)
class Microsoft365Consent:
    address: str
    access: Access

    def page(self, redirect: str, state: str, verifier: str) -> str:
        digest = hashlib.sha256(verifier.encode()).digest()
        shared = login(self.access)
        asked = {
            "client_id": shared.client_id,
            "redirect_uri": redirect,
            "response_type": "code",
            "response_mode": "query",
            "scope": f"openid email offline_access {shared.consent_scope}",
            "state": state,
            "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
            "login_hint": self.address,
        }
        return f"{shared.consent_page}?{urlencode(asked)}"

    def redeem(self, redirect: str, code: str, verifier: str) -> Granted:
        shared = login(self.access)
        answer = shared.redeem(code, redirect, verifier, _AGAIN)
        if shared.consent_scope.lower() not in str(answer.get("scope", "")).lower().split():
            raise ProviderError(
                "reading your calendar was not agreed to",
                mend="connect again and agree; nothing else is asked for",
            )
        try:
            return Granted(_address(answer["id_token"]), str(answer["refresh_token"]))
        except (KeyError, ValueError, IndexError, AttributeError) as error:
            raise ProviderError("Microsoft's answer is garbled", mend=_AGAIN) from error


def _address(token: str) -> str:
    """Out of an ID token that came straight from Microsoft over TLS, which vouches for it.

    OpenID Connect Core section 3.1.3.7, point 6. `preferred_username` is what the person signs in
    with, in the app's own tenant an address that its administrator gave out.
    """
    body = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return str(claims["preferred_username"])


def consent(url: str, access: Access) -> Consent:
    return Microsoft365Consent(address_of(url), access)

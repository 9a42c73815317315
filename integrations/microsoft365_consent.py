"""A partner's own consent at Microsoft (authorisation code with PKCE).

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from integrations.microsoft365 import address_of
from integrations.microsoft365_login import CONSENT, login, nonce
from integrations.ports import Access, Consent, Granted, ProviderError

_EVERYBODY = frozenset({"common", "organizations", "consumers"})
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
            "nonce": hashlib.sha256(nonce(verifier).encode()).hexdigest(),
            "login_hint": self.address,
        }
        return f"{shared.consent_page}?{urlencode(asked)}"

    def redeem(self, redirect: str, code: str, verifier: str) -> Granted:
        shared = login(self.access)
        answer = shared.redeem(code, redirect, verifier, _AGAIN)
        agreed = {scope.rpartition("/")[2] for scope in str(answer.get("scope", "")).split()}
        if CONSENT not in agreed:
            raise ProviderError(
                "reading your calendar was not agreed to",
                mend="connect again and agree; nothing else is asked for",
            )
        token = answer.get("refresh_token")
        if not isinstance(token, str):
            raise ProviderError("Microsoft's answer is garbled", mend=_AGAIN)
        return Granted(self._whose(answer.get("id_token_claims", {})), token)

    def revoke(self, token: str) -> bool:
        """Microsoft has no call with which an app gives back one refresh token: see `Consent`."""
        return False

    def _whose(self, claims: dict[str, Any]) -> str:
        """The sign-in name, or the mail address where that is the one asked for.

        The claims come straight from Microsoft over TLS (OpenID Connect Core 3.1.3.7, point 6).
        Mail addresses are the administrator's word in the app's own tenant alone.
        """
        name, email = (str(claims.get(claim, "")) for claim in ("preferred_username", "email"))
        own = self.access.options.get("tenant") not in _EVERYBODY
        return email if own and email.lower() == self.address else name


def consent(url: str, access: Access) -> Consent:
    return Microsoft365Consent(address_of(url), access)

"""A partner's own consent at Microsoft by MSAL: authorization code with PKCE.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Any

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
        return login(self.access).consent_page(
            redirect_uri=redirect,
            state=state,
            code_challenge=base64.urlsafe_b64encode(digest).decode().rstrip("="),
            code_challenge_method="S256",
            login_hint=self.address,
        )

    def redeem(self, redirect: str, code: str, verifier: str) -> Granted:
        answer = login(self.access).redeem(code, redirect, verifier)
        if "refresh_token" not in answer:
            error = answer.get("error", "no refresh token")
            raise ProviderError(f"Microsoft gives no token ({error})", mend=_AGAIN)
        return Granted(self._whose(answer.get("id_token_claims", {})), answer["refresh_token"])

    def _whose(self, claims: dict[str, Any]) -> str:
        """The mail address where it is the one that was asked for, else the sign-in name."""
        known = [str(claims.get(name, "")) for name in ("preferred_username", "email")]
        return next((name for name in known if name.lower() == self.address), known[0])


def consent(url: str, access: Access) -> Consent:
    return Microsoft365Consent(address_of(url), access)

"""A partner's own consent at Google (OAuth 2.0 for web server applications, with PKCE).

https://developers.google.com/identity/protocols/oauth2/web-server
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx

from integrations.google import DETAILS, FREEBUSY, endpoint_of, secret
from integrations.http_client import asked, http_client
from integrations.ports import GARBLED, Access, Consent, Granted, ProviderError

_SCOPES = f"openid email {FREEBUSY}"
_TIMEOUT = 20
_AGAIN = "try again in a while, or tell the coordinator"


@dataclass(frozen=True)
class GoogleConsent:
    address: str
    access: Access

    def page(self, redirect: str, state: str, verifier: str) -> str:
        digest = hashlib.sha256(verifier.encode()).digest()
        asked = {
            "client_id": self._client(),
            "redirect_uri": redirect,
            "response_type": "code",
            "scope": _SCOPES,
            "state": state,
            "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
            "access_type": "offline",  # a refresh token,
            "prompt": "consent",  # also where they consented before
            "login_hint": self.address,
        }
        base = endpoint_of(self.access) or "https://accounts.google.com"
        return f"{base}/o/oauth2/v2/auth?{urlencode(asked)}"

    def redeem(self, redirect: str, code: str, verifier: str) -> Granted:
        given = self._post(
            "/token",
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": redirect,
                "client_id": self._client(),
                "client_secret": secret(self.access, "client_secret"),
                "code_verifier": verifier,
            },
        )
        answer = _document(given)
        if given.status_code != 200:
            raise ProviderError(f"Google gives no token ({_named(given, answer)})", mend=_AGAIN)
        if not answer:
            raise ProviderError("Google's answer is garbled", mend=_AGAIN)
        if not {FREEBUSY, DETAILS} & set(str(answer.get("scope", "")).split()):
            raise ProviderError(
                "the box for seeing when you are busy was not ticked",
                mend="connect again and tick it; nothing else is asked for",
            )
        try:
            return Granted(_email(answer["id_token"]), _text(answer["refresh_token"]))
        except GARBLED as error:
            raise ProviderError("Google's answer is garbled", mend=_AGAIN) from error

    def revoke(self, token: str) -> bool:
        """https://developers.google.com/identity/protocols/oauth2/web-server#tokenrevoke"""
        given = self._post("/revoke", {"token": token})
        # The body of a yes says nothing (RFC 7009 section 2.2).
        if given.status_code == 200:
            return True
        fault = _named(given, _document(given))
        if given.status_code == 400 and fault == "invalid_token":
            return True  # they withdrew it before
        raise ProviderError(f"Google revokes nothing ({fault})", mend=_AGAIN)

    def _client(self) -> str:
        client = str(self.access.options.get("client_id", ""))
        if not client:
            raise ProviderError(
                "[google] client_id is not set",
                mend="the coordinator sets it as docs/google.md shows",
                permanent=True,
            )
        return client

    def _post(self, path: str, form: dict[str, str]) -> httpx.Response:
        base = endpoint_of(self.access) or "https://oauth2.googleapis.com"
        try:
            with http_client(self.access, _TIMEOUT) as client:
                return asked(client, "POST", f"{base}{path}", data=form)
        except (httpx.HTTPError, *GARBLED) as error:
            raise ProviderError("Google can't be reached", mend=_AGAIN) from error


def _document(answer: httpx.Response) -> dict[str, Any]:
    """An answer's JSON object; empty where it has none."""
    try:
        return dict(answer.json())
    except GARBLED:
        return {}


def _named(given: httpx.Response, answer: dict[str, Any]) -> str:
    """Google's own name for a fault (RFC 6749 section 5.2), else HTTP's number."""
    name = answer.get("error")
    return name if isinstance(name, str) and name.isidentifier() else str(given.status_code)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


def _email(token: str) -> str:
    """Out of an ID token that came straight from Google over TLS, which vouches for it.

    OpenID Connect Core section 3.1.3.7, point 6.
    """
    body = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    if not claims.get("email_verified"):
        raise ValueError("the address is not verified")
    return _text(claims["email"])


def consent(url: str, access: Access) -> Consent:
    return GoogleConsent(url.partition(":")[2], access)

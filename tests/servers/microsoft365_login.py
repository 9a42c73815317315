"""Microsoft's sign-in as the simulator plays it: apps, secrets, certificates, partners' consent.

https://learn.microsoft.com/entra/identity-platform/v2-protocols
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa

RESOURCE = "https://graph.microsoft.com"
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_OPENID = frozenset({"openid", "profile", "offline_access", "email"})


@lru_cache(maxsize=1)
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class LoginError(Exception):
    def __init__(self, error: str, number: int, status: int = 400, suberror: str = "") -> None:
        super().__init__(error)
        self.status = status
        self.body = {
            "error": error,
            "error_description": f"AADSTS{number}: refused. Trace ID: 0 Correlation ID: 0",
            "error_codes": [number],
            **({"suberror": suberror} if suberror else {}),
        }


@dataclass
class App:
    """A registration. `mailboxes` is an application access policy: None lets it into all.

    `exchange` is RBAC for Applications: permission to mailboxes, not shown in tokens.
    """

    client_id: str
    secret: str = ""
    certificate: str = ""
    roles: set[str] = field(default_factory=set)
    mailboxes: set[str] | None = None
    exchange: dict[str, set[str]] = field(default_factory=dict)
    redirects: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Bearer:
    """Who an access token speaks for: `user` is empty for the app itself."""

    app: App
    permissions: frozenset[str]
    user: str
    until: float


@dataclass
class Directory:
    """One tenant."""

    tenant: str
    base: str = ""
    apps: dict[str, App] = field(default_factory=dict)
    bearers: dict[str, Bearer] = field(default_factory=dict)
    refresh: dict[str, tuple[str, str, frozenset[str]]] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    signs_in: str = ""

    def configuration(self, tenant: str) -> dict[str, str]:
        if tenant != self.tenant:
            raise LoginError("invalid_tenant", 90002)
        root = f"{self.base}/{tenant}"
        return {
            "issuer": f"{root}/v2.0",
            "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",
            "token_endpoint": f"{root}/oauth2/v2.0/token",
            "jwks_uri": f"{root}/discovery/v2.0/keys",
        }

    def keys(self) -> dict[str, Any]:
        public = jwt.algorithms.RSAAlgorithm.to_jwk(_key().public_key(), as_dict=True)
        return {"keys": [{**public, "kid": "one", "use": "sig"}]}

    def authorize(self, form: dict[str, str]) -> str:
        """Where the browser goes next: the person in `signs_in` agrees to all that is asked."""
        app = self._app(form.get("client_id", ""))
        if form.get("redirect_uri") not in app.redirects or form.get("response_type") != "code":
            raise LoginError("invalid_request", 50011)
        if form.get("code_challenge_method") != "S256" or not form.get("code_challenge"):
            raise LoginError("invalid_request", 9002325)
        code = secrets.token_urlsafe(16)
        self.codes[code] = {**form, "user": self.signs_in}
        return f"{form['redirect_uri']}?{urlencode({'code': code, 'state': form.get('state', '')})}"

    def consent(self, client_id: str, user: str, scopes: set[str]) -> str:
        """A refresh token, as if the person had just agreed."""
        token = secrets.token_urlsafe(24)
        self.refresh[token] = (client_id, user, frozenset(scopes))
        return token

    def revoke(self, user: str) -> None:
        """The person takes their consent back, or their password changes."""
        self.refresh = {t: held for t, held in self.refresh.items() if held[1] != user}
        self.bearers = {t: b for t, b in self.bearers.items() if b.user != user}

    def token(self, tenant: str, form: dict[str, str]) -> dict[str, Any]:
        self.configuration(tenant)
        app = self._authenticated(form, tenant)
        match form.get("grant_type"):
            case "client_credentials":
                if form.get("scope") != f"{RESOURCE}/.default":
                    raise LoginError("invalid_scope", 1002012)
                return self._issued(app, frozenset(app.roles), "")
            case "refresh_token":
                return self._refreshed(app, form)
            case "authorization_code":
                return self._redeemed(app, form)
        raise LoginError("unsupported_grant_type", 70003)

    def _refreshed(self, app: App, form: dict[str, str]) -> dict[str, Any]:
        client_id, user, held = self.refresh.get(form.get("refresh_token", ""), ("", "", None))
        if held is None or client_id != app.client_id:
            raise LoginError("invalid_grant", 70008)
        asked = _scopes(form)
        if not asked <= held:
            raise LoginError("invalid_grant", 65001, suberror="consent_required")
        return self._delegated(app, held, user)

    def _redeemed(self, app: App, form: dict[str, str]) -> dict[str, Any]:
        code = self.codes.pop(form.get("code", ""), None)
        if code is None or code["client_id"] != app.client_id:
            raise LoginError("invalid_grant", 70000)
        if code["redirect_uri"] != form.get("redirect_uri"):
            raise LoginError("invalid_grant", 50011)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != code["code_challenge"]:
            raise LoginError("invalid_grant", 501481)
        answer = self._delegated(app, frozenset(_scopes(code)), code["user"])
        if "openid" in code["scope"].split():
            answer["id_token"] = self._signed(
                {
                    "aud": app.client_id,
                    "sub": hashlib.sha256(code["user"].encode()).hexdigest(),
                    "preferred_username": code["user"],
                    "email": code["user"],
                    **({"nonce": code["nonce"]} if "nonce" in code else {}),
                }
            )
        return answer

    def _delegated(self, app: App, scopes: frozenset[str], user: str) -> dict[str, Any]:
        answer = self._issued(app, scopes, user)
        answer["refresh_token"] = self.consent(app.client_id, user, set(scopes))
        answer["scope"] = " ".join(f"{RESOURCE}/{scope}" for scope in sorted(scopes))
        return answer

    def _issued(self, app: App, permissions: frozenset[str], user: str) -> dict[str, Any]:
        held = {"scp": " ".join(permissions), "upn": user} if user else {"roles": [*permissions]}
        token = self._signed({"aud": RESOURCE, "appid": app.client_id, **held})
        self.bearers[token] = Bearer(app, permissions, user, time.time() + 3600)
        return {"token_type": "Bearer", "expires_in": 3600, "access_token": token}

    def _signed(self, claims: dict[str, Any]) -> str:
        now = int(time.time())
        whole = {
            "iss": f"{self.base}/{self.tenant}/v2.0",
            "tid": self.tenant,
            "iat": now,
            "nbf": now,
            "exp": now + 3600,
            "uti": secrets.token_hex(8),
            **claims,
        }
        return jwt.encode(whole, _key(), algorithm="RS256", headers={"kid": "one"})

    def _app(self, client_id: str) -> App:
        if client_id not in self.apps:
            raise LoginError("unauthorized_client", 700016)
        return self.apps[client_id]

    def _authenticated(self, form: dict[str, str], tenant: str) -> App:
        app = self._app(form.get("client_id", ""))
        if "client_assertion" in form:
            self._check_assertion(app, form, tenant)
        elif not app.secret or form.get("client_secret") != app.secret:
            raise LoginError("invalid_client", 7000215, 401)
        return app

    def _check_assertion(self, app: App, form: dict[str, str], tenant: str) -> None:
        try:
            certificate = x509.load_pem_x509_certificate(app.certificate.encode())
            assertion = form["client_assertion"]
            thumb = base64.urlsafe_b64encode(certificate.fingerprint(hashes.SHA256()))
            said = jwt.get_unverified_header(assertion)["x5t#S256"]  # MSAL leaves the padding
            if said.rstrip("=") != thumb.rstrip(b"=").decode():
                raise LoginError("invalid_client", 700027, 401)
            claims = jwt.decode(
                assertion,
                certificate.public_key(),  # type: ignore[arg-type]
                algorithms=["PS256"],
                audience=self.configuration(tenant)["token_endpoint"],
                options={"require": ["exp", "iss", "sub", "jti"]},
            )
        except (jwt.PyJWTError, ValueError, KeyError) as error:
            raise LoginError("invalid_client", 700027, 401) from error
        if claims["iss"] != app.client_id or claims["sub"] != app.client_id:
            raise LoginError("invalid_client", 700027, 401)
        if form.get("client_assertion_type") != _ASSERTION:
            raise LoginError("invalid_request", 900144)


def _scopes(form: dict[str, str]) -> set[str]:
    asked = set(form.get("scope", "").split()) - _OPENID
    return {scope.removeprefix(f"{RESOURCE}/") for scope in asked}

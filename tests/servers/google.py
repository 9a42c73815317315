"""A strict Google on a loopback port: consent, tokens, Calendar v3 and Gmail v1.

Every request and every answer is checked against the discovery documents that ship with the client
library; what a token's scopes don't cover is refused.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import jwt

from tests.servers.faults import UNHEARD, Answer, Faults, Request, send
from tests.servers.google_calendar import Calendars
from tests.servers.google_gmail import Mailboxes
from tests.servers.google_schema import Call, Refusal, check, document, partial, understand
from tests.servers.serving import serving

CLIENT_ID, CLIENT_SECRET = "overlap.apps.example", "client-secret"
SCOPES = "https://www.googleapis.com/auth/"
_RETURNS = {
    "calendar.events.list": "Events",
    "calendar.events.get": "Event",
    "calendar.events.insert": "Event",
    "calendar.events.patch": "Event",
    "calendar.freebusy.query": "FreeBusyResponse",
    "gmail.users.getProfile": "Profile",
    "gmail.users.messages.list": "ListMessagesResponse",
    "gmail.users.messages.get": "Message",
    "gmail.users.messages.send": "Message",
    "gmail.users.history.list": "ListHistoryResponse",
}
_STATUS = {
    "401": (401, "authError"),
    "403 quota": (403, "rateLimitExceeded"),
    "404": (404, "notFound"),
    "410": (410, "fullSyncRequired"),
    "429": (429, "rateLimitExceeded"),
    "500": (500, "backendError"),
    "503": (503, "backendError"),
}


@dataclass
class Google:
    """The running server. `delegated` holds the scopes that the service account may use.

    `consenting` is who sits at the consent page (None refuses), `granted` what they tick.
    """

    port: int = 0
    calendars: Calendars = field(default_factory=Calendars)
    mail: Mailboxes = field(default_factory=Mailboxes)
    faults: Faults = field(default_factory=Faults)
    sign_in_faults: Faults = field(default_factory=Faults)
    delegated: set[str] = field(default_factory=set)
    consenting: str | None = None
    granted: set[str] | None = None
    requests: list[Request] = field(default_factory=list)
    slow: float = 0.0
    _tokens: dict[str, tuple[str, frozenset[str]]] = field(default_factory=dict)
    _grants: dict[str, tuple[str, frozenset[str]]] = field(default_factory=dict)
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)
    _key: rsa.RSAPrivateKey | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def user(self, address: str, zone: str = "America/New_York") -> None:
        self.calendars.user(address, zone)
        self.mail.user(address)

    def fill(self, address: str, ics: str) -> None:
        self.calendars.fill(address, ics)

    def remove(self, address: str, uid: str) -> None:
        self.calendars.remove(address, uid)

    def answer(self, address: str, uid: str, attendee: str, partstat: str) -> None:
        self.calendars.answer(address, uid, attendee, partstat)

    def move(self, address: str, uid: str, start: datetime, end: datetime) -> None:
        self.calendars.move(address, uid, start, end)

    def events(self, address: str) -> list[dict[str, Any]]:
        """What the API put into a calendar and nobody took out again."""
        own = self.calendars.events[address].values()
        return [event for event in own if event["status"] != "cancelled"]

    def deliver(self, address: str, raw: bytes) -> None:
        self.mail.deliver(address, raw)

    def sent(self, address: str) -> list[bytes]:
        return self.mail.sent(address)

    def fail(self, match: Callable[[Request], bool], kind: str, times: int = 1) -> None:
        self.faults.add(match, kind, times)

    def heal(self) -> None:
        self.faults.waiting.clear()

    def expire_tokens(self) -> None:
        """Sync tokens given so far are too old now."""
        self.calendars.oldest = 10**9
        self.mail.oldest = self.mail.history + 1

    def revoke(self, address: str) -> None:
        """The owner takes their consent back."""
        self._grants = {k: v for k, v in self._grants.items() if v[0] != address}
        self._tokens = {k: v for k, v in self._tokens.items() if v[0] != address}

    def grant(self, address: str, *scopes: str) -> str:
        """A consent as if given on the page: its refresh token."""
        token = f"1//{secrets.token_hex(16)}"
        self._grants[token] = (address, frozenset(f"{SCOPES}{scope}" for scope in scopes))
        return token

    def service_account(self, path: Path, *scopes: str) -> Path:
        """Write a service account's key file; its scopes are delegated domain-wide."""
        self.delegated = {f"{SCOPES}{scope}" for scope in scopes}
        self._key = self._key or rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = self._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        document = {
            "type": "service_account",
            "client_email": "overlap@project.iam.example",
            "client_id": "1234567890",
            "private_key_id": "one",
            "private_key": pem.decode(),
            "token_uri": f"{self.url}/token",
        }
        path.write_text(json.dumps(document))
        return path

    def handle(self, verb: str, target: str, headers: Any, raw: bytes) -> tuple[Answer, str]:
        """The answer to a request, and the fault it is to be written with."""
        parts = urlsplit(target)
        query = parse_qs(parts.query, keep_blank_values=True)
        if parts.path in ("/token", "/revoke"):
            return self._sign_in(parts.path, parse_qs(raw.decode()))
        if parts.path == "/o/oauth2/v2/auth":
            return self._consent({name: values[0] for name, values in query.items()}), ""
        api = "gmail" if parts.path.startswith("/gmail/") else "calendar"
        path = parts.path.removeprefix("/calendar/v3/").removeprefix("/")
        return self._api(api, verb, path, query, headers, raw)

    def _api(
        self, api: str, verb: str, path: str, query: Any, headers: Any, raw: bytes
    ) -> tuple[Answer, str]:
        kind, token = "", headers.get("Authorization", "").removeprefix("Bearer ")
        try:
            if token not in self._tokens:
                raise Refusal(401, "authError")
            user, scopes = self._tokens[token]
            call = understand(api, verb, path, query, raw)
            request = Request(call.id, verb, path, user)
            self.requests.append(request)
            kind = self.faults.take(request)
            if kind in _STATUS:
                raise Refusal(*_STATUS[kind])
            if kind in UNHEARD:
                return Answer(), kind
            if not scopes & call.scopes:
                raise Refusal(403, "insufficientPermissions")
            return self._performed(api, call, user, kind), kind
        except Refusal as refusal:
            return _refused(refusal, kind), ""

    def _performed(self, api: str, call: Call, user: str, kind: str) -> Answer:
        served = self.calendars if api == "calendar" else self.mail
        result = served.perform(call, user)
        if result is None:
            return Answer(204)
        check(api, _RETURNS[call.id], result)
        if kind in ("duplicate page", "endless pages") and call.id.endswith(".list"):
            again = call.parameters.get("pageToken", "again")
            token = again if kind == "duplicate page" else secrets.token_hex(4)
            result = {**result, "nextPageToken": token}
            result.pop("nextSyncToken", None)
            if kind == "endless pages":
                self.faults.add(lambda r: r.operation == call.id, kind)
        return Answer(200, partial(result, str(call.parameters.get("fields", ""))))

    def _revoke(self, form: dict[str, list[str]]) -> Answer:
        """Both 200 and the error as the documentation of token revocation has them."""
        if self._grants.pop(form.get("token", [""])[0], None) is None:
            return Answer(400, {"error": "invalid_token"})
        return Answer(200, {})

    def _sign_in(self, path: str, form: dict[str, list[str]]) -> tuple[Answer, str]:
        kind = self.sign_in_faults.take(Request(path[1:], "POST", path, ""))
        if kind in _STATUS:
            return Answer(_STATUS[kind][0], {"error": "temporarily_unavailable"}), ""
        if kind in UNHEARD:
            return Answer(), kind
        return self._token(form) if path == "/token" else self._revoke(form), kind

    def _token(self, form: dict[str, list[str]]) -> Answer:
        asked = {name: values[0] for name, values in form.items()}
        match asked.get("grant_type"):
            case "urn:ietf:params:oauth:grant-type:jwt-bearer":
                return self._delegate(asked["assertion"])
            case "refresh_token" if _is_client(asked):
                grant = self._grants.get(asked.get("refresh_token", ""))
                if grant is None:
                    return Answer(400, {"error": "invalid_grant"})
                return self._give(*grant)
            case "authorization_code" if _is_client(asked):
                return self._redeem(asked)
        return Answer(401, {"error": "invalid_client"})

    def _delegate(self, assertion: str) -> Answer:
        if self._key is None:
            return Answer(400, {"error": "invalid_grant"})
        public = self._key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        decode: Any = jwt.decode
        claims = decode(assertion, certs=public, audience="https://oauth2.googleapis.com/token")
        wanted = set(claims["scope"].split())
        if not wanted <= self.delegated:
            return Answer(401, {"error": "unauthorized_client"})
        if claims["sub"] not in self.calendars.zones:
            return Answer(400, {"error": "invalid_grant"})
        return self._give(claims["sub"], frozenset(wanted))

    def _give(self, user: str, scopes: frozenset[str], **more: str) -> Answer:
        token = f"ya29.{secrets.token_hex(16)}"
        self._tokens[token] = (user, scopes)
        document = {"access_token": token, "expires_in": 3599, "token_type": "Bearer"}
        return Answer(200, {**document, "scope": " ".join(sorted(scopes)), **more})

    def _consent(self, asked: dict[str, str]) -> Answer:
        """The consent page, as far as its user's click goes."""
        right = {
            "client_id": CLIENT_ID,
            "response_type": "code",
            "code_challenge_method": "S256",
            "access_type": "offline",
            "prompt": "consent",
        }
        if any(asked.get(name) != value for name, value in right.items()):
            return Answer(400, {"error": "invalid_request"})
        if not {"state", "code_challenge", "redirect_uri", "scope"} <= set(asked):
            return Answer(400, {"error": "invalid_request"})
        back = {"state": asked["state"]}
        if self.consenting is None:
            back["error"] = "access_denied"
        else:
            back["code"] = secrets.token_hex(16)
            self._codes[back["code"]] = {**asked, "user": self.consenting}
        return Answer(302, None, {"Location": f"{asked['redirect_uri']}?{urlencode(back)}"})

    def _redeem(self, asked: dict[str, str]) -> Answer:
        code = self._codes.pop(asked.get("code", ""), None)
        digest = hashlib.sha256(asked.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if code is None or code["redirect_uri"] != asked.get("redirect_uri"):
            return Answer(400, {"error": "invalid_grant"})
        if code["code_challenge"] != challenge:
            return Answer(400, {"error": "invalid_grant"})
        scopes = set(code["scope"].split()) if self.granted is None else self.granted
        token = f"1//{secrets.token_hex(16)}"
        self._grants[token] = (code["user"], frozenset(scopes))
        claims = {"email": code["user"], "email_verified": True, "aud": CLIENT_ID}
        body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
        return self._give(
            code["user"], frozenset(scopes), refresh_token=token, id_token=f"e30.{body}.c2ln"
        )


def _is_client(asked: dict[str, str]) -> bool:
    return (asked.get("client_id"), asked.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)


def _refused(refusal: Refusal, kind: str) -> Answer:
    error = {"domain": "global", "reason": refusal.reason, "message": "A message"}
    document = {"error": {"code": refusal.status, "message": "A message", "errors": [error]}}
    headers = {"Retry-After": "1"} if kind == "429" else {}
    return Answer(refusal.status, document, headers)


def _handler(google: Google) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with lock:
                answer, fault = google.handle(self.command, self.path, self.headers, raw)
            send(self, answer, fault, google.slow)

        do_GET = do_POST = do_PATCH = do_DELETE = _serve  # noqa: N815 - the base's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            return

    lock = threading.Lock()
    return Handler


@contextmanager
def google() -> Iterator[Google]:
    """Start it."""
    document("calendar"), document("gmail")
    running = Google()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(running))
    server.daemon_threads = True
    running.port = server.server_port
    with serving(server):
        yield running

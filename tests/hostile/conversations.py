"""Whole conversations with a provider, one of its answers replaced: what the adapter makes of it.

The answers are those of the simulators, kept in answers.json (`python -m tests.hostile.record`
writes it). They are handed out in turn, without a socket; who asks for more gets a 500.
"""

from __future__ import annotations

import io
import json
import os
import re
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache, partial
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
import requests
from exchangelib.protocol import Protocol
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

from integrations import tls
from integrations.google import Account
from integrations.ports import Access, LetterRefused, OutcomeUnknown, ProviderError, Sessions
from mentoring.interval import Interval
from tests.integrations.consents import BACK, VERIFIER, consent_of
from tests.integrations.errands import HOUR, NINE, WINDOW, Stage
from tests.integrations.providers import DANA, OFFICE, Kept, Provider
from tests.servers import google as google_server
from tests.servers import microsoft365 as microsoft_server

KEPT = Path(__file__).parent / "answers.json"
BASE = "https://provider.example"
TEN = Interval(NINE + HOUR, NINE + 2 * HOUR)
"""The hour that is taken in every conversation about busy times."""
_STANDS = re.compile(rb"2027-01-12T10:00.*2027-01-12T11:00", re.DOTALL)
_SAYS_FREE = re.compile(
    rb'"isCancelled": true|"(status|showAs)": "free"|[iI]sCancelled>true<|>Free<|>Decline<'
)
"""An answer in which the hour stands, and what in it may say that it is free all the same."""
_MINUTE = timedelta(minutes=1)
SECRET = "OVERLAP_HOSTILE_SECRET"
TOKEN = "1//token"
Wire = Callable[[str, str], "Answer"]
"""Hears method and URL."""


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes


def options(scheme: str, base: str = BASE) -> dict[str, object]:
    """The provider's section of overlap.toml; its secret is in the environment."""
    secret = f"env:{SECRET}"
    if scheme == "google":
        return {
            "endpoint": base,
            "client_id": google_server.CLIENT_ID,
            "client_secret": secret,
        }
    if scheme == "microsoft365":
        return {
            "authority": base,
            "endpoint": base,
            "tenant": microsoft_server.TENANT,
            "client_id": microsoft_server.CLIENT,
            "client_secret": secret,
        }
    return {
        "endpoint": base,
        "username": "overlap@example.org",
        "password": secret,
        "auth": "basic",
    }


@lru_cache(maxsize=2)
def _service(api: str) -> Any:
    """Google's client, which takes long to build and holds nothing of a conversation's."""
    return Account(OFFICE, Access(Path(), {"endpoint": BASE})).service(api)


def stage(scheme: str, access: Access | None = None, server: Any = None) -> Stage:
    """Dana and the office at a provider that nobody knows yet."""
    if access is None:
        sessions = Sessions()
        grants = None
        if scheme == "google":
            grants = Kept({f"google:{who}": TOKEN for who in (DANA.email, OFFICE)})
            for api in ("calendar", "gmail"):
                sessions.get(("google service", api), partial(_service, api))
        access = Access(Path(), options(scheme), grants=grants, sessions=sessions)
    return Stage(Provider(scheme, server, access), DANA, OFFICE, 16)


def read_twice(now: Stage) -> None:
    """`last` gets, for each read, how many answers had come by then, and what is taken."""
    now.last = []
    for _ in range(2):
        reading = now.provider.source(DANA).read(WINDOW, now.cursor)
        now.known = {**({} if reading.complete else now.known), **reading.items}
        now.cursor = reading.cursor
        now.last.append((len(now.got), now.spans()))


def organise(now: Stage) -> None:
    organiser, entry = now.organiser(), now.entry()
    organiser.publish(entry)
    organiser.publish(now.moved())
    organiser.find(entry.uid)
    shown = organiser.showing(WINDOW, None)
    organiser.showing(WINDOW, shown.cursor)
    organiser.withdraw(entry.uid)


def post(now: Stage) -> None:
    mailer, inbox = now.mailer(), now.inbox()
    batch = inbox.fetch(None)
    inbox.fetch(batch.cursor)
    try:
        mailer.deliver(now.letter(), lambda: None)
    except (OutcomeUnknown, LetterRefused) as error:
        assert str(error).strip()
    mailer.delivered(now.letter().message_id)


def consent(now: Stage) -> None:
    made = consent_of(now)
    granted = made.redeem(BACK, now.last or "code", VERIFIER)
    assert isinstance(granted.token, str)
    assert isinstance(granted.address, str)
    made.revoke(granted.token)


ACTS: Mapping[str, Callable[[Stage], None]] = {
    "busy": read_twice,
    "glimpse": read_twice,
    "organiser": organise,
    "mail": post,
    "consent": consent,
}
NAMES = tuple(
    f"{scheme} {what}"
    for scheme in ("google", "microsoft365", "exchange")
    for what in ACTS
    if (scheme, what) != ("exchange", "consent")
)


@lru_cache(maxsize=1)
def kept() -> Mapping[str, tuple[Answer, ...]]:
    recorded = json.loads(KEPT.read_text())
    return {
        name: tuple(Answer(status, body.encode()) for status, body in answers)
        for name, answers in recorded.items()
    }


def replayed(name: str, at: int, body: bytes) -> str:
    """What comes of a conversation whose answer number `at` has another body, in one word."""
    waiting = list(kept()[name])
    waiting[at] = Answer(waiting[at].status, body)
    handed = iter(waiting)
    scheme, what = name.split()
    Protocol.clear_cache()  # what exchangelib found out about a server before is not asked again
    now = stage(scheme)

    def answer(*_: str) -> Answer:
        now.got.append(b"")
        return next(handed, Answer(500, b""))

    with wired(answer):
        try:
            ACTS[what](now)
        except ProviderError as error:
            assert error.message.isprintable(), repr(error.message[:200])
            assert 0 < len(error.message) < 500, "a refusal as long as a letter"
            assert error.mend.isprintable()
            return "refused"
    if ACTS[what] is not read_twice:
        return "read"
    # Of the read that got it: what a later one is handed answers another question by then.
    taken = next(spans for count, spans in now.last if count > at or count == len(now.got))
    if any(span.widened(_MINUTE).contains(TEN) for span in taken):
        return "busy"
    return "freed" if _STANDS.search(body) and not _SAYS_FREE.search(body) else "free"


@contextmanager
def wired(wire: Wire) -> Iterator[None]:
    """Every request that httpx or requests makes is answered by `wire`."""

    def of_httpx(_: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        answer = wire(request.method, str(request.url))
        return httpx.Response(answer.status, stream=httpx.ByteStream(answer.body))

    def of_requests(
        adapter: HTTPAdapter, request: requests.PreparedRequest, *_: object, **__: object
    ) -> requests.Response:
        answer = wire(str(request.method), str(request.url))
        raw = HTTPResponse(
            body=io.BytesIO(answer.body), status=answer.status, preload_content=False
        )
        return adapter.build_response(request, raw)

    with (
        mock.patch.dict(os.environ, {SECRET: "a secret of the tests"}),
        mock.patch.object(tls, "context", lambda _: _trusting()),
        mock.patch.object(httpx.HTTPTransport, "handle_request", of_httpx),
        mock.patch.object(HTTPAdapter, "send", of_requests),
    ):
        yield


@lru_cache(maxsize=1)
def _trusting() -> ssl.SSLContext:
    """One for all: to read the CAs takes longer than a conversation, and nothing is encrypted."""
    return ssl.create_default_context()

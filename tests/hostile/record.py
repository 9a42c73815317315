"""`python -m tests.hostile.record`: the simulators' answers of each conversation."""

from __future__ import annotations

import io
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

from integrations.ports import Access
from tests.demo.programme import busy_event
from tests.hostile.conversations import ACTS, BASE, KEPT, NAMES, SECRET, TEN, options, stage
from tests.integrations.consents import BACK, VERIFIER, allowed, consent_of
from tests.integrations.providers import DANA, OFFICE, Kept
from tests.servers import exchange, microsoft365
from tests.servers import google as google_server
from tests.servers.microsoft365_login import Directory
from tests.servers.started import SIMULATORS

_NEVER = 4102444800
"""The year 2100: what is recorded is good until then."""
_SECRETS = {
    "google": google_server.CLIENT_SECRET,
    "microsoft365": microsoft365.SECRET,
    "exchange": exchange.PASSWORD,
}
_MAIL = b"From: Dana <dana@example.org>\r\nMessage-ID: <1@example.org>\r\nSubject: ACCEPT\r\n\r\n"


def record(name: str) -> list[tuple[int, str]]:
    scheme, what = name.split()
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        with SIMULATORS[scheme](directory, details=what != "glimpse") as started:
            server, base = started.server, _base(started.server)
            for address in (DANA.email, OFFICE):
                server.user(address, DANA.timezone)
            server.fill(DANA.email, busy_event("one@example.org", TEN.start, TEN.end))
            server.deliver(OFFICE, _MAIL)
            grants = _consents(server, what) if scheme == "google" else None
            access = Access(directory, options(scheme, base), started.ca, grants)
            now = stage(scheme, access, server)
            if what == "consent":
                if scheme == "microsoft365":
                    server.app.redirects.add(BACK)
                now.last = allowed(now, consent_of(now).page(BACK, "state", VERIFIER))
            with _listening() as heard:
                ACTS[what](now)
            return [(status, body.decode().replace(base, BASE)) for status, body in heard]


def _base(server: Any) -> str:
    return str(getattr(server, "base", "") or server.url)


def _consents(server: Any, what: str) -> Kept:
    reads = "calendar.freebusy" if what == "glimpse" else "calendar.events.readonly"
    office = server.grant(OFFICE, "calendar.events.owned", "gmail.send", "gmail.readonly")
    return Kept(
        {f"google:{DANA.email}": server.grant(DANA.email, reads), f"google:{OFFICE}": office}
    )


@contextmanager
def _listening() -> Iterator[list[tuple[int, bytes]]]:
    """Every answer that httpx and requests bring, as it came."""
    heard: list[tuple[int, bytes]] = []
    by_httpx, by_requests = httpx.HTTPTransport.handle_request, HTTPAdapter.send

    def of_httpx(transport: Any, request: httpx.Request) -> httpx.Response:
        answer = by_httpx(transport, request)
        heard.append((answer.status_code, answer.read()))
        return httpx.Response(answer.status_code, stream=httpx.ByteStream(answer.content))

    def of_requests(adapter: Any, request: Any, **how: Any) -> Any:
        answer = by_requests(adapter, request, **how)
        heard.append((answer.status_code, answer.content))
        raw = HTTPResponse(
            io.BytesIO(answer.content), status=answer.status_code, preload_content=False
        )
        return adapter.build_response(request, raw)

    with (
        mock.patch.object(httpx.HTTPTransport, "handle_request", of_httpx),
        mock.patch.object(HTTPAdapter, "send", of_requests),
    ):
        yield heard


def main() -> None:
    signed = Directory._signed

    def lasting(directory: Directory, claims: dict[str, Any]) -> str:
        return signed(directory, {**claims, "exp": _NEVER})

    recorded = {}
    with mock.patch.object(Directory, "_signed", lasting):
        for name in NAMES:
            os.environ[SECRET] = _SECRETS[name.split()[0]]
            recorded[name] = record(name)
    KEPT.write_text(json.dumps(recorded, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()

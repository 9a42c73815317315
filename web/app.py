"""The pages that partners open from mails. A link's GET changes nothing; a button acts.

No script, no cookie, no outside resource: the policy in every answer forbids them.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import parse_qs

import structlog
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integrations.ports import ProviderError
from mentoring.roster import Person
from service import consent
from service.consent import Desk

log = structlog.get_logger()

_TEMPLATES = Path(__file__).parent.parent / "templates"
_LARGEST_FORM = 10_000
_HEADERS = (
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'self' 'unsafe-inline'; base-uri 'none'; "
        b"frame-ancestors 'none'",
    ),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
)

Page = Callable[[Request], Awaitable[Response]]


def application(desk: Callable[[], Desk], connected: Callable[[Person], None]) -> ASGIApp:
    """The pages over a desk as it is now; `connected` hears of each new consent."""
    pages = _Pages(desk, connected)
    routes = [
        Route("/connect/{token}", pages.invitation, methods=["GET"]),
        Route("/connect/{token}", pages.leave, methods=["POST"]),
        Route("/connected", pages.back, methods=["GET"]),
    ]
    return _guarded(Starlette(routes=routes, exception_handlers={404: _missing}))


class _Pages:
    def __init__(self, desk: Callable[[], Desk], connected: Callable[[Person], None]) -> None:
        self._desk = desk
        self._connected = connected

    async def invitation(self, request: Request) -> Response:
        """What the link opens: who asks for what, and a button."""
        return await run_in_threadpool(self._invitation, request.path_params["token"])

    def _invitation(self, token: str) -> Response:
        desk = self._desk()
        person = consent.invited(desk, token)
        if person is None:
            return _old_link(desk)
        return _render(
            "connect",
            desk,
            person=person,
            provider=_provider(person),
            form=consent.form_token(desk, token),
        )

    async def leave(self, request: Request) -> Response:
        """The button: off to the provider's own consent page."""
        body = await request.body()
        return await run_in_threadpool(self._leave, request.path_params["token"], body)

    def _leave(self, token: str, body: bytes) -> Response:
        desk = self._desk()
        person = consent.invited(desk, token)
        if person is None:
            return _old_link(desk)
        sent = parse_qs(body.decode("ascii", "replace")).get("form", [""])[0]
        if not hmac.compare_digest(sent.encode(), consent.form_token(desk, token).encode()):
            return _trouble(desk, "this form is not ours", "open the link in the mail again", 403)
        try:
            return RedirectResponse(consent.begin(desk, person), status_code=303)
        except ProviderError as error:
            return _trouble(desk, error.message, error.mend, 503)

    async def back(self, request: Request) -> Response:
        """Where the provider sends people back to, with a code or a refusal."""
        return await run_in_threadpool(self._back, dict(request.query_params))

    def _back(self, sent: dict[str, str]) -> Response:
        desk = self._desk()
        if "error" in sent or "code" not in sent:
            log.info("consent_refused", error=sent.get("error", "no code")[:40])
            message = "you did not allow it, so nothing was connected"
            return _trouble(desk, message, "open the link in the mail to try again", 200)
        try:
            person = consent.finish(desk, sent.get("state", ""), sent["code"])
        except ProviderError as error:
            log.warning("consent_failed", reason=error.message)
            return _trouble(desk, error.message, error.mend, 400)
        log.info("calendar_connected", person=person.email)
        self._connected(person)
        return _render("connected", desk, person=person, provider=_provider(person))


def _provider(person: Person) -> str:
    return "Google" if person.calendar.startswith("google:") else "Microsoft"


def _old_link(desk: Desk) -> Response:
    message = "this link is too old, or not complete"
    return _trouble(desk, message, "ask the coordinator for a new one", 404)


def _trouble(desk: Desk, message: str, mend: str, status: int) -> Response:
    return _render("trouble", desk, status=status, message=message, mend=mend)


_PAGES = Environment(
    loader=FileSystemLoader(_TEMPLATES),
    undefined=StrictUndefined,
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)


def _render(name: str, desk: Desk, status: int = 200, **context: object) -> Response:
    template = _PAGES.get_template(f"web/{name}.html")
    programme = desk.roster.programme
    return HTMLResponse(template.render(programme=programme, **context), status_code=status)


async def _missing(_request: Request, _error: Exception) -> Response:
    return HTMLResponse(
        "<!doctype html><html lang=en><title>Not here</title><h1>There is no such page</h1>",
        status_code=404,
    )


def _guarded(app: ASGIApp) -> ASGIApp:
    """Headers on every answer, and an end to forms that are no forms."""

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        taken = 0

        async def bounded() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            return message if taken <= _LARGEST_FORM else {"type": "http.disconnect"}

        async def headed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *_HEADERS]
            await send(message)

        await app(scope, bounded, headed)

    return guard

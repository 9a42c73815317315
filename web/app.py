"""The pages that partners open from mails, and the coordinator's. A GET changes nothing.

No script, no outside resource: the policy in every answer forbids them. The coordinator's session
is the only cookie.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from time import perf_counter
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.doors import Doors
from service.health import Health
from service.metrics import Metrics
from store.database import StoreError
from web import (
    agenda,
    agreement,
    board,
    choices,
    cohort_page,
    consent,
    coordinator,
    deadlines,
    events,
    files_page,
    forms,
    health,
    leave,
    mail_room,
    met,
    pair_page,
    pick,
    planning,
    stretch,
    told,
    welcome,
)
from web.coordinator import Place
from web.forms import Page
from web.render import missing, without_store

_LARGEST_FORM = 50_000
_LONGEST_FORM = 30.0
"""Seconds that a form may take to arrive."""
_METHODS = frozenset({"GET", "HEAD", "POST"})
_HEADERS = (
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'self' 'unsafe-inline'; base-uri 'none'; "
        b"frame-ancestors 'none'; form-action 'self'",
    ),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
)

PAGES: tuple[Page, ...] = (
    agenda.PAGE,
    agreement.PAGE,
    choices.PAGE,
    deadlines.PAGE,
    *events.PAGES,
    met.PAGE,
    pick.PAGE,
    planning.PAGE,
    stretch.PAGE,
    told.PAGE,
    *welcome.PAGES,
)
"""Every page with a form."""

DESK = (
    Place("", board.show),
    Place("/pairs.csv", board.download),
    Place("/pair/{about:path}", pair_page.show, pair_page.act),
    Place("/mail", mail_room.show, mail_room.act),
    Place("/calendars", mail_room.calendars_page, mail_room.calendars_act),
    Place("/cohort", cohort_page.show),
    Place("/files", files_page.show, files_page.act),
)
"""What a coordinator sees who is signed in."""

_TROUBLES: dict[Any, Any] = {
    404: missing,
    SQLAlchemyError: without_store,
    StoreError: without_store,
}


def application(
    doors: Doors, watched: Health | None = None, *, without_consent: bool = False
) -> ASGIApp:
    """The pages over the service as it is at each request; `watched`, with what monitoring asks.

    Consent needs a way out to the provider: a process that has none serves the rest.
    """
    routes = [*leave.routes(doors), *coordinator.routes(DESK, doors)]
    if not without_consent:
        routes = [*consent.routes(doors), *routes]
    for page in PAGES:
        routes += forms.routes(page, doors)
    if watched:
        routes += health.routes(watched)
    pages = Starlette(routes=routes, exception_handlers=_TROUBLES)
    pages.router.redirect_slashes = False  # it would redirect to whatever the Host header says
    app = _guarded(pages)
    return _counted(app, _names(routes), watched.metrics) if watched else app


def _names(routes: list[Route]) -> frozenset[str]:
    """What each page's path begins with; what follows is a signed link's."""
    return frozenset(_first(route.path) for route in routes)


def _first(path: str) -> str:
    return path.lstrip("/").partition("/")[0]


def _counted(app: ASGIApp, names: Collection[str], metrics: Metrics) -> ASGIApp:
    """Each answer counted under its page's name; any other path is one and the same."""

    async def count(scope: Scope, receive: Receive, send: Send) -> None:
        began = perf_counter()
        page = _first(scope["path"])

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                known = page if page in names else "none"
                method = scope["method"] if scope["method"] in _METHODS else "other"
                metrics.answered(known, method, message["status"], perf_counter() - began)
            await send(message)

        await app(scope, receive, counted)

    return count


def _from_elsewhere(scope: Scope) -> bool:
    """Whether a browser says that another site's page sends this form; the token guards besides.

    `Origin` can't say it: our pages send no referrer, and so "null".
    """
    said = dict(scope["headers"]).get(b"sec-fetch-site", b"none")
    return said not in (b"none", b"same-origin")


def _guarded(app: ASGIApp) -> ASGIApp:
    """Headers on every answer, and an end to forms that are no forms."""

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        taken, until = 0, perf_counter() + _LONGEST_FORM

        async def bounded() -> Message:
            nonlocal taken
            try:
                message = await asyncio.wait_for(receive(), max(0.0, until - perf_counter()))
            except TimeoutError as error:
                raise HTTPException(408, "This form took too long.") from error
            taken += len(message.get("body", b""))
            if taken > _LARGEST_FORM:
                raise HTTPException(413, "This form is too large.")
            return message

        async def headed(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = message.get("headers", [])
                named = {name for name, _ in own}
                message["headers"] = [*own, *(h for h in _HEADERS if h[0] not in named)]
            await send(message)

        if scope["method"] == "POST" and _from_elsewhere(scope):
            answer = PlainTextResponse("This form is on another site.\n", 403)
            await answer(scope, receive, headed)
            return
        await app(scope, bounded if scope["method"] == "POST" else receive, headed)

    return guard

"""Letting us read a calendar: the link's page, the way to the provider and back."""

from __future__ import annotations

import hmac
from urllib.parse import parse_qs

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from integrations.ports import ProviderError
from mentoring.roster import Person
from service import consent
from service.doors import Doors
from service.links import form_token
from web.render import old_link, render, trouble

log = structlog.get_logger()


def routes(doors: Doors) -> list[Route]:
    pages = _Pages(doors)
    return [
        Route("/connect/{token}", pages.invitation, methods=["GET"]),
        Route("/connect/{token}", pages.leave, methods=["POST"]),
        Route("/connected", pages.back, methods=["GET"]),
    ]


class _Pages:
    def __init__(self, doors: Doors) -> None:
        self._doors = doors

    async def invitation(self, request: Request) -> Response:
        """What the link opens: who asks for what, and a button."""
        return await run_in_threadpool(self._invitation, request.path_params["token"])

    def _invitation(self, token: str) -> Response:
        desk = self._doors.desk()
        person = consent.invited(desk, token)
        if person is None:
            return old_link(desk.roster)
        page = render(
            "connect",
            desk.roster,
            person=person,
            provider=_provider(person),
            form=form_token(desk.secret, token),
        )
        # Browsers hold a form to this on every redirect: providers send people on to their own
        # organisation's sign-in, wherever that is.
        provider = consent.provider_origin(desk, person)
        page.headers["content-security-policy"] = (
            "default-src 'none'; style-src 'self' 'unsafe-inline'; base-uri 'none'; "
            f"frame-ancestors 'none'; form-action 'self' https: {provider}".rstrip()
        )
        return page

    async def leave(self, request: Request) -> Response:
        """The button: off to the provider's own consent page."""
        body = await request.body()
        return await run_in_threadpool(self._leave, request.path_params["token"], body)

    def _leave(self, token: str, body: bytes) -> Response:
        desk = self._doors.desk()
        person = consent.invited(desk, token)
        if person is None:
            return old_link(desk.roster)
        sent = parse_qs(body.decode("ascii", "replace")).get("form", [""])[0]
        if not hmac.compare_digest(sent.encode(), form_token(desk.secret, token).encode()):
            message = "this form is not ours"
            return trouble(desk.roster, message, "open the link in the mail again", 403, person)
        try:
            return RedirectResponse(consent.begin(desk, person), status_code=303)
        except ProviderError as error:
            return trouble(desk.roster, error.message, error.mend, 503, person)

    async def back(self, request: Request) -> Response:
        """Where the provider sends people back to, with a code or a refusal."""
        return await run_in_threadpool(self._back, dict(request.query_params))

    def _back(self, sent: dict[str, str]) -> Response:
        desk, state = self._doors.desk(), sent.get("state", "")
        if "error" in sent or "code" not in sent:
            log.info("consent_refused", error=sent.get("error", "no code")[:40])
            message = "you did not allow it, so nothing was connected"
            mend = "open the link in the mail to try again"
            return trouble(desk.roster, message, mend, 200, consent.returning(desk, state))
        try:
            person = consent.finish(desk, state, sent["code"])
        except ProviderError as error:
            log.warning("consent_failed", reason=error.message)
            back = consent.returning(desk, state)
            return trouble(desk.roster, error.message, error.mend, 400, back)
        log.info("calendar_connected", person=person.email)
        self._doors.connected(person)
        return render("connected", desk.roster, person=person, provider=_provider(person))


def _provider(person: Person) -> str:
    return "Google" if person.calendar.startswith("google:") else "Microsoft"

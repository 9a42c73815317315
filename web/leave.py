"""The mail program's own button that ends the digest (RFC 8058): its POST comes without a page of
ours, and so without a form's token; the signed link alone says who leaves."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from service import welcome
from service.doors import Doors
from service.links import opened, sign
from service.welcome import DIGEST, LEAVE, NO, PREFERENCES
from web.render import old_link

_BUTTON = b"One-Click"


def routes(doors: Doors) -> list[Route]:
    def look(token: str) -> Response:
        """Who opens the link with a browser gets the page on which to choose."""
        work = doors.work()
        link = opened(work.secret, LEAVE, token, work.now)
        if link is None or link.email not in work.roster.people:
            return old_link(work.roster)
        page = sign(work.secret, PREFERENCES, work.now, link.email)
        return RedirectResponse(f"/{PREFERENCES}/{page}", status_code=303)

    def act(token: str, body: bytes) -> Response:
        work = doors.work()
        link = opened(work.secret, LEAVE, token, work.now)
        if link is None or _BUTTON not in body:
            return old_link(work.roster)
        with work.engine.begin() as connection:
            welcome.prefer(work, connection, link.email, DIGEST, NO)
        return PlainTextResponse("You get no more digests.\n")

    async def get(request: Request) -> Response:
        return await run_in_threadpool(look, request.path_params["token"])

    async def post(request: Request) -> Response:
        return await run_in_threadpool(act, request.path_params["token"], await request.body())

    path = f"/{LEAVE}/{{token}}"
    return [Route(path, get, methods=["GET"]), Route(path, post, methods=["POST"])]

"""A page with a form: its link's GET shows, its button's POST acts and then shows again."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from mentoring.roster import Pair, Person
from service.doors import Doors
from service.links import form_token, opened
from service.work import Work
from web.render import as_read, old_link, render, trouble

log = structlog.get_logger()

_MOST_FIELDS = 200

Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Visit:
    """Who opened which link, with the language they read; `work` is the present state."""

    work: Work
    person: Person
    about: tuple[str, ...]


@dataclass(frozen=True)
class Form:
    """What a form sent: every field as text, in the order it came."""

    fields: Mapping[str, list[str]]

    def one(self, name: str) -> str:
        """The field's text without spaces around it; empty where it was not sent."""
        return self.fields.get(name, [""])[0].strip()

    def all(self, name: str) -> list[str]:
        return [text.strip() for text in self.fields.get(name, [])]


@dataclass(frozen=True)
class Shown:
    """A template of `templates/web/` with what it needs besides `programme`, `person`, `form`."""

    template: str
    context: Mapping[str, object] = field(default_factory=dict)
    status: int = 200


def in_roster(work: Work, email: str) -> Person | None:
    return work.roster.people.get(email)


def pair_of(visit: Visit) -> Pair | None:
    """The visitor's pair that the link is about, while it is one."""
    pair = visit.work.roster.pair(visit.about)
    return pair if pair and visit.person.email in pair.key else None


@dataclass(frozen=True)
class Page:
    """One page at `/<purpose>/<token>`.

    `show` gives None where what the link is about is no more. `act` gives None when it is done (the
    page is then shown anew), or what to show instead: a fault in the form, or a closing word.
    `who` finds the person that a link is for.
    """

    purpose: str
    show: Callable[[Visit], Shown | None]
    act: Callable[[Visit, Form], Shown | None]
    who: Callable[[Work, str], Person | None] = in_roster


def routes(page: Page, doors: Doors) -> list[Route]:
    """GET and POST of a page. HEAD is answered like GET: both change nothing."""
    path = f"/{page.purpose}/{{token}}"
    return [
        Route(path, _get(page, doors), methods=["GET"]),
        Route(path, _post(page, doors), methods=["POST"]),
    ]


def _get(page: Page, doors: Doors) -> Endpoint:
    async def get(request: Request) -> Response:
        return await run_in_threadpool(_show, page, doors, request.path_params["token"])

    return get


def _post(page: Page, doors: Doors) -> Endpoint:
    async def post(request: Request) -> Response:
        body = await request.body()
        return await run_in_threadpool(_act, page, doors, request.path_params["token"], body)

    return post


def _visit(page: Page, doors: Doors, token: str) -> tuple[Work, Visit | None]:
    work = doors.work()
    link = opened(work.secret, page.purpose, token, work.now)
    person = page.who(work, link.email) if link else None
    if link is None or person is None:
        return work, None
    return work, Visit(work, as_read(person, work.roster), link.about)


def _show(page: Page, doors: Doors, token: str) -> Response:
    work, visit = _visit(page, doors, token)
    shown = page.show(visit) if visit else None
    return _rendered(work, visit, token, shown)


def _act(page: Page, doors: Doors, token: str, body: bytes) -> Response:
    work, visit = _visit(page, doors, token)
    if visit is None:
        return old_link(work.roster)
    form = read_form(body)
    if form is None or not _is_ours(work, token, form):
        mend = "open the link in the mail again"
        return trouble(work.roster, "this form is not ours", mend, 403, visit.person)
    shown = page.act(visit, form)
    doors.acted()
    log.info("page_acted", page=page.purpose, person=visit.person.email)
    if shown is None:
        return RedirectResponse(f"/{page.purpose}/{token}", status_code=303)
    return _rendered(work, visit, token, shown)


def read_form(body: bytes) -> Form | None:
    """What a browser sent; None for what is no form."""
    try:
        return Form(parse_qs(body.decode(), max_num_fields=_MOST_FIELDS))
    except (UnicodeDecodeError, ValueError):
        return None


def _is_ours(work: Work, token: str, form: Form) -> bool:
    ours = form_token(work.secret, token)
    return hmac.compare_digest(form.one("form").encode(), ours.encode())


def _rendered(work: Work, visit: Visit | None, token: str, shown: Shown | None) -> Response:
    if visit is None or shown is None:
        return old_link(work.roster)
    context = {"person": visit.person, "form": form_token(work.secret, token), **shown.context}
    return render(shown.template, work.roster, shown.status, **context)

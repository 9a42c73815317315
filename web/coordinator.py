"""The coordinator's page: signing in by a mailed link, and who may see or do what.

The cookie is SameSite=Lax, not Strict: a link in a mail to this page is a visit from another site,
and would find a Strict one missing. A GET changes nothing, and a POST needs the session's token.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

import structlog
from sqlalchemy.engine import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from mentoring.sign_in import LINK_LASTS, SESSION_LASTS
from service import admit
from service.acts import Done
from service.admit import Visitor
from service.doors import Doors
from service.latest import Latest, Seen, seen_by
from service.links import base_url, form_token
from service.roster_faults import Refused, refused
from service.work import Work, reading
from web.forms import Endpoint, Form, read_form
from web.render import render, trouble

log = structlog.get_logger()

COOKIE = "overlap_coordinator"
ROOT = "/coordinator"
WORDS: Mapping[str, str] = {
    "signed-out": "You are signed out.",
    Done.PAUSED: "Paused. Meetings in these days are called off; both are told.",
    Done.WENT_ON: "The pair goes on. The next meeting is proposed when it is due.",
    Done.SKIPPED_MEETING: "Skipped. The next one is proposed when its time is over.",
    Done.RESENT: "The mail is queued again, under the same Message-ID.",
    Done.SKIPPED_MAIL: "Skipped. That mail is not sent.",
    Done.SETTLED_MAIL: "Settled. That mail needs nobody any more.",
    Done.MAILED_LINK: "The link is queued, and goes out in their work hours.",
    Done.NOTHING: "Nothing was changed: it has moved on meanwhile.",
    Done.OUTDATED: "Not sent: the meeting has moved since, or is off.",
    Done.OVER: "Not sent: the time for this mail is over.",
    Done.WAITS: "Nothing was mailed: a mail on their calendar waits already.",
    Done.NO_LINK: "Nothing was mailed: this calendar is not connected by a link.",
    Done.ACCEPTED: "The files are taken up within a minute. What is planned for these pairs ends.",
    Done.OTHER_FILES: "Nothing was changed: the files are others by now. Look again.",
    Done.LIFTED: "Lifted. What waits for this address goes out in its reader's hours.",
    Done.BAD_DATE: "Nothing was changed. Give a day from today on, within a year.",
}
"""What a page says after an act."""


@dataclass(frozen=True)
class Seat:
    """A signed-in coordinator before one page. `work` knows the files alone, `seen` all."""

    work: Work
    visitor: Visitor
    seen: Seen
    root: str
    query: Mapping[str, str] = field(default_factory=dict)
    about: str = ""

    def show(self, name: str, status: int = 200, **context: object) -> Response:
        """A page of `templates/web/coordinator/`."""
        return render(
            f"coordinator/{name}",
            self.work.roster,
            status,
            person=None,
            root=self.root,
            visitor=self.visitor.email,
            here=name,
            form=form_token(self.work.secret, self.visitor.token),
            mail=self.seen.overview.mail,
            helped=sum(bool(row.needs) for row in self.seen.rows),
            consents=self.seen.overview.consents,
            told=WORDS.get(self.query.get("done", ""), ""),
            refused=self.refused(),
            **context,
        )

    def refused(self) -> Refused | None:
        """The edit of the files that is not taken up."""
        with reading(self.work.engine) as connection:
            return refused(connection)


View = Callable[[Seat], Response | None]
"""What a GET shows; None where there is no such thing."""
Act = Callable[[Seat, Work, Connection, Form], Done]
"""What a POST does, in one transaction, over all that is in force."""


@dataclass(frozen=True)
class Place:
    """One page below /coordinator: what it shows, and what its buttons do."""

    path: str
    view: View
    act: Act | None = None


def routes(places: tuple[Place, ...], doors: Doors) -> list[Route]:
    desk = _Desk(doors, Latest(doors), next(p.view for p in places if not p.path))
    entry = f"{ROOT}/enter/{{link}}"
    found = [
        Route(ROOT, _threaded(desk.home), methods=["GET"]),
        Route(ROOT, _posted(desk.ask), methods=["POST"]),
        Route(entry, _threaded(desk.door), methods=["GET"]),
        Route(entry, _posted(desk.enter), methods=["POST"]),
        Route(f"{ROOT}/leave", _posted(desk.leave), methods=["POST"]),
    ]
    for place in places:
        if place.path:
            found.append(Route(ROOT + place.path, _threaded(desk.seeing(place)), methods=["GET"]))
        if place.act:
            found.append(Route(ROOT + place.path, _posted(desk.acting(place)), methods=["POST"]))
    return found


def _threaded(answer: Callable[[Request], Response]) -> Endpoint:
    async def get(request: Request) -> Response:
        return await run_in_threadpool(answer, request)

    return get


def _posted(answer: Callable[[Request, Form], Response]) -> Endpoint:
    async def post(request: Request) -> Response:
        form = read_form(await request.body()) or Form({})
        return await run_in_threadpool(answer, request, form)

    return post


@dataclass(frozen=True)
class _Desk:
    doors: Doors
    latest: Latest
    view: View

    def home(self, request: Request) -> Response:
        """The pairs, or the way in."""
        work = self.doors.quick_work()
        visitor = _visitor(work, request)
        if visitor is None:
            return _sign_in(work, told=WORDS.get(request.query_params.get("done", ""), ""))
        return self._shown(work, visitor, request, self.view)

    def seeing(self, place: Place) -> Callable[[Request], Response]:
        def see(request: Request) -> Response:
            work = self.doors.quick_work()
            visitor = _visitor(work, request)
            if visitor is None:
                return RedirectResponse(_root(work), status_code=303)
            return self._shown(work, visitor, request, place.view)

        return see

    def _shown(self, work: Work, visitor: Visitor, request: Request, view: View) -> Response:
        answer = view(self._seat(work, visitor, request))
        if answer is None:
            message = "there is no such pair or page"
            answer = trouble(work.roster, message, "go back to the pairs", 404)
        _renew(answer, work, visitor)
        return answer

    def _seat(self, work: Work, visitor: Visitor, request: Request) -> Seat:
        about = str(request.path_params.get("about", ""))
        query = dict(request.query_params)
        seen = seen_by(self.latest.seen(work), visitor.email)
        return Seat(work, visitor, seen, _root(work), query, about)

    def ask(self, request: Request, form: Form) -> Response:
        """A link is asked for: one answer, whoever it was."""
        work = self.doors.quick_work()
        if not base_url(work.roster):
            return _without_pages(work)
        typed = form.one("email")
        if "@" not in typed or len(typed) > 254:
            return _sign_in(work, fault="Write your address, like name@example.org.", status=422)
        if admit.ask(work, typed):  # else a stranger could keep passes running
            self.doors.acted()
        return render("coordinator/asked", work.roster, person=None, minutes=_minutes())

    def door(self, request: Request) -> Response:
        """What a sign-in link opens: a button, so that a mail scanner signs nobody in."""
        work, link = self.doors.quick_work(), request.path_params["link"]
        with reading(work.engine) as connection:
            email = admit.invited(work, connection, link)
        if email is None:
            return _spent(work)
        token = form_token(work.secret, link)
        return render("coordinator/door", work.roster, person=None, email=email, form=token)

    def enter(self, request: Request, form: Form) -> Response:
        """The button: the link is used up, and a session begins."""
        work, link = self.doors.quick_work(), request.path_params["link"]
        if not _is_ours(work, link, form):
            return _not_ours(work)
        visitor = admit.enter(work, link)
        if visitor is None:
            return _spent(work)
        answer = RedirectResponse(_root(work), status_code=303)
        _renew(answer, work, visitor)
        return answer

    def leave(self, request: Request, form: Form) -> Response:
        """The button that ends the session."""
        work = self.doors.quick_work()
        visitor = _visitor(work, request)
        if visitor is None:
            return RedirectResponse(_root(work), status_code=303)
        if not _is_ours(work, visitor.token, form):
            return _not_ours(work)
        admit.leave(work, visitor)
        answer = RedirectResponse(f"{_root(work)}?done=signed-out", status_code=303)
        answer.delete_cookie(COOKIE, path=_root(work), httponly=True, samesite="lax")
        return answer

    def acting(self, place: Place) -> Callable[[Request, Form], Response]:
        def act(request: Request, form: Form) -> Response:
            quick = self.doors.quick_work()
            visitor = _visitor(quick, request)
            if visitor is None:
                mend = "sign in again; nothing was changed"
                return trouble(quick.roster, "you are not signed in any more", mend, 403)
            if place.act is None or not _is_ours(quick, visitor.token, form):
                return _not_ours(quick)
            seat, work = self._seat(quick, visitor, request), self.doors.work()
            with work.engine.begin() as connection:
                done = place.act(seat, work, connection, form)
            self.latest.forget()
            self.doors.acted()
            answer = RedirectResponse(_after(request, seat.root, done), status_code=303)
            _renew(answer, quick, visitor)
            return answer

        return act


def _after(request: Request, root: str, done: Done) -> str:
    """The same page again, with a word on what was done."""
    path = root + request.url.path.removeprefix(ROOT)
    kept = {k: v for k, v in request.query_params.items() if k in ("page", "state")}
    return f"{path}?{urlencode({**kept, 'done': str(done)})}"


def _root(work: Work) -> str:
    """The path of the page as browsers see it, behind whatever [web] base_url says."""
    return urlsplit(base_url(work.roster)).path.rstrip("/") + ROOT


def _visitor(work: Work, request: Request) -> Visitor | None:
    kept = request.cookies.get(COOKIE, "")
    if not kept:
        return None
    with reading(work.engine) as connection:
        return admit.visitor(work, connection, kept)


def _renew(answer: Response, work: Work, visitor: Visitor) -> None:
    answer.set_cookie(
        COOKIE,
        admit.cookie(work, visitor),
        max_age=int(SESSION_LASTS.total_seconds()),
        path=_root(work),
        secure=base_url(work.roster).startswith("https://"),
        httponly=True,
        samesite="lax",
    )


def _is_ours(work: Work, token: str, form: Form) -> bool:
    return hmac.compare_digest(form.one("form").encode(), form_token(work.secret, token).encode())


def _sign_in(work: Work, *, fault: str = "", told: str = "", status: int = 200) -> Response:
    if not base_url(work.roster):
        return _without_pages(work)
    context = {"fault": fault, "told": told, "root": _root(work), "minutes": _minutes()}
    return render("coordinator/sign_in", work.roster, status, person=None, **context)


def _without_pages(work: Work) -> Response:
    mend = "set [web] base_url in overlap.toml to the address of these pages"
    return trouble(work.roster, "no link can be mailed", mend, 503)


def _spent(work: Work) -> Response:
    mend = f"ask for a new one at {base_url(work.roster)}{ROOT}"
    return trouble(work.roster, "this link was used, is too old, or not complete", mend, 404)


def _not_ours(work: Work) -> Response:
    mend = "open the page again; nothing was changed"
    return trouble(work.roster, "this form is not ours", mend, 403)


def _minutes() -> int:
    return int(LINK_LASTS.total_seconds()) // 60

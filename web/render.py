"""Pages from their templates. A name that a template does not know is an error, never a blank."""

from __future__ import annotations

from dataclasses import replace

import structlog
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from mentoring.roster import Person, Roster
from service.templates import FALLBACK, Edition, templates_of

log = structlog.get_logger()

_NOT_NOW = """<!doctype html><html lang=en><meta charset=utf-8>
<meta name=viewport content="width=device-width"><meta name=color-scheme content="light dark">
<title>Not available just now</title>
<h1>This page is not available just now</h1>
<p>Nothing was changed. Please try again in a few minutes.</p>
<p lang=es>Esta página no está disponible ahora. No se cambió nada. Inténtelo en unos minutos.</p>
"""


def render(name: str, roster: Roster, status: int = 200, **context: object) -> Response:
    """The page `web/<name>.html` in the person's language; `programme` is always there."""
    person = context.get("person")
    file = f"web/{name}.html"

    def page(edition: Edition) -> str:
        known = {"programme": roster.programme, **context}
        if isinstance(person, Person):
            known["person"] = replace(person, language=edition.language)
        return edition.render(file, known)

    language = person.language if isinstance(person, Person) else FALLBACK
    return HTMLResponse(templates_of(roster).render([file], language, page), status_code=status)


def as_read(person: Person, roster: Roster) -> Person:
    """The person with the language in which they read the pages: their own, or English."""
    templates = templates_of(roster)
    edition = templates.edition(templates.pages, person.language)
    return replace(person, language=edition.language)


def trouble(
    roster: Roster, message: str, mend: str, status: int, person: Person | None = None
) -> Response:
    return render("trouble", roster, status, message=message, mend=mend, person=person)


def old_link(roster: Roster) -> Response:
    message = "this link is too old, or not complete"
    return trouble(roster, message, "ask the coordinator for a new one", 404)


async def without_store(request: Request, error: Exception) -> Response:
    """The store can't be read or written now. Nothing is half done: an act is one transaction."""
    log.error(
        "page_without_store", method=request.method, reason=str(getattr(error, "orig", error))
    )
    return HTMLResponse(_NOT_NOW, status_code=503, headers={"Retry-After": "60"})


async def missing(_request: Request, _error: Exception) -> Response:
    return HTMLResponse(
        "<!doctype html><html lang=en><title>Not here</title><h1>There is no such page</h1>",
        status_code=404,
    )

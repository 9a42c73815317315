"""Pages from their templates. A name that a template does not know is an error, never a blank."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from mentoring import wording
from mentoring.itip import plain
from mentoring.roster import Roster

_TEMPLATES = Path(__file__).parent.parent / "templates"
_PAGES = Environment(
    loader=FileSystemLoader(_TEMPLATES),
    undefined=StrictUndefined,
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
_PAGES.filters.update(
    plain=plain,
    day=wording.spoken_day,
    days=wording.spoken_days,
    hours=wording.spoken_minutes,
    spoken=wording.spoken,
    short_time=wording.short_time,
    weekday=wording.weekday,
)


def render(name: str, roster: Roster, status: int = 200, **context: object) -> Response:
    """The page `templates/web/<name>.html`; `programme` is always there."""
    template = _PAGES.get_template(f"web/{name}.html")
    return HTMLResponse(template.render(programme=roster.programme, **context), status_code=status)


def trouble(roster: Roster, message: str, mend: str, status: int) -> Response:
    return render("trouble", roster, status, message=message, mend=mend)


def old_link(roster: Roster) -> Response:
    message = "this link is too old, or not complete"
    return trouble(roster, message, "ask the coordinator for a new one", 404)


async def missing(_request: Request, _error: Exception) -> Response:
    return HTMLResponse(
        "<!doctype html><html lang=en><title>Not here</title><h1>There is no such page</h1>",
        status_code=404,
    )

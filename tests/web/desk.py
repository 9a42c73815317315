"""A coordinator at work: asks for a link, finds it in the mail, signs in, as a browser does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage

import httpx
from sqlalchemy.engine import Connection

from service.admit import admit
from service.work import reading
from store import audit
from store.tables_forecast import forecasts
from tests.web.links import links_of
from tests.web.office import Office, hidden
from tests.world import DANA, LEE, to
from web.coordinator import ROOT

COORDINATOR = "coordinator@example.org"


def asked(office: Office, email: str = COORDINATOR) -> list[EmailMessage]:
    """Ask for a link; the mails that the next pass sends to this address."""
    answer = httpx.post(f"{office.base}/coordinator", data={"email": email})
    assert answer.status_code == 200
    admit(office.work())
    return to(office.world.sent(), email)


def link(office: Office, email: str = COORDINATOR) -> str:
    (mail,) = asked(office, email)
    return next(found for found in links_of(mail) if "/coordinator/enter/" in found)


@contextmanager
def signed_in(office: Office, email: str = COORDINATOR) -> Iterator[httpx.Client]:
    """A browser that holds the session's cookie."""
    with httpx.Client(base_url=office.base, timeout=20) as browser:
        door = link(office, email)
        page = browser.get(door)
        entered = browser.post(door, data={"form": hidden(page.text)})
        assert entered.status_code == 303, entered.text
        yield browser


def press(browser: httpx.Client, path: str, **fields: str) -> str:
    """Send a form of a page with its token; what the page says then."""
    form = hidden(browser.get(ROOT + path).text)
    answer = browser.post(ROOT + path, data={"form": form, **fields})
    assert answer.status_code == 303, answer.text
    page = browser.get(answer.headers["Location"])
    return page.text.partition('class="told" role="status">')[2].partition("<")[0]


def foretell(connection: Connection) -> None:
    """A poor forecast in place of what the last pass worked out."""
    connection.execute(forecasts.delete())
    connection.execute(
        forecasts.insert().values(
            mentor=LEE,
            mentee=DANA,
            made_at=0,
            basis="",
            record="",
            chance=0.31,
            goal=12,
            held=0,
            expected=9.5,
            weeks=json.dumps([["2027-03-01", "Dana Lee is away"]]),
            remedy="Meet for 45 minutes instead of 60.",
            remedy_chance=0.74,
        )
    )


def page(browser: httpx.Client, path: str = "") -> str:
    answer = browser.get(ROOT + path)
    assert answer.status_code == 200, answer.text
    return answer.text


def acts(office: Office) -> list[tuple[str, str]]:
    with reading(office.world.engine) as connection:
        return [(act.who, act.action) for act in audit.newest(connection, 20)]

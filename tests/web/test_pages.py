"""Every page in Chromium: read and used by anybody, on any screen, with the keyboard alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Page

from store import meetings
from store.meetings import Booking
from tests.web.browser import (
    COLOURS,
    buttons,
    findings,
    keyboard_faults,
    looking,
    press,
    sticking_out,
)
from tests.web.office import Office, at_google, hidden
from tests.world import DANA, LEE
from web.app import PAGES

PAIR = (LEE, DANA)
DESKTOP, PHONE = (1280, 800), (360, 740)


@dataclass(frozen=True)
class Sight:
    """A page in one state. `link` brings the office into that state and says where the page is.

    `typed` is what the keyboard writes into which field before any button is pressed; `wrong`
    is what the page must refuse when its last button is pressed.
    """

    page: str
    link: Callable[[Office], str]
    typed: Mapping[str, str] = field(default_factory=dict)
    wrong: Mapping[str, str] = field(default_factory=dict)
    state: str = ""
    status: int = 200

    @property
    def name(self) -> str:
        return f"{self.page} {self.state}".strip()


def consented(office: Office) -> str:
    """The way back from the provider's own page."""
    pressed = httpx.post(office.link(), data={"form": hidden(httpx.get(office.link()).text)})
    return str(httpx.get(pressed.headers["Location"]).headers["Location"])


def booked(office: Office) -> Booking:
    """The pair's first meeting, both calendars being read."""
    httpx.get(consented(office)).raise_for_status()
    office.world.step(office.now)
    with office.world.engine.connect() as connection:
        return meetings.of_pair(connection, *PAIR)[0]


def sent(url: str, **fields: str) -> None:
    """Send a page's form as a browser does."""
    form = hidden(httpx.get(url).text)
    assert httpx.post(url, data={"form": form, **fields}).status_code == 303


def agenda(office: Office) -> str:
    return office.page("agenda", DANA, booked(office).uid)


def agenda_with_items(office: Office) -> str:
    url = agenda(office)
    sent(url, kind="item", text="How we share the work on the budget " + "x" * 60)
    sent(url, kind="question", text="Whom do I ask?")
    return url


def agenda_of_the_past(office: Office) -> str:
    url = agenda_with_items(office)
    office.now = office.now + timedelta(days=14)
    return url


def met(office: Office) -> str:
    booking = booked(office)
    office.now = booking.meeting.slot.end + timedelta(hours=3)
    return office.page("met", DANA, booking.uid)


def agreement(office: Office) -> str:
    office.world.step(office.now)
    return office.page("agreement", DANA, *PAIR)


def agreement_amended(office: Office) -> str:
    url = agreement(office)
    sent(url, do="amend", weeks="3", minutes="45", channel="either", share="40", conflicts="June")
    return url


SIGHTS = (
    Sight("connect", Office.link),
    Sight("connected", consented),
    Sight("trouble", lambda office: f"{office.base}/connect/old", status=404),
    Sight("stretch", lambda office: office.page("stretch", DANA, *PAIR)),
    Sight("agenda", agenda, {"text": "Budget"}, {"text": "  "}),
    Sight("agenda", agenda_with_items, {"text": "Budget"}, state="with items"),
    Sight("agenda", agenda_of_the_past, state="of the past"),
    Sight("met", lambda office: office.page("met", DANA, booked(office).uid), state="too early"),
    Sight("met", met, {"met": " "}, {"met": " ", "minutes": "soon"}),
    Sight("agreement", agreement, {"weeks": "3"}, {"weeks": "0"}),
    Sight("agreement", agreement_amended, {"weeks": "3"}, {"share": "all"}, state="amended"),
    Sight("planning", lambda office: office.page("planning", DANA, *PAIR)),
)
every_sight = pytest.mark.parametrize("sight", SIGHTS, ids=lambda sight: sight.name)


@contextmanager
def ready(directory: Path) -> Iterator[Office]:
    """An office whose mentor will say yes at Google."""
    with at_google(directory) as office:
        office.server.consenting = LEE
        yield office


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with ready(tmp_path / "programme") as office:
        yield office


def opened(page: Page, sight: Sight, url: str) -> None:
    """Open a page; it may ask for nothing but itself."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    answer = page.goto(url)
    assert answer is not None
    assert answer.status == sight.status, answer.text()
    assert not [other for other in asked if urlsplit(other).hostname != "127.0.0.1"]


def test_every_page_is_looked_at() -> None:
    assert {page.purpose for page in PAGES} <= {sight.page for sight in SIGHTS}


@every_sight
def test_a_page_is_accessible_in_light_and_dark(
    sight: Sight, office: Office, browser: Browser
) -> None:
    with looking(browser) as page:
        opened(page, sight, sight.link(office))
        assert page.title()
        for width, height in (DESKTOP, PHONE):
            page.set_viewport_size({"width": width, "height": height})
            for colours in COLOURS:
                page.emulate_media(color_scheme=colours)
                assert findings(page) == [], (width, colours)


@every_sight
def test_a_page_never_scrolls_sideways(sight: Sight, office: Office, browser: Browser) -> None:
    url = sight.link(office)
    with looking(browser, width=320, height=640) as page:
        opened(page, sight, url)
        assert sticking_out(page) == []
        page.set_viewport_size({"width": 640, "height": 400})  # 1280 x 800 at 200 %
        assert sticking_out(page) == []
        page.set_viewport_size({"width": 360, "height": 740})
        page.add_style_tag(content="html { font-size: 200% }")  # a phone's own large letters
        assert sticking_out(page) == []


@every_sight
def test_a_page_is_worked_by_keyboard_alone_without_script(
    sight: Sight, tmp_path: Path, browser: Browser
) -> None:
    button, left = 0, 1
    while button < left:
        with ready(tmp_path / str(button)) as office, looking(browser, script=False) as page:
            url = sight.link(office)
            opened(page, sight, url)
            left = buttons(page)
            assert keyboard_faults(page) == []
            if left:
                page.goto(url)
                answer = press(page, button, dict(sight.typed))
                assert answer.ok, (answer.status, page.inner_text("main"))
                assert page.locator("h1").count() == 1
        button += 1


@pytest.mark.parametrize("sight", [s for s in SIGHTS if s.wrong], ids=lambda sight: sight.name)
def test_a_refused_form_says_which_field_and_keeps_what_was_typed(
    sight: Sight, office: Office, browser: Browser
) -> None:
    with looking(browser, width=360) as page:
        opened(page, sight, sight.link(office))
        answer = press(page, buttons(page) - 1, dict(sight.wrong))
        assert answer.status == 422
        assert page.locator("[role=alert]").count() == 1
        wrong = page.locator("[aria-invalid=true]").first
        assert wrong.get_attribute("name") in sight.wrong
        assert findings(page) == []
        assert sticking_out(page) == []

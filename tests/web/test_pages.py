"""Every page in Chromium: read and used by anybody, on any screen, with the keyboard alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Page

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

    `typed` is what the keyboard writes into which field before any button is pressed.
    """

    page: str
    link: Callable[[Office], str]
    typed: Mapping[str, str] = field(default_factory=dict)
    state: str = ""

    @property
    def name(self) -> str:
        return f"{self.page}-{self.state}" if self.state else self.page


def consented(office: Office) -> str:
    """The way back from the provider's own page."""
    pressed = httpx.post(office.link(), data={"form": hidden(httpx.get(office.link()).text)})
    return str(httpx.get(pressed.headers["Location"]).headers["Location"])


SIGHTS = (
    Sight("connect", Office.link),
    Sight("connected", consented),
    Sight("trouble", lambda office: f"{office.base}/connect/old"),
    Sight("stretch", lambda office: office.page("stretch", DANA, *PAIR)),
)
every_sight = pytest.mark.parametrize("sight", SIGHTS, ids=[sight.name for sight in SIGHTS])


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


def opened(page: Page, url: str) -> None:
    """Open a page; it may ask for nothing but itself."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(url)
    foreign = [other for other in asked if urlsplit(other).hostname != "127.0.0.1"]
    assert not foreign


def test_every_page_is_looked_at() -> None:
    assert {page.purpose for page in PAGES} <= {sight.page for sight in SIGHTS}


@every_sight
def test_a_page_is_accessible_in_light_and_dark(
    sight: Sight, office: Office, browser: Browser
) -> None:
    with looking(browser) as page:
        opened(page, sight.link(office))
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
        opened(page, url)
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
            opened(page, url)
            left = buttons(page)
            assert keyboard_faults(page) == []
            if left:
                page.goto(url)
                answer = press(page, button, dict(sight.typed))
                assert answer.ok, (answer.status, page.inner_text("main"))
                assert page.locator("h1").count() == 1
        button += 1

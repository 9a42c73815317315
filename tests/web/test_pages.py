"""Every page in Chromium: read and used by anybody, on any screen, with the keyboard alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

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
from tests.web.office import Office, ready
from tests.web.sights import SIGHTS, Sight, every_page, every_refusal
from web.app import PAGES

DESKTOP, PHONE, NARROW = (1280, 800), (360, 740), (320, 640)
ZOOMED = (640, 400)
"""The desktop at 200 %."""


def opened(page: Page, sight: Sight, url: str) -> None:
    """Open a page; it may ask for nothing but itself."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    answer = page.goto(url)
    assert answer is not None
    assert answer.status == sight.status, answer.text()
    if sight.button is not None:
        with page.expect_navigation():  # click() itself may return before the next page is read
            buttons(page).nth(sight.button).click()
    assert not [other for other in asked if urlsplit(other).hostname != "127.0.0.1"]


def test_every_page_is_looked_at() -> None:
    assert {page.purpose for page in PAGES} <= {sight.page for sight in SIGHTS}


@pytest.mark.slow
@every_page
def test_a_page_is_good_on_any_screen(sight: Sight, office: Office, browser: Browser) -> None:
    with looking(browser) as page:
        opened(page, sight, sight.link(office))
        assert page.title()
        for width, height in (DESKTOP, PHONE):
            page.set_viewport_size({"width": width, "height": height})
            for colours in COLOURS:
                page.emulate_media(color_scheme=colours)
                assert findings(page) == [], (width, colours)
        for width, height in (NARROW, ZOOMED):
            page.set_viewport_size({"width": width, "height": height})
            assert sticking_out(page) == [], width
        page.set_viewport_size({"width": 360, "height": 740})
        page.add_style_tag(content="html { font-size: 200% }")  # a phone's own large letters
        assert sticking_out(page) == []


@pytest.mark.slow
@every_page
def test_a_page_is_worked_by_keyboard_alone_without_script(
    sight: Sight, tmp_path: Path, browser: Browser
) -> None:
    button, left = 0, 1
    while button < left:
        with ready(tmp_path / str(button)) as office, looking(browser, script=False) as page:
            url = sight.link(office)
            opened(page, sight, url)
            left = buttons(page).count()
            assert keyboard_faults(page) == []
            if left:
                opened(page, sight, url)
                answer = press(page, sight.typed, button)
                assert answer.ok, (answer.status, page.inner_text("main"))
                assert page.locator("h1").count() == 1
        button += 1


@every_refusal
def test_a_refused_form_says_which_field_is_wrong(
    sight: Sight, wrong: Mapping[str, str], office: Office, browser: Browser
) -> None:
    with looking(browser, width=360) as page:
        opened(page, sight, sight.link(office))
        answer = press(page, wrong)
        assert answer.status == 422
        summary = page.locator("[role=alert]")
        field = str(summary.locator("a").first.get_attribute("href"))
        assert page.locator(field).count() == 1
        assert page.locator("[aria-invalid=true], fieldset[aria-describedby]").count() == 1
        assert findings(page) == []
        assert sticking_out(page) == []


@pytest.mark.slow
@every_page
def test_a_page_in_spanish_is_good_too(sight: Sight, tmp_path: Path, browser: Browser) -> None:
    with ready(tmp_path / "programme", "es") as office, looking(browser, width=320) as page:
        opened(page, sight, sight.link(office))
        assert findings(page) == []
        assert sticking_out(page) == []

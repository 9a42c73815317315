"""Every kind of mail in Chromium: on wide and narrow screens, light and dark, without pictures."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route

from service.preview import KINDS, preview
from service.roster_source import load
from tests.web.browser import COLOURS, findings, looking, sticking_out

CONFIG = Path(__file__).parent.parent.parent / "config"
WIDTHS = (600, 360)

every_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(scope="module")
def mails(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every kind as `preview` writes it for the sample programme."""
    out = tmp_path_factory.mktemp("mails")
    preview(load(CONFIG), at=datetime(2027, 1, 4, 12, tzinfo=UTC), template="", to="", out=out)
    return out


@pytest.fixture(scope="module")
def reader(browser: Browser) -> Iterator[Page]:
    """A mail program that loads nothing but the mail."""

    def only_the_mail(route: Route) -> None:
        if route.request.resource_type == "document":
            route.continue_()
        else:
            route.abort()

    with looking(browser) as page:
        page.route("**/*", only_the_mail)
        yield page


@every_kind
def test_a_mail_is_accessible_and_fits(kind: str, mails: Path, reader: Page) -> None:
    reader.goto((mails / f"{kind}.html").as_uri())
    assert reader.title()
    for width in WIDTHS:
        reader.set_viewport_size({"width": width, "height": 740})
        assert sticking_out(reader) == [], width
        for colours in COLOURS:
            reader.emulate_media(color_scheme=colours)
            assert findings(reader) == [], (width, colours)


@every_kind
def test_a_mail_can_be_read_where_its_style_sheet_is_dropped(
    kind: str, mails: Path, reader: Page
) -> None:
    reader.emulate_media(color_scheme="light")
    reader.goto((mails / f"{kind}.html").as_uri())
    reader.evaluate("document.querySelectorAll('style').forEach(e => e.remove())")
    assert findings(reader) == []
    assert sticking_out(reader) == []


@every_kind
def test_a_mail_says_the_same_as_text(kind: str, mails: Path) -> None:
    text = (mails / f"{kind}.txt").read_text()
    assert len(text.split()) > 20
    assert "<" not in text.replace("<http", "")

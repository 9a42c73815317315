"""Every kind of mail in Chromium: on wide and narrow screens, light and dark, without pictures."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route

from service.preview import KINDS, preview
from service.roster_source import load
from tests.web.browser import COLOURS, findings, looking, sticking_out
from tests.web.links import links_in

CONFIG = Path(__file__).parent.parent.parent / "config"
AT = datetime(2027, 1, 4, 12, tzinfo=UTC)
WEB = '[web]\nbase_url = "https://mentoring.example.org"\n'
WIDTHS = (600, 360)

every_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(scope="module")
def mails(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, list[Path]]:
    """Every kind as `preview` writes it for the sample programme, without pages and with them."""
    bare, served = (written(tmp_path_factory, web=web) for web in ("", WEB))
    found = {}
    for kind in KINDS:
        paths = {
            path.read_bytes(): path for path in (bare / f"{kind}.html", served / f"{kind}.html")
        }
        found[kind] = list(paths.values())
    return found


@pytest.fixture(scope="module")
def translated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every kind for readers of Spanish."""
    return written(tmp_path_factory, web=WEB, language="es")


def written(factory: pytest.TempPathFactory, *, web: str, language: str = "en") -> Path:
    """The folder of what `preview` writes for a sample programme with changes."""
    config, out = factory.mktemp("config"), factory.mktemp("mails")
    shutil.copytree(CONFIG, config, dirs_exist_ok=True)
    settings, people = config / "overlap.toml", config / "people.csv"
    settings.write_text(settings.read_text() + web)
    people.write_text(people.read_text().replace(",en\n", f",{language}\n"))
    preview(load(config), at=AT, template="", to="", out=out)
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


@pytest.mark.slow
@every_kind
def test_a_mail_is_accessible_and_fits(
    kind: str, mails: Mapping[str, list[Path]], reader: Page
) -> None:
    for path in mails[kind]:
        reader.goto(path.as_uri())
        assert reader.title()
        for width in WIDTHS:
            reader.set_viewport_size({"width": width, "height": 740})
            assert sticking_out(reader) == [], width
            for colours in COLOURS:
                reader.emulate_media(color_scheme=colours)
                assert findings(reader) == [], (width, colours)


@every_kind
def test_a_translated_mail_is_accessible_and_fits(
    kind: str, translated: Path, reader: Page
) -> None:
    reader.goto((translated / f"{kind}.html").as_uri())
    for width in WIDTHS:
        reader.set_viewport_size({"width": width, "height": 740})
        assert sticking_out(reader) == [], width
    assert findings(reader) == []


@every_kind
def test_a_mail_can_be_read_where_its_style_sheet_is_dropped(
    kind: str, mails: Mapping[str, list[Path]], reader: Page
) -> None:
    reader.emulate_media(color_scheme="light")
    for path in mails[kind]:
        reader.goto(path.as_uri())
        reader.evaluate("document.querySelectorAll('style').forEach(e => e.remove())")
        assert findings(reader) == []
        assert sticking_out(reader) == []


@every_kind
def test_a_mail_leads_as_far_in_plain_text(kind: str, mails: Mapping[str, list[Path]]) -> None:
    for path in mails[kind]:
        text = path.with_suffix(".txt").read_text()
        assert len(text.split()) > 20
        assert links_in(path.read_text()) <= links_in(text)

"""The looks that judge pages and mails see what is poor."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.web.browser import findings, keyboard_faults, looking, sticking_out

GOOD = """<!doctype html><html lang="en"><title>Good</title>
<style>{style}</style><main><h1>Good</h1>{body}</main>"""
CHOICE = "<form><input type=radio name=a {}></form>"


@pytest.mark.parametrize(
    ("body", "style", "rule"),
    [
        ("<p class=x>pale</p>", ".x { color: #aaa }", "color-contrast"),
        ("<p class=x>over</p>", ".x { background: linear-gradient(#888, #777) }", "color-contrast"),
        ("<input name=x>", "", "label"),
        ("<a href=/x></a>", "", "link-name"),
        ("<div><button>a</button></div>" * 3, "button { height: 9px; padding: 0 }", "target-size"),
    ],
)
def test_axe_sees_what_some_people_cannot_use(
    browser: Browser, body: str, style: str, rule: str
) -> None:
    with looking(browser) as page:
        page.set_content(GOOD.format(body="<p>fine</p>", style=""))
        assert findings(page) == []
        page.set_content(GOOD.format(body=body, style=style))
        assert any(found.startswith(f"{rule} ") for found in findings(page))


def test_what_is_wider_than_the_screen_is_seen(browser: Browser) -> None:
    with looking(browser, width=320) as page:
        page.set_content(GOOD.format(body="<pre>" + "x" * 30, style=""))
        assert sticking_out(page) == []
        page.set_content(GOOD.format(body="<pre>" + "x" * 90, style=""))
        assert sticking_out(page)


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("<a href=/x tabindex=-1>x</a>", "not reached"),
        ("<a href=/x>x</a><a href=/y tabindex=1>y</a>", "another order"),
        ("<a href=/x style='outline: none'>x</a>", "no visible focus"),
        (CHOICE.format("") + CHOICE.format("tabindex=-1"), "not reached"),
    ],
)
def test_what_the_keyboard_misses_is_seen(browser: Browser, body: str, fault: str) -> None:
    with looking(browser, script=False) as page:
        page.set_content(GOOD.format(body="<a href=/x>x</a><input><input type=hidden>", style=""))
        assert keyboard_faults(page) == []
        page.set_content(GOOD.format(body=body, style=""))
        assert any(fault in found for found in keyboard_faults(page))

"""Debian's Chromium, driven headless: what pages and mails are looked at with. Loopback only."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, Response, sync_playwright

COLOURS: tuple[Literal["light", "dark"], ...] = ("light", "dark")
_FLAGS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--no-first-run",
]
_STANDARD = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
_PATIENCE = 10_000
_MOST_STOPS = 150

_OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
_STICKING_OUT = """() => [...document.body.querySelectorAll('*')]
    .filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
    .map(e => e.outerHTML.slice(0, 120))"""
_STOP = """() => {
    globalThis.stops ??= []
    const here = document.activeElement ?? document.body
    if (here.type === 'date' && here === stops.at(-1)) return {marked: true}  // its parts
    if (here === document.body || stops.includes(here)) return null
    stops.push(here)
    const style = getComputedStyle(here)
    const marked = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0
    return {html: here.outerHTML.slice(0, 120), marked}
}"""
_NOT_STOPPED_AT = """() => {
    const grouped = (a, b) => a.type === 'radio' && b.type === 'radio'
        && a.name === b.name && a.form === b.form
    const reached = e => stops.some(stop => stop === e || grouped(stop, e))
    return [...document.querySelectorAll('a[href], button, input, select, textarea, summary')]
        .filter(e => e.type !== 'hidden' && !e.disabled && e.checkVisibility() && !reached(e))
        .map(e => e.outerHTML.slice(0, 120))
}"""
_IN_ORDER = """() => stops.every((e, i) => i === 0
    || stops[i - 1].compareDocumentPosition(e) & Node.DOCUMENT_POSITION_FOLLOWING)"""
_BUTTONS = "form button:not([disabled])"
_HERE = """selector => {
    const here = document.activeElement ?? document.body
    const buttons = [...document.querySelectorAll(selector)]
    return {button: buttons.indexOf(here), name: here.name ?? ''}
}"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's browser with an empty profile of its own. Fails where it is not installed."""
    path = shutil.which("chromium")
    if path is None:
        pytest.fail("chromium is missing; run: apt-get install chromium", pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def looking(
    browser: Browser, *, width: int = 1280, height: int = 800, script: bool = True
) -> Iterator[Page]:
    """An empty page of a fresh visitor, in light colours. axe needs `script`."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="light",
        java_script_enabled=script,
        locale="en-US",
    )
    context.set_default_timeout(_PATIENCE)
    try:
        yield context.new_page()
    finally:
        context.close()


def findings(page: Page) -> list[str]:
    """What axe-core holds against the page by WCAG 2.2 A and AA, one line a fault.

    A contrast that axe can't judge (text over a picture) counts as a fault.
    """
    answer = Axe().run(page, options={"runOnly": _STANDARD}).response
    unsure = [rule for rule in answer["incomplete"] if rule["id"] == "color-contrast"]
    return [
        f"{rule['id']} ({rule['impact']}): {node['html'][:120]}: {node['failureSummary']}"
        for rule in [*answer["violations"], *unsure]
        for node in rule["nodes"]
    ]


def sticking_out(page: Page) -> list[str]:
    """What makes the page scroll sideways; empty where it does not."""
    if page.evaluate(_OVERFLOW) <= 0:
        return []
    return page.evaluate(_STICKING_OUT) or ["something sticks out"]


def keyboard_faults(page: Page) -> list[str]:
    """What the Tab key does not reach, reaches in odd order, or reaches without a mark to see."""
    faults = []
    for _ in range(_MOST_STOPS):
        page.keyboard.press("Tab")
        stop = page.evaluate(_STOP)
        if stop is None:
            break
        if not stop["marked"]:
            faults.append(f"no visible focus: {stop['html']}")
    faults += [f"not reached by Tab: {html}" for html in page.evaluate(_NOT_STOPPED_AT)]
    if not page.evaluate(_IN_ORDER):
        faults.append("Tab goes through the page in another order than it is read")
    return faults


def buttons(page: Page) -> Locator:
    """The buttons that send a form, in the order of the page."""
    return page.locator(_BUTTONS)


def press(page: Page, typed: Mapping[str, str], button: int | None = None) -> Response:
    """Go to a form's button by Tab, filling fields in on the way, and press it.

    `typed` says by field name what is typed; " " ticks a box or takes a radio button. Without
    `button` (its number on the page) it is the first one after all was typed.
    """
    left = dict(typed)
    for _ in range(_MOST_STOPS):
        page.keyboard.press("Tab")
        here = page.evaluate(_HERE, _BUTTONS)
        if here["button"] >= 0 and (not left if button is None else here["button"] == button):
            with page.expect_navigation() as done:
                page.keyboard.press("Enter")
            return done.value
        if here["name"] in left:
            _fill(page, left.pop(here["name"]))
    raise AssertionError(f"the keyboard does not reach button {button}; not typed: {sorted(left)}")


def _fill(page: Page, text: str) -> None:
    page.keyboard.press("Control+A")
    page.keyboard.type(text)

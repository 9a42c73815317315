"""The coordinator's pages in a real browser: any screen, either colour, keyboard, no script."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import select

from mentoring.met import Pulse
from mentoring.tables import Fault
from service import removals, roster_faults
from service.removals import Removal
from store import bounces, facts, met, outbox, tables
from tests.bench.many_pairs import Served, filled, served, write_roster
from tests.web import desk
from tests.web.browser import (
    COLOURS,
    buttons,
    findings,
    keyboard_faults,
    looking,
    press,
    sticking_out,
)
from tests.web.desk import foretell, link, signed_in
from tests.web.office import Office
from tests.web.sights import PAIR, booked
from tests.world import DANA, LEE
from web.app import DESK
from web.coordinator import COOKIE, ROOT

DESKTOP, PHONE, NARROW, ZOOMED = (1280, 800), (390, 844), (320, 640), (640, 400)
PAIR_PAGE = f"/pair/{LEE}/{DANA}"


@dataclass(frozen=True)
class State:
    """A page in one state. `make` brings the office there; its pages are open to a session."""

    name: str
    path: str
    make: Callable[[Office], object] = lambda office: None
    typed: dict[str, str] = field(default_factory=dict)
    signed: bool = True


def troubled(office: Office) -> None:
    """Everything at once: a lost mail, a queued one, a low chance, a poor word."""
    booked(office)
    table = tables.outbox
    with office.world.engine.begin() as connection:
        first, second, *_ = connection.execute(select(table.c.id).order_by(table.c.id)).scalars()
        outbox.mark(connection, first, "failed", error="550 5.1.1 no such user here")
        outbox.mark(connection, second, "queued")
        bounces.pause(connection, DANA, "it came back: no such mailbox (5.1.1)", office.now)
        met.add_pulse(connection, *PAIR, LEE, Pulse.POORLY, office.now)
        foretell(connection)
    office.now += timedelta(minutes=1)


def paused(office: Office) -> None:
    booked(office)
    with signed_in(office) as browser:
        desk.press(browser, PAIR_PAGE, do="pause", until="2027-02-20")


def unread(office: Office) -> None:
    office.world.step(office.now)


def files_wait(office: Office) -> None:
    """An edit takes out the only pair and more; the page shows the one that it still knows."""
    booked(office)
    work = office.work()
    waits = Removal(tuple(removals.mark(work.secret, pair) for pair in work.roster.pairs), 9)
    with office.world.engine.begin() as connection:
        facts.keep(connection, facts.REMOVAL, waits, Removal)
    roster_faults.note(work.engine, [waits.fault(Path("/etc/overlap"))], office.now)


def files_at_fault(office: Office) -> None:
    booked(office)
    fault = Fault("/etc/overlap/people.csv", 7, '"Nowhere" is no time zone', "use an IANA name")
    roster_faults.note(office.world.engine, [fault, fault], office.now)


STATES = (
    State("sign in", "", typed={"email": "coordinator@example.org"}, signed=False),
    State("pairs", "", booked),
    State("pairs in trouble", "", troubled, {"q": "lee"}),
    State("no pair", "?q=nobody", booked),
    State("pair", PAIR_PAGE, booked, {"until": "05012027"}),
    State("pair in trouble", PAIR_PAGE, troubled),
    State("pair paused", PAIR_PAGE, paused),
    State("mail", "/mail", booked),
    State("mail in trouble", "/mail", troubled),
    State("mail sent", "/mail?state=sent", booked),
    State("calendars", "/calendars", booked),
    State("calendars unread", "/calendars", unread),
    State("cohort", "/cohort", troubled),
    State("files", "/files", booked),
    State("files that wait", "/files", files_wait),
    State("files at fault", "/files", files_at_fault),
    State("after an act", "/mail?done=resent", booked),
)
every_state = pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)


@contextmanager
def opened(
    office: Office, browser: Browser, state: State, *, script: bool = True
) -> Iterator[Page]:
    state.make(office)
    with looking(browser, script=script) as page:
        if state.signed:
            with signed_in(office) as client:
                kept = client.cookies[COOKIE]
            page.context.add_cookies(
                [{"name": COOKIE, "value": kept, "domain": "127.0.0.1", "path": ROOT}]
            )
        answer = page.goto(f"{office.base}{ROOT}{state.path}")
        assert answer is not None
        assert answer.status == 200, answer.text()
        yield page


def test_every_place_is_looked_at() -> None:
    looked_at = {state.path.partition("?")[0] for state in STATES if state.signed}
    wanted = {p.path.replace("{about:path}", f"{LEE}/{DANA}") for p in DESK}
    assert wanted - {"/pairs.csv"} == looked_at


@pytest.mark.slow
@every_state
def test_a_page_is_good_on_any_screen(state: State, office: Office, browser: Browser) -> None:
    with opened(office, browser, state) as page:
        assert page.locator("h1").count() == 1
        for width, height in (DESKTOP, PHONE):
            page.set_viewport_size({"width": width, "height": height})
            for colours in COLOURS:
                page.emulate_media(color_scheme=colours)
                assert findings(page) == [], (width, colours)
        for details in page.locator("summary").all():
            details.click()
        assert findings(page) == []
        for width, height in (NARROW, ZOOMED):
            page.set_viewport_size({"width": width, "height": height})
            assert sticking_out(page) == [], width
        page.set_viewport_size({"width": 360, "height": 740})
        page.add_style_tag(content="html { font-size: 200% }")  # a phone's own large letters
        assert sticking_out(page) == []


@pytest.mark.slow
@every_state
def test_a_page_is_worked_by_keyboard_alone_without_script(
    state: State, office: Office, browser: Browser
) -> None:
    with opened(office, browser, state, script=False) as page:
        assert keyboard_faults(page) == []
        if state.typed:
            page.reload()
            answer = press(page, state.typed)
            assert answer.ok
            assert page.locator("h1").count() == 1
            assert sticking_out(page) == []
        elif buttons(page).count():
            page.reload()
            answer = press(page, {}, buttons(page).count() - 1)
            assert answer.ok


def test_the_way_in_from_the_mail_to_the_pairs(office: Office, browser: Browser) -> None:
    booked(office)
    door = link(office)
    with looking(browser, width=360) as page:
        page.goto(door)
        assert findings(page) == []
        answer = press(page, {})
        assert answer.ok
        assert "Lee Park" in page.inner_text("main")
        page.goto("about:blank")
        page.goto(f"{office.base}{ROOT}")  # from elsewhere, as a mail's link is
        assert "Lee Park" in page.inner_text("main")
        with page.expect_navigation():
            page.get_by_role("button", name="Sign out").click()
        assert "You are signed out." in page.inner_text("main")


@pytest.fixture(scope="module")
def three_hundred(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Three hundred pairs, of which five have not met since February."""
    directory: Path = tmp_path_factory.mktemp("many") / "programme"
    write_roster(directory, 300)
    engine = filled(directory, troubled=5, missed=0.0)
    with served(directory, 300, engine) as pages:
        yield pages
    engine.dispose()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_five_of_three_hundred_that_need_help_are_on_the_first_screen(
    size: tuple[int, int], three_hundred: Served, browser: Browser
) -> None:
    width, height = size
    with looking(browser, width=width, height=height) as page:
        cookies = [
            {"name": name, "value": value, "domain": "127.0.0.1", "path": ROOT}
            for name, value in three_hundred.cookie.items()
        ]
        page.context.add_cookies(cookies)  # type: ignore[arg-type]
        page.goto(three_hundred.url)
        assert page.inner_text("h1").startswith("5 pairs need help")
        cards = page.locator(".card.help")
        assert cards.count() == 5
        for card in cards.all():
            words = card.inner_text()
            assert "No meeting for long" in words
            assert "Ask both what would help" in words
            box = card.bounding_box()
            assert box is not None
            assert box["y"] >= 0
            assert box["y"] + box["height"] <= height
        assert findings(page) == []
        assert sticking_out(page) == []

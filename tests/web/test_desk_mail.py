"""The coordinator's mail queue: what is sent again, what is skipped, and what is of no use."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select

from service.work import reading
from store import outbox, queue, tables
from tests.web.desk import COORDINATOR, acts, page, press, signed_in
from tests.web.office import Office
from tests.web.sights import booked
from tests.world import DANA, LEE, to

PAGE = f"/pair/{LEE}/{DANA}"


@pytest.fixture
def browser(office: Office) -> Iterator[httpx.Client]:
    booked(office)
    with signed_in(office) as browser:
        yield browser


def _letter(office: Office, state: str, kind: str = "invite") -> int:
    """One letter put into a state, as delivery would."""
    table = tables.outbox
    with office.world.engine.begin() as connection:
        found: int = (
            connection.execute(select(table.c.id).where(table.c.kind == kind).order_by(table.c.id))
            .scalars()
            .all()[0]
        )
        outbox.mark(connection, found, state, error="550 no such user")
    return found


def _key(office: Office, number: int) -> str:
    """What no other letter has: its Message-ID."""
    table = tables.outbox
    with reading(office.world.engine) as connection:
        query = select(table.c.message_id).where(table.c.id == number)
        return f"Message-ID: {connection.execute(query).scalar_one()}"


@pytest.mark.parametrize("state", ["failed", "unknown"])
def test_a_lost_mail_is_sent_again_under_its_message_id(
    office: Office, browser: httpx.Client, state: str
) -> None:
    number = _letter(office, state)
    folder = office.world.directory / "outbox" / "new"
    (gone,) = (f for f in folder.iterdir() if _key(office, number) in f.read_text())
    gone.unlink()  # it did not arrive
    shown = page(browser, "/mail")
    assert "550 no such user" in shown
    assert "Send again" in shown
    told = press(browser, "/mail", do="resend", letter=str(number))
    assert told.startswith("The mail is queued again")
    office.world.step(office.now)
    assert [f for f in folder.iterdir() if _key(office, number) in f.read_text()]
    assert press(browser, "/mail", do="resend", letter=str(number)).startswith("Nothing")


def test_a_lost_mail_of_no_use_any_more_is_not_sent_again(
    office: Office, browser: httpx.Client
) -> None:
    number = _letter(office, "failed")
    office.now += timedelta(days=40)
    with signed_in(office) as later:
        told = press(later, "/mail", do="resend", letter=str(number))
    assert told == "Not sent: the time for this mail is over."


def test_an_invite_that_was_refused_is_not_sent_again_once_its_meeting_is_off(
    office: Office, browser: httpx.Client
) -> None:
    """Who never heard of a meeting gets no cancellation: no later mail tells that it is off."""
    number = _letter(office, "failed")
    press(browser, PAGE, do="skip")
    told = press(browser, "/mail", do="resend", letter=str(number))
    assert told == "Not sent: the meeting has moved since, or is off."


def test_a_queued_mail_is_skipped(office: Office, browser: httpx.Client) -> None:
    number = _letter(office, "queued")
    assert press(browser, "/mail", do="skip", letter=str(number)).startswith("Skipped.")
    office.world.sent()
    office.world.step(office.now)
    assert to(office.world.sent(), LEE) == []
    assert (COORDINATOR, "skipped a mail") in acts(office)


@pytest.mark.parametrize(("state", "after"), [("unknown", "sent"), ("failed", "superseded")])
def test_the_coordinator_has_done_with_a_lost_mail(
    office: Office, browser: httpx.Client, state: str, after: str
) -> None:
    number = _letter(office, state)
    assert press(browser, "/mail", do="settle", letter=str(number)).startswith("Settled.")
    with office.world.engine.connect() as connection:
        item = queue.by_id(connection, number)
    assert item is not None
    assert item.state == after
    assert (COORDINATOR, "settled a mail") in acts(office)
    assert press(browser, "/mail", do="settle", letter=str(number)).startswith("Nothing")


@pytest.mark.parametrize("letter", ["", "x", "-1", "9" * 30, "99999"])
def test_a_mail_that_is_not_there_is_no_trouble(browser: httpx.Client, letter: str) -> None:
    assert press(browser, "/mail", do="skip", letter=letter).startswith("Nothing was changed")


def test_mail_held_for_the_readers_hours_says_so(office: Office, browser: httpx.Client) -> None:
    _letter(office, "queued")
    assert "it goes out with the next pass" in page(browser, "/mail")
    office.now = office.now.replace(hour=23)
    with signed_in(office) as late:
        assert "held for hours" in page(late, "/mail")

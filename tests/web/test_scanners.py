"""Mail scanners open every link before its reader does: nothing may come of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from email.message import EmailMessage
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import Row, select

from store.schema import metadata
from tests.web.links import links_of, targets
from tests.web.office import Office
from tests.web.sights import Sight, consented, every_page

EVERY, WEEKS = timedelta(days=1), timedelta(weeks=7)
Rows = dict[str, list[Row[tuple[object, ...]]]]


@pytest.fixture
def scanner() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=10, follow_redirects=True) as client:
        yield client


def everything(office: Office) -> Rows:
    """All rows of all tables."""
    with office.world.engine.connect() as connection:
        return {name: list(connection.execute(select(t))) for name, t in metadata.tables.items()}


def scan(scanner: httpx.Client, office: Office, links: set[str]) -> set[str]:
    """Open these links, and what those pages link to, as scanners do. Gives what was opened."""
    opened: set[str] = set()
    while left := {link for link in links if link.startswith(office.base)} - opened:
        for link in left:
            assert scanner.head(link).status_code < 500
            page = scanner.get(link)
            assert page.status_code < 500
            links = links | targets(page.text, link)
        opened |= left
    return opened


def purpose(link: str) -> str:
    return urlsplit(link).path.split("/")[1]


def accept(office: Office, messages: list[EmailMessage], now: datetime) -> None:
    for message in messages:
        if any(part.get_param("method") == "REQUEST" for part in message.walk()):
            reader = message["To"].addresses[0].addr_spec
            office.world.reply(reader, message, "ACCEPTED", now)


@pytest.mark.slow
@every_page
def test_scanning_a_page_changes_nothing(
    sight: Sight, office: Office, scanner: httpx.Client
) -> None:
    if sight.page == "connected":
        return  # the provider's way back, in no mail: it acts on a state that a button signed
    office.work()  # a store has a secret from its first pass on
    link = sight.link(office)
    before = everything(office)
    assert link in scan(scanner, office, {link})
    assert everything(office) == before


@pytest.mark.slow
def test_scanning_every_mail_of_seven_weeks_changes_nothing(
    office: Office, scanner: httpx.Client
) -> None:
    office.world.new = True
    seen: set[str] = set()
    until = office.now + WEEKS
    while office.now < until:
        office.world.step(office.now)
        mails = office.world.sent()
        links = set().union(*map(links_of, mails))
        before = everything(office)
        seen |= {purpose(link) for link in scan(scanner, office, links)}
        assert everything(office) == before
        accept(office, mails, office.now)
        if "connect" in seen and not office.connected:
            scanner.get(consented(office)).raise_for_status()
        office.now += EVERY
    assert seen >= {"connect", "agenda", "met", "agreement", "planning"}

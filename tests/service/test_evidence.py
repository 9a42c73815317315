"""A mail whose answer got lost on the way: Gmail's Sent settles it, when it can be seen there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.servers.faults import Request
from tests.servers.started import SIMULATORS, Started
from tests.world import DANA, LEE, World, at

OFFICE = "mentoring@example.org"
MONDAY = at("2027-01-11 12:00")


@pytest.fixture
def google(tmp_path: Path) -> Iterator[Started]:
    with SIMULATORS["google"](tmp_path) as started:
        started.server.user(OFFICE)
        yield started


@pytest.fixture
def office(tmp_path: Path, google: Started) -> Iterator[World]:
    world = World(tmp_path)
    world.write()
    settings = tmp_path / "overlap.toml"
    text = settings.read_text().replace("maildir:outbox", "google:")
    settings.write_text(text + google.toml())
    yield world
    world.close()


def of(operation: str) -> object:
    def match(request: Request) -> bool:
        return request.operation == f"gmail.users.{operation}"

    return match


def readers(google: Started) -> list[str]:
    raws = google.server.sent(OFFICE)
    return sorted(r for r in (DANA, LEE) for raw in raws if f"<{r}>".encode() in raw)


def test_a_letter_that_was_taken_is_not_sent_again(office: World, google: Started) -> None:
    google.server.fail(of("messages.send"), "reset after effect", times=2)
    for minutes in range(6):
        office.step(MONDAY + timedelta(minutes=minutes))
    assert readers(google) == [DANA, LEE]


def test_a_letter_that_was_not_taken_is_sent_later(office: World, google: Started) -> None:
    google.server.fail(of("messages.send"), "reset before", times=2)
    office.step(MONDAY)
    assert readers(google) == []
    for minutes in range(1, 6):
        office.step(MONDAY + timedelta(minutes=minutes))
    assert readers(google) == [DANA, LEE]


def test_a_letter_that_shows_in_sent_only_after_a_minute(office: World, google: Started) -> None:
    google.server.fail(of("messages.send"), "reset after effect", times=2)
    google.server.mail.indexed = False
    office.step(MONDAY)
    office.step(MONDAY + timedelta(minutes=1))
    assert readers(google) == [DANA, LEE]
    google.server.mail.indexed = True
    for minutes in range(2, 6):
        office.step(MONDAY + timedelta(minutes=minutes))
    assert readers(google) == [DANA, LEE]


def test_while_sent_cant_be_searched_nothing_is_decided(office: World, google: Started) -> None:
    google.server.fail(of("messages.send"), "reset after effect", times=2)
    google.server.fail(of("messages.list"), "503", times=6)
    for minutes in range(12):
        office.step(MONDAY + timedelta(minutes=minutes))
    assert readers(google) == [DANA, LEE]
    assert all("in doubt" not in raw.decode() for raw in google.server.sent(OFFICE))


@pytest.mark.parametrize("scheme", SIMULATORS)
def test_a_sign_in_that_is_refused_costs_no_letter(tmp_path: Path, scheme: str) -> None:
    with SIMULATORS[scheme](tmp_path) as started:
        started.server.user(OFFICE)
        world = World(tmp_path)
        world.write()
        settings = tmp_path / "overlap.toml"
        text = settings.read_text().replace("maildir:outbox", f"{scheme}:")
        settings.write_text(text + started.toml())
        (secret,) = (
            tmp_path / name
            for name in ("google.json", "microsoft365.secret", "exchange.secret")
            if (tmp_path / name).exists()
        )
        right = secret.read_text()
        secret.write_text("{}")
        work = world.step(MONDAY)
        assert (work.counts["sent"], work.counts["failed"]) == (0, 2)
        secret.write_text(right)
        work = world.step(MONDAY + timedelta(minutes=2))
        assert work.counts["sent"] == 2
        assert len(started.server.sent(OFFICE)) == 2
        world.close()

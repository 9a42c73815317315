"""What a partner's supervisor will be told, over real sockets, and the dates they keep back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest

from service.links import page_link
from service.summaries import section_now
from service.work import reading
from store import meetings, private
from store.booking import Booking
from tests.web.served import Served, served
from tests.world import DANA, LEE, World, at, to

MONDAY = at("2027-01-11 12:00")
SOON = timedelta(minutes=10)
PEOPLE = """name,email,timezone,hours,supervisor
Dana Lee,dana@example.org,America/New_York,Mon-Fri 09:00-17:00,Boss <boss@example.org>
Lee Park,lee@example.org,America/Los_Angeles,Mon-Fri 08:00-16:00,Chief <chief@example.org>
Ben Ortiz,ben@example.org,America/New_York,Mon-Fri 09:00-17:00,
"""
BEN = "ben@example.org"
PAIRS = f"mentor,mentee\n{LEE},{DANA}\n{LEE},{BEN}\n"


@pytest.fixture
def programme(world: World) -> Iterator[Served]:
    """Dana and Lee have a confirmed meeting ahead; Lee meets Ben too."""
    world.write(people=PEOPLE, pairs=PAIRS)
    with served(world, MONDAY) as programme:
        world.step(MONDAY)
        messages = world.sent()
        for person in (DANA, LEE):
            (invite,) = [m for m in to(messages, person) if "Dana Lee" in m.as_string()]
            world.reply(person, invite, "ACCEPTED", MONDAY)
        world.step(MONDAY + SOON)
        yield programme


def page(programme: Served, who: str) -> str:
    work = programme.work()
    return page_link(work.roster, work.secret, work.now, "told", who)


def first_of(programme: Served, mentee: str = DANA) -> Booking:
    with reading(programme.world.engine) as connection:
        return meetings.of_pair(connection, LEE, mentee)[0]


def marked(programme: Served, who: str) -> frozenset[str]:
    with reading(programme.world.engine) as connection:
        return private.marked(connection, who)


def section(programme: Served, who: str) -> str:
    """The words of the table that stands for the supervisor's mail."""
    table = programme.http.get(page(programme, who)).text.partition("<table")[2]
    return table.partition("</table>")[0]


def test_the_page_says_what_the_section_holds(programme: Served) -> None:
    work = programme.work()
    with reading(programme.world.engine) as connection:
        now = section_now(work, connection, work.roster.people[DANA])
    assert now.planned >= 1
    told = section(programme, DANA)
    assert f"{now.held} held · {now.planned} planned" in told
    assert "Wed 13 Jan 2027" in told
    assert "Lee Park" not in told  # neither agreed to be named
    text = programme.http.get(page(programme, DANA)).text
    assert "<bdi>Boss</bdi> will get this" in text
    assert "with <bdi>Lee Park</bdi>" in text


def test_a_private_meeting_counts_and_has_no_date_for_that_supervisor_alone(
    programme: Served,
) -> None:
    uid = first_of(programme).uid
    before = section(programme, LEE)
    planned = re.search(r"held · (\d+) planned", section(programme, DANA))
    assert programme.press(page(programme, DANA), shown=uid, private=uid).status_code == 303
    assert marked(programme, DANA) == {uid}
    assert marked(programme, LEE) == frozenset()
    told = section(programme, DANA)
    assert "13 Jan" not in told
    assert "counted above without a date" in told
    assert planned is not None
    assert f"held · {planned[1]} planned" in told
    assert section(programme, LEE) == before
    assert re.search(f'value="{uid}" checked', programme.http.get(page(programme, DANA)).text)
    programme.press(page(programme, DANA), shown=uid)
    assert marked(programme, DANA) == frozenset()
    assert "Wed 13 Jan 2027" in section(programme, DANA)


def test_only_ones_own_meetings_can_be_marked(programme: Served) -> None:
    theirs = first_of(programme, BEN).uid
    programme.press(page(programme, DANA), shown=[theirs, "nothing"], private=[theirs, "nothing"])
    assert marked(programme, DANA) == frozenset()
    assert "Ben Ortiz" not in programme.http.get(page(programme, DANA)).text
    both = [theirs, first_of(programme).uid]
    programme.press(page(programme, LEE), shown=both, private=both)
    assert marked(programme, LEE) == set(both)


def test_what_was_not_shown_keeps_its_mark(programme: Served) -> None:
    """A meeting booked since the page was opened, or marked in another window."""
    uid = first_of(programme).uid
    programme.press(page(programme, DANA), shown=uid, private=uid)
    programme.press(page(programme, DANA))
    assert marked(programme, DANA) == {uid}


def test_meetings_that_are_over_leave_the_page_with_their_period(programme: Served) -> None:
    uid = first_of(programme).uid
    programme.now = at("2027-01-31 12:00")
    assert uid in programme.http.get(page(programme, DANA)).text
    programme.now = at("2027-02-01 12:00")
    assert uid not in programme.http.get(page(programme, DANA)).text


def test_without_a_supervisor_there_is_nothing_to_be_told(programme: Served) -> None:
    assert programme.http.get(page(programme, BEN)).status_code == 404
    work = programme.work()
    for who, expected in ((DANA, True), (BEN, False)):
        mentee = who
        link = page_link(work.roster, work.secret, work.now, "choices", who, LEE, mentee)
        text = programme.http.get(link).text
        assert ("/told/" in text) is expected


def test_a_supervisors_link_opens_no_employees_page(programme: Served) -> None:
    assert programme.http.get(page(programme, "boss@example.org")).status_code == 404

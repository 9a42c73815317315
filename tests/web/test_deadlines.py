"""A supervisor's page over real sockets: entered, refused with what was typed, undone."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from mentoring.deadlines import MOST
from service.links import page_link
from service.work import reading
from store import deadlines, meetings
from tests.web.served import Served, served
from tests.world import DANA, LEE, PEOPLE, World, at, body, event_in, to

MONDAY = at("2027-01-11 12:00")
SOON = timedelta(minutes=10)
BOSS, OTHER = "boss@example.org", "other@example.org"
BEN, ANA = "ben@example.org", "ana@example.org"
MORE = (
    "Ben Ortiz,ben@example.org,America/New_York,Mon-Fri 09:00-17:00,,Boss <boss@example.org>\n"
    "Ana Diaz,ana@example.org,America/New_York,Mon-Fri 09:00-17:00,,Other <other@example.org>\n"
)


@pytest.fixture
def programme(world: World) -> Iterator[Served]:
    """The boss has Dana and Ben, somebody else has Ana."""
    pairs = "".join(f"{LEE},{mentee}\n" for mentee in (DANA, BEN, ANA))
    world.write(people=PEOPLE + MORE, pairs=f"mentor,mentee\n{pairs}")
    with served(world, MONDAY) as programme:
        yield programme


def page(programme: Served, who: str = BOSS, *about: str) -> str:
    work = programme.work()
    return page_link(work.roster, work.secret, work.now, "deadline", who, *about)


def enter(programme: Served, who: list[str], first: str, last: str = "", boss: str = BOSS) -> str:
    """Press the button; the page that came back, empty where it was taken."""
    answer = programme.press(page(programme, boss), what="enter", who=who, first=first, last=last)
    assert answer.status_code in (303, 422)
    return html.unescape(answer.text) if answer.status_code == 422 else ""


def held(programme: Served) -> list[tuple[str, str, str]]:
    with reading(programme.world.engine) as connection:
        return [(d.employee, str(d.first), str(d.last)) for d in deadlines.holding(connection)]


def ticked(text: str) -> list[str]:
    return re.findall(r'name="who" value="([^"]+)" checked', text)


def test_a_confirmed_meeting_moves_for_a_deadline_and_the_supervisor_is_told_a_count(
    programme: Served,
) -> None:
    world = programme.world
    world.step(MONDAY)
    messages = world.sent()
    for person in (DANA, LEE):
        (invite,) = [m for m in to(messages, person) if "Dana" in str(m) and "Lee Park" in str(m)]
        world.reply(person, invite, "ACCEPTED", MONDAY)
    world.step(MONDAY + SOON)
    world.sent()
    with reading(world.engine) as connection:
        before = meetings.of_pair(connection, LEE, DANA)[0]
    day = before.meeting.slot.start.astimezone(MONDAY.tzinfo).date()
    assert enter(programme, [DANA], str(day), str(day + timedelta(4))) == ""
    assert programme.woken > 0
    world.step(MONDAY + 2 * SOON)
    messages = world.sent()
    with reading(world.engine) as connection:
        after = meetings.of_pair(connection, LEE, DANA)[0]
    assert after.meeting.slot.start > before.meeting.slot.end + timedelta(days=4)
    for person in (DANA, LEE):
        (moved,) = to(messages, person)
        assert event_in(moved).decoded("dtstart") == after.meeting.slot.start
        assert "A work deadline takes the earlier time." in body(moved)
        assert "Boss" not in body(moved)
    (told,) = to(messages, BOSS)
    assert "One meeting moves by itself." in body(told)
    assert "Lee" not in body(told).replace("Dana Lee", "")
    link = re.search(r"http://\S+/deadline/\S+", body(told))
    assert link is not None
    assert programme.http.get(link[0]).status_code == 200


def test_the_page_lists_a_supervisors_own_people_and_nobody_else(programme: Served) -> None:
    text = programme.http.get(page(programme)).text
    assert ticked(text) == [BEN, DANA]
    assert "Ana Diaz" not in text
    assert "Lee Park" not in text
    assert "<textarea" not in text
    assert programme.http.get(page(programme, DANA)).status_code == 404
    assert programme.http.get(page(programme, LEE)).status_code == 404


def test_one_entry_for_two_people_is_one_mail_and_each_is_undone_alone(programme: Served) -> None:
    programme.world.step(MONDAY)
    programme.world.sent()
    for _ in range(2):  # a second press is no second deadline
        assert enter(programme, [DANA, BEN], "2027-02-08", "2027-02-12") == ""
    week = ("2027-02-08", "2027-02-12")
    assert held(programme) == [(BEN, *week), (DANA, *week)]
    text = programme.http.get(page(programme)).text
    assert text.count("8 – 12 Feb 2027</strong>") == 2
    number = re.findall(r'name="undo" value="(\d+)"', text)[0]
    programme.press(page(programme, OTHER), what="undo", undo=number)  # not theirs
    programme.press(page(programme), what="undo", undo="99")
    programme.press(page(programme), what="undo", undo="x" * 20)
    assert len(held(programme)) == 2
    for _ in range(2):
        programme.press(page(programme), what="undo", undo=number)
    assert held(programme) == [(DANA, *week)]
    programme.world.step(MONDAY + SOON)
    subjects = [str(m["Subject"]) for m in to(programme.world.sent(), BOSS)]
    assert subjects == ["Deadline recorded 8 – 12 Feb 2027", "Deadline undone 8 – 12 Feb 2027"]


def test_nobody_enters_one_for_people_who_are_not_theirs(programme: Served) -> None:
    assert "Say whom it is for." in enter(programme, [ANA, LEE], "2027-02-08")
    assert held(programme) == []
    assert enter(programme, [ANA, DANA], "2027-02-08") == ""
    assert [employee for employee, _, _ in held(programme)] == [DANA]


@pytest.mark.parametrize(
    ("first", "last", "at_field", "said"),
    [
        ("", "2027-02-12", "first", "Give a day, like 7 Dec"),
        ("soon", "2027-02-12", "first", "Give a day"),
        ("2027-02-08", "later", "last", "Give a day"),
        ("2027-02-12", "2027-02-08", "last", "before the first"),
        ("2027-01-04", "2027-01-08", "last", "are over"),
        ("2027-02-01", "2027-03-04", "last", "at most 31 days"),
        ("2028-02-01", "2028-02-04", "last", "more than a year away"),
        ("8 Feb to 9 Feb", "2027-02-12", "first", "Give a day"),
        ("2027-02-08; DROP", "x" * 300, "first", "Give a day"),
    ],
)
def test_a_fault_stands_beside_its_field_and_loses_nothing_typed(
    programme: Served, first: str, last: str, at_field: str, said: str
) -> None:
    text = enter(programme, [DANA], first, last)
    assert f'href="#{at_field}"' in text
    beside = text.partition(f'id="{at_field}-fault">')[2].partition("</p>")[0]
    assert said in beside
    assert ticked(text) == [DANA]
    assert f'name="first" required value="{first}"' in text
    assert f'name="last" value="{last}"' in text
    assert (held(programme), programme.world.sent()) == ([], [])


def test_days_may_be_typed_as_words(programme: Served) -> None:
    assert enter(programme, [DANA], "8 Feb", "Feb 12, 2027") == ""
    assert enter(programme, [DANA], "1 mar") == ""
    assert held(programme) == [
        (DANA, "2027-02-08", "2027-02-12"),
        (DANA, "2027-03-01", "2027-03-01"),
    ]


def test_a_sane_number(programme: Served) -> None:
    for number in range(MOST):
        assert enter(programme, [DANA], str(date(2027, 2, 1) + timedelta(number))) == ""
    text = enter(programme, [DANA, BEN], "2027-03-08")
    assert "Twelve deadlines" in text.partition('id="who-fault">')[2]
    assert len(held(programme)) == MOST
    assert enter(programme, [BEN], "2027-03-08") == ""


def test_a_link_may_fill_the_form_until_it_is_recorded(programme: Served) -> None:
    link = page(programme, BOSS, "2027-02-08", "2027-02-12", DANA)
    text = programme.http.get(link).text
    assert ticked(text) == [DANA]
    assert 'value="2027-02-08"' in text
    assert held(programme) == []  # opening it records nothing
    programme.press(link, what="enter", who=[DANA], first="2027-02-08", last="2027-02-12")
    text = programme.http.get(link).text
    assert ticked(text) == [BEN, DANA]
    assert 'value="2027-02-08"' not in text


def test_a_supervisor_no_more_has_no_page_and_an_employee_gone_no_row(programme: Served) -> None:
    link = page(programme)
    enter(programme, [DANA, BEN], "2027-02-08")
    people = (PEOPLE + MORE).replace("Boss <boss@", "Other <other@", 1)
    programme.world.directory.joinpath("people.csv").write_text(people)
    text = programme.http.get(link).text
    assert "Dana Lee" not in text
    assert "Ben Ortiz" in text
    assert "8 Feb" not in programme.http.get(page(programme, OTHER)).text  # nor does it pass on
    people = (PEOPLE + MORE).replace("Boss <boss@", "Other <other@")
    programme.world.directory.joinpath("people.csv").write_text(people)
    assert programme.http.get(link).status_code == 404

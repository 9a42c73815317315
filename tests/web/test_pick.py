"""The page on which both pick a time, over real sockets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.message import EmailMessage
from html import unescape

import pytest
from sqlalchemy import func, select

from service.work import reading
from store import meetings, polls
from store.tables_programme import poll_answers
from tests.web.served import Served, form_token_in, served
from tests.world import DANA, LEE, World, at, body, decline_all, event_in, to

MONDAY = at("2027-01-11 12:00")


@pytest.fixture
def programme(world: World) -> Iterator[Served]:
    with served(world, MONDAY) as programme:
        yield programme


def links(programme: Served) -> tuple[str, str]:
    """The page of each of the two, Dana's first, as their mails have it."""
    programme.now, messages = decline_all(programme.world, MONDAY)
    asked = [m for m in messages if str(m["Subject"]).startswith("Pick a time")]
    return link_in(to(asked, DANA)[0]), link_in(to(asked, LEE)[0])


def link_in(message: EmailMessage) -> str:
    found = re.search(r"http://\S+/pick/\S+", body(message))
    assert found is not None
    return found[0]


def answers(programme: Served) -> int:
    with reading(programme.world.engine) as connection:
        return connection.execute(select(func.count()).select_from(poll_answers)).scalar_one()


def booked(programme: Served) -> list[datetime]:
    with reading(programme.world.engine) as connection:
        return [b.meeting.slot.start for b in meetings.of_pair(connection, LEE, DANA)]


def starts(programme: Served) -> list[datetime]:
    with reading(programme.world.engine) as connection:
        (poll,) = polls.running(connection)
    return [option.interval.start for option in poll.options]


def test_both_tick_and_the_shared_time_is_booked(programme: Served) -> None:
    hers, his = links(programme)
    third = starts(programme)[2]
    done = programme.press(hers, suits=["1", "3"])
    assert (done.status_code, done.headers["location"]) == (303, hers.partition("1:")[2][5:])
    again = programme.http.get(hers)
    assert "Your answer is saved" in again.text
    assert len(re.findall(r"checked", again.text)) == 2
    assert "checked" not in programme.http.get(his).text  # what she ticked is hers alone
    programme.press(his, suits=["3", "4"])
    assert programme.woken == 2
    programme.world.step(programme.now + timedelta(minutes=10))
    assert event_in(to(programme.world.sent(), DANA)[0]).decoded("dtstart") == third
    closed = programme.http.get(hers)
    assert (closed.status_code, "nothing left to pick" in closed.text) == (200, True)


def test_the_page_is_each_readers_own_clock(programme: Served) -> None:
    hers, his = links(programme)
    for link, mine, other in ((hers, "EST", "PST"), (his, "PST", "EST")):
        page = unescape(programme.http.get(link).text)
        assert re.search(rf"</strong> {mine} suits me", page)
        assert re.search(rf"For <bdi>[A-Z]\w+ \w+</bdi>: [^<]*{other}", page)
        assert "<label for=" in page
        assert "<script" not in page
        assert "<legend>" in page


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_opening_the_link_changes_nothing(programme: Served, method: str) -> None:
    for link in links(programme):
        for suffix in ("", "?suits=1"):
            assert programme.http.request(method, link + suffix).status_code == 200
    assert (answers(programme), programme.woken) == (0, 0)


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({}, "Tick at least one time"),
        ({"suits": ["1"], "none": "1"}, "not both"),
    ],
)
def test_what_is_no_answer_is_said_and_not_kept(
    programme: Served, fields: dict[str, object], fault: str
) -> None:
    hers, _ = links(programme)
    refused = programme.press(hers, **fields)
    assert refused.status_code == 422
    assert fault in refused.text
    assert "<title>Error:" in refused.text
    assert answers(programme) == 0


def test_none_of_them_is_an_answer(programme: Served) -> None:
    hers, _ = links(programme)
    assert programme.press(hers, none="1").status_code == 303
    assert answers(programme) == 1
    assert "Your answer is saved" in programme.http.get(hers).text


def test_pressing_twice_is_as_once_and_the_last_answer_counts(programme: Served) -> None:
    hers, _ = links(programme)
    for ticked in (["1"], ["1"], ["2", "99", "x"]):
        programme.press(hers, suits=ticked)
    with reading(programme.world.engine) as connection:
        (poll,) = polls.running(connection)
    assert dict(poll.answers) == {DANA: frozenset({poll.options[1].interval.start})}


def test_a_time_that_is_gone_is_shown_as_gone(programme: Served) -> None:
    hers, _ = links(programme)
    second = starts(programme)[1]
    programme.world.calendar("lee", (second, second + timedelta(hours=1)))
    programme.world.step(programme.now + timedelta(minutes=10))
    page = programme.http.get(hers).text
    assert page.count("gone: it no longer suits") == 1
    assert 'id="o2"' not in page
    assert 'id="o3"' in page


def test_a_forged_or_old_link_and_a_strange_form_do_nothing(programme: Served) -> None:
    hers, his = links(programme)
    assert programme.http.get(hers[:-3] + "abc").status_code == 404
    assert programme.http.post(hers, data={"suits": "1"}).status_code == 403
    theirs = form_token_in(programme.http.get(his).text)
    assert programme.http.post(hers, data={"form": theirs, "suits": "1"}).status_code == 403
    form = form_token_in(programme.http.get(hers).text)
    programme.now += timedelta(days=61)
    assert programme.http.get(hers).status_code == 404
    assert programme.http.post(hers, data={"form": form, "suits": "1"}).status_code == 404
    assert answers(programme) == 0


def test_an_answer_to_a_closed_question_does_nothing(programme: Served) -> None:
    hers, his = links(programme)
    form = form_token_in(programme.http.get(hers).text)
    programme.press(hers, suits=["1"])
    programme.press(his, suits=["1"])
    programme.world.step(programme.now + timedelta(minutes=10))
    before = answers(programme), booked(programme)
    late = programme.http.post(hers, data={"form": form, "suits": ["2"]})
    assert "nothing left to pick" in late.text
    programme.world.step(programme.now + timedelta(minutes=20))
    assert (answers(programme), booked(programme)) == before

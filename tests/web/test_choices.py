"""A partner's own page over real sockets: away, other hours, the end, and each taken back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from mentoring.choices import Choice, ChoiceKind
from service.work import reading
from store import choices
from tests.web.served import Served, form_token_in, served
from tests.world import DANA, LEE, World, at, body, kinds, to

MONDAY = at("2027-01-11 12:00")
SOON = timedelta(minutes=10)


@pytest.fixture
def programme(world: World) -> Iterator[Served]:
    with served(world, MONDAY) as programme:
        yield programme


def links(programme: Served) -> tuple[str, str]:
    """Each one's own page, Dana's first, from the foot of their invites."""
    programme.world.step(MONDAY)
    messages = programme.world.sent()
    found = [
        re.search(r"http://\S+/choices/\S+", body(to(messages, person)[0]))
        for person in (DANA, LEE)
    ]
    assert found[0] is not None
    assert found[1] is not None
    return found[0][0], found[1][0]


def held(programme: Served) -> list[Choice]:
    with reading(programme.world.engine) as connection:
        return [kept.choice for kept in choices.holding(connection)]


def test_away_is_kept_shown_to_its_owner_alone_and_undone(programme: Served) -> None:
    hers, his = links(programme)
    done = programme.press(his, what="away", first="2027-01-12", last="2027-01-31")
    assert done.status_code == 303
    assert held(programme) == [Choice(LEE, ChoiceKind.AWAY, date(2027, 1, 12), date(2027, 1, 31))]
    page = programme.http.get(his).text
    assert "You are away: 12 – 31 Jan 2027" in page
    assert "What holds now" not in programme.http.get(hers).text
    number = re.search(r'name="undo" value="(\d+)"', page)
    assert number is not None
    programme.press(hers, what="undo", undo=number[1])  # another's is not hers to undo
    assert len(held(programme)) == 1
    programme.press(his, what="undo", undo=number[1])
    assert held(programme) == []
    programme.press(his, what="undo", undo=number[1])
    assert programme.http.get(his).status_code == 200


def test_pressing_twice_keeps_it_once_and_mails_nothing(programme: Served) -> None:
    _, his = links(programme)
    for _ in range(2):
        programme.press(his, what="away", first="2027-03-01", last="2027-03-14")
    programme.world.step(MONDAY + SOON)
    assert len(held(programme)) == 1
    assert programme.world.sent() == []


def test_what_is_over_is_no_more_to_undo(programme: Served) -> None:
    _, his = links(programme)
    programme.press(his, what="away", first="2027-01-12", last="2027-01-13")
    programme.now = at("2027-01-13 18:00")
    assert "What holds now" in programme.http.get(his).text
    programme.now = at("2027-01-14 12:00")
    assert "What holds now" not in programme.http.get(his).text
    programme.press(his, what="undo", undo="1")
    assert len(held(programme)) == 1


def test_other_hours_until_further_notice(programme: Served) -> None:
    hers, _ = links(programme)
    fields = {"hours": "Mon-Thu 09:00-15:00", "from": "2027-02-01", "until": ""}
    assert programme.press(hers, what="hours", **fields).status_code == 303
    assert held(programme)[0].last is None
    page = programme.http.get(hers).text
    assert "Your hours are Mon-Thu 09:00-15:00, from Mon 1 Feb 2027" in page


@pytest.mark.parametrize(
    ("fields", "said", "beside"),
    [
        ({"what": "away", "first": "", "last": ""}, "Give both days", "first-fault"),
        (
            {"what": "away", "first": "2027-02-02", "last": "2027-02-01"},
            "before the first",
            "last-fault",
        ),
        (
            {"what": "hours", "hours": "<b>late</b>", "from": "2027-02-01"},
            "&lt;b&gt;late&lt;/b&gt;",
            "hours-fault",
        ),
        (
            {"what": "hours", "hours": "Mon 09:00-25:00", "from": "2027-02-01"},
            "is no time of day",
            "hours-fault",
        ),
        ({"what": "hours", "hours": "Mon 09:00-1\x00", "from": "x"}, "both days", "from-fault"),
        ({"what": "hours", "hours": "M" * 201, "from": "2027-02-01"}, "read", "hours-fault"),
    ],
)
def test_a_fault_is_named_beside_its_field_and_what_was_typed_stays(
    programme: Served, fields: dict[str, str], said: str, beside: str
) -> None:
    hers, _ = links(programme)
    refused = programme.press(hers, **fields)
    assert refused.status_code == 422
    assert said in refused.text.partition('role="alert"')[2]
    assert f'id="{beside}"' in refused.text
    assert "<title>Error:" in refused.text
    assert "<b>late" not in refused.text
    if "last" in fields:
        assert f'value="{fields["last"]}"' in refused.text
    assert held(programme) == []


def test_the_end_is_asked_once_more_and_can_be_undone(programme: Served) -> None:
    hers, his = links(programme)
    asked = programme.press(hers, what="end")
    assert (asked.status_code, "End the mentoring with <bdi>Lee Park</bdi>?" in asked.text) == (
        200,
        True,
    )
    assert held(programme) == []
    for _ in range(2):
        form = form_token_in(asked.text)
        programme.http.post(hers, data={"form": form, "what": "end for good"})
    assert len(held(programme)) == 1
    programme.world.step(MONDAY + SOON)
    assert sorted(kinds(programme.world, "ended")) == ["coordinator@example.org", DANA, LEE]
    assert kinds(programme.world, "chosen") == []
    assert programme.world.status(MONDAY)["state"] == "ended"
    theirs = programme.http.get(his).text
    assert "This mentoring has ended" in theirs
    assert "Undo" not in theirs
    assert "Dana Lee ended" not in theirs
    programme.press(his, what="end for good")
    assert len(held(programme)) == 1  # it has ended already
    programme.press(hers, what="undo", undo="1")
    assert programme.world.step(MONDAY + 2 * SOON).counts["proposed"] == 1


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_opening_the_link_changes_nothing(programme: Served, method: str) -> None:
    for link in links(programme):
        query = "?what=away&first=2027-02-01&last=2027-02-02&form=x"
        for suffix in ("", query, "?what=end+for+good"):
            assert programme.http.request(method, link + suffix).status_code == 200
    assert (held(programme), programme.woken) == ([], 0)


def test_a_forged_or_old_link_and_a_strange_form_do_nothing(programme: Served) -> None:
    hers, his = links(programme)
    away = {"what": "away", "first": "2027-02-01", "last": "2027-02-02"}
    assert programme.http.get(hers[:-3] + "abc").status_code == 404
    assert programme.http.get(hers.replace("/choices/", "/pick/")).status_code == 404
    assert programme.http.post(hers, data=away).status_code == 403
    theirs = form_token_in(programme.http.get(his).text)
    assert programme.http.post(hers, data={"form": theirs, **away}).status_code == 403
    form = form_token_in(programme.http.get(hers).text)
    programme.now += timedelta(days=61)
    assert programme.http.post(hers, data={"form": form, **away}).status_code == 404
    assert held(programme) == []


def test_without_pages_the_foot_says_it_by_mail(world: World) -> None:
    world.step(MONDAY)
    invites = [m for m in world.sent() if str(m["Subject"]).startswith("Proposed")]
    assert len(invites) == 2
    for mail in invites:
        assert re.search(r"AWAY [0-9a-f]{16} 2027-03-01 2027-03-14", body(mail))
        html = mail.get_body(("html",))
        assert html is not None
        assert "subject=END%20" in html.get_content()

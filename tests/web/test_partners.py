"""The pages before and after a meeting, over real sockets: who may do what, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx
import pytest
from sqlalchemy import select

from integrations.registry import Ports
from mentoring.agenda import LONGEST
from mentoring.met import Said
from service.consent import Desk
from service.doors import Doors
from service.links import sign
from service.met import say
from service.passes import present
from service.roster_source import load
from service.work import Work, reading
from store import agenda, meetings, met
from store.tables_programme import pulses
from tests.service.test_prepare import MONDAY, TEN_DAYS, about, confirmed, play, text_of
from tests.world import DANA, LEE, World
from web.app import application
from web.serve import PageServer

HOSTILE = "<script>alert(1)</script>\"&'"


@dataclass
class House:
    """The programme with its pages served at an instant."""

    world: World
    now: datetime = MONDAY
    base: str = ""
    uid: str = ""
    start: datetime = MONDAY

    def work(self) -> Work:
        roster = load(self.world.directory)
        return present(roster, self.world.engine, Ports(roster, self.world.directory), self.now)

    def desk(self) -> Desk:
        raise AssertionError("nobody connects a calendar here")

    def link(self, purpose: str, who: str, uid: str = "") -> str:
        work = self.work()
        token = sign(work.secret, purpose, work.now, who, uid or self.uid)
        return f"{self.base}/{purpose}/{token}"

    def items(self) -> list[tuple[str, str, str]]:
        with reading(self.world.engine) as connection:
            found = agenda.items(connection, self.uid)
        return [(item.person, str(item.kind), item.text) for item in found]

    def said(self) -> dict[str, Said]:
        with reading(self.world.engine) as connection:
            return met.said(connection, self.uid)


@pytest.fixture
def house(world: World) -> Iterator[House]:
    """A meeting ten days ahead that both accepted."""
    made = House(world)
    doors = Doors(made.desk, made.work, lambda _person: None, lambda: None)
    with PageServer(application(doors), "127.0.0.1:0") as server:
        made.base = f"http://127.0.0.1:{server.port}"
        settings = f'{TEN_DAYS}[web]\nbase_url = "{made.base}"\n'
        made.uid, made.start = confirmed(world, settings)
        yield made


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=10, follow_redirects=True) as client:
        yield client


def token(page: httpx.Response) -> str:
    return page.text.partition('name="form" value="')[2].partition('"')[0]


def send(http: httpx.Client, link: str, **fields: str) -> httpx.Response:
    return http.post(link, data={"form": token(http.get(link)), **fields})


def test_the_links_in_the_mails_open_each_ones_own_page(house: House, http: httpx.Client) -> None:
    end = house.start + timedelta(hours=1)
    sent = play(house.world, MONDAY + timedelta(hours=2), end + timedelta(days=2), hours=2)
    for beginning, path, heading in (
        ("What will you discuss", "agenda", "Your agenda with"),
        ("Coming up", "agenda", "Your agenda with"),
        ("Did you meet?", "met", "Did you and"),
    ):
        for who, (moment, message) in about(sent, beginning).items():
            house.now = moment
            found = re.search(rf"{house.base}/{path}/\S+", text_of(message))
            assert found is not None
            page = http.get(found[0])
            other = {DANA: "Lee Park", LEE: "Dana Lee"}[who]
            assert page.status_code == 200
            assert f"{heading} <bdi>{other}</bdi>" in page.text
            assert {DANA: "EST", LEE: "PST"}[who] in page.text


def test_both_add_and_each_takes_back_their_own(house: House, http: httpx.Client) -> None:
    for_dana, for_lee = house.link("agenda", DANA), house.link("agenda", LEE)
    assert "You could begin with one of these" in http.get(for_dana).text
    added = send(http, for_dana, kind="question", text="How do you say no?")
    assert "Question: <bdi>How do you say no?</bdi>" in added.text
    send(http, for_dana, kind="question", text="How do you say no?")  # the button pressed twice
    send(http, for_lee, kind="topic", text="Networks")
    assert house.items() == [(DANA, "question", "How do you say no?"), (LEE, "topic", "Networks")]
    page = http.get(for_lee)
    assert "How do you say no?" in page.text
    numbers = re.findall(r'name="remove" value="(\d+)"', page.text)
    assert len(numbers) == 1  # his own
    others = str(int(numbers[0]) - 1)
    for bad in (others, "x", "9" * 30, "-1", "²"):
        assert send(http, for_lee, remove=bad).status_code == 200
        assert len(house.items()) == 2
    send(http, for_lee, remove=numbers[0])
    send(http, for_lee, remove=numbers[0])
    assert house.items() == [(DANA, "question", "How do you say no?")]


def test_a_get_changes_nothing(house: House, http: httpx.Client) -> None:
    for who in (DANA, LEE):
        for purpose in ("agenda", "met"):
            link = house.link(purpose, who)
            for _ in range(5):  # a mail scanner
                assert http.get(f"{link}?text=x&kind=item&met=yes&remove=1").status_code == 200
                assert http.head(link).status_code == 200
    assert (house.items(), house.said()) == ([], {})


def test_hostile_words_stay_words(house: House, http: httpx.Client) -> None:
    send(http, house.link("agenda", DANA), kind="item", text=HOSTILE)
    page = http.get(house.link("agenda", LEE))
    assert "<script" not in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&#34;&amp;" in page.text
    too_long = HOSTILE + "x" * LONGEST
    refused = send(http, house.link("agenda", LEE), kind="item", text=too_long)
    assert refused.status_code == 422
    assert "<script" not in refused.text
    assert 'aria-invalid="true"' in refused.text
    assert refused.text.count(f"Use {LONGEST} characters at most.") == 2  # on top and at the field
    assert "&lt;script&gt;" in refused.text.partition('name="text" value="')[2]  # not lost


@pytest.mark.parametrize("text", ["", "   ", "a\x00b", "a\nb", "\u202eab", "x" * (LONGEST + 1)])
def test_words_that_cannot_be_taken_are_named(house: House, http: httpx.Client, text: str) -> None:
    refused = send(http, house.link("agenda", DANA), kind="item", text=text)
    assert refused.status_code == 422
    assert 'href="#text"' in refused.text
    assert house.items() == []


def test_forged_old_and_foreign_links_are_refused(house: House, http: httpx.Client) -> None:
    for purpose, fields in (("agenda", {"text": "mine"}), ("met", {"met": "yes"})):
        link = house.link(purpose, DANA)
        forged = link[:-2] + ("AA" if not link.endswith("AA") else "BB")
        elsewhere = link.replace(f"/{purpose}/", "/agenda/" if purpose == "met" else "/met/")
        stranger = house.link(purpose, "boss@example.org")
        nobody = house.link(purpose, DANA, "no-such-uid@overlap")
        for bad in (forged, elsewhere, stranger, nobody):
            assert http.get(bad).status_code == 404
        for bad in (forged, elsewhere, stranger):
            assert http.post(bad, data=fields).status_code == 404
        assert http.post(link, data={**fields, "form": "0" * 32}).status_code == 403
        assert http.post(link, data=fields).status_code == 403
        other_form = token(http.get(house.link(purpose, LEE)))
        assert http.post(link, data={**fields, "form": other_form}).status_code == 403
        house.now += timedelta(days=61)
        assert http.get(link).status_code == 404
        assert http.post(link, data=fields).status_code == 404
        house.now = MONDAY
    assert (house.items(), house.said()) == ([], {})


def test_an_agenda_closes_with_its_meeting(house: House, http: httpx.Client) -> None:
    send(http, house.link("agenda", DANA), kind="item", text="Networks")
    house.now = house.start + timedelta(hours=1)
    page = http.get(house.link("agenda", DANA))
    assert "Networks" in page.text
    assert 'name="text"' not in page.text
    assert 'name="remove"' not in page.text
    assert f"{house.base}/met/" in page.text
    link = house.link("agenda", DANA)
    house.now = house.start
    form = token(http.get(link))
    house.now = house.start + timedelta(hours=1)
    http.post(link, data={"form": form, "text": "too late"})
    assert [text for *_, text in house.items()] == ["Networks"]
    house.now = house.start + timedelta(hours=1, days=30)
    assert http.get(house.link("agenda", DANA)).status_code == 404


def test_one_says_that_they_met_and_what_comes_next(house: House, http: httpx.Client) -> None:
    early = http.get(house.link("met", DANA))
    assert "still to come" in early.text
    assert 'name="form"' not in early.text
    house.now = house.start + timedelta(hours=4)
    link = house.link("met", DANA)
    steps = f"Read the paper\r\n\r\n  {HOSTILE}  \r\n"
    done = send(http, link, met="yes", minutes="50", steps=steps)
    assert "You said: yes, 50 minutes" in done.text
    assert house.said() == {DANA: Said(True, 50)}
    theirs = http.get(house.link("met", LEE))
    assert "Read the paper" not in theirs.text  # it is on the next agenda, for both
    send(http, link, met="no")
    assert house.said() == {DANA: Said(False)}
    with reading(house.world.engine) as connection:
        assert agenda.steps(connection, house.uid) == []


def test_next_steps_are_on_the_next_agenda_of_both(house: House, http: httpx.Client) -> None:
    house.world.step(MONDAY + timedelta(days=4))  # the next one is proposed
    house.now = house.start + timedelta(hours=4)
    send(http, house.link("met", LEE), met="yes", steps=f"Send the slides\n{HOSTILE}")
    with reading(house.world.engine) as connection:
        *_, following = meetings.of_pair(connection, LEE, DANA)
    assert following.uid != house.uid
    for who in (DANA, LEE):
        page = http.get(house.link("agenda", who, following.uid))
        assert "Your next steps from last time" in page.text
        assert "Send the slides" in page.text
        assert "<script" not in page.text


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "met"),
        ({"met": "perhaps"}, "met"),
        ({"met": "yes", "minutes": "a while"}, "minutes"),
        ({"met": "yes", "minutes": "0"}, "minutes"),
        ({"met": "yes", "minutes": "481"}, "minutes"),
        ({"met": "yes", "minutes": "-5"}, "minutes"),
        ({"met": "yes", "minutes": "5²"}, "minutes"),
        ({"met": "yes", "steps": "x" * (LONGEST + 1)}, "steps"),
        ({"met": "yes", "steps": "x\n" * 30}, "steps"),
        ({"met": "yes", "steps": "a\x00b"}, "steps"),
    ],
)
def test_what_cannot_be_taken_is_named_and_nothing_is_kept(
    house: House, http: httpx.Client, fields: dict[str, str], field: str
) -> None:
    house.now = house.start + timedelta(hours=4)
    refused = send(http, house.link("met", DANA), **fields)
    assert refused.status_code == 422
    assert f'href="#{field}"' in refused.text
    assert f'id="{field}-fault"' in refused.text
    assert house.said() == {}


def test_how_it_is_going_is_asked_on_day_30_and_not_again_at_once(
    house: House, http: httpx.Client
) -> None:
    house.now = house.start + timedelta(hours=4)
    assert "How is it going?" not in http.get(house.link("met", DANA)).text
    house.now = MONDAY + timedelta(days=30)
    assert "How is it going?" in http.get(house.link("met", DANA)).text
    send(http, house.link("met", DANA), met="yes", pulse="mixed")
    assert "How is it going?" not in http.get(house.link("met", DANA)).text
    assert "How is it going?" in http.get(house.link("met", LEE)).text
    with reading(house.world.engine) as connection:
        rows = connection.execute(select(pulses.c.person, pulses.c.value)).all()
    assert [tuple(row) for row in rows] == [(DANA, "mixed")]


def test_nobody_else_reads_what_the_two_wrote(
    house: House, http: httpx.Client, capsys: pytest.CaptureFixture[str]
) -> None:
    """Canaries in every field, through reminder, question and the supervisor's mail."""
    send(http, house.link("agenda", DANA), kind="item", text="CANARY item")
    end = house.start + timedelta(hours=1)
    sent = play(house.world, MONDAY + timedelta(hours=2), end + timedelta(hours=4), hours=2)
    house.now = end + timedelta(hours=5)
    send(http, house.link("met", DANA), met="yes", steps="CANARY step")
    sent += play(house.world, house.now, house.now + timedelta(days=14), hours=6)
    for _, message in sent:
        if message["To"].addresses[0].addr_spec not in (DANA, LEE):
            assert "CANARY" not in text_of(message)
    assert any("CANARY item" in text_of(message) for _, message in sent)
    captured = capsys.readouterr()
    assert "agenda_item_added" in captured.out + captured.err
    assert "CANARY" not in captured.out + captured.err


def test_what_the_two_say_by_page_settles_it(house: House, http: httpx.Client) -> None:
    house.now = house.start + timedelta(hours=4)
    send(http, house.link("met", DANA), met="yes")
    say(house.work(), house.uid, LEE, Said(True))
    assert house.world.status(house.now)["held"] == 1

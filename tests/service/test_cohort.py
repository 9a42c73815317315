"""A pair's year besides its meetings: welcome, approval, stages, digest, introduced to closed."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from service.welcome import DIGEST, LISTED, YES
from service.work import reading
from store import approvals, preferences
from tests.web.served import served
from tests.world import DANA, LEE, PAIRS, PEOPLE, World, at, event_in, to

BOSS = "boss@example.org"
START = at("2027-01-11 12:00")
EVENTS = (
    "title,kind,start,end,timezone,place,link\n"
    "Closing Party,celebration,2027-07-29 15:00,2027-07-29 17:00,America/New_York,Denver,\n"
)


@pytest.fixture
def new(tmp_path: Path) -> World:
    """A pair that nobody introduced yet."""
    world = World(tmp_path / "programme", new=True)
    world.write(events=EVENTS)
    return world


def play(world: World, start: datetime, until: datetime, hours: int = 12) -> list[EmailMessage]:
    sent: list[EmailMessage] = []
    while start <= until:
        world.step(start)
        sent += world.sent()
        start += timedelta(hours=hours)
    return sent


def text_of(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    content: str = body.get_content()
    return content


def about(sent: list[EmailMessage], words: str) -> list[EmailMessage]:
    return [m for m in sent if words in str(m["Subject"])]


def say(world: World, message: EmailMessage, word: str, rest: str = "") -> None:
    code = re.search(rf"{word} ([0-9a-f]{{16}})", text_of(message))
    assert code is not None
    who = message["To"].addresses[0].addr_spec
    world.drop(f"From: {who}\r\nSubject: {word} {code[1]}{rest}\r\n\r\n".encode())


def test_three_weeks_before_partners_are_welcomed_and_the_supervisor_approves(new: World) -> None:
    assert play(new, START - timedelta(days=25), START - timedelta(days=22)) == []
    sent = play(new, START - timedelta(days=21), START - timedelta(days=15))
    assert [m["To"].addresses[0].addr_spec for m in sorted(sent, key=lambda m: str(m["To"]))] == [
        BOSS,
        DANA,
        LEE,
    ]
    assert "Mon-Fri 09:00-17:00" in text_of(to(sent, DANA)[0])
    asked = to(sent, BOSS)[0]
    assert asked["Subject"] == "Approve mentoring time for Dana Lee"
    assert "Lee Park" not in str(asked)  # the partner's name is nobody's business yet
    say(new, asked, "APPROVE")
    new.step(START - timedelta(days=14))
    with reading(new.engine) as connection:
        assert approvals.at(connection, DANA, BOSS) is not None


def test_a_welcome_says_what_is_known_and_how_invitations_arrive(new: World) -> None:
    people = (
        "name,email,timezone,hours,site,onsite,tools,language\n"
        f"Dana Lee,{DANA},America/New_York,Mon-Fri 09:00-17:00,Denver,Tue Thu,Zoom,\n"
        f"Lee Park,{LEE},America/New_York,Mon-Fri 08:00-16:00,,,,es\n"
    )
    new.write(people=people)
    sent = play(new, START - timedelta(days=21), START - timedelta(days=17))
    hers, his = (text_of(to(sent, who)[0]) for who in (DANA, LEE))
    assert re.search(r"On site +Tuesday, Thursday\s", hers)
    assert "Zoom" in hers
    assert "Add mentoring@example.org to your contacts." in hers
    assert "Agrega mentoring@example.org a tus contactos." in his
    assert "En el sitio" not in his


def test_an_approval_counts_only_for_ones_own_people(new: World) -> None:
    sent = play(new, START - timedelta(days=14), START - timedelta(days=12))
    say(new, to(sent, BOSS)[0], "APPROVE")
    people = (new.directory / "people.csv").read_text()
    (new.directory / "people.csv").write_text(people.replace("Boss <boss@", "Other <other@"))
    new.step(START - timedelta(days=11))
    with reading(new.engine) as connection:
        assert approvals.at(connection, DANA, BOSS) is None


def test_two_weeks_before_they_are_introduced_and_on_day_one_asked_to_agree(new: World) -> None:
    assert about(play(new, START - timedelta(days=21), START - timedelta(days=15)), "Meet") == []
    sent = play(new, START - timedelta(days=14), START - timedelta(days=13))
    subjects = [str(m["Subject"]) for m in to(sent, DANA)]
    assert subjects[0] == "Meet your mentoring partner: Lee Park"
    assert subjects[1].startswith("Proposed")  # nobody is invited to meet a stranger
    assert "3 hours ahead" in text_of(about(to(sent, LEE), "Meet")[0])
    assert "3 hours behind" in text_of(about(to(sent, DANA), "Meet")[0])
    sent = play(new, START - timedelta(days=12), START - timedelta(days=1))
    assert about(sent, "agreement") == []
    first = play(new, START, START + timedelta(days=1))
    assert len(about(to(first, DANA), "Confirm your agreement")) == 1
    assert len(about(to(first, LEE), "Confirm your agreement")) == 1


def test_who_has_met_long_ago_is_neither_welcomed_nor_introduced(world: World) -> None:
    world.step(START)
    world.sent()
    later = START + timedelta(days=8)
    with world.engine.begin() as connection:  # as if this version had never run
        connection.exec_driver_sql(
            "DELETE FROM outbox WHERE kind IN ('welcome', 'intro', 'approve')"
        )
    sent = play(world, later, later + timedelta(days=1))
    assert about(sent, "Meet your mentoring partner") == []
    assert about(sent, "preferences") == []
    assert to(sent, BOSS) == []


def test_half_way_a_month_before_and_at_the_end_there_is_one_mail_each(world: World) -> None:
    (world.directory / "events.csv").write_text(EVENTS)
    world.step(START)
    world.sent()
    stages = {}
    for day in ("2027-04-20", "2027-04-21", "2027-06-29", "2027-06-30", "2027-07-22", "2027-07-23"):
        world.step(at(f"{day} 12:00"))
        found = [str(m["Subject"]) for m in to(world.sent(), DANA)]
        stages[day] = [s for s in found if re.search("Mid-point|Plan|closes", s)]
    assert stages == {
        "2027-04-20": [],
        "2027-04-21": ["Mid-point check with Lee Park"],
        "2027-06-29": [],
        "2027-06-30": ["Plan your close with Lee Park"],
        "2027-07-22": [],
        "2027-07-23": ["Your mentoring with Lee Park closes soon"],
    }


def test_the_stages_bring_the_agreement_the_record_and_the_celebration(world: World) -> None:
    people = PEOPLE.replace("supervisor\n", "supervisor,expertise\n").replace(",\n", ",,law\n")
    world.write(
        people=people.replace("<boss@example.org>\n", "<boss@example.org>,law\n"), events=EVENTS
    )
    world.step(START)
    sent = world.sent()
    for who in (DANA, LEE):
        invite = next(m for m in to(sent, who) if m.get_content_type() == "multipart/mixed")
        world.reply(who, invite, "ACCEPTED", START)
    end = event_in(invite).decoded("dtend")
    world.step(end)
    world.sent()
    world.step(at(f"{end + timedelta(days=1):%Y-%m-%d} 12:00"))
    say(world, about(to(world.sent(), DANA), "Did you meet")[0], "MET", " 90")
    world.step(at(f"{end + timedelta(days=2):%Y-%m-%d} 12:00"))
    mails = {}
    for day, subject in (("04-21", "Mid-point"), ("06-30", "Plan your close"), ("07-23", "closes")):
        world.step(at(f"2027-{day} 12:00"))
        mails[subject] = text_of(about(to(world.sent(), DANA), subject)[0])
    assert "every 2 weeks, 60 minutes" in mails["Mid-point"]
    assert "You both know law." in mails["Mid-point"]
    for subject in ("Plan your close", "closes"):
        assert "You are both invited to Closing Party:" in mails[subject]
        assert "Thu 29 Jul 2027" in mails[subject]
    assert re.search(r"Meetings  1 since .+ 2027\s+Time      1.5 hours", mails["closes"])


def test_the_digest_goes_to_who_asked_for_it_once_a_month(new: World) -> None:
    pairs = PAIRS.replace("mentor,mentee\n", "mentor,mentee,start\n").replace(
        "dana@example.org\n", "dana@example.org,2027-01-18\n"
    )
    (new.directory / "pairs.csv").write_text(pairs)
    settings = new.directory / "overlap.toml"
    settings.write_text(settings.read_text() + '[cohort]\nlinks = ["https://example.org/us"]\n')
    sent = play(new, START, START + timedelta(days=3))
    say(new, about(to(sent, DANA), "preferences")[0], "JOIN")
    new.step(START + timedelta(days=4))
    with new.engine.begin() as connection:
        for person in (DANA, LEE):
            preferences.write(connection, person, LISTED, YES, START)
    digests = about(play(new, at("2027-01-25 09:00"), at("2027-02-12 09:00")), "in your cohort")
    assert [m["To"].addresses[0].addr_spec for m in digests] == [DANA]
    text = text_of(digests[0])
    assert "Lee Park and Dana Lee" in text
    assert "https://example.org/us" in text
    say(new, digests[0], "LEAVE")
    assert (
        about(play(new, at("2027-02-25 09:00"), at("2027-03-12 09:00"), 24), "in your cohort") == []
    )


def test_a_mail_that_waited_past_its_use_is_not_sent(new: World) -> None:
    sent = play(new, START - timedelta(days=14), START - timedelta(days=12))
    say(new, about(to(sent, DANA), "preferences")[0], "JOIN")
    at_night = play(new, at("2027-02-01 01:00"), at("2027-03-09 01:00"), 24)
    assert about(at_night, "in your cohort") == []
    digests = about(play(new, at("2027-03-10 09:00"), at("2027-03-12 09:00")), "in your cohort")
    assert [str(m["Date"].datetime.date()) for m in digests] == ["2027-03-01"]
    at_night = play(new, at("2027-04-20 01:00"), at("2027-06-30 01:00"), 24)
    assert about(at_night, "Mid-point") == []
    late = play(new, at("2027-07-01 12:00"), at("2027-07-02 12:00"))
    subjects = [str(m["Subject"]) for m in late]
    assert sorted(s for s in subjects if re.search("Mid-point|Plan", s)) == [
        "Plan your close with Dana Lee",
        "Plan your close with Lee Park",
    ]


def test_a_pair_that_does_not_want_to_be_listed_is_not(new: World) -> None:
    sent = play(new, START - timedelta(days=14), START - timedelta(days=12))
    say(new, about(to(sent, DANA), "preferences")[0], "JOIN")
    digests = about(play(new, at("2027-01-30 09:00"), at("2027-02-12 09:00"), 24), "in your cohort")
    assert len(digests) == 1
    assert "Lee Park" not in text_of(digests[0])


def test_preferences_and_approval_by_page(new: World) -> None:
    now = START - timedelta(days=13)
    with served(new, now) as programme:
        sent = play(new, START - timedelta(days=14), now)
        links = {}
        for message in sent:
            for purpose in ("preferences", "approve"):
                if found := re.search(rf"http://\S+/{purpose}/\S+", text_of(message)):
                    links[purpose, message["To"].addresses[0].addr_spec] = found[0]
        mine, boss = links["preferences", DANA], links["approve", BOSS]
        with reading(new.engine) as connection:
            assert preferences.read(connection, DANA, DIGEST) == ""
        assert programme.http.get(mine).status_code == 200
        assert programme.press(mine, prefer=[DIGEST, LISTED]).status_code == 303
        assert programme.http.get(boss).status_code == 200
        with reading(new.engine) as connection:
            assert preferences.read(connection, DANA, DIGEST) == YES
            assert preferences.read(connection, DANA, LISTED) == YES
            assert approvals.at(connection, DANA, BOSS) is None  # to open it is not to approve
        assert programme.press(boss).status_code == 303
        assert "You approved it" in programme.http.get(boss).text
        assert programme.http.get(boss.replace("/approve/", "/preferences/")).status_code == 404

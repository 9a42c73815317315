"""A pair's agreement: drafted, signed or amended by mail and page, and what holds is followed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from mentoring.roster import Channel
from service.work import reading
from store import agreements, meetings
from store.agreements import Version
from tests.web.served import Served, form_token_in, served
from tests.world import DANA, LEE, PEOPLE, World, at, body, kinds, to

MONDAY = at("2027-01-11 12:00")
SOON, DAY = timedelta(minutes=10), timedelta(days=1)
OFFICE = "coordinator@example.org"
CANARY = "CANARY <b>budget</b> season"
OTHER_TERMS = {
    "do": "amend",
    "weeks": "1",
    "minutes": "30",
    "channel": "virtual",
    "share": "0",
    "conflicts": CANARY,
}


@pytest.fixture
def new(tmp_path: Path) -> Iterator[World]:
    """A pair on its first day: nobody introduced it or wrote its agreement."""
    world = World(tmp_path / "programme", new=True)
    world.write()
    yield world
    world.close()


@pytest.fixture
def programme(new: World) -> Iterator[Served]:
    with served(new, MONDAY) as programme:
        yield programme


def asked(sent: list[EmailMessage]) -> list[EmailMessage]:
    return [m for m in sent if "agreement" in str(m["Subject"])]


def begin(world: World) -> tuple[EmailMessage, EmailMessage]:
    """The first pass: the draft as Dana and Lee are asked about it."""
    world.step(MONDAY)
    sent = asked(world.sent())
    (hers,), (his,) = to(sent, DANA), to(sent, LEE)
    return hers, his


def agree(world: World, message: EmailMessage) -> None:
    code = re.search(r"AGREE ([0-9a-f]{16})", body(message))
    assert code is not None
    who = message["To"].addresses[0].addr_spec
    world.drop(f"From: {who}\r\nSubject: Re: AGREE {code[1]}\r\n\r\n".encode())


def versions(world: World) -> list[Version]:
    with reading(world.engine) as connection:
        return agreements.versions(connection, LEE, DANA)


def link_in(message: EmailMessage, page: str = "agreement") -> str:
    found = re.search(rf"http://\S+/{page}/\S+", body(message))
    assert found is not None
    return found[0]


def slots(world: World) -> dict[str, timedelta]:
    """How long each of the pair's meetings is planned to be."""
    with reading(world.engine) as connection:
        history = meetings.of_pair(connection, LEE, DANA)
    return {booking.uid: booking.meeting.slot.length for booking in history}


def play(world: World, start: datetime, until: datetime, hours: int = 12) -> list[EmailMessage]:
    sent: list[EmailMessage] = []
    while start <= until:
        world.step(start)
        sent += world.sent()
        start += timedelta(hours=hours)
    return sent


def test_both_are_asked_on_the_first_day_and_by_mail_it_comes_into_force(new: World) -> None:
    new.step(MONDAY - DAY)
    assert asked(new.sent()) == []
    hers, his = begin(new)
    assert "every 2 weeks" in body(hers)
    assert "60 minutes" in body(hers)
    assert "Your calendars allow that: 2.2 meetings a month." in body(hers)
    agree(new, hers)
    new.step(MONDAY + SOON)
    assert versions(new)[0].signed == {DANA}
    assert versions(new)[0].in_force_at is None
    agree(new, hers)  # twice is once
    agree(new, his)
    new.step(MONDAY + 2 * SOON)
    assert versions(new)[0].in_force_at == MONDAY + 2 * SOON
    assert asked(play(new, MONDAY + DAY, MONDAY + 40 * DAY)) == []
    assert len(versions(new)) == 1


def test_who_has_not_signed_is_asked_on_days_0_14_and_30_then_the_coordinator(new: World) -> None:
    hers, _ = begin(new)
    agree(new, hers)
    days = []
    for day in range(1, 60):
        now = MONDAY + day * DAY
        new.step(now)
        sent = asked(new.sent())
        assert to(sent, DANA) == []
        days += [(day, m["To"].addresses[0].addr_spec) for m in sent if "Confirm" in m["Subject"]]
        if told := [m for m in sent if "Confirm" not in m["Subject"]]:
            assert [m["To"].addresses[0].addr_spec for m in told] == [OFFICE]
            assert "Still to confirm: Lee Park." in body(told[0])
            days.append((day, OFFICE))
    assert days == [(14, LEE), (30, LEE), (30, OFFICE)]


def test_a_busy_calendar_is_said_and_one_that_is_unknown_is_not_guessed(new: World) -> None:
    new.calendar("dana", (at("2027-01-11 00:00"), at("2027-01-25 12:00")))
    hers, his = begin(new)
    for message in (hers, his):
        assert "Your calendars allow 1.1 of 2.2 meetings a month." in body(message)


def test_no_feasibility_is_said_while_a_calendar_cannot_be_read(new: World) -> None:
    (new.directory / "dana.ics").unlink()
    hers, his = begin(new)
    for message in (hers, his):
        assert "Your calendars allow" not in body(message)


def test_their_own_meetings_do_not_count_against_what_calendars_allow(new: World) -> None:
    """One hour a week is free for both, and the first meeting takes the first of them."""
    people = PEOPLE.replace("Mon-Fri 09:00-17:00", "Wed 14:00-15:00")
    new.write(people=people, agreement='[agreement]\nevery = "1 week"')
    new.step(MONDAY)
    (his,) = asked(new.sent())  # hers waits for Wednesday
    assert list(slots(new).values()) == [timedelta(minutes=60)]
    assert "Your calendars allow that: 4.3 meetings a month." in body(his)


def test_an_amendment_asks_the_other_and_an_old_version_cannot_be_signed(
    programme: Served,
) -> None:
    hers, his = begin(programme.world)
    page = link_in(hers)
    assert programme.press(page, **OTHER_TERMS).status_code == 303
    draft, amended = versions(programme.world)
    assert (draft.author, amended.author) == ("", DANA)
    assert amended.signed == {DANA}
    assert amended.in_force_at is None
    agree(programme.world, his)  # the draft, which he read
    programme.world.step(MONDAY + SOON)
    sent = asked(programme.world.sent())
    assert [v.in_force_at for v in versions(programme.world)] == [None, None]
    assert to(sent, DANA) == []
    (question,) = to(sent, LEE)
    assert question["Subject"] == "A change to your agreement with Dana Lee"
    assert "Dana Lee would like to change how you meet." in body(question)
    assert "30 minutes" in body(question)
    stale = programme.http.get(link_in(his)).text
    refused = programme.http.post(
        link_in(his), data={"form": form_token_in(stale), "do": "sign", "version": "1"}
    )
    assert refused.status_code == 422
    assert "no longer the newest" in refused.text
    assert [v.in_force_at for v in versions(programme.world)] == [None, None]
    assert programme.press(link_in(his), do="sign", version="2").status_code == 303
    assert [v.in_force_at for v in versions(programme.world)] == [None, MONDAY]


def test_the_daemon_follows_what_both_signed_and_leaves_what_is_booked(
    programme: Served,
) -> None:
    world = programme.world
    world.step(MONDAY)
    sent = world.sent()
    hers = to(asked(sent), DANA)[0]
    for invite in (m for m in sent if str(m["Subject"]).startswith("Proposed")):
        world.reply(invite["To"].addresses[0].addr_spec, invite, "ACCEPTED", MONDAY)
    booked = slots(world)
    assert set(booked.values()) == {timedelta(minutes=60)}
    programme.press(link_in(hers), **OTHER_TERMS)
    assert world.step(MONDAY + SOON).roster.pairs[0].agreement.minutes == 60  # one word is none
    agree(world, asked(world.sent())[0])
    world.step(MONDAY + 2 * SOON)
    (world.directory / "pairs.csv").write_text(
        "mentor,mentee,minutes,every\nlee@example.org,dana@example.org,90,4 weeks\n"
    )
    now = MONDAY + 3 * SOON
    work = world.step(now)
    pair = work.roster.pairs[0]
    assert (pair.agreement.minutes, pair.agreement.every) == (30, timedelta(weeks=1))
    assert pair.channel is Channel.VIRTUAL  # and the coordinator's later word waits
    play(world, now, MONDAY + 21 * DAY)
    later = slots(world)
    assert {later[uid] for uid in booked} == {timedelta(minutes=60)}
    others = {length for uid, length in later.items() if uid not in booked}
    assert others == {timedelta(minutes=30)}


def test_an_amendment_left_open_keeps_the_agreement_and_troubles_no_coordinator(
    programme: Served,
) -> None:
    world = programme.world
    hers, his = begin(world)
    agree(world, hers)
    agree(world, his)
    world.step(MONDAY + SOON)
    programme.press(link_in(hers), **OTHER_TERMS)
    sent = asked(play(world, MONDAY + 2 * SOON, MONDAY + 40 * DAY))
    assert [m["To"].addresses[0].addr_spec for m in sent] == [LEE] * 3  # days 0, 14 and 30
    assert all("Until then your older agreement does." in body(m) for m in sent)
    assert kinds(world, "unsigned") == []
    held, still_open = versions(world)
    assert held.in_force_at is not None
    assert still_open.in_force_at is None
    page = programme.http.get(link_in(his)).text
    assert "What holds until then" in page


def test_writing_what_is_there_already_is_signing_it(programme: Served) -> None:
    world = programme.world
    hers, his = begin(world)
    same = {"do": "amend", "weeks": "2", "minutes": "60", "channel": "either", "share": "50"}
    for message in (hers, his):
        assert programme.press(link_in(message), **same).status_code == 303
    (only,) = versions(world)
    assert only.in_force_at == MONDAY


def test_conflicts_are_for_the_two_on_the_page_alone(
    programme: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    world = programme.world
    hers, his = begin(world)
    programme.press(link_in(hers), **OTHER_TERMS)
    for message in (hers, his):
        page = programme.http.get(link_in(message)).text
        assert "CANARY &lt;b&gt;budget&lt;/b&gt; season" in page
    sent = play(world, MONDAY + SOON, MONDAY + 35 * DAY)
    assert to(asked(sent), LEE)
    parts = [p for m in sent for p in m.walk() if p.get_content_maintype() == "text"]
    assert not any("CANARY" in part.get_content() for part in parts)
    captured = capsys.readouterr()
    assert "agreement_amended" in captured.out + captured.err
    assert "CANARY" not in captured.out + captured.err


def test_every_version_is_shown_with_who_wrote_it(programme: Served) -> None:
    hers, his = begin(programme.world)
    programme.press(link_in(hers), **OTHER_TERMS)
    programme.press(link_in(his), **{**OTHER_TERMS, "minutes": "45"})
    assert [v.author for v in versions(programme.world)] == ["", DANA, LEE]
    page = programme.http.get(link_in(hers)).text
    listed = page.partition("<h2>All versions</h2>")[2].partition("</ol>")[0]
    assert re.findall(r"the programme|Dana Lee|Lee Park", listed) == [
        "the programme",
        "Dana Lee",
        "Lee Park",
    ]


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("weeks", "0"),
        ("weeks", "9" * 5000),
        ("minutes", "241"),
        ("channel", "phone"),
        ("share", "101"),
        ("conflicts", "x" * 1001),
        ("conflicts", "a\x00b"),
    ],
)
def test_nonsense_is_named_at_its_field_and_nothing_is_kept(
    programme: Served, field: str, text: str
) -> None:
    hers, _ = begin(programme.world)
    sent = {**OTHER_TERMS, "minutes": "45", field: text}
    refused = programme.press(link_in(hers), **sent)
    assert refused.status_code == 422
    assert f'id="{field}-fault"' in refused.text
    assert f'id="{field}"' in refused.text
    assert "<b>budget" not in refused.text
    if field != "minutes":
        assert 'value="45"' in refused.text  # what was right is not lost
    assert len(versions(programme.world)) == 1


def test_a_rhythm_that_is_no_whole_weeks_is_not_rounded_for_them(programme: Served) -> None:
    settings = programme.world.directory / "overlap.toml"
    ten_days = '[agreement]\nevery = "10 days"\n[mail]'
    settings.write_text(settings.read_text().replace("[mail]", ten_days))
    hers, _ = begin(programme.world)
    assert "every 10 days" in body(hers)
    page = programme.http.get(link_in(hers)).text
    assert 'id="weeks" name="weeks" value=""' in page


def test_opening_a_link_signs_nothing(programme: Served) -> None:
    hers, his = begin(programme.world)
    before = versions(programme.world)
    for message in (hers, his):
        for _ in range(3):
            query = "?do=sign&version=1&weeks=1&minutes=30&channel=virtual&share=0"
            assert programme.http.get(link_in(message) + query).status_code == 200
            assert programme.http.head(link_in(message)).status_code == 200
    assert versions(programme.world) == before
    assert programme.woken == 0


def test_forged_foreign_and_old_links_and_forms_are_refused(programme: Served) -> None:
    hers, his = begin(programme.world)
    good, other = link_in(hers), link_in(his)
    forged = good[:-2] + ("AA" if not good.endswith("AA") else "BB")
    planning = good.replace("/agreement/", "/planning/")
    for bad in (forged, planning):
        assert programme.http.get(bad).status_code == 404
        assert programme.http.post(bad, data={"do": "sign", "version": "1"}).status_code == 404
    form = form_token_in(programme.http.get(other).text)
    for token in ("0" * 32, "", form):  # the last is Lee's
        sent = {"do": "sign", "version": "1", "form": token}
        assert programme.http.post(good, data=sent).status_code == 403
    for version in ("0", "2", "", "x", "9" * 5000):
        assert programme.press(good, do="sign", version=version).status_code == 422
    mine = form_token_in(programme.http.get(good).text)
    programme.now = MONDAY + 61 * DAY
    assert programme.http.get(good).status_code == 404
    late = programme.http.post(good, data={"do": "sign", "version": "1", "form": mine})
    assert late.status_code == 404
    (only,) = versions(programme.world)
    assert only.signed == frozenset()


def test_a_code_of_one_pair_signs_for_nobody_else(new: World) -> None:
    hers, _ = begin(new)
    code = re.search(r"AGREE ([0-9a-f]{16})", body(hers))
    assert code is not None
    new.drop(f"From: {LEE}\r\nSubject: AGREE {code[1]}\r\n\r\n".encode())
    new.drop(f"From: {LEE}\r\nSubject: AGREE {'0' * 16}\r\n\r\n".encode())
    new.step(MONDAY + SOON)
    assert LEE not in versions(new)[0].signed


def test_the_introduction_comes_before_and_its_sheet_is_a_page(programme: Served) -> None:
    world = programme.world
    sent = play(world, MONDAY - 16 * DAY, MONDAY - 9 * DAY)
    intros = [m for m in sent if str(m["Subject"]).startswith("Meet your mentoring partner")]
    assert sorted(m["To"].addresses[0].addr_spec for m in intros) == [DANA, LEE]
    for who, other, zone, apart in (
        (DANA, "Lee Park", "America/Los_Angeles", "Lee Park is 3 hours behind you."),
        (LEE, "Dana Lee", "America/New_York", "Dana Lee is 3 hours ahead of you."),
    ):
        (intro,) = to(intros, who)
        assert intro["Subject"] == f"Meet your mentoring partner: {other}"
        assert zone in body(intro)
        assert apart in body(intro)
        programme.now = MONDAY - 9 * DAY
        page = programme.http.get(link_in(intro, "planning"))
        assert page.status_code == 200
        assert f"you and <bdi>{other}</bdi>" in page.text
    best = r"Monday: 11:00\sAM\W+5:00\sPM EST \(8:00\sAM\W+2:00\sPM PST for Lee Park\)"
    assert re.search(best, body(to(intros, DANA)[0]))

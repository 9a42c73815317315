"""Twelve stories of one pair each, told from their mails."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.message import EmailMessage
from itertools import pairwise
from zoneinfo import ZoneInfo

from tests.service.test_stretch import asked, outside_hours
from tests.service.test_stretch import say as answer
from tests.web.served import served
from tests.world import (
    DANA,
    LEE,
    PEOPLE,
    World,
    at,
    body,
    calendar_of,
    event_in,
    kinds,
    to,
)

MONDAY = at("2027-01-11 12:00")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PLACES = {True: ("Union Kitchen", "Wynkoop Street 5"), False: ("Corner Café", "17th Street 1")}
HEAD = "person,from,to,kind,value\n"


def requests(messages: list[EmailMessage]) -> list[EmailMessage]:
    """Invites and moves, those that come with an event."""
    attached = [m for m in messages if any(p.get_filename() == "invite.ics" for p in m.walk())]
    return [m for m in attached if calendar_of(m)["method"] == "REQUEST"]


def weeks(world: World, first: datetime, count: int, hours: int = 24) -> Iterator[EmailMessage]:
    """Play so many weeks in such steps, everybody saying yes; every request that was sent."""
    for number in range(0, count * 7 * 24, hours):
        now = first + number * HOUR
        world.step(now)
        for invite in requests(world.sent()):
            world.reply(invite["To"].addresses[0].addr_spec, invite, "ACCEPTED", now)
            yield invite


def start(invite: EmailMessage) -> datetime:
    found: datetime = event_in(invite).decoded("dtstart")
    return found


def on_clock(invite: EmailMessage, zone: str) -> datetime:
    return start(invite).astimezone(ZoneInfo(zone))


def test_a_partner_three_hours_behind(world: World) -> None:
    invites = list(weeks(world, MONDAY, 6))
    assert len({str(event_in(i)["uid"]) for i in invites}) >= 3
    for invite in invites:
        assert 11 <= on_clock(invite, "America/New_York").hour < 17
        assert 8 <= on_clock(invite, "America/Los_Angeles").hour < 16
        assert on_clock(invite, "America/New_York").weekday() < 5
        assert "EST" in body(invite)
        assert "PST" in body(invite)


def test_mumbai_and_san_francisco_take_turns_to_bend(world: World) -> None:
    for_dana, for_lee = asked(world)
    assert re.search(
        r"if the mentor opened .+ and the mentee opened|if the mentor opened|"
        r"if the mentee opened",
        str(world.status(MONDAY)["reason"]),
    )
    answer(world, for_dana, "YES")
    answer(world, for_lee, "YES")
    worse = []
    for invite in to(list(weeks(world, MONDAY + DAY, 5, hours=6)), DANA):
        bent = outside_hours(invite)
        worse.append(max(bent, key=lambda who: bent[who]))
    assert len(worse) >= 3
    assert all(one != next_one for one, next_one in pairwise(worse))


def test_a_mentor_with_four_mentees(world: World) -> None:
    others = ("ann", "bob", "cy")
    rows = (f"{n.title()} Ray,{n}@example.org,America/Denver,Mon-Fri 09:00-17:00,," for n in others)
    emails = [DANA, *(f"{n}@example.org" for n in others)]
    world.write(
        people=PEOPLE + "\n".join(rows) + "\n",
        pairs="mentor,mentee\n" + "".join(f"{LEE},{e}\n" for e in emails),
    )
    invites = list(weeks(world, MONDAY, 5))
    spans = {str(event_in(i)["uid"]): (start(i), event_in(i).decoded("dtend")) for i in invites}
    for (_, end), (begin, _) in pairwise(sorted(spans.values())):
        assert end <= begin  # he is in one meeting at a time
    for email in emails:
        assert len(to(invites, email)) >= 2


def test_a_zone_move_mid_programme(world: World) -> None:
    world.write(exceptions=HEAD + f"{DANA},2027-03-01,2027-07-30,timezone,Europe/London\n")
    last = {str(event_in(i)["uid"]): i for i in weeks(world, MONDAY, 10)}
    after = [i for i in last.values() if f"{start(i):%Y-%m-%d}" >= "2027-03-01"]
    before = [i for i in last.values() if f"{start(i):%Y-%m-%d}" < "2027-03-01"]
    assert len(before) >= 2
    assert len(after) >= 2
    assert all(9 <= on_clock(i, "America/New_York").hour < 17 for i in before)
    assert all(9 <= on_clock(i, "Europe/London").hour < 17 for i in after)
    assert all("GMT" in body(i) or "BST" in body(i) or "UTC" in body(i) for i in after)


def test_a_deadline_week(world: World) -> None:
    world.step(MONDAY)
    first = to(world.sent(), DANA)[0]
    week = start(first).date() - timedelta(days=start(first).weekday())
    row = f"{DANA},{week},{week + timedelta(days=4)},deadline,Budget\n"
    world.write(exceptions=HEAD + row)
    world.step(MONDAY + HOUR)
    moved = requests(to(world.sent(), DANA))
    assert [event_in(m)["uid"] for m in moved] == [event_in(first)["uid"]]
    assert not week <= start(moved[0]).date() <= week + timedelta(days=4)
    assert "Budget" not in body(to(moved, DANA)[0])
    world.step(MONDAY + 2 * HOUR)
    assert requests(world.sent()) == []


def test_two_declines_in_a_row(world: World) -> None:
    world.step(MONDAY)
    times, now = [], MONDAY
    for said in ("DECLINED", "DECLINED", "ACCEPTED"):
        sent = requests(world.sent())
        for_dana, for_lee = to(sent, DANA)[0], to(sent, LEE)[0]
        times.append(start(for_dana))
        world.reply(DANA, for_dana, said, now)
        world.reply(LEE, for_lee, "ACCEPTED", now)
        now += HOUR
        world.step(now)
    assert len(set(times)) == 3
    assert event_in(for_dana)["sequence"] == 2
    assert world.status(now)["state"] == "confirmed"
    assert kinds(world, "propose") == []


def test_a_partner_leaves(world: World) -> None:
    world.step(MONDAY)
    invite = to(world.sent(), LEE)[0]
    lee = PEOPLE.splitlines()
    world.write(people=f"{lee[0]}\n{lee[2]}\n", pairs="mentor,mentee\n")
    world.step(MONDAY + HOUR)
    off = world.sent()
    assert {m["To"].addresses[0].addr_spec for m in off} == {DANA, LEE}
    for message in off:
        assert calendar_of(message)["method"] == "CANCEL"
        assert event_in(message)["uid"] == event_in(invite)["uid"]
    assert list(weeks(world, MONDAY + DAY, 3)) == []


def test_a_federal_holiday(world: World) -> None:
    everything = (at("2027-01-01 00:00"), at("2027-01-18 00:00"))
    rest = (at("2027-01-19 00:00"), at("2027-04-01 00:00"))
    world.calendar("dana", everything, rest)  # free on Martin Luther King Day alone
    world.step(MONDAY)
    assert requests(world.sent()) == []
    assert world.status(MONDAY)["state"] == "unschedulable"
    world.calendar("dana", everything, (at("2027-01-20 00:00"), rest[1]))
    found = list(weeks(world, MONDAY + 4 * HOUR, 2))
    assert found
    assert {f"{start(i):%Y-%m-%d}" for i in found} == {"2027-01-19"}


def test_both_on_site_on_tuesdays(world: World) -> None:
    people = (
        "name,email,timezone,hours,site,onsite,calendar\n"
        f"Dana Lee,{DANA},America/Denver,Mon-Fri 09:00-17:00,Denver,Tue Wed,file:dana.ics\n"
        f"Lee Park,{LEE},America/Denver,Mon-Fri 09:00-17:00,Denver,Tue,file:lee.ics\n"
    )
    places = (
        "site,name,kind,address,link\nDenver,Union Kitchen,lunch,Wynkoop Street 5,\n"
        "Denver,Corner Café,coffee,17th Street 1,\n"
    )
    world.write(
        people=people,
        pairs=f"mentor,mentee,channel\n{LEE},{DANA},in person\n",
        places=places,
    )
    first = datetime(2027, 2, 2, tzinfo=ZoneInfo("America/Denver"))  # from then on noon is left
    tuesdays = [first + timedelta(weeks=n) for n in range(8)]
    mornings = [(day.replace(hour=8), day.replace(hour=12)) for day in tuesdays]
    evenings = [(day.replace(hour=13), day.replace(hour=18)) for day in tuesdays]
    world.calendar("dana", *mornings, *evenings)
    seen = set()
    for invite in weeks(world, MONDAY, 6):
        begin = on_clock(invite, "America/Denver")
        is_lunch = begin.hour in (11, 12)
        place, address = PLACES[is_lunch]
        assert begin.weekday() == 1
        assert place in str(event_in(invite)["location"])
        assert address in body(invite)
        seen.add((is_lunch, begin.date() >= first.date()))
    assert seen == {(False, False), (True, True)}


def test_no_connected_calendar(world: World) -> None:
    world.write(people=PEOPLE.replace("file:lee.ics", ""))
    invites = list(weeks(world, MONDAY, 3))
    assert invites
    for invite in invites:
        assert "No calendar is connected for Lee Park" in body(invite)
        assert 8 <= on_clock(invite, "America/Los_Angeles").hour < 16


def test_an_event_that_one_missed(world: World) -> None:
    forum = at("2027-03-18 13:00")
    head = "title,kind,start,end,timezone,place,link\n"
    row = "Forum,forum,2027-03-18 13:00,2027-03-18 15:00,America/New_York,,https://example.org/f\n"
    world.write(events=head + row)
    said = {DANA: "ONLINE", LEE: "ABSENT"}
    sent: list[EmailMessage] = []
    now = forum - timedelta(days=31)
    while now < forum + timedelta(days=8):
        world.step(now)
        for message in world.sent():
            sent.append(message)
            who = message["To"].addresses[0].addr_spec
            for word in (said.get(who, ""), "BOOK", "YES" if who == DANA else ""):
                found = re.search(rf"\b{word} ([0-9a-f]{{16}})\b", body(message)) if word else None
                if found and "stretch" not in body(message):
                    world.drop(f"From: {who}\r\nSubject: {word} {found[1]}\r\n\r\n".encode())
        now += timedelta(hours=8)
    subjects = [str(m["Subject"]) for m in to(sent, DANA)]
    assert [s for s in subjects if s.startswith("Brief Lee Park on Forum")]
    assert any("brief" in str(m["Subject"]).lower() for m in to(sent, LEE))
    half_hours = [
        i
        for i in requests(to(sent, LEE))
        if event_in(i).decoded("dtend") - start(i) == timedelta(minutes=30)
    ]
    assert len(half_hours) == 1


def test_an_agreement_that_is_amended(world: World) -> None:
    world.new = True
    with served(world, MONDAY) as programme:
        now = MONDAY
        world.step(now)
        drafts = {m["To"].addresses[0].addr_spec: m for m in world.sent() if "AGREE" in body(m)}
        assert set(drafts) == {DANA, LEE}
        link = re.search(r"http://\S+/agreement/\S+", body(drafts[DANA]))
        assert link is not None
        terms = {"weeks": "3", "minutes": "45", "channel": "virtual", "share": "0"}
        pressed = programme.press(link[0], do="amend", conflicts="Private: chemotherapy", **terms)
        assert pressed.status_code == 303
        now += HOUR
        world.step(now)
        changed = [m for m in to(world.sent(), LEE) if "AGREE" in body(m)]
        assert "45 minutes" in body(changed[0])
        assert "chemotherapy" not in body(changed[0])
        answer(world, changed[0], "AGREE")
        invites = to(list(weeks(world, now + HOUR, 9)), DANA)
    fresh = {str(event_in(i)["uid"]): i for i in invites}
    lengths = {event_in(i).decoded("dtend") - start(i) for i in list(fresh.values())[1:]}
    assert lengths == {timedelta(minutes=45)}
    begins = sorted(start(i) for i in fresh.values())
    assert len(begins) >= 3
    assert all(b - a >= timedelta(days=10) for a, b in pairwise(begins))

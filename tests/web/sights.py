"""Every page in each of its states: a new page is a line in `SIGHTS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import httpx
import pytest

from service.events import gatherings
from store import meetings, polls
from store.booking import Booking
from tests.web.links import links_of
from tests.web.office import Office, hidden
from tests.world import DANA, LEE, at, decline_all

PAIR = (LEE, DANA)
BOSS = "boss@example.org"


@dataclass(frozen=True)
class Sight:
    """A page in one state. `link` brings the office into that state and says where the page is.

    `typed` is what the keyboard writes into which field before any button is pressed; each of
    `wrong` is what the page must refuse. `button` is pressed first, for what no link shows.
    """

    page: str
    link: Callable[[Office], str]
    typed: Mapping[str, str] = field(default_factory=dict)
    wrong: tuple[Mapping[str, str], ...] = ()
    state: str = ""
    status: int = 200
    button: int | None = None

    @property
    def name(self) -> str:
        return f"{self.page} {self.state}".strip()


def consented(office: Office) -> str:
    """The way back from the provider's own page."""
    pressed = httpx.post(office.link(), data={"form": hidden(httpx.get(office.link()).text)})
    return str(httpx.get(pressed.headers["Location"]).headers["Location"])


def booked(office: Office) -> Booking:
    """The pair's first meeting, both calendars being read."""
    httpx.get(consented(office)).raise_for_status()
    office.world.step(office.now)
    with office.world.engine.connect() as connection:
        return meetings.of_pair(connection, *PAIR)[0]


def sent(url: str, **fields: str) -> None:
    """Send a page's form as a browser does."""
    form = hidden(httpx.get(url).text)
    assert httpx.post(url, data={"form": form, **fields}).status_code == 303


def agenda(office: Office) -> str:
    return office.page("agenda", DANA, booked(office).uid)


def agenda_with_items(office: Office) -> str:
    url = agenda(office)
    sent(url, kind="item", text="How we share the work on the budget " + "x" * 60)
    sent(url, kind="question", text="Whom do I ask?")
    return url


def agenda_of_the_past(office: Office) -> str:
    url = agenda_with_items(office)
    office.now = office.now + timedelta(days=14)
    return url


def met(office: Office) -> str:
    booking = booked(office)
    office.now = booking.meeting.slot.end + timedelta(hours=3)
    return office.page("met", DANA, booking.uid)


def agreement(office: Office) -> str:
    """What the programme drafted, and neither has signed."""
    office.world.new = True
    office.world.step(office.now)
    return office.page("agreement", DANA, *PAIR)


def agreement_signed(office: Office) -> str:
    office.world.step(office.now)
    return office.page("agreement", DANA, *PAIR)


def agreement_amended(office: Office) -> str:
    url = agreement(office)
    sent(url, do="amend", weeks="3", minutes="45", channel="either", share="40", conflicts="June")
    return url


def picking(office: Office) -> str:
    httpx.get(consented(office)).raise_for_status()
    office.now, _ = decline_all(office.world, office.now)
    with office.world.engine.connect() as connection:
        (poll,) = polls.running(connection)
    return office.page("pick", DANA, poll.id)


def picked(office: Office) -> str:
    url = picking(office)
    sent(url, suits="1")
    return url


def picked_by_both(office: Office) -> str:
    url = picked(office)
    with office.world.engine.connect() as connection:
        (poll,) = polls.running(connection)
    sent(office.page("pick", LEE, poll.id), suits="1")
    office.now += timedelta(minutes=10)
    office.world.step(office.now)
    return url


def choices(office: Office) -> str:
    return office.page("choices", DANA, *PAIR)


def choices_made(office: Office) -> str:
    url = choices(office)
    sent(url, what="away", first="2027-02-01", last="2027-02-05")
    sent(url, what="hours", hours="Mon-Thu 10:00-16:00", **{"from": "2027-03-01"})
    return url


def choices_after_the_end(office: Office) -> str:
    url = choices(office)
    sent(url, what="end for good")
    return url


def energizer(office: Office) -> str:
    """The id of an event in nine days, of which the service knows."""
    (office.world.directory / "events.csv").write_text(ENERGIZER)
    booked(office)
    return known_event(office)


def known_event(office: Office) -> str:
    work = office.work()
    with work.engine.connect() as connection:
        (gathering,) = gatherings(work, connection)
    return gathering.id


def event(office: Office) -> str:
    return office.page("event", DANA, energizer(office))


def event_answered(office: Office) -> str:
    url = event(office)
    sent(url, answer="in person")
    return url


def attended(office: Office) -> str:
    url = office.page("attended", DANA, energizer(office))
    office.now = at("2027-01-20 15:00")
    return url


def brief(office: Office) -> str:
    """What the mail to him who was there links to, while she was not."""
    hers = attended(office)
    sent(hers, answer="no")
    sent(office.page("attended", LEE, known_event(office)), answer="yes")
    office.world.step(office.now)
    links = set().union(*map(links_of, office.world.sent()))
    return next(link for link in links if link.startswith(f"{office.base}/brief/"))


def briefing_booked(office: Office) -> str:
    url = brief(office)
    sent(url)
    return url


ENERGIZER = """title,kind,start,end,timezone,place,link
Energizer,midpoint,2027-01-20 13:00,2027-01-20 14:30,America/New_York,Hall,https://example.org/x
"""


def preferences(office: Office) -> str:
    return office.page("preferences", DANA)


def preferences_saved(office: Office) -> str:
    url = preferences(office)
    sent(url, prefer="digest")
    return url


def approve(office: Office) -> str:
    return office.page("approve", BOSS, DANA)


def approved(office: Office) -> str:
    url = approve(office)
    sent(url)
    return url


def deadline(office: Office) -> str:
    return office.page("deadline", BOSS)


def deadline_asked_back(office: Office) -> str:
    """What the mail links to that asks a supervisor whether they wrote a mail."""
    return office.page("deadline", BOSS, "2027-02-01", "2027-02-05", DANA)


def deadline_entered(office: Office) -> str:
    url = deadline(office)
    sent(url, what="enter", who=DANA, first="2027-02-01", last="2027-02-05")
    sent(url, what="enter", who=DANA, first="2027-03-01", last="")
    return url


def told_before_any_meeting(office: Office) -> str:
    return office.page("told", DANA)


def told(office: Office) -> str:
    booked(office)
    return office.page("told", DANA)


def told_less(office: Office) -> str:
    uid = booked(office).uid
    url = office.page("told", DANA)
    sent(office.page("deadline", BOSS), what="enter", who=DANA, first="2027-01-12", last="")
    sent(url, shown=uid, private=uid)
    return url


AWAY = {"first": "02012027", "last": "02052027"}
BACKWARDS = {"first": "02052027", "last": "02012027"}
HOURS = {"hours": "Mon-Fri 10:00-16:00", "from": "02012027"}
SIGHTS = (
    Sight("connect", Office.link),
    Sight("connected", consented),
    Sight("trouble", lambda office: f"{office.base}/connect/old", status=404),
    Sight("stretch", lambda office: office.page("stretch", DANA, *PAIR)),
    Sight("agenda", agenda, {"text": "Budget"}, ({"text": "  "},)),
    Sight("agenda", agenda_with_items, {"text": "Budget"}, state="with items"),
    Sight("agenda", agenda_of_the_past, state="of the past"),
    Sight("met", lambda office: office.page("met", DANA, booked(office).uid), state="too early"),
    Sight("met", met, {"met": " "}, ({"met": " ", "minutes": "soon"},)),
    Sight("agreement", agreement, {"weeks": "3"}, ({"weeks": "0"},)),
    Sight("agreement", agreement_signed, {"weeks": "3"}, state="signed"),
    Sight("agreement", agreement_amended, {"weeks": "3"}, ({"share": "all"},), state="amended"),
    Sight("pick", picking, {"suits": " "}, ({"suits": " ", "none": " "},)),
    Sight("pick", picked, state="answered"),
    Sight("pick", picked_by_both, state="closed"),
    Sight("choices", choices, {**AWAY, **HOURS}, (BACKWARDS, {"hours": "all day"})),
    Sight("choices", choices_made, {**AWAY, **HOURS}, state="made"),
    Sight("choices", choices, button=2, state="before the end"),
    Sight("choices", choices_after_the_end, state="after the end"),
    Sight("event", event),
    Sight("event", event_answered, state="answered"),
    Sight("attended", attended),
    Sight("brief", brief),
    Sight("brief", briefing_booked, state="booked"),
    Sight("preferences", preferences, {"prefer": " "}),
    Sight("preferences", preferences_saved, {"prefer": " "}, state="saved"),
    Sight("approve", approve),
    Sight("approve", approved, state="done"),
    Sight("deadline", deadline, AWAY, (BACKWARDS, {"who": " ", **AWAY})),
    Sight("deadline", deadline_asked_back, state="asked back"),
    Sight("deadline", deadline_entered, AWAY, state="entered"),
    Sight("told", told_before_any_meeting, state="before any meeting"),
    Sight("told", told, {"private": " "}),
    Sight("told", told_less, state="private"),
    Sight("planning", lambda office: office.page("planning", DANA, *PAIR)),
)
every_refusal = pytest.mark.parametrize(
    ("sight", "wrong"),
    [pytest.param(s, w, id=f"{s.name}: {', '.join(w)}") for s in SIGHTS for w in s.wrong],
)
every_page = pytest.mark.parametrize("sight", SIGHTS, ids=lambda sight: sight.name)

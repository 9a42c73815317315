"""Every page in each of its states: a new page is a line in `SIGHTS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import httpx
import pytest

from service.polls import ask
from store import meetings, polls
from store.meetings import Booking
from tests.web.office import Office, hidden
from tests.world import DANA, LEE

PAIR = (LEE, DANA)


@dataclass(frozen=True)
class Sight:
    """A page in one state. `link` brings the office into that state and says where the page is.

    `typed` is what the keyboard writes into which field before any button is pressed; `wrong`
    is what the page must refuse. `button` is pressed first, for what no link shows.
    """

    page: str
    link: Callable[[Office], str]
    typed: Mapping[str, str] = field(default_factory=dict)
    wrong: Mapping[str, str] = field(default_factory=dict)
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


def pick(office: Office) -> str:
    """Both are asked to pick from several times."""
    booking = booked(office)
    work = office.work()
    with work.engine.begin() as connection:
        ask(work, connection, work.roster.pairs[0], booking)
    return office.page("pick", DANA, booking.uid)


def pick_answered(office: Office) -> str:
    url = pick(office)
    sent(url, suits="2")
    return url


def pick_closed(office: Office) -> str:
    url = pick(office)
    with office.world.engine.begin() as connection:
        for poll in polls.running(connection):
            polls.close(connection, poll.id, "", office.now)
    return url


def choices(office: Office) -> str:
    return office.page("choices", DANA, *PAIR)


def choices_made(office: Office) -> str:
    url = choices(office)
    sent(url, what="away", first="2027-02-01", last="2027-02-14")
    sent(url, what="hours", hours="Mon-Thu 09:00-15:00", **{"from": "2027-03-01"})
    return url


def choices_ended(office: Office) -> str:
    url = choices(office)
    sent(url, what="end for good")
    return url


AWAY = {"first": "02012027", "last": "02142027", "hours": "Mon 09:00-15:00"}
SIGHTS = (
    Sight("connect", Office.link),
    Sight("connected", consented),
    Sight("trouble", lambda office: f"{office.base}/connect/old", status=404),
    Sight("stretch", lambda office: office.page("stretch", DANA, *PAIR)),
    Sight("agenda", agenda, {"text": "Budget"}, {"text": "  "}),
    Sight("agenda", agenda_with_items, {"text": "Budget"}, state="with items"),
    Sight("agenda", agenda_of_the_past, state="of the past"),
    Sight("met", lambda office: office.page("met", DANA, booked(office).uid), state="too early"),
    Sight("met", met, {"met": " "}, {"met": " ", "minutes": "soon"}),
    Sight("agreement", agreement, {"weeks": "3"}, {"weeks": "0"}),
    Sight("agreement", agreement_signed, {"weeks": "3"}, state="signed"),
    Sight("agreement", agreement_amended, {"weeks": "3"}, {"share": "all"}, state="amended"),
    Sight("pick", pick, {"suits": " "}),
    Sight("pick", pick_answered, state="answered"),
    Sight("pick", pick_closed, state="closed"),
    Sight("choices", choices, AWAY),
    Sight("choices", choices_made, AWAY, state="made"),
    Sight("choices", choices_ended, state="ended"),
    Sight("planning", lambda office: office.page("planning", DANA, *PAIR)),
)
every_page = pytest.mark.parametrize("sight", SIGHTS, ids=lambda sight: sight.name)

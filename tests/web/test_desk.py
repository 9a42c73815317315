"""What the coordinator's pages show and do: `status` in pictures, and never a partner's words."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from mentoring.agenda import ItemKind
from mentoring.met import Pulse, Said
from service.status import status
from service.work import reading
from store import agenda, calendars, forecasts, meetings, met, outbox, pauses, tables
from store.pauses import PairPause
from tests.web.desk import COORDINATOR, acts, foretell, page, press, signed_in
from tests.web.office import Office
from tests.web.sights import PAIR, booked
from tests.world import DANA, LEE, kinds, to
from web.board import COLUMNS, as_csv
from web.coordinator import ROOT

PAGE = f"/pair/{LEE}/{DANA}"
CANARY = "zebra crossing"


@pytest.fixture
def browser(office: Office) -> Iterator[httpx.Client]:
    booked(office)
    with signed_in(office) as browser:
        yield browser


def rows(answer: httpx.Response) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_a_pause_calls_off_what_lies_in_it_and_holds_until_its_day(
    office: Office, browser: httpx.Client
) -> None:
    until = (office.now + timedelta(days=21)).date()
    told = press(browser, PAGE, do="pause", until=until.isoformat())
    assert told.startswith("Paused.")
    shown = _status(office)
    assert (shown["state"], shown["reason"]) == ("paused", f"by the coordinator until {until}")
    assert f"by the coordinator until {until}" in page(browser, PAGE)
    office.world.step(office.now)
    with reading(office.world.engine) as connection:
        assert [b.meeting.state for b in meetings.of_pair(connection, *PAIR)] == ["cancelled"]
    assert sorted(kinds(office.world, "cancelled")) == [DANA, LEE]
    office.now += timedelta(days=14)
    office.world.step(office.now)
    assert _status(office)["state"] == "paused"
    office.now += timedelta(days=8)
    office.world.step(office.now)
    assert _status(office)["state"] == "proposed"
    assert (COORDINATOR, "paused a pair") in acts(office)


def _status(office: Office) -> dict[str, object]:
    work = office.work()
    with reading(work.engine) as connection:
        found: dict[str, object] = status(connection, work.roster, office.now)["pairs"][0]
        return found


def test_a_paused_pair_goes_on_when_asked_to(office: Office, browser: httpx.Client) -> None:
    press(browser, PAGE, do="pause", until="2027-03-01")
    assert press(browser, PAGE, do="go on").startswith("The pair goes on.")
    office.world.step(office.now)
    assert _status(office)["state"] == "proposed"
    assert press(browser, PAGE, do="go on").startswith("Nothing was changed")


def test_a_pair_that_ended_is_not_shown_as_paused_and_is_paused_no_more(
    office: Office, browser: httpx.Client
) -> None:
    (pair,) = office.roster.pairs
    last = pair.end + timedelta(days=2)
    with office.world.engine.begin() as connection:
        pauses.add(connection, PairPause(*PAIR, office.now.date(), last), "x", office.now)
    office.now = office.now.replace(year=last.year, month=last.month, day=last.day)
    shown = _status(office)
    assert (shown["state"], shown["reason"]) == ("ended", f"the pair ended on {pair.end}")
    with signed_in(office) as later:
        until = (last + timedelta(days=7)).isoformat()
        assert press(later, PAGE, do="pause", until=until).startswith("Nothing was changed")


def test_a_pair_that_goes_on_early_did_rest_until_then(
    office: Office, browser: httpx.Client
) -> None:
    """Else it would need help for want of meetings on the day after its pause."""
    begun = office.now.date()
    press(browser, PAGE, do="pause", until="2027-06-01")
    office.now += timedelta(days=63)
    with signed_in(office) as later:
        assert press(later, PAGE, do="go on").startswith("The pair goes on.")
        assert press(later, PAGE, do="go on").startswith("Nothing was changed")
    (pair,) = office.work().roster.pairs
    assert [(p.first, p.last) for p in pair.pauses] == [(begun, begun + timedelta(days=62))]
    assert "no meeting for long" not in str(_status(office)["attention"])


@pytest.mark.parametrize("until", ["", "soon", "2027-01-10", "2031-01-01", "9999-99-99"])
def test_a_pause_needs_a_day_within_a_year(
    office: Office, browser: httpx.Client, until: str
) -> None:
    assert press(browser, PAGE, do="pause", until=until).startswith("Nothing was changed.")
    assert _status(office)["state"] == "proposed"


def test_a_skipped_proposal_rests_the_pair_until_its_time_is_over(
    office: Office, browser: httpx.Client
) -> None:
    with reading(office.world.engine) as connection:
        (booking,) = meetings.of_pair(connection, *PAIR)
    assert press(browser, PAGE, do="skip").startswith("Skipped.")
    office.world.step(office.now)
    assert _status(office)["state"] == "waiting"
    office.now = booking.meeting.slot.end + timedelta(hours=1)
    office.world.step(office.now)
    assert _status(office)["state"] == "proposed"
    with signed_in(office) as later:
        assert press(later, PAGE, do="skip").startswith("Skipped.")
        assert press(later, PAGE, do="skip").startswith("Nothing was changed")


def test_a_calendars_link_is_mailed_again_once(office: Office) -> None:
    office.world.step(office.now)  # nobody consented
    office.world.sent()
    with signed_in(office) as browser:
        assert "needs consent" in page(browser, "/calendars")
        assert press(browser, "/calendars", do="mail", person=LEE).startswith("The link is queued")
        assert press(browser, "/calendars", do="mail", person=LEE).startswith("Nothing was mailed")
        assert press(browser, "/calendars", do="mail", person=DANA).startswith("Nothing was mailed")
    office.world.step(office.now)
    (mail,) = to(office.world.sent(), LEE)
    assert f"{office.base}/connect/" in mail.as_string().replace("=\n", "")


def test_the_csv_has_what_status_has(office: Office, browser: httpx.Client) -> None:
    answer = browser.get(f"{ROOT}/pairs.csv")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert "attachment" in answer.headers["content-disposition"]
    (row,) = rows(answer)
    shown = _status(office)
    for name in ("mentor", "mentee", "state", "start", "end", "timezone_hint", "reason"):
        assert row[name] == (shown[name] or "")
    assert rows(browser.get(f"{ROOT}/pairs.csv?q=nobody")) == []


@given(st.text(alphabet=st.sampled_from("=+-@\t\r\n ,\"';aé"), max_size=8))
def test_no_cell_of_the_csv_is_a_formula(reason: str) -> None:
    pair: dict[str, Any] = dict.fromkeys(COLUMNS, 0) | {
        "reason": reason,
        "attention": [],
        "forecast": None,
    }
    read = list(csv.reader(io.StringIO(as_csv([pair]).decode("utf-8-sig"), newline="")))
    cell = read[1][COLUMNS.index("reason")]
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert cell.removeprefix("'") == reason.removeprefix("'")


def test_filters_find_by_name_state_and_help(office: Office, browser: httpx.Client) -> None:
    assert "Dana Lee" in page(browser, "?q=DANA")
    assert "Dana Lee" in page(browser, "?state=proposed")
    for query in ("?q=nobody", "?state=paused", "?help=1", "?site=Denver"):
        assert "Dana Lee" not in page(browser, query), query
    assert "Dana Lee" in page(browser, "?state=odd&page=99&page=x")


def test_what_the_two_write_to_each_other_is_not_shown(
    office: Office, browser: httpx.Client
) -> None:
    with reading(office.world.engine) as connection:
        (booking,) = meetings.of_pair(connection, *PAIR)
    with office.world.engine.begin() as connection:
        agenda.add(connection, booking.uid, DANA, ItemKind.ITEM, CANARY, office.now)
        met.say(connection, booking.uid, DANA, Said(True, 45), office.now)
        met.add_pulse(connection, *PAIR, LEE, Pulse.POORLY, office.now)
    shown = page(browser, PAGE)
    assert CANARY not in "".join([shown, *(page(browser, p) for p in ("", "/mail", "/cohort"))])
    assert "says not well" in shown
    assert "A partner says it goes poorly" in shown


def test_a_coordinator_who_is_a_supervisor_does_not_read_how_their_own_people_say_it_goes(
    office: Office, browser: httpx.Client
) -> None:
    with office.world.engine.begin() as connection:
        met.add_pulse(connection, *PAIR, LEE, Pulse.POORLY, office.now)
    people = office.world.directory / "people.csv"
    people.write_text(people.read_text().replace("boss@example.org", COORDINATOR))
    assert office.roster.supervised_by(COORDINATOR) == {DANA}
    for shown in (page(browser), page(browser, PAGE), page(browser, "/pairs.csv")):
        assert "goes poorly" not in shown
        assert "says not well" not in shown


def test_a_forecast_is_shown_with_its_weak_weeks_and_its_remedy(
    office: Office, browser: httpx.Client
) -> None:
    with office.world.engine.begin() as connection:
        foretell(connection)
        assert forecasts.of(connection, LEE, DANA) is not None
    office.now += timedelta(minutes=1)
    shown = page(browser, PAGE)
    assert "31 %, at risk" in shown
    assert "Week of Mon 1 Mar 2027, Dana Lee is away" in shown
    assert "Meet for 45 minutes instead of 60: 31% becomes 74%." in page(browser)
    told = _status(office)
    assert told["forecast"] == {
        "chance": 0.31,
        "goal": 12,
        "expected": 9.5,
        "weeks": ["2027-03-01"],
        "remedy": "Meet for 45 minutes instead of 60.",
        "remedy_chance": 0.74,
    }
    assert told["attention"] == [
        {
            "why": "the goal is at risk",
            "since": None,
            "remedy": "Meet for 45 minutes instead of 60: 31% becomes 74%.",
        }
    ]


def test_a_calendar_without_consent_needs_help_after_three_days(office: Office) -> None:
    office.world.step(office.now)
    office.now += timedelta(days=2)
    with signed_in(office) as browser:
        assert "Nothing needs you" in page(browser)
    office.now += timedelta(days=1)
    with signed_in(office) as browser:
        assert "Mail Lee Park the link again" in page(browser)


def test_an_unheard_partner_needs_help_until_a_mail_arrives(
    office: Office, browser: httpx.Client
) -> None:
    table = tables.outbox
    with office.world.engine.begin() as connection:
        connection.execute(table.update().where(table.c.recipient == LEE).values(state="failed"))
    office.now += timedelta(minutes=1)
    assert "Check Lee Park&#39;s address" in page(browser)
    with office.world.engine.begin() as connection:
        newest = max(connection.execute(select(table.c.id)).scalars())
        outbox.mark(connection, newest, "sent", sent_at=office.now)
        connection.execute(table.update().where(table.c.id == newest).values(recipient=LEE))
    office.now += timedelta(minutes=1)
    assert "address, then send" not in page(browser)


def test_the_calendars_that_can_not_be_read_are_listed(
    office: Office, browser: httpx.Client
) -> None:
    assert "Every calendar can be read." in page(browser, "/calendars")
    with office.world.engine.begin() as connection:
        known = calendars.load(connection, DANA)
        assert known is not None
        broken = replace(
            known, state="unreadable", failing_since=office.now, reason="it is gone", mend="x"
        )
        calendars.save(connection, broken)
    office.now += timedelta(minutes=1)
    assert "it is gone" in page(browser, "/calendars")


def test_the_cohorts_weeks_count_what_is_planned(office: Office, browser: httpx.Client) -> None:
    shown = page(browser, "/cohort")
    with reading(office.world.engine) as connection:
        (booking,) = meetings.of_pair(connection, *PAIR)
    day: date = booking.meeting.slot.start.date()
    monday = day - timedelta(days=day.weekday())
    cells = shown.partition(f'<th scope="row">{monday:%a %-d %b %Y}</th>')[2].partition("</tr>")[0]
    assert cells.count('<td class="number">') == 5
    assert '<td class="number">1</td><td class="number">0.5</td>' in cells


def test_own_templates_may_word_the_page(office: Office, browser: httpx.Client) -> None:
    own: Path = office.world.directory / "templates" / "web" / "coordinator" / "calendars.html"
    own.parent.mkdir(parents=True)
    frame = '{% extends "web/coordinator/_desk.html" %}'
    own.write_text(frame + "{% block body %}{{ well }} in order{% endblock %}")
    assert "2 in order" in page(browser, "/calendars")

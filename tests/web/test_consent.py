"""Consent from the mail's link to the first reading, over real sockets, and what goes wrong."""

from __future__ import annotations

import base64
import os
import ssl
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import text

from integrations.ports import ProviderError
from tests.demo.programme import busy_event
from tests.servers.started import SIMULATORS
from tests.web.office import HIS, MONDAY, Office, at_google, hidden, opened
from tests.world import DANA, LEE, World, at, to


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with at_google(tmp_path) as made:
        yield made


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=10) as client:
        yield client


def state(office: Office) -> dict[str, object]:
    from service.status import status
    from service.work import reading

    with reading(office.world.engine) as connection:
        rows = status(connection, office.roster, office.now)["calendars"]
    return next(row for row in rows if row["person"] == LEE)


def test_a_partner_connects_and_is_met_at_free_times(office: Office, http: httpx.Client) -> None:
    office.world.step(MONDAY)
    assert state(office)["state"] == "needs consent"
    (mail,) = to(office.world.sent(), LEE)
    assert "Connect your calendar" in mail.get_body().get_content()  # type: ignore[union-attr]
    assert f"{office.base}/connect/" in mail.get_body().get_content()  # type: ignore[union-attr]
    busy = at("2027-01-13 09:00"), at("2027-02-28 18:00")
    office.server.fill(LEE, busy_event("trip@example.org", *busy))
    office.server.consenting = LEE
    done = office.through(http)
    assert done.status_code == 200
    assert "is connected" in done.text
    assert [person.email for person in office.connected] == [LEE]
    office.world.step(MONDAY + timedelta(minutes=1))
    assert state(office)["state"] == "ok"
    assert office.world.status(office.now)["state"] == "unschedulable"  # he is away throughout


def test_what_is_stored_opens_nothing_by_itself(office: Office, http: httpx.Client) -> None:
    office.server.consenting = LEE
    office.through(http)
    (token,) = office.server._grants
    with office.world.engine.connect() as connection:
        (sealed,) = connection.execute(text("SELECT sealed FROM grants")).scalars()
    assert token.encode() not in sealed
    assert office.grants.load(HIS) == token
    with office.world.engine.begin() as connection:
        connection.execute(text("UPDATE grants SET account = 'google:dana@example.org'"))
    with pytest.raises(ProviderError, match="sealed with another key"):
        office.grants.load("google:dana@example.org")
    (office.world.directory / "store.key").write_text(base64.b64encode(os.urandom(32)).decode())
    with pytest.raises(ProviderError, match="sealed with another key"):
        office.grants.load("google:dana@example.org")


def test_a_grant_that_is_taken_back_pauses_that_pair_and_tells_the_owner_once(
    office: Office, http: httpx.Client
) -> None:
    office.server.consenting = LEE
    office.through(http)
    office.world.step(MONDAY)
    office.world.sent()
    office.server.revoke(LEE)
    for minutes in (15, 30, 45):
        office.world.step(MONDAY + timedelta(minutes=minutes))
    told = [m for m in to(office.world.sent(), LEE) if "Reconnect" in m["Subject"]]
    assert len(told) == 1
    assert state(office)["state"] == "needs consent"
    assert "google:" in str(state(office)["reason"])
    office.through(http)
    office.world.step(MONDAY + timedelta(minutes=60))
    assert state(office)["state"] == "ok"


def test_a_refusal_connects_nothing_and_can_be_thought_over(
    office: Office, http: httpx.Client
) -> None:
    office.server.consenting = None
    refused = office.through(http)
    assert "did not allow it" in refused.text
    assert office.grants.load(HIS) is None
    office.server.consenting = LEE
    assert "is connected" in office.through(http).text


def test_another_account_or_an_unticked_box_is_said(office: Office, http: httpx.Client) -> None:
    office.server.consenting = DANA
    wrong = office.through(http)
    assert wrong.status_code == 400
    assert "you signed in as dana@example.org" in wrong.text
    office.server.consenting, office.server.granted = LEE, {"openid", "email"}
    assert "box" in office.through(http).text
    assert office.grants.load(HIS) is None


def test_a_link_opens_a_page_and_changes_nothing(office: Office, http: httpx.Client) -> None:
    for _ in range(20):  # a mail scanner
        page = http.get(office.link())
    assert office.server._codes == {}
    assert office.grants.load(HIS) is None
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script" not in page.text
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "set-cookie" not in page.headers


def test_forged_old_and_foreign_links_are_refused(office: Office, http: httpx.Client) -> None:
    link = office.link()
    head, _, tail = link.rpartition("/")
    for number in range(0, len(tail), 3):
        other = "A" if tail[number] != "A" else "B"
        forged = http.get(f"{head}/{tail[:number]}{other}{tail[number + 1 :]}")
        assert forged.status_code == 404
    assert http.post(link, data={"form": "0" * 32}).status_code == 403
    assert http.post(link, content=b"x" * 20_000).status_code >= 400
    page = http.get(link)
    away = http.post(link, data={"form": hidden(page.text)}).headers["Location"]
    asked = parse_qs(urlsplit(away).query)["state"][0]
    assert http.get(f"{head}/{asked}").status_code == 404  # a state is no link
    assert http.get(f"{office.base}/connected?state={tail}&code=x").status_code == 400
    office.now += timedelta(days=15)
    assert http.get(link).status_code == 404
    assert http.get(f"{office.base}/connected?state={asked}&code=x").status_code == 400


def test_a_code_is_good_for_one_flow_only(office: Office, http: httpx.Client) -> None:
    office.server.consenting = LEE
    page = http.get(office.link())
    first = http.post(office.link(), data={"form": hidden(page.text)}).headers["Location"]
    office.now += timedelta(seconds=1)
    page = http.get(office.link())
    second = http.post(office.link(), data={"form": hidden(page.text)}).headers["Location"]
    code = parse_qs(urlsplit(http.get(first).headers["Location"]).query)["code"][0]
    other = parse_qs(urlsplit(second).query)["state"][0]
    crossed = http.get(f"{office.base}/connected", params={"state": other, "code": code})
    assert crossed.status_code == 400  # another flow's verifier doesn't fit
    assert "invalid_grant" in crossed.text


def test_a_partner_at_microsoft_connects_in_the_same_way(tmp_path: Path) -> None:
    world, his = World(tmp_path), f"microsoft365:{LEE}"
    with SIMULATORS["microsoft365"](tmp_path) as started:
        started.server.user(LEE, "America/Los_Angeles")
        started.server.app.roles = set()  # the app itself may read nothing
        office = Office(world, started.server, his, started.toml())
        trusted = ssl.create_default_context(cafile=tmp_path / str(started.ca))
        with opened(office), httpx.Client(timeout=10, verify=trusted) as http:
            started.server.app.redirects.add(f"{office.base}/connected")
            office.world.step(MONDAY)
            assert state(office)["state"] == "needs consent"
            started.server.directory.signs_in = DANA
            assert "you signed in as dana@example.org" in office.through(http).text
            started.server.directory.signs_in = LEE
            busy = at("2027-01-13 09:00"), at("2027-02-28 18:00")
            started.server.fill(LEE, busy_event("trip@example.org", *busy))
            assert "is connected" in office.through(http).text
            office.world.step(MONDAY + timedelta(minutes=1))
            assert state(office)["state"] == "ok"
            assert office.world.status(office.now)["state"] == "unschedulable"
            kept = office.grants.load(his)
            started.server.directory.revoke(LEE)
            office.world.step(MONDAY + timedelta(minutes=20))
            assert state(office)["state"] == "needs consent"
            assert kept is not None
    world.close()


def test_forgetting_gives_the_grant_back_at_google(office: Office, http: httpx.Client) -> None:
    office.server.consenting = LEE
    office.through(http)
    (token,) = office.server._grants
    consent = office.desk().asks.consent(HIS)
    assert consent.revoke(token)
    assert not office.server._grants
    assert consent.revoke(token)  # gone already: so it is given back

"""Who gets in to the coordinator's page, who does not, and what a stranger learns: nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from mentoring.sign_in import IN_ALL, PER_ADDRESS
from service import admit
from tests.web.desk import COORDINATOR, asked, link, signed_in
from tests.web.links import links_of
from tests.web.office import Office, hidden
from tests.web.test_scanners import everything, scan
from tests.world import DANA, LEE
from web.app import DESK
from web.coordinator import COOKIE, ROOT

HELPER = "helper@example.org"
PATHS = (
    *("", "/pairs.csv", f"/pair/{LEE}/{DANA}"),
    *("/mail", "/files", "/calendars", "/cohort", "/leave"),
)
SECRETS = (LEE, DANA, "Lee Park", "Dana Lee", "invite", "mentor,mentee")


def test_every_place_is_tried_here() -> None:
    wanted = {place.path.replace("{about:path}", f"{LEE}/{DANA}") for place in DESK}
    assert wanted | {"/leave"} == set(PATHS)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("cookie", ["", "forged", "eyJmb3IiOiJ0b2tlbiJ9.x"])
def test_without_a_session_nothing_is_shown_and_nothing_done(
    office: Office, path: str, cookie: str
) -> None:
    office.world.step(office.now)
    before = everything(office)
    url = f"{office.base}/coordinator{path}"
    with httpx.Client(cookies={COOKIE: cookie} if cookie else {}) as stranger:
        page = stranger.get(url, follow_redirects=True)
        if path:
            acted = stranger.post(url, data={"do": "pause", "until": "2027-02-01", "form": "x"})
            assert acted.status_code in (303, 403, 405)
            assert not any(secret in acted.text for secret in SECRETS)
    assert not any(secret in page.text for secret in SECRETS)
    assert ("Mail me a link" in page.text) or page.status_code == 405
    assert everything(office) == before


def test_the_mailed_link_lets_in_once(office: Office) -> None:
    (mail,) = asked(office)
    assert mail["Subject"] == "Your sign-in link"
    door = next(iter(links_of(mail)))
    page = httpx.get(door)
    assert COORDINATOR in page.text
    entered = httpx.post(door, data={"form": hidden(page.text)})
    assert (entered.status_code, entered.headers["Location"]) == (303, "/coordinator")
    kept = entered.headers["Set-Cookie"]
    assert {"HttpOnly", "Path=/coordinator", "SameSite=lax"} <= set(kept.split("; "))
    assert httpx.get(door).status_code == 404
    assert httpx.post(door, data={"form": hidden(page.text)}).status_code == 404


def test_the_cookie_is_secure_behind_https_and_below_a_path(office: Office) -> None:
    settings = office.world.directory / "overlap.toml"
    settings.write_text(
        settings.read_text().replace(office.base, "https://mentoring.example.org/overlap")
    )
    (mail,) = asked(office)
    token = next(iter(links_of(mail))).rpartition("/")[2]
    door = f"{office.base}/coordinator/enter/{token}"
    entered = httpx.post(door, data={"form": hidden(httpx.get(door).text)})
    kept = set(entered.headers["Set-Cookie"].split("; "))
    assert {"Secure", "Path=/overlap/coordinator"} <= kept
    assert entered.headers["Location"] == "/overlap/coordinator"


@pytest.mark.parametrize(
    "address", ["nobody@example.org", DANA, "COORDINATOR@example.org.evil.org"]
)
def test_who_is_no_coordinator_gets_the_same_answer_and_no_mail(
    office: Office, address: str
) -> None:
    known = httpx.post(f"{office.base}/coordinator", data={"email": COORDINATOR})
    unknown = httpx.post(f"{office.base}/coordinator", data={"email": address})
    assert (known.status_code, known.text) == (unknown.status_code, unknown.text)
    admit.admit(office.work())
    assert [m["To"].addresses[0].addr_spec for m in office.world.sent()] == [COORDINATOR]
    assert address not in str(everything(office)["sign_ins"])


def test_the_mail_goes_out_at_night_and_only_once(office: Office) -> None:
    office.now = office.now.replace(hour=2)
    assert len(asked(office)) == 1
    admit.admit(office.work())
    assert office.world.sent() == []


def test_a_link_lasts_a_quarter_of_an_hour(office: Office) -> None:
    door = link(office)
    page = httpx.get(door).text
    office.now += timedelta(minutes=16)
    assert httpx.get(door).status_code == 404
    assert httpx.post(door, data={"form": hidden(page)}).status_code == 404


def test_a_mail_that_waited_past_its_link_is_not_sent(office: Office) -> None:
    httpx.post(f"{office.base}/coordinator", data={"email": COORDINATOR})
    office.now += timedelta(minutes=16)
    admit.admit(office.work())
    assert office.world.sent() == []


@pytest.mark.parametrize("changed", ["", "x", "eyJmb3IiOiJ4In0.abc"])
def test_a_forged_link_lets_nobody_in(office: Office, changed: str) -> None:
    door = link(office)
    forged = door[:-3] + changed if changed != "x" else door + "x"
    assert httpx.get(forged).status_code == 404
    assert httpx.post(forged, data={"form": "x"}).status_code in (403, 404)


def test_another_purposes_link_is_no_sign_in(office: Office) -> None:
    token = office.page("choices", COORDINATOR, "1").rpartition("/")[2]
    assert httpx.get(f"{office.base}/coordinator/enter/{token}").status_code == 404


def test_a_scanner_opens_the_link_and_signs_nobody_in(office: Office) -> None:
    door = link(office)
    before = everything(office)
    with httpx.Client(follow_redirects=True) as scanner:
        scan(scanner, office, {door})
        assert not scanner.cookies
    assert everything(office) == before
    assert httpx.get(door).status_code == 200


def test_five_links_an_hour_for_one_address(office: Office) -> None:
    mails = sum(len(asked(office)) for _ in range(PER_ADDRESS + 3))
    assert mails == PER_ADDRESS
    office.now += timedelta(minutes=61)
    assert len(asked(office)) == 1


def test_requests_of_all_together_have_an_end(office: Office) -> None:
    work = office.work()
    for number in range(IN_ALL + 5):
        admit.ask(work, f"stranger{number}@example.org")
    assert len(everything(office)["sign_ins"]) == IN_ALL
    assert len(asked(office)) == 1  # and keep no coordinator out


def test_a_stranger_who_asks_too_often_wakes_no_pass(office: Office) -> None:
    for _ in range(PER_ADDRESS + 3):
        answer = httpx.post(f"{office.base}/coordinator", data={"email": "eve@example.org"})
        assert answer.status_code == 200
    assert office.woken == PER_ADDRESS


def test_a_session_is_over_after_an_idle_hour_and_after_twelve(office: Office) -> None:
    with signed_in(office) as browser:
        for _ in range(13):
            assert "Lee Park" in browser.get(ROOT).text
            office.now += timedelta(minutes=59)
        assert "Mail me a link" in browser.get(ROOT).text
    with signed_in(office) as browser:
        office.now += timedelta(minutes=61)
        assert "Mail me a link" in browser.get(ROOT).text


def test_who_is_taken_out_of_the_file_is_out_at_once(office: Office) -> None:
    settings = office.world.directory / "overlap.toml"
    before = settings.read_text()
    settings.write_text(before.replace("[web]", f'[web]\ncoordinators = ["{HELPER}"]'))
    with signed_in(office, HELPER) as browser:
        assert "Lee Park" in browser.get(ROOT).text
        settings.write_text(before)
        page = browser.get(ROOT, follow_redirects=True)
        assert "Mail me a link" in page.text
        assert "Lee Park" not in page.text
    assert asked(office, HELPER) == []


def test_signing_out_ends_the_session_for_every_copy_of_its_cookie(office: Office) -> None:
    with signed_in(office) as browser:
        copied = dict(browser.cookies)
        left = browser.post(ROOT + "/leave", data={"form": hidden(browser.get(ROOT).text)})
        assert left.status_code == 303
        assert "You are signed out." in browser.get(left.headers["Location"]).text
    again = httpx.get(f"{office.base}/coordinator", cookies=copied)
    assert "Mail me a link" in again.text


POSTS: tuple[tuple[str, dict[str, Any]], ...] = (
    (f"/pair/{LEE}/{DANA}", {"do": "pause", "until": "2027-02-01"}),
    (f"/pair/{LEE}/{DANA}", {"do": "skip"}),
    ("/mail", {"do": "skip", "letter": "1"}),
    ("/calendars", {"do": "mail", "person": LEE}),
    ("/leave", {}),
)


@pytest.mark.parametrize(("path", "fields"), POSTS)
def test_a_form_without_the_sessions_own_token_does_nothing(
    office: Office, path: str, fields: dict[str, Any]
) -> None:
    office.world.step(office.now)
    with signed_in(office) as other:
        foreign = hidden(other.get(ROOT).text)
    with signed_in(office) as browser:
        before = everything(office)
        for form in ({}, {"form": ""}, {"form": "x" * 32}, {"form": foreign}):
            assert browser.post(ROOT + path, data={**fields, **form}).status_code == 403
        assert everything(office) == before


def test_gets_change_nothing_and_are_kept_by_nobody(office: Office) -> None:
    office.world.step(office.now)
    with signed_in(office) as browser:
        before = everything(office)
        for path in (*PATHS[:-1], "?q=lee&help=1", "/mail?state=sent", "/pair/no/body"):
            answer = browser.get(ROOT + path)
            assert answer.headers["cache-control"] == "no-store"
            assert "default-src 'none'" in answer.headers["content-security-policy"]
            assert browser.head(ROOT + path).status_code == answer.status_code
        assert everything(office) == before


@pytest.mark.parametrize("query", ["next=https://evil.example", "done=https://evil.example"])
def test_nothing_in_an_address_leads_away_or_is_repeated(office: Office, query: str) -> None:
    office.world.step(office.now)
    with signed_in(office) as browser:
        page = browser.get(ROOT + f"?{query}")
        assert "evil" not in page.text
        form = hidden(page.text)
        data = {"form": form, "do": "skip", "letter": "0"}
        gone = browser.post(ROOT + f"/mail?{query}&page=//evil.example", data=data)
        assert gone.headers["Location"].startswith("/coordinator/mail?")


def test_no_link_and_no_token_is_logged(office: Office) -> None:
    with capture_logs() as logged, signed_in(office) as browser:
        token = browser.cookies[COOKIE]
        text = str(logged)
    assert "sign_in_mailed" in text
    assert "/coordinator/enter/" not in text
    assert token not in text


def test_the_words_of_a_sign_in_mail_are_not_kept(office: Office) -> None:
    link(office)
    office.now += timedelta(hours=14)
    office.world.step(office.now)
    kept = {row.kind: row.raw for row in everything(office)["outbox"]}
    assert kept["signin"] == b""
    assert everything(office)["sign_ins"] == []


def test_without_an_address_for_links_the_page_says_so(office: Office) -> None:
    settings = office.world.directory / "overlap.toml"
    settings.write_text(settings.read_text().replace(f'base_url = "{office.base}"', ""))
    page = httpx.get(f"{office.base}/coordinator")
    assert page.status_code == 503
    assert "base_url" in page.text

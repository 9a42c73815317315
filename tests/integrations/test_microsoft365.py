"""Sign-in to Microsoft 365, what is said of a refusal, and how faults of every kind end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
import trustme

from integrations import microsoft365_consent, tls
from integrations.ports import OPAQUE, ConsentNeeded, ProviderError, Sessions
from tests.integrations.microsoft365_setting import (
    DANA,
    ORGANISER,
    URL,
    WINDOW,
    Asking,
    Kept,
)
from tests.integrations.microsoft365_setting import service as service
from tests.servers.faults import Request
from tests.servers.microsoft365 import CLIENT, SECRET

BACK = "https://overlap.example.org/connect"


def graph(request: Request) -> bool:
    return request.path.startswith("/v1.0/")


def said(service: Asking, **options: object) -> ProviderError:
    with pytest.raises(ProviderError) as error:
        service.busy(**options).read(WINDOW, None)
    assert SECRET not in str(error.value)
    return error.value


def test_a_certificate_signs_the_app_in(service: Asking, tmp_path: Path) -> None:
    made = trustme.CA(key_type=trustme.KeyType.RSA).issue_cert("a", key_type=trustme.KeyType.RSA)
    made.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "app.pem"))
    service.app.certificate = made.cert_chain_pems[0].bytes().decode()
    options = {"certificate": f"file:{tmp_path}/app.pem", "client_secret": None}
    assert service.busy(**options).read(WINDOW, None).complete
    other = trustme.CA(key_type=trustme.KeyType.RSA).issue_cert("b", key_type=trustme.KeyType.RSA)
    service.app.certificate = other.cert_chain_pems[0].bytes().decode()
    error = said(service.afresh(), **options)
    assert "AADSTS700027" in error.message
    assert error.permanent


def test_a_certificate_without_its_key(service: Asking, tmp_path: Path) -> None:
    (tmp_path / "half.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    assert (
        "no key and certificate" in said(service, certificate=f"file:{tmp_path}/half.pem").message
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"client_secret": "env:PATH"}, f"{DANA.email}: the app's sign-in is refused"),
        ({"client_secret": "env:PATH"}, "AADSTS7000215"),
        ({"client_id": "another"}, "AADSTS700016"),
        ({"tenant": "another"}, "sign-in at https://127.0.0.1"),
        ({"tenant": ""}, r"tenant is not set"),
        ({"client_id": ""}, r"client_id is not set"),
        ({"client_secret": None}, "names no client_secret"),
        ({"endpoint": "http://127.0.0.1"}, "no https"),
        ({"endpoint": "https://127.0.0.1:1"}, "can't be reached"),
        ({"authority": "https://127.0.0.1:1"}, "sign-in at https://127.0.0.1:1 can't be used"),
    ],
)
def test_a_wrong_setting_is_said(service: Asking, options: dict[str, object], message: str) -> None:
    assert message in said(service, **options).message


def test_a_stranger_certificate_is_not_trusted(service: Asking) -> None:
    service.server.ca = Path("/etc/ssl/certs/ca-certificates.crt")
    assert "can't be used" in said(service).message


def test_a_mended_secret_is_used_at_once(service: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAPH_SECRET", "old")
    said(service)
    monkeypatch.setenv("GRAPH_SECRET", SECRET)
    assert service.busy().read(WINDOW, None).complete


def test_a_token_that_ends_early_is_renewed(service: Asking) -> None:
    cursor = service.busy().read(WINDOW, None).cursor
    service.server.directory.bearers.clear()
    assert not service.busy().read(WINDOW, cursor).complete


@pytest.mark.parametrize(
    ("roles", "act", "missing"),
    [
        ({"Mail.Send"}, lambda s: s.busy().read(WINDOW, None), "Calendars.Read"),
        ({"Mail.Send"}, lambda s: s.busy().check(), "Calendars.Read"),
        ({"Mail.Send"}, lambda s: s.organiser().check(), "Calendars.Read"),
        ({"Calendars.Read"}, lambda s: s.organiser().check(), "Calendars.ReadWrite"),
        ({"Mail.Send"}, lambda s: s.mailer().check(), "Mail.ReadWrite"),
        ({"Mail.ReadWrite"}, lambda s: s.mailer().check(), "Mail.Send"),
        ({"Mail.Send"}, lambda s: s.inbox().check(), "Mail.Read"),
        ({"Mail.Send"}, lambda s: s.inbox().fetch(None), "Mail.Read"),
    ],
)
def test_a_missing_permission_is_named(
    service: Asking, roles: set[str], act: Callable[[Asking], object], missing: str
) -> None:
    service.app.roles = roles
    with pytest.raises(ProviderError, match=rf"it lacks {missing}$|it lacks {missing};") as error:
        act(service)
    assert missing in error.value.mend
    assert error.value.permanent


def test_a_mailbox_that_the_administrator_keeps_back_is_said(service: Asking) -> None:
    service.app.mailboxes = {ORGANISER}
    error = said(service)
    assert DANA.email in error.message
    assert "the administrator keeps the app out" in error.message
    assert "access policy or role scope" in error.mend


def test_a_role_in_exchange_for_some_mailboxes_is_enough(service: Asking) -> None:
    service.app.roles = set()
    service.app.exchange = {"Calendars.Read": {DANA.email}, "Calendars.ReadWrite": {ORGANISER}}
    assert service.busy().read(WINDOW, None).complete
    service.organiser().check()


def test_the_least_permission_gives_free_busy(service: Asking) -> None:
    service.server.fill(DANA.email, EVENT)
    service.app.roles = {"Calendars.ReadBasic.All"}
    assert set(service.busy().read(WINDOW, None).items) == {OPAQUE}


def test_checks_find_all_well_and_change_nothing(service: Asking) -> None:
    service.busy().check()  # type: ignore[attr-defined]
    service.organiser().check()
    service.mailer().check()
    service.inbox().check()
    assert service.server.events(ORGANISER) == []
    assert service.server.post.boxes[ORGANISER] == {}


@pytest.fixture
def consented(service: Asking) -> Asking:
    token = service.server.directory.consent(CLIENT, DANA.email, {"Calendars.Read"})
    service.grants = Kept({URL: token})
    service.app.roles = set()
    return service


def test_a_partners_consent_is_enough(consented: Asking) -> None:
    assert isinstance(consented.grants, Kept)
    before = consented.grants.tokens[URL]
    assert consented.busy().read(WINDOW, None).complete
    assert consented.grants.tokens[URL] != before
    assert all(request.path.startswith("/v1.0/me/") for request in consented.server.asked())
    assert consented.afresh().busy().read(WINDOW, None).complete


def test_a_consent_taken_back_is_asked_for_again(consented: Asking) -> None:
    cursor = consented.busy().read(WINDOW, None).cursor
    consented.server.directory.revoke(DANA.email)
    with pytest.raises(ConsentNeeded, match=r"no longer holds \(AADSTS70008\)"):
        consented.busy().read(WINDOW, cursor)


def test_a_consent_to_less_is_not_enough(consented: Asking) -> None:
    token = consented.server.directory.consent(CLIENT, DANA.email, {"User.Read"})
    consented.grants = Kept({URL: token})
    with pytest.raises(ConsentNeeded, match="AADSTS65001"):
        consented.busy().read(WINDOW, None)


def test_a_partner_may_consent_by_the_browser(service: Asking) -> None:
    service.app.redirects = {BACK}
    service.app.roles = set()
    service.server.directory.signs_in = DANA.email
    consent = microsoft365_consent.consent(URL, service.access())
    assert browsed(service, consent.page(BACK, "s", "v" * 43))["state"] == "s"
    back = browsed(service, consent.page(BACK, "s", "v" * 43))
    with pytest.raises(ProviderError, match="AADSTS501481"):
        consent.redeem(BACK, back["code"], "w" * 43)
    back = browsed(service, consent.page(BACK, "s", "v" * 43))
    granted = consent.redeem(BACK, back["code"], "v" * 43)
    assert granted.address == DANA.email
    with pytest.raises(ProviderError, match="AADSTS70000"):  # a code is good once
        consent.redeem(BACK, back["code"], "v" * 43)
    service.grants = Kept({URL: granted.token})
    assert service.busy().read(WINDOW, None).complete


def test_a_consent_without_the_calendar_is_not_taken(service: Asking) -> None:
    service.app.redirects = {BACK}
    consent = microsoft365_consent.consent(URL, service.access())
    page = consent.page(BACK, "s", "v" * 43).replace("Calendars.Read", "User.Read")
    with pytest.raises(ProviderError, match="was not agreed to"):
        consent.redeem(BACK, browsed(service, page)["code"], "v" * 43)


def test_a_sign_in_that_is_down_does_not_break_a_consent(service: Asking) -> None:
    service.app.redirects = {BACK}
    consent = microsoft365_consent.consent(URL, service.access())
    code = browsed(service, consent.page(BACK, "s", "v" * 43))["code"]
    service.server.fail(lambda request: request.operation == "token", "reset before")
    with pytest.raises(ProviderError, match="can't be reached"):
        consent.redeem(BACK, code, "v" * 43)
    assert consent.redeem(BACK, code, "v" * 43).token


def test_a_sign_in_that_is_cut_short_shows_no_token_in_the_log(
    consented: Asking, caplog: pytest.LogCaptureFixture
) -> None:
    consented.server.fail(lambda request: request.operation == "token", "half")
    with pytest.raises(ProviderError, match="can't be used"):
        consented.busy().read(WINDOW, None)
    assert caplog.text == ""


def browsed(service: Asking, page: str) -> dict[str, str]:
    """What the person's browser brings back."""
    with httpx.Client(verify=tls.context(service.access())) as client:
        answer = client.get(page)
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


def test_who_never_consented_is_asked_to(service: Asking) -> None:
    service.grants = Kept()
    service.app.roles = {"Mail.Send"}
    with pytest.raises(ConsentNeeded, match=r"lacks Calendars\.Read") as error:
        service.busy().read(WINDOW, None)
    assert "`connect PERSON` makes the link" in error.value.mend


def test_four_requests_at_most_are_under_way_in_one_mailbox(
    service: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = threading.Event()
    monkeypatch.setattr(service.server, "dawdle", lambda: held.wait(5))
    with ThreadPoolExecutor(12) as pool:
        done = [pool.submit(service.busy().read, WINDOW, None) for _ in range(12)]
        until = time.monotonic() + 0.5  # time for a fifth, were it let through
        while service.server.busiest < 5 and time.monotonic() < until:
            held.wait(0.01)
        held.set()
        assert all(reading.result().complete for reading in done)
    assert service.server.busiest == 4


def test_too_many_requests_are_refused_by_the_service(
    service: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Proof that the simulator counts: each has a limit of its own here."""
    held = threading.Event()
    monkeypatch.setattr(service.server, "dawdle", lambda: held.wait(5))
    others = [Asking(service.server, sessions=Sessions()) for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        done = [pool.submit(other.busy().read, WINDOW, None) for other in others]
        until = time.monotonic() + 5
        while not any(one.done() for one in done) and time.monotonic() < until:
            held.wait(0.01)
        held.set()
        errors = [one.exception() for one in done]
    refused = [error for error in errors if error]
    assert refused
    assert all(isinstance(error, ProviderError) for error in refused)
    assert {getattr(error, "retry_after", None) for error in refused} == {1.0}


EVENT = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//T//T//EN\r\nBEGIN:VEVENT\r\n"
    "UID:e@example.org\r\nDTSTAMP:20270101T000000Z\r\nDTSTART:20270112T100000Z\r\n"
    "DTEND:20270112T110000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)

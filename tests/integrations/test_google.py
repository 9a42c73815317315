"""What only Google has: scopes and delegation named, its own quirks, evidence of sent mail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from integrations import google_busy, google_mail, google_organiser
from integrations.ports import Access, ConsentNeeded, Letter, OutcomeUnknown, ProviderError
from mentoring.interval import Interval
from tests.demo.programme import busy_event
from tests.integrations.providers import DANA, OFFICE, Kept
from tests.servers.faults import KINDS, Request
from tests.servers.google import CLIENT_ID, Google, google

WINDOW = Interval(datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 3, 1, tzinfo=UTC))
NINE, TEN = datetime(2027, 1, 12, 9, tzinfo=UTC), datetime(2027, 1, 12, 10, tzinfo=UTC)
URL = f"google:{DANA.email}"
HOME = f"google:{OFFICE}"
ALL = ("calendar.events.readonly", "calendar.events.owned", "gmail.send", "gmail.readonly")
RAW = (
    b"From: office@example.org\r\nTo: dana@example.org\r\nSubject: Hello\r\n"
    b"Message-ID: <one@example.org>\r\nX-Overlap-Notice: <one@example.org>\r\n\r\nText.\r\n"
)
LETTER = Letter("<one@example.org>", OFFICE, DANA.email, RAW)


@pytest.fixture
def server() -> Iterator[Google]:
    with google() as running:
        for address in (DANA.email, OFFICE):
            running.user(address)
        running.fill(DANA.email, busy_event("a@example.org", NINE, TEN))
        yield running


def access(server: Google, directory: Path, *scopes: str) -> Access:
    key = server.service_account(directory / "key.json", *scopes)
    return Access(directory, {"endpoint": server.url, "service_account": f"file:{key}"})


def said(act: object) -> ProviderError:
    with pytest.raises(ProviderError) as error:
        act()  # type: ignore[operator]
    return error.value


@pytest.mark.parametrize(
    ("held", "missing"),
    [
        (("gmail.send",), "calendar.freebusy"),
        (("calendar.events.readonly",), "calendar.events.owned"),
        (("calendar.events.owned",), "gmail.send"),
        (("gmail.send",), "gmail.readonly"),
    ],
)
def test_the_scope_that_is_not_delegated_is_named(
    server: Google, tmp_path: Path, held: tuple[str, ...], missing: str
) -> None:
    given = access(server, tmp_path, *held)
    act = {
        "calendar.freebusy": lambda: google_busy.busy_source(URL, DANA, given).read(WINDOW, None),
        "calendar.events.owned": lambda: google_organiser.organiser(HOME, given).find("0" * 32),
        "gmail.send": lambda: google_mail.mailer(HOME, given).check(),
        "gmail.readonly": lambda: google_mail.inbox(HOME, given).check(),
    }[missing]
    error = said(act)
    assert f"auth/{missing}" in error.message
    assert "Domain-wide delegation" in error.mend
    assert "1234567890" in error.mend  # the client to delegate to
    assert error.permanent


def test_a_user_that_is_not_there(server: Google, tmp_path: Path) -> None:
    given = access(server, tmp_path, *ALL)
    error = said(lambda: google_mail.mailer("google:nobody@example.org", given).check())
    assert "nobody@example.org" in error.message
    assert error.permanent


def test_a_key_that_is_no_key(server: Google, tmp_path: Path) -> None:
    given = access(server, tmp_path, *ALL)
    (tmp_path / "key.json").write_text("{}")
    assert "not the JSON file" in said(lambda: google_mail.mailer(HOME, given).check()).message


@pytest.mark.parametrize("key", ["service_account", "endpoint"])
def test_what_is_not_set_is_said(server: Google, tmp_path: Path, key: str) -> None:
    given = access(server, tmp_path, *ALL)
    options = {**given.options, key: "http://calendar.example.org" if key == "endpoint" else None}
    error = said(
        lambda: google_busy.busy_source(URL, DANA, replace(given, options=options)).read(
            WINDOW, None
        )
    )
    assert ("unencrypted" if key == "endpoint" else "never connected") in error.message


def test_an_own_consent_goes_before_the_service_account(server: Google, tmp_path: Path) -> None:
    kept = Kept({URL: server.grant(DANA.email, "calendar.freebusy")})
    options = {
        **access(server, tmp_path, *ALL).options,
        "client_id": CLIENT_ID,
        "client_secret": f"file:{tmp_path}/client",
    }
    (tmp_path / "client").write_text("client-secret")
    given = Access(tmp_path, options, grants=kept)
    reading = google_busy.busy_source(URL, DANA, given).read(WINDOW, None)
    assert [r.operation for r in server.requests] == [
        "calendar.events.list",  # which her consent does not cover
        "calendar.freebusy.query",
    ] or server.requests[-1].operation == "calendar.freebusy.query"
    assert list(reading.items.values()) == [(Interval(NINE, TEN),)]
    server.revoke(DANA.email)
    with pytest.raises(ConsentNeeded):
        google_busy.busy_source(URL, DANA, given).read(WINDOW, reading.cursor)


def test_a_window_that_google_finds_too_long_is_asked_for_in_parts(
    server: Google, tmp_path: Path
) -> None:
    given = access(server, tmp_path, "calendar.freebusy")
    long = Interval(WINDOW.start, WINDOW.start + timedelta(days=300))
    reading = google_busy.busy_source(URL, DANA, given).read(long, None)
    assert list(reading.items.values()) == [(Interval(NINE, TEN),)]


def test_a_busy_time_that_ends_before_it_starts_is_no_answer(
    server: Google, tmp_path: Path
) -> None:
    """Left out, it would be free."""
    source: Any = google_busy.busy_source(URL, DANA, access(server, tmp_path, "calendar.freebusy"))
    span = {"start": "2027-01-12T12:00:00Z", "end": "2027-01-12T09:00:00Z"}
    with pytest.raises(ValueError, match="ends before it starts"):
        source._spans({"calendars": {DANA.email: {"busy": [span]}}}, WINDOW)


def test_many_pages_are_one_reading(server: Google, tmp_path: Path) -> None:
    server.calendars.page = 7
    for number in range(30):
        start = NINE + timedelta(days=1 + number)
        end = start + timedelta(hours=1)
        server.fill(DANA.email, busy_event(f"{number}@example.org", start, end))
    given = access(server, tmp_path, *ALL)
    source = google_busy.busy_source(URL, DANA, given)
    first = source.read(WINDOW, None)
    assert len(first.items) == 31
    server.requests.clear()
    source.read(WINDOW, first.cursor)
    assert len(server.requests) == 1


def test_titles_are_never_asked_for(server: Google, tmp_path: Path) -> None:
    seen: list[object] = []
    original = server.calendars.perform

    def perform(call: object, user: str) -> object:
        seen.append(call)
        return original(call, user)  # type: ignore[arg-type]

    server.calendars.perform = perform  # type: ignore[method-assign]
    google_busy.busy_source(URL, DANA, access(server, tmp_path, *ALL)).read(WINDOW, None)
    assert all("summary" not in call.parameters["fields"] for call in seen)  # type: ignore[attr-defined]


def test_gmails_own_message_id_hides_no_mail(server: Google, tmp_path: Path) -> None:
    server.mail.rewrites = True
    mailer = google_mail.mailer(HOME, access(server, tmp_path, *ALL))
    mailer.deliver(LETTER, lambda: None)
    assert b"<CAx@mail.gmail.com>" in server.sent(OFFICE)[0]
    assert mailer.delivered(LETTER.message_id) is True
    assert mailer.delivered("<another@example.org>") is False


def test_without_the_scope_to_look_nobody_can_tell(server: Google, tmp_path: Path) -> None:
    mailer = google_mail.mailer(HOME, access(server, tmp_path, "gmail.send"))

    def sending(request: Request) -> bool:
        return request.operation == "gmail.users.messages.send"

    server.fail(sending, "reset after effect")
    with pytest.raises(OutcomeUnknown):
        mailer.deliver(LETTER, lambda: None)
    assert mailer.delivered(LETTER.message_id) is None


def test_a_bad_address_is_refused_for_good(server: Google, tmp_path: Path) -> None:
    mailer = google_mail.mailer(HOME, access(server, tmp_path, *ALL))
    bad = replace(LETTER, raw=RAW.replace(b"To: dana@example.org", b"To: nobody"))
    error = said(lambda: mailer.deliver(bad, lambda: None))
    assert error.permanent
    assert server.sent(OFFICE) == []


def test_a_deleted_mail_holds_nobody_up(server: Google, tmp_path: Path) -> None:
    inbox = google_mail.inbox(HOME, access(server, tmp_path, *ALL))
    cursor = inbox.fetch(None).cursor
    server.deliver(OFFICE, RAW)
    server.deliver(OFFICE, RAW.replace(b"Hello", b"Second"))
    listed = server.mail.messages[OFFICE][0].id

    def gone(request: Request) -> bool:
        return request.path.endswith(listed)

    server.fail(gone, "404", times=2)  # it is asked for once more
    assert [m.raw for m in inbox.fetch(cursor).messages] == [RAW.replace(b"Hello", b"Second")]


def test_more_than_a_batch_comes_in_batches(server: Google, tmp_path: Path) -> None:
    for number in range(130):
        server.deliver(OFFICE, RAW.replace(b"Hello", b"%03d" % number))
    inbox, cursor = google_mail.inbox(HOME, access(server, tmp_path, *ALL)), None
    got: list[bytes] = []
    for expected in (100, 30, 0):
        batch = inbox.fetch(cursor)
        assert len(batch.messages) == expected
        got, cursor = got + [m.raw for m in batch.messages], batch.cursor
    assert got == [RAW.replace(b"Hello", b"%03d" % number) for number in range(130)]


SIGN_IN = [k for k in KINDS if "page" not in k and k not in ("401", "404", "410", "403 quota")]


@pytest.mark.parametrize("kind", SIGN_IN)
@pytest.mark.parametrize("own", [True, False], ids=["own consent", "service account"])
def test_a_sign_in_that_fails_is_no_consent_taken_back(
    server: Google, tmp_path: Path, kind: str, own: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("google.auth._exponential_backoff.time.sleep", lambda _seconds: None)
    kept = Kept({URL: server.grant(DANA.email, "calendar.freebusy")} if own else {})
    options = {**access(server, tmp_path, *ALL).options, "client_id": CLIENT_ID}
    (tmp_path / "client").write_text("client-secret")
    given = Access(tmp_path, {**options, "client_secret": "file:client"}, grants=kept)
    server.slow = 0.01
    server.sign_in_faults.add(lambda request: True, kind, times=20)
    source = google_busy.busy_source(URL, DANA, given)
    try:
        reading = source.read(WINDOW, None)
    except ProviderError as error:
        assert not error.permanent
        assert not isinstance(error, ConsentNeeded)
        server.sign_in_faults.waiting.clear()
        reading = source.read(WINDOW, None)
    assert [s for spans in reading.items.values() for s in spans] == [Interval(NINE, TEN)]

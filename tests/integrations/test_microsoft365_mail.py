"""Mail by Microsoft 365: exact bytes out, once; replies in, in order."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from integrations import microsoft365, microsoft365_login, microsoft365_mail
from integrations.ports import Letter, OutcomeUnknown, ProviderError
from tests.integrations.microsoft365_setting import DANA, ORGANISER, Asking
from tests.integrations.microsoft365_setting import service as service
from tests.servers.faults import Request


def letter(number: int = 1, recipient: str = DANA.email) -> Letter:
    name = f"<o'{number}@overlap>"
    raw = (
        f"From: Programme <{ORGANISER}>\r\nTo: {recipient}\r\nSubject: Zeit f=C3=BCr\r\n"
        f"Message-ID: {name}\r\nMIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n\r\n.Grüße\r\n\r\n"
    )
    return Letter(name, ORGANISER, recipient, raw.encode())


class Point:
    def __init__(self) -> None:
        self.passed = 0

    def __call__(self) -> None:
        self.passed += 1


def is_draft(request: Request) -> bool:
    return request.method == "POST" and request.operation == "messages"


def is_send(request: Request) -> bool:
    return request.operation == "send"


def test_the_exact_bytes_go_out(service: Asking) -> None:
    heard: list[tuple[str, bytes]] = []
    service.server.on_mail = lambda recipient, raw: heard.append((recipient, raw))
    point = Point()
    mailer = service.mailer()
    assert mailer.delivered(letter().message_id) is False
    mailer.deliver(letter(), point)
    assert point.passed == 1
    assert service.server.sent(ORGANISER) == [letter().raw]
    assert heard == [(DANA.email, letter().raw)]
    assert mailer.delivered(letter().message_id) is True
    assert mailer.delivered("<other@overlap>") is False


def test_nothing_goes_out_before_the_point_of_no_return(service: Asking) -> None:
    def stop() -> None:
        assert service.server.sent(ORGANISER) == []
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        service.mailer().deliver(letter(), stop)
    assert service.mailer().delivered(letter().message_id) is False
    service.mailer().deliver(letter(), Point())
    assert service.server.sent(ORGANISER) == [letter().raw]
    assert len(service.server.post.boxes[ORGANISER]) == 1  # the draft of the first is gone


def test_a_letter_that_went_out_is_not_sent_again(service: Asking) -> None:
    service.mailer().deliver(letter(), Point())
    point = Point()
    service.mailer().deliver(letter(), point)
    assert point.passed == 1
    assert len(service.server.sent(ORGANISER)) == 1
    assert len(service.server.post.outbound) == 1


def test_a_service_that_renames_messages_is_told_their_name(service: Asking) -> None:
    service.server.post.rename = True
    service.mailer().deliver(letter(), Point())
    assert service.mailer().delivered(letter().message_id) is True


def test_a_refusal_is_no_unknown_outcome(service: Asking) -> None:
    foreign = letter()
    raw = foreign.raw.replace(ORGANISER.encode(), b"else@example.org")
    point = Point()
    with pytest.raises(ProviderError, match="ErrorSendAsDenied"):
        service.mailer().deliver(Letter("<o'1@overlap>", ORGANISER, DANA.email, raw), point)
    assert point.passed == 1
    assert service.server.post.boxes[ORGANISER] == {}


@pytest.mark.parametrize("kind", ["reset before", "reset after effect", "slow", "garbage"])
def test_silence_after_sending_is_an_unknown_outcome(impatient: Asking, kind: str) -> None:
    service = impatient
    service.server.fail(is_send, kind)
    point = Point()
    with pytest.raises(OutcomeUnknown):
        service.mailer().deliver(letter(), point)
    assert point.passed == 1
    if kind == "reset before":
        assert service.mailer().delivered(letter().message_id) is False
    if kind == "reset after effect":
        assert service.mailer().delivered(letter().message_id) is True


@pytest.fixture
def impatient(
    service: Asking, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Asking:
    slow = request.node.callspec.params["kind"] == "slow"
    monkeypatch.setattr(microsoft365_login, "TIMEOUT", 1 if slow else 5)
    monkeypatch.setattr(microsoft365, "_MOST_PAGES", 20)
    service.server.slow = 3
    return service


@pytest.mark.parametrize("kind", ["401", "403 quota", "429", "500"])
def test_before_the_point_a_fault_sends_nothing(impatient: Asking, kind: str) -> None:
    service = impatient
    service.server.fail(is_draft, kind, times=2)
    point = Point()
    with pytest.raises(ProviderError):
        service.mailer().deliver(letter(), point)
    assert point.passed == 0
    assert service.server.sent(ORGANISER) == []
    service.server.heal()
    service.mailer().deliver(letter(), point)
    assert service.server.sent(ORGANISER) == [letter().raw]
    assert len(service.server.post.boxes[ORGANISER]) == 1


@pytest.mark.parametrize("kind", ["401", "403 quota", "404", "410", "429", "500", "503"])
def test_a_refused_sending_is_known(impatient: Asking, kind: str) -> None:
    service = impatient
    service.server.fail(is_send, kind, times=2)
    with pytest.raises(ProviderError):
        service.mailer().deliver(letter(), Point())
    assert service.server.sent(ORGANISER) == []


@pytest.fixture
def clock(service: Asking) -> Iterator[list[datetime]]:
    now = [datetime.now(UTC).replace(microsecond=0) - timedelta(days=2)]
    service.server.post.now = lambda: now[0]
    yield now


def fill(service: Asking, clock: list[datetime], numbers: range) -> list[bytes]:
    raws = [letter(number).raw for number in numbers]
    for raw in raws:
        clock[0] += timedelta(seconds=1)
        service.server.deliver(ORGANISER, raw)
    return raws


def test_replies_come_in_order_and_once(service: Asking, clock: list[datetime]) -> None:
    raws = fill(service, clock, range(3))
    first = service.inbox().fetch(None)
    assert [message.raw for message in first.messages] == raws
    service.server.forget_requests()
    again = service.inbox().fetch(first.cursor)
    assert (again.messages, again.cursor) == ((), first.cursor)
    assert len(service.server.requests) == 1
    more = fill(service, clock, range(3, 5))
    later = service.inbox().fetch(again.cursor)
    assert [message.raw for message in later.messages] == more


def test_a_hundred_at_a_time_oldest_first(service: Asking, clock: list[datetime]) -> None:
    raws = fill(service, clock, range(230))
    cursor, got = None, []
    sizes = []
    for _ in range(4):
        batch = service.inbox().fetch(cursor)
        sizes.append(len(batch.messages))
        got += [message.raw for message in batch.messages]
        cursor = batch.cursor
    assert sizes == [100, 100, 30, 0]
    assert got == raws


def test_old_mail_is_left(service: Asking, clock: list[datetime]) -> None:
    clock[0] -= timedelta(days=40)
    fill(service, clock, range(2))
    clock[0] += timedelta(days=39)
    raws = fill(service, clock, range(2, 3))
    assert [message.raw for message in service.inbox().fetch(None).messages] == raws


def test_reading_changes_nothing_and_being_read_is_nothing_new(
    service: Asking, clock: list[datetime]
) -> None:
    fill(service, clock, range(2))
    cursor = service.inbox().fetch(None).cursor
    mails = service.server.post.boxes[ORGANISER].values()
    assert not any(mail.is_read for mail in mails)
    assert all(request.method == "GET" for request in service.server.asked())
    for mail in mails:  # a person reads it in Outlook
        service.server.post.count += 1
        mail.is_read, mail.changed = True, service.server.post.count
    assert service.inbox().fetch(cursor).messages == ()


def test_an_expired_link_loses_nothing_and_repeats_nothing(
    service: Asking, clock: list[datetime]
) -> None:
    fill(service, clock, range(3))
    cursor = service.inbox().fetch(None).cursor
    service.server.expire_tokens()
    clock[0] -= timedelta(seconds=1)  # within the same second as the last
    more = fill(service, clock, range(3, 5))
    assert [m.raw for m in service.inbox().fetch(cursor).messages] == more


def test_a_cursor_of_another_make_begins_anew(service: Asking, clock: list[datetime]) -> None:
    raws = fill(service, clock, range(1))
    batch = service.inbox().fetch(json.dumps({"uid": 1}))
    assert [message.raw for message in batch.messages] == raws


def test_a_message_gone_meanwhile_is_left_out(service: Asking, clock: list[datetime]) -> None:
    raws = fill(service, clock, range(2))
    service.server.fail(lambda request: request.operation == "$value", "404", times=2)
    assert [message.raw for message in service.inbox().fetch(None).messages] == raws[1:]


def test_waiting_ends_with_the_time_a_message_or_a_stop(
    service: Asking, clock: list[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(microsoft365_mail, "_EVERY", 0.01)
    inbox = service.inbox()
    inbox.fetch(None)
    assert inbox.wait(0.03) is False
    fill(service, clock, range(1))
    assert inbox.wait(5) is True
    monkeypatch.setattr(microsoft365_mail, "_EVERY", 20.0)
    threading.Timer(0.05, inbox.stop).start()
    assert inbox.wait(60) is False

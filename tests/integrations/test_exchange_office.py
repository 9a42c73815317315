"""Exchange: the organiser's calendar and mail, where it differs from other providers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from integrations import exchange_mail, exchange_organiser
from integrations.ports import (
    Access,
    Attendee,
    Entry,
    Letter,
    LetterRefused,
    LetterWithdrawn,
    OutcomeUnknown,
    ProviderError,
)
from mentoring.interval import Interval
from tests.integrations.providers import DANA, OFFICE
from tests.servers.exchange import PASSWORD, SERVICE, Server, exchange
from tests.servers.exchange_soap import NAMES

WINDOW = Interval(datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 4, 1, tzinfo=UTC))
NINE, TEN = datetime(2027, 1, 12, 9, tzinfo=UTC), datetime(2027, 1, 12, 10, tzinfo=UTC)
UID = "0123456789abcdef0123456789abcdef@overlap"
SIDES = (
    Attendee("dana@example.org", "Dana Lee", "NEEDS-ACTION"),
    Attendee("lee@example.org", "Lee Park", "NEEDS-ACTION"),
)
ENTRY = Entry(
    UID,
    0,
    Interval(NINE, TEN),
    "America/New_York",
    "Meeting & <more>",
    "Two\nlines",
    "",
    SIDES,
    True,
    b"",
)
MAIL = (
    b"From: office@example.org\r\nTo: dana@example.org\r\nSubject: Hello\r\n"
    b"Message-ID: <one@example.org>\r\nX-Overlap-Notice: <one@example.org>\r\n\r\nText.\r\n"
)
LETTER = Letter("<one@example.org>", OFFICE, DANA.email, MAIL)
REPLY = (
    b"From: dana@example.org\r\nTo: office@example.org\r\nSubject: Accepted\r\n"
    b"Message-ID: <two@example.org>\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: text/calendar; method=REPLY; charset=UTF-8\r\n\r\nBEGIN:VCALENDAR\r\n"
)


@pytest.fixture
def server() -> Iterator[Server]:
    with exchange() as running:
        for address in (DANA.email, OFFICE):
            running.user(address)
        running.impersonates = {OFFICE}
        yield running


@pytest.fixture
def access(server: Server, tmp_path: Path) -> Access:
    (tmp_path / "password").write_text(PASSWORD)
    options = {"endpoint": server.url, "username": SERVICE, "password": "file:password"}
    return Access(tmp_path, options)


@pytest.fixture
def organiser(access: Access) -> Any:
    return exchange_organiser.organiser(f"exchange:{OFFICE}", access)


@pytest.fixture
def mailer(access: Access) -> Any:
    return exchange_mail.mailer(f"exchange:{OFFICE}", access)


@pytest.fixture
def inbox(access: Access) -> Any:
    return exchange_mail.inbox(f"exchange:{OFFICE}", access)


def operations(server: Server) -> list[str]:
    return [request.operation for request in server.requests]


def item(server: Server) -> Any:
    (only,) = server.exchange.store.within(OFFICE, "calendar")
    return only


# The organiser's calendar


def test_the_item_bears_our_uid_and_its_wall_time(server: Server, organiser: Any) -> None:
    organiser.publish(ENTRY)
    kept = item(server)
    assert kept.text("calendar:UID") == UID
    assert kept.text("calendar:Start") == "2027-01-12T04:00:00-05:00"
    assert kept.parts["calendar:StartTimeZone"].get("Id") == "Eastern Standard Time"
    assert kept.text("item:Subject") == "Meeting & <more>"


def test_exchange_itself_mails_nobody(server: Server, organiser: Any) -> None:
    organiser.publish(ENTRY)
    organiser.publish(replace(ENTRY, slot=Interval(TEN, TEN + timedelta(hours=1))))
    organiser.withdraw(UID)
    assert {"CreateItem", "UpdateItem", "DeleteItem"} <= set(operations(server))
    assert server.exchange.store.mailed == []


def test_only_what_changed_is_written(server: Server, organiser: Any) -> None:
    organiser.publish(ENTRY)
    server.bodies.clear()
    organiser.publish(replace(ENTRY, location="Room 1"))
    (update,) = [body for body in server.bodies if b"UpdateItem" in body]
    assert b"Room 1" in update
    for untouched in (b"calendar:Start", b"item:Subject", b"item:Body", b"RequiredAttendees"):
        assert untouched not in update


def test_a_race_is_run_again_once(server: Server, organiser: Any) -> None:
    organiser.publish(ENTRY)
    moved = replace(ENTRY, slot=Interval(TEN, TEN + timedelta(hours=1)))
    left = [1]

    def touched(request: Any) -> bool:
        if request.operation == "UpdateItem" and left and left.pop():
            server.exchange.store.touch(item(server))
        return False

    server.fail(touched, "404")
    organiser.publish(moved)
    assert organiser.find(UID).slot == moved.slot
    left = [0, 1, 1]
    with pytest.raises(ProviderError, match="somebody else changes it"):
        organiser.publish(ENTRY)


def test_answers_outlive_a_change_of_the_people(server: Server, organiser: Any) -> None:
    organiser.publish(ENTRY)
    server.answer(OFFICE, UID, "dana@example.org", "ACCEPTED")
    third = Attendee("kim@example.org", "Kim", "NEEDS-ACTION")
    organiser.publish(replace(ENTRY, attendees=(*SIDES, third)))
    assert organiser.find(UID).answers == {
        "dana@example.org": "ACCEPTED",
        "lee@example.org": "NEEDS-ACTION",
        "kim@example.org": "NEEDS-ACTION",
    }


@pytest.mark.parametrize("partstat", ["ACCEPTED", "DECLINED", "TENTATIVE", "NEEDS-ACTION"])
def test_each_answer_is_understood(server: Server, organiser: Any, partstat: str) -> None:
    organiser.publish(ENTRY)
    server.answer(OFFICE, UID, "lee@example.org", partstat)
    assert organiser.find(UID).answers["lee@example.org"] == partstat


def test_two_copies_are_withdrawn_both(server: Server, organiser: Any) -> None:
    organiser.publish(ENTRY)
    twin = replace(item(server), id="")
    server.exchange.store.add(OFFICE, twin)
    organiser.withdraw(UID)
    assert server.events(OFFICE) == []


def test_meetings_of_others_are_not_ours(server: Server, organiser: Any) -> None:
    organiser.publish(ENTRY)
    foreign = replace(item(server), id="", parts=dict(item(server).parts))
    foreign.parts = {path: part for path, part in foreign.parts.items() if "|" not in path}
    server.exchange.store.add(OFFICE, foreign)
    assert [shown.uid for shown in organiser.showing(WINDOW, None).entries] == [UID]


def test_a_zone_without_a_windows_name_is_kept_as_utc(server: Server, organiser: Any) -> None:
    organiser.publish(replace(ENTRY, zone="Antarctica/Troll"))
    assert organiser.find(UID).slot == ENTRY.slot


def test_an_unchanged_calendar_costs_one_request(server: Server, organiser: Any) -> None:
    organiser.publish(ENTRY)
    cursor = organiser.showing(WINDOW, None).cursor
    server.requests.clear()
    again = organiser.showing(WINDOW, cursor)
    assert (again.entries, again.cursor) == (None, cursor)
    assert operations(server) == ["SyncFolderItems"]


def test_the_attendees_show_in_the_item(server: Server, organiser: Any) -> None:
    organiser.publish(ENTRY)
    people = item(server).parts["calendar:RequiredAttendees"]
    found = [one.text for one in people.iterfind(".//t:EmailAddress", NAMES)]
    assert found == ["dana@example.org", "lee@example.org"]


# Mail


def test_a_letter_that_was_never_sent_stays_a_draft_and_goes_out_once(
    server: Server, mailer: Any
) -> None:
    server.fail(lambda request: request.operation == "SendItem", "reset before")
    with pytest.raises(OutcomeUnknown, match="no answer"):
        mailer.deliver(LETTER, lambda: None)
    assert mailer.delivered(LETTER.message_id) is False
    mailer.deliver(LETTER, lambda: None)
    assert server.sent(OFFICE) == [MAIL]
    assert server.exchange.store.within(OFFICE, "drafts") == []


def test_a_letter_whose_answer_was_lost_is_found(server: Server, mailer: Any) -> None:
    server.fail(lambda request: request.operation == "SendItem", "reset after effect")
    with pytest.raises(OutcomeUnknown):
        mailer.deliver(LETTER, lambda: None)
    assert mailer.delivered(LETTER.message_id) is True


def test_a_letter_is_found_under_a_message_id_of_exchanges_own(server: Server, mailer: Any) -> None:
    server.exchange.rewrites = True
    mailer.deliver(LETTER, lambda: None)
    assert b"<x@exchange.example>" in server.sent(OFFICE)[0]
    assert mailer.delivered(LETTER.message_id) is True


def test_a_letter_on_its_way_counts_as_taken(server: Server, mailer: Any) -> None:
    mailer.deliver(LETTER, lambda: None)
    (sent,) = server.exchange.store.within(OFFICE, "sentitems")
    sent.folder = "outbox"
    assert mailer.delivered(LETTER.message_id) is True
    sent.folder = "deleteditems"
    assert mailer.delivered(LETTER.message_id) is None


def test_a_letter_that_went_out_unnoticed_is_not_sent_again(server: Server, mailer: Any) -> None:
    mailer.deliver(LETTER, lambda: None)
    begun: list[int] = []
    mailer.deliver(LETTER, lambda: begun.append(1))
    assert begun == [1]
    assert server.sent(OFFICE) == [MAIL]


def test_a_letter_that_was_taken_back_leaves_no_draft(server: Server, mailer: Any) -> None:
    def taken_back() -> None:
        assert len(server.exchange.store.within(OFFICE, "drafts")) == 1
        raise LetterWithdrawn

    for fault, left in (("", 0), ("503", 1)):
        if fault:
            server.fail(lambda request: request.operation == "DeleteItem", fault)
        with pytest.raises(LetterWithdrawn):
            mailer.deliver(LETTER, taken_back)
        assert len(server.exchange.store.within(OFFICE, "drafts")) == left
    assert server.sent(OFFICE) == []


def test_a_letter_that_is_refused_leaves_no_draft(server: Server, mailer: Any) -> None:
    nobody = replace(LETTER, raw=MAIL.replace(b"dana@example.org", b"dana"))
    with pytest.raises(LetterRefused):
        mailer.deliver(nobody, lambda: None)
    assert server.exchange.store.within(OFFICE, "drafts") == []


def test_what_cant_be_looked_up_now_is_not_decided(server: Server, mailer: Any) -> None:
    server.fail(lambda request: request.operation == "FindItem", "503")
    with pytest.raises(ProviderError):
        mailer.delivered(LETTER.message_id)
    server.impersonates = set()
    assert mailer.delivered(LETTER.message_id) is None


def test_nothing_is_said_to_be_sent_before_the_draft_stands(server: Server, mailer: Any) -> None:
    begun: list[int] = []
    server.fail(lambda request: request.operation == "CreateItem", "reset after effect")
    with pytest.raises(ProviderError):
        mailer.deliver(LETTER, lambda: begun.append(1))
    assert begun == []
    mailer.deliver(LETTER, lambda: begun.append(1))
    assert begun == [1]
    assert server.sent(OFFICE) == [MAIL]
    assert server.exchange.store.within(OFFICE, "drafts") == []


def test_a_refused_letter_is_a_definite_fault(server: Server, mailer: Any) -> None:
    nobody = replace(LETTER, raw=MAIL.replace(b"To: dana@example.org", b"To: dana"))
    with pytest.raises(ProviderError, match="ErrorInvalidRecipients"):
        mailer.deliver(nobody, lambda: None)
    assert server.sent(OFFICE) == []


def test_answers_to_meetings_are_mails_too(server: Server, inbox: Any) -> None:
    cursor = inbox.fetch(None).cursor
    server.deliver(OFFICE, REPLY)
    assert [m.raw for m in inbox.fetch(cursor).messages] == [REPLY]
    assert [m.raw for m in inbox.fetch(None).messages] == [REPLY]


def test_old_mail_is_left_where_it_is(server: Server, inbox: Any) -> None:
    server.deliver(OFFICE, MAIL)
    (old,) = server.exchange.store.within(OFFICE, "inbox")
    old.arrived = datetime.now(UTC) - timedelta(days=40)
    assert inbox.fetch(None).messages == ()


def test_a_full_inbox_comes_in_batches(server: Server, inbox: Any) -> None:
    server.exchange.store.page = 40
    for number in range(130):
        server.deliver(OFFICE, MAIL.replace(b"Hello", b"Hello %d" % number))
    first = inbox.fetch(None)
    second = inbox.fetch(first.cursor)
    got = [m.raw for m in (*first.messages, *second.messages)]
    assert len(first.messages) == 100
    assert len(set(got)) == len(got) == 130
    assert b"Hello 129" in got[-1]


def test_reading_changes_nothing(server: Server, inbox: Any) -> None:
    server.deliver(OFFICE, MAIL)
    before = dict(server.exchange.store.log)
    inbox.fetch(None)
    inbox.check()
    assert server.exchange.store.log == before
    assert not {"UpdateItem", "DeleteItem", "CreateItem"} & set(operations(server))


def test_waiting_ends_with_new_mail_or_when_stopped(server: Server, inbox: Any) -> None:
    inbox.fetch(None)
    assert inbox.wait(0) is False
    server.deliver(OFFICE, MAIL)
    assert inbox.wait(5) is True
    inbox.stop()
    assert inbox.wait(1000) is False


def test_a_mail_too_large_is_passed_over(
    server: Server, inbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.deliver(OFFICE, MAIL + b"x" * 1000)
    server.deliver(OFFICE, MAIL)
    monkeypatch.setattr(exchange_mail, "LARGEST", 1000)
    assert [m.raw for m in inbox.fetch(None).messages] == [MAIL]

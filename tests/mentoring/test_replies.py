"""Answers as mail programs write them, and all that is none."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mentoring.interval import Interval
from mentoring.replies import Answer, AnswerKind, Unreadable, acts_for, read_answer

REPLY = """BEGIN:VCALENDAR
PRODID:-//Someone//EN
VERSION:2.0
METHOD:REPLY
BEGIN:VEVENT
UID:u@overlap
SEQUENCE:2
DTSTAMP:20270111T120000Z
DTSTART:20270114T180000Z
DTEND:20270114T190000Z
ORGANIZER:mailto:mentoring@example.org
ATTENDEE;PARTSTAT=ACCEPTED;CN=Dana Lee:mailto:dana@example.org
END:VEVENT
END:VCALENDAR
"""
COUNTER = (
    REPLY.replace("METHOD:REPLY", "METHOD:COUNTER")
    .replace("DTSTART:20270114T180000Z", "DTSTART;TZID=Eastern Standard Time:20270115T100000")
    .replace("DTEND:20270114T190000Z", "DTEND;TZID=Eastern Standard Time:20270115T110000")
)


def mail(
    calendar: str, kind: str = 'text/calendar; method="REPLY"', *, coded: bool = False
) -> bytes:
    body = calendar.replace("\n", "\r\n")
    encoding = "Content-Transfer-Encoding: base64\r\n" if coded else ""
    if coded:
        body = base64.encodebytes(body.encode()).decode()
    return (
        "From: Dana Lee <Dana@Example.org>\r\nSubject: Accepted: Mentoring meeting\r\n"
        "Message-ID: <1@example.org>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n"
        f"--b\r\nContent-Type: {kind}\r\n{encoding}\r\n{body}\r\n--b--\r\n"
    ).encode()


def answer(raw: bytes) -> Answer:
    found = read_answer(raw)
    assert isinstance(found, Answer)
    return found


def test_a_plain_acceptance() -> None:
    found = answer(mail(REPLY))
    assert (found.kind, found.uid, found.sequence) == (AnswerKind.ACCEPT, "u@overlap", 2)
    assert found.sender == found.attendee == "dana@example.org"
    assert found.stamp == datetime(2027, 1, 11, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("partstat", "kind"),
    [("DECLINED", AnswerKind.DECLINE), ("TENTATIVE", AnswerKind.TENTATIVE)],
)
def test_other_answers(partstat: str, kind: AnswerKind) -> None:
    assert answer(mail(REPLY.replace("ACCEPTED", partstat))).kind is kind


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(mail(REPLY, coded=True), id="base64"),
        pytest.param(mail(REPLY, "text/calendar"), id="no method in the header"),
        pytest.param(mail(REPLY, 'application/ics; name="invite.ics"'), id="attachment"),
        pytest.param(mail(REPLY, 'application/octet-stream; name="reply.ics"'), id="by its name"),
        pytest.param(mail(REPLY.replace("SEQUENCE:2\n", "SEQUENCE:2\n\n")), id="blank line"),
        pytest.param(mail(REPLY.replace("mailto:dana", "MAILTO:Dana")), id="capitals"),
        pytest.param(mail(REPLY.replace("mailto:dana", "mailto: dana")), id="space"),
    ],
)
def test_the_same_acceptance_in_many_layouts(raw: bytes) -> None:
    found = answer(raw)
    assert (found.kind, found.attendee) == (AnswerKind.ACCEPT, "dana@example.org")


def test_no_sequence_means_nought() -> None:
    assert answer(mail(REPLY.replace("SEQUENCE:2\n", ""))).sequence == 0


def test_a_counter_in_a_windows_zone() -> None:
    found = answer(mail(COUNTER, 'text/calendar; method="COUNTER"'))
    assert found.kind is AnswerKind.COUNTER
    assert found.asked == Interval(
        datetime(2027, 1, 15, 15, tzinfo=UTC), datetime(2027, 1, 15, 16, tzinfo=UTC)
    )


def test_a_counter_without_a_known_zone_is_not_guessed() -> None:
    raw = mail(COUNTER.replace("Eastern Standard Time", "Office"), "text/calendar")
    assert isinstance(read_answer(raw), Unreadable)


def test_a_delegate_speaks_for_the_attendee() -> None:
    delegated = REPLY.replace("ATTENDEE;", 'ATTENDEE;SENT-BY="mailto:assistant@example.org";')
    raw = mail(delegated).replace(b"Dana@Example.org", b"assistant@example.org")
    found = answer(raw)
    assert acts_for(found, "dana@example.org")
    stranger = answer(mail(REPLY).replace(b"Dana@Example.org", b"mallory@example.net"))
    assert not acts_for(stranger, "dana@example.org")


@pytest.mark.parametrize("prefix", ["", "Re: ", "AW: Re: ", "FWD:"])
def test_a_code_in_the_subject(prefix: str) -> None:
    raw = f"From: dana@example.org\r\nSubject: {prefix}Decline 0123456789abcdef\r\n\r\n".encode()
    found = answer(raw)
    assert (found.kind, found.code) == (AnswerKind.DECLINE, "0123456789abcdef")


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-replied",
        "Return-Path: <>",
        "Precedence: bulk",
        "List-Id: <x.example.org>",
    ],
)
def test_a_machine_does_not_answer_by_subject(header: str) -> None:
    raw = f"From: d@example.org\r\n{header}\r\nSubject: ACCEPT 0123456789abcdef\r\n\r\n"
    assert read_answer(raw.encode()) is None


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"Subject: lunch?\r\n\r\nhello",
        b"Subject: ACCEPT now\r\n\r\n",
        mail(REPLY.replace("METHOD:REPLY", "METHOD:REQUEST"), "text/calendar"),
        mail(REPLY.replace("METHOD:REPLY", "METHOD:PUBLISH"), "text/calendar"),
        mail(COUNTER),  # the header says REPLY, the body COUNTER
    ],
)
def test_what_is_no_answer(raw: bytes) -> None:
    assert read_answer(raw) is None


@settings(max_examples=200, deadline=None)
@given(junk=st.binary(max_size=400), where=st.integers(0, 900), cut=st.integers(0, 60))
def test_no_bytes_raise(junk: bytes, where: int, cut: int) -> None:
    whole = mail(COUNTER, "text/calendar")
    read_answer(junk)
    read_answer(whole[:where] + junk + whole[where + cut :])

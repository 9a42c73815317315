"""The mails that are kept are those that we send, and two parsers read them alike."""

from __future__ import annotations

import base64
import email
import email.policy
import re
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import icalendar
import pytest

from tests.corpus import kept, written
from tests.second import read_calendars, read_mails

_LINE = 998
_WRITTEN = re.compile(rb"(?:[\x20-\x7e\t]*\r\n)*")
"""What every mail server passes on: printable ASCII in whole lines (RFC 5322 section 2.1.1)."""


def parsed(raw: bytes) -> EmailMessage:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert [defect for part in message.walk() for defect in part.defects] == []
    return message


def tree(part: EmailMessage) -> dict[str, Any]:
    """A part as `read_mails` shows it."""
    parts = [each for each in part.iter_parts() if isinstance(each, EmailMessage)]
    params = {k: v for k, v in part["Content-Type"].params.items() if k != "boundary"}
    payload = b"" if parts else part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return {
        "type": part.get_content_type(),
        "params": params,
        "disposition": part.get_content_disposition() or "",
        "filename": part.get_filename() or "",
        "id": part.get("Content-ID", ""),
        "content": base64.b64encode(payload).decode(),
        "parts": [tree(each) for each in parts],
    }


def lined(part: dict[str, Any]) -> dict[str, Any]:
    """The tree with texts as lines; a parser may take the end before a boundary for one more."""
    content = base64.b64decode(part["content"])
    text = part["type"].startswith("text/")
    return {
        **part,
        "content": content.decode().rstrip().splitlines() if text else content,
        "parts": [lined(each) for each in part["parts"]],
    }


def words(message: EmailMessage, kind: str) -> list[str]:
    """What a mail program shows that prefers this kind of text, line by line."""
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content()).rstrip().splitlines()


def calendars() -> dict[str, tuple[str, bytes]]:
    """The calendar parts: the method in the MIME header, and the text."""
    found = {}
    for name, raw in kept().items():
        for part in parsed(raw).walk():
            payload = part.get_payload(decode=True)
            if part.get_content_type() == "text/calendar" and isinstance(payload, bytes):
                found[name] = (str(part.get_param("method")), payload)
    return found


def test_what_is_kept_is_what_we_send() -> None:
    made, known = written(), kept()
    changed = sorted(name for name in made | known if made.get(name) != known.get(name))
    assert changed == [], "run `python -m tests.corpus`, and look at the diff"


@pytest.mark.parametrize("name", sorted(kept()))
def test_a_mail_is_lines_that_every_server_passes_on(name: str) -> None:
    raw = kept()[name]
    assert _WRITTEN.fullmatch(raw)
    assert max(map(len, raw.split(b"\r\n"))) <= _LINE
    head, _, body = raw.partition(b"\r\n\r\n")
    fields = [line.partition(b":")[0].lower() for line in head.split(b"\r\n")]
    assert len(fields) == len(set(fields))
    assert fields.count(b"mime-version") == 1
    assert b"MIME-Version" not in body


def test_two_parsers_read_the_same() -> None:
    mails = kept()
    for (name, raw), second in zip(mails.items(), read_mails(list(mails.values())), strict=True):
        first = parsed(raw)
        headers = [[key, str(value)] for key, value in first.items()]
        assert second["headers"] == headers, name
        assert lined(second["tree"]) == lined(tree(first)), name
        for shown, kind in (("text", "plain"), ("html", "html")):
            assert second[shown].rstrip().splitlines() == words(first, kind), name


def test_two_parsers_read_the_same_calendars() -> None:
    found = calendars()
    methods = {name.partition(".")[0]: method for name, (method, _) in found.items()}
    assert methods == {
        "invite": "REQUEST",
        "moved": "REQUEST",
        "cancelled": "CANCEL",
        "counter": "DECLINECOUNTER",
        "remind": "REQUEST",
        "event": "REQUEST",
        "event_moved": "REQUEST",
        "event_off": "CANCEL",
    }
    seconds = read_calendars([text for _, text in found.values()])
    for (name, (method, text)), second in zip(found.items(), seconds, strict=True):
        first = icalendar.Calendar.from_ical(text)
        event = first.walk("VEVENT")[0]
        assert "error" not in second, (name, second)
        assert second["method"] == first["method"] == method, name
        assert second["uid"] == event["uid"]
        assert second["sequence"] == event["sequence"]
        for edge in ("start", "end"):
            assert datetime.fromisoformat(second[edge]) == event.decoded(f"dt{edge}").astimezone(
                UTC
            ), name
        assert second["roundTrip"], name
        attendees = event["attendee"]
        listed = attendees if isinstance(attendees, list) else [attendees]
        assert second["attendees"] == [str(each) for each in listed], name
        assert second["names"] == [str(each.params["cn"]) for each in listed], name

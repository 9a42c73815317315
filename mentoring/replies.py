"""What a partner answered: a mail's bytes in, an answer out.

Understands iTIP REPLY and COUNTER (RFC 5546 sections 3.2.3 and 3.2.7) in any mail layout,
"ACCEPT code" or "DECLINE code" in a subject, and a supervisor's DEADLINE.
"""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.errors import MessageError
from email.headerregistry import AddressHeader
from email.message import EmailMessage
from enum import StrEnum

from icalendar import Calendar, Component

from mentoring.bounces import Bounce, bounce_in
from mentoring.deadline_mail import DeadlineAsked, asked_in
from mentoring.interval import Interval
from mentoring.mail_headers import READING

_LARGEST_MAIL = 10 * 1024 * 1024
_LARGEST_CALENDAR = 256 * 1024
_MOST_EVENTS = 50
_CODE = re.compile(
    r"\s*(?:[A-Za-z]{1,4}\s*:\s*){0,5}(ACCEPT|DECLINE)\s+([a-z0-9]{10,32})\b", re.IGNORECASE
)
_COMMAND = re.compile(
    r"\s*(?:[A-Za-z]{1,4}\s*:\s*){0,5}([A-Za-z]{2,12})\s+([0-9a-f]{16})\b[\s:]*(.*)", re.DOTALL
)
_AUTOMATIC = frozenset({"bulk", "list", "junk", "auto_reply"})
_MACHINES = ("List-Id", "X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-Mail-Autoreply")
"""Fields that only machines set; responders older than RFC 3834 know no other."""


class AnswerKind(StrEnum):
    ACCEPT = "accept"
    DECLINE = "decline"
    TENTATIVE = "tentative"
    COUNTER = "counter"


_PARTSTATS = {
    "ACCEPTED": AnswerKind.ACCEPT,
    "DECLINED": AnswerKind.DECLINE,
    "TENTATIVE": AnswerKind.TENTATIVE,
}


@dataclass(frozen=True)
class Answer:
    """What somebody says of a meeting. Addresses are lower case.

    `asked` is the time a COUNTER asks for. `code` stands for UID and attendee in answers made by
    subject alone, in which those are empty.
    """

    kind: AnswerKind
    sender: str
    attendee: str = ""
    sent_by: str = ""
    uid: str = ""
    sequence: int = 0
    stamp: datetime | None = None
    asked: Interval | None = None
    recurring: bool = False
    code: str = ""
    message_id: str = ""


@dataclass(frozen=True)
class Command:
    """A word, in capitals, with a code, and what stood after it on the subject's line."""

    word: str
    code: str
    rest: str
    message_id: str = ""


@dataclass(frozen=True)
class Unreadable:
    """A calendar answer that can't be understood, and why; no content of it."""

    reason: str


Read = Answer | Command | DeadlineAsked | Bounce | Unreadable | None


def read_answer(raw: bytes) -> Read:
    """The answer in a mail; None for a mail that is none. Raises nothing, whatever the bytes."""
    if len(raw) > _LARGEST_MAIL:
        return Unreadable("the mail is larger than 10 MB")
    try:
        message = email.message_from_bytes(raw, policy=READING)
        return _read(message)
    except (MessageError, ValueError, LookupError, AttributeError, TypeError) as error:
        return Unreadable(f"the mail is malformed ({type(error).__name__})")
    except RecursionError:
        return Unreadable("the mail is nested too deep")


def acts_for(answer: Answer, attendee: str) -> bool:
    """Whether the mail's sender may speak for the attendee: they are one, or named as SENT-BY."""
    return answer.sender == attendee or (bool(answer.sent_by) and answer.sender == answer.sent_by)


def _read(message: EmailMessage) -> Read:
    if bounce := bounce_in(message):  # what it gives back is our own letter, and no answer
        return bounce
    sender = _sender(message)
    trouble: Unreadable | None = None
    for method, content in _calendar_parts(message):
        answer = _from_calendar(content, method, sender, _message_id(message))
        if isinstance(answer, Answer):
            return answer
        trouble = trouble or answer
    return trouble or _from_words(message, sender)


def _sender(message: EmailMessage) -> str:
    """The one address in From, lower case; empty where there is none or more than one."""
    headers: list[AddressHeader] = message.get_all("From", [])
    addresses = [address.addr_spec for header in headers for address in header.addresses]
    return addresses[0].lower() if len(addresses) == 1 else ""


def _message_id(message: EmailMessage) -> str:
    return str(message.get("Message-ID", "")).strip()[:200]


def _calendar_parts(message: EmailMessage) -> Iterator[tuple[str, bytes]]:
    """The calendar objects in a mail, each with the method that its MIME header names."""
    for part in message.walk():
        kind = part.get_content_type()
        name = (part.get_filename() or "").lower()
        if kind not in ("text/calendar", "application/ics") and not name.endswith(".ics"):
            continue
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes) and payload.strip():
            yield str(part.get_param("method") or "").upper(), payload


def _from_calendar(
    content: bytes, method: str, sender: str, message_id: str
) -> Answer | Unreadable | None:
    if len(content) > _LARGEST_CALENDAR:
        return Unreadable("the calendar part is larger than 256 KB")
    calendar = Calendar.from_ical(content.decode("utf-8", "replace"))
    stated = str(calendar.get("method", "")).upper()
    if stated not in ("REPLY", "COUNTER") or (method and method != stated):
        return None
    events = calendar.walk("VEVENT")
    if not 1 <= len(events) <= _MOST_EVENTS:
        return Unreadable("the answer names no single event")
    return _from_event(events[0], stated, sender, message_id)


def _from_event(event: Component, method: str, sender: str, message_id: str) -> Answer | Unreadable:
    attendees = event.get("attendee", [])
    attendees = attendees if isinstance(attendees, list) else [attendees]
    own = [a for a in attendees if _address(a) == sender] or attendees
    if not own:
        return Unreadable("the answer names no attendee")
    kind = AnswerKind.COUNTER
    if method == "REPLY":
        partstat = str(own[0].params.get("PARTSTAT", "")).upper()
        if partstat not in _PARTSTATS:
            return Unreadable("the answer neither accepts nor declines")
        kind = _PARTSTATS[partstat]
    asked = _asked(event) if kind is AnswerKind.COUNTER else None
    if kind is AnswerKind.COUNTER and asked is None:
        return Unreadable("the time asked for has no zone that is known")
    return Answer(
        kind=kind,
        sender=sender,
        attendee=_address(own[0]),
        sent_by=str(own[0].params.get("SENT-BY", "")).lower().removeprefix("mailto:"),
        uid=str(event.get("uid", "")),
        sequence=int(event.get("sequence", 0)),
        stamp=_instant(event, "dtstamp"),
        asked=asked,
        recurring="RRULE" in event or "RECURRENCE-ID" in event,
        message_id=message_id,
    )


def _address(value: object) -> str:
    return str(value).strip().lower().removeprefix("mailto:").strip()


def _instant(event: Component, name: str) -> datetime | None:
    """A property as an instant; None where it has no zone, and so is no instant."""
    if name not in event:
        return None
    value = event.decoded(name)
    if not isinstance(value, datetime) or value.tzinfo is None:
        return None
    return value.astimezone(UTC)


def _asked(event: Component) -> Interval | None:
    start, end = _instant(event, "dtstart"), _instant(event, "dtend")
    if start is None:
        return None
    if end is None and "duration" in event:
        length = event.decoded("duration")
        end = start + length if isinstance(length, timedelta) else None
    return Interval(start, end) if end and end > start else None


def _from_words(message: EmailMessage, sender: str) -> Answer | Command | DeadlineAsked | None:
    if _is_automatic(message):
        return None
    subject, message_id = str(message.get("Subject", ""))[:300], _message_id(message)
    if match := _CODE.match(subject):
        kind = AnswerKind.ACCEPT if match[1].upper() == "ACCEPT" else AnswerKind.DECLINE
        return Answer(kind, sender, code=match[2].lower(), message_id=message_id)
    if match := _COMMAND.match(subject):
        return Command(match[1].upper(), match[2], match[3].strip(), message_id)
    return asked_in(message, sender, message_id)


def _is_automatic(message: EmailMessage) -> bool:
    """RFC 3834 section 2: what no person wrote."""
    if str(message.get("Auto-Submitted", "no")).strip().lower() != "no":
        return True
    if message.get_content_type() == "multipart/report":
        return True
    if any(name in message for name in _MACHINES):
        return True
    if str(message.get("Return-Path", "<x>")).strip() == "<>":
        return True
    return str(message.get("Precedence", "")).strip().lower() in _AUTOMATIC

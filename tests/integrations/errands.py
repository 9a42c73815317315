"""What adapters are asked for, one errand after another, and how to see that it came out right.

An errand is acted once under a fault and at most twice more after it is healed, as polls do. Its
outcome must then be what it is without a fault.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from integrations.ports import (
    Attendee,
    Entry,
    Inbox,
    Letter,
    LetterWithdrawn,
    Mailer,
    Organiser,
    OutcomeUnknown,
    Owner,
)
from mentoring.interval import Interval, merged
from tests.demo.programme import busy_event
from tests.integrations.providers import Provider

WINDOW = Interval(datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 2, 5, tzinfo=UTC))
NINE = datetime(2027, 1, 12, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
MANY = 5
"""Entries and mails: three pages of two."""
MAIL = (
    "From: {office}\r\nTo: {owner}\r\nSubject: Hello {number}\r\n"
    "Message-ID: <{number}@example.org>\r\nX-Overlap-Notice: <{number}@example.org>\r\n"
    "\r\nText.\r\n"
)


@dataclass
class Stage:
    """One errand's own people in a running simulator, and what its asker has learnt so far."""

    provider: Provider
    owner: Owner
    office: str
    number: int
    cursor: str | None = None
    known: dict[str, tuple[Interval, ...]] = field(default_factory=dict)
    got: list[bytes] = field(default_factory=list)
    taken: bool = False
    doubt: bool = False
    last: Any = None

    @property
    def server(self) -> Any:
        return self.provider.server

    def spans(self) -> list[Interval]:
        return merged(span for spans in self.known.values() for span in spans)

    def entry(self) -> Entry:
        domain = "google.com" if self.provider.scheme == "google" else "overlap"
        people = (self.owner.email, self.office)
        return Entry(
            f"{self.number:032x}@{domain}",
            0,
            Interval(NINE, NINE + HOUR),
            "America/New_York",
            "Mentoring meeting",
            "Two\nlines",
            "",
            tuple(Attendee(person, "Name", "NEEDS-ACTION") for person in people),
            online=True,
            ics=_REQUEST.format(uid=f"{self.number:032x}@{domain}").encode(),
        )

    def moved(self) -> Entry:
        slot = Interval(NINE + HOUR, NINE + 2 * HOUR)
        ics = self.entry().ics.replace(b"T09", b"T10")
        return replace(self.entry(), sequence=1, slot=slot, ics=ics)

    def letter(self) -> Letter:
        raw = MAIL.format(office=self.office, owner=self.owner.email, number=self.number)
        message_id = f"<{self.number}@example.org>"
        return Letter(message_id, self.office, self.owner.email, raw.encode())

    def organiser(self) -> Organiser:
        return self.provider.organiser()

    def mailer(self) -> Mailer:
        return self.provider.mailer()

    def inbox(self) -> Inbox:
        return self.provider.inbox()

    def busy(self, number: int) -> None:
        start = NINE + number * 2 * HOUR
        self.server.fill(
            self.owner.email, busy_event(f"{number}.{self.number}@example.org", start, start + HOUR)
        )

    def deliver(self, number: int) -> None:
        raw = MAIL.format(office=self.office, owner=self.owner.email, number=number)
        self.server.deliver(self.office, raw.encode())


_REQUEST = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Example//Test//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n"
    "DTSTAMP:20270101T000000Z\r\nDTSTART:20270112T090000Z\r\nDTEND:20270112T100000Z\r\n"
    "SUMMARY:Mentoring meeting\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


@dataclass(frozen=True)
class Errand:
    """`fair` says, after each attempt, whether what its asker believes is no worse than before."""

    name: str
    port: str
    prepare: Callable[[Stage], object]
    act: Callable[[Stage], object]
    outcome: Callable[[Stage], object]
    fair: Callable[[Stage], bool] = lambda stage: True
    gone: bool = False
    """Whether the provider's own word that the thing is gone is to be believed."""
    polled: bool = True
    """Whether it is tried again by itself, and so at the time that a Retry-After names."""


def _read(stage: Stage) -> None:
    reading = stage.provider.source(stage.owner).read(WINDOW, stage.cursor)
    if reading.complete:
        stage.known = dict(reading.items)
    else:
        stage.known |= reading.items
    stage.cursor = reading.cursor


def _first_busy(stage: Stage) -> None:
    for number in range(MANY):
        stage.busy(number)


def _later_busy(stage: Stage) -> None:
    _first_busy(stage)
    _read(stage)
    stage.busy(MANY)
    stage.last = stage.spans()


def _never_free(stage: Stage) -> bool:
    """Nothing that was busy is free, as long as it was not taken out."""
    if stage.last is None:
        return stage.cursor is None or len(stage.spans()) == MANY
    return all(any(span.contains(was) for span in stage.spans()) for was in stage.last)


def _events(stage: Stage) -> list[tuple[Any, Interval | None]]:
    shown = stage.organiser().find(stage.entry().uid)
    slot = shown.slot if shown else None
    return [(stage.entry().uid, slot) for _ in stage.server.events(stage.office)]


def _publish(stage: Stage) -> None:
    stage.organiser().publish(stage.entry())


def _move(stage: Stage) -> None:
    stage.organiser().publish(stage.moved())


def _withdraw(stage: Stage) -> None:
    stage.organiser().withdraw(stage.entry().uid)


def _find(stage: Stage) -> None:
    stage.last = None
    shown = stage.organiser().find(stage.entry().uid)
    stage.last = shown.slot if shown else "gone"


def _shown(stage: Stage) -> None:
    showing = stage.organiser().showing(WINDOW, stage.cursor)
    if showing.entries is not None:
        stage.last = sorted((shown.uid, shown.slot) for shown in showing.entries)
    stage.cursor = showing.cursor


def _several(stage: Stage) -> None:
    organiser = stage.organiser()
    for number in range(3):
        entry = stage.entry()
        uid = entry.uid.replace("0@", f"{number}@") if number else entry.uid
        organiser.publish(replace(entry, uid=uid, ics=_REQUEST.format(uid=uid).encode()))


def _shown_and_moved(stage: Stage) -> None:
    _publish(stage)
    _shown(stage)
    slot = stage.moved().slot
    stage.server.move(stage.office, stage.entry().uid, slot.start, slot.end)


def _deliver(stage: Stage) -> None:
    mailer, letter = stage.mailer(), stage.letter()
    if stage.taken:
        return
    if stage.doubt:
        stage.taken = bool(mailer.delivered(letter.message_id))
        stage.doubt = False
        if stage.taken:
            return
    try:
        mailer.deliver(letter, lambda: None)
    except OutcomeUnknown:
        stage.doubt = True
        return
    stage.taken = True


def _take_back(stage: Stage) -> None:
    """A page takes the letter back a moment before it would go out."""

    def taken_back() -> None:
        raise LetterWithdrawn

    with suppress(LetterWithdrawn):
        stage.mailer().deliver(stage.letter(), taken_back)


def _look_up(stage: Stage) -> None:
    stage.last = stage.mailer().delivered(stage.letter().message_id)


def _fetch(stage: Stage) -> None:
    batch = stage.inbox().fetch(stage.cursor)
    stage.got += [message.raw for message in batch.messages]
    stage.cursor = batch.cursor


def _mails(stage: Stage) -> None:
    for number in range(MANY):
        stage.deliver(number)


def _later_mails(stage: Stage) -> None:
    _mails(stage)
    while _fetched(stage):
        pass
    for number in range(MANY, 2 * MANY):
        stage.deliver(number)


def _fetched(stage: Stage) -> bool:
    before = len(stage.got)
    _fetch(stage)
    return len(stage.got) > before


def _listen(stage: Stage) -> None:
    stage.last = stage.inbox()
    stage.last.fetch(None)


def _wait(stage: Stage) -> None:
    stage.last.wait(0.01)


def _nothing(stage: Stage) -> None:
    return


def _checks(port: str) -> Callable[[Stage], None]:
    def check(stage: Stage) -> None:
        tried: Any = getattr(stage, port)()
        tried.check()

    return check


def _last(stage: Stage) -> Any:
    return stage.last


def _sent(stage: Stage) -> Any:
    return stage.server.sent(stage.office)


def _got(stage: Stage) -> Any:
    """What came, once each: a lost cursor looks back, and what is known is passed over."""
    return sorted(set(stage.got))


BUSY = (
    Errand("busy, first read", "busy", _first_busy, _read, Stage.spans, _never_free),
    Errand("busy, later read", "busy", _later_busy, _read, Stage.spans, _never_free),
)
ERRANDS = (
    *BUSY,
    Errand("make a meeting", "organiser", _nothing, _publish, _events),
    Errand("move a meeting", "organiser", _publish, _move, _events),
    Errand("take a meeting out", "organiser", _publish, _withdraw, _events),
    Errand("find a meeting", "organiser", _publish, _find, _last, gone=True),
    Errand("what is shown, first", "organiser", _several, _shown, _last),
    Errand("what is shown, later", "organiser", _shown_and_moved, _shown, _last),
    Errand("check the calendar", "organiser", _nothing, _checks("organiser"), _last),
    Errand("send a letter", "mailer", _nothing, _deliver, _sent),
    Errand("take a letter back", "mailer", _nothing, _take_back, _sent),
    Errand("look a letter up", "mailer", _deliver, _look_up, _last),
    Errand("check the mailer", "mailer", _nothing, _checks("mailer"), _last),
    Errand("inbox, first read", "inbox", _mails, _fetch, _got),
    Errand("inbox, later read", "inbox", _later_mails, _fetch, _got),
    Errand("wait for mail", "inbox", _listen, _wait, _nothing),
    Errand("check the inbox", "inbox", _nothing, _checks("inbox"), _last),
)

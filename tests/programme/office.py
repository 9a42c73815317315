"""The programme's mailbox and calendars in memory, for a year too long to play over sockets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from integrations.ports import (
    Batch,
    BusySource,
    Entry,
    Inbox,
    Letter,
    LetterRefused,
    Mailer,
    Organiser,
    Reading,
    Received,
    Showing,
    Shown,
    item_key,
)
from integrations.registry import Ports
from mentoring.interval import Interval
from mentoring.roster import Person

DEAD = "gone@example.org"
"""A supervisor whose address takes no mail."""


@dataclass(frozen=True)
class Diary:
    """A partner's calendar in memory, read as a provider tells it: whole, then only when new."""

    user: str
    spans: Sequence[tuple[datetime, datetime]]

    def read(self, window: Interval, cursor: str | None) -> Reading:
        mark = f"{len(self.spans)} {window.end.isoformat()}"
        if mark == cursor:
            return Reading({}, complete=False, cursor=mark)
        items = {
            item_key(f"{self.user} {start}"): (Interval(start, end),)
            for start, end in self.spans
            if start < window.end and window.start < end
        }
        return Reading(items, complete=True, cursor=mark)


@dataclass
class Office:
    """The programme's mailbox and calendar in memory, as are most partners' calendars.

    Those in `by_file` are read from files, whose titles nobody else may see.
    """

    files: Ports
    spans: Mapping[str, Sequence[tuple[datetime, datetime]]]
    by_file: frozenset[str]
    letters: list[Letter] = field(default_factory=list)
    inbox_mails: list[bytes] = field(default_factory=list)
    entries: dict[str, Shown] = field(default_factory=dict)
    edits: int = 0
    makes: frozenset[str] = frozenset()
    lag: timedelta = timedelta(0)

    def busy_source(self, person: Person) -> BusySource:
        user = person.email.partition("@")[0]
        if user in self.by_file:
            return self.files.busy_source(person)
        return Diary(user, self.spans[user])

    def mailer(self) -> Mailer:
        return self

    def inbox(self) -> Inbox:
        return self

    def organiser(self) -> Organiser:
        return self

    def uid_domain(self) -> str:
        return self.files.uid_domain()

    def deliver(self, letter: Letter, point_of_no_return: Callable[[], None]) -> None:
        if letter.recipient == DEAD:
            raise LetterRefused("550 no such mailbox", mend="correct the address")
        point_of_no_return()
        self.letters.append(letter)

    def delivered(self, message_id: str) -> bool | None:
        return any(letter.message_id == message_id for letter in self.letters)

    def fetch(self, cursor: str | None) -> Batch:
        first = int(cursor or 0)
        found = self.inbox_mails[first : first + 100]
        received = tuple(Received(str(first + n), raw) for n, raw in enumerate(found))
        return Batch(received, str(first + len(found)))

    def wait(self, seconds: float) -> bool:
        return False

    def publish(self, entry: Entry) -> str:
        self.edits += 1
        self.entries[entry.uid] = Shown(entry.uid, entry.slot)
        return ""

    def withdraw(self, uid: str) -> None:
        self.edits += 1
        self.entries.pop(uid, None)

    def find(self, uid: str) -> Shown | None:
        return self.entries.get(uid)

    def showing(self, window: Interval, cursor: str | None) -> Showing:
        if cursor == str(self.edits):
            return Showing(None, cursor)
        shown = tuple(s for s in self.entries.values() if s.slot.end > window.start)
        return Showing(shown, str(self.edits))

    def drag(self, after: datetime) -> None:
        """Somebody drags a meeting to the middle of the night in the programme's calendar."""
        coming = sorted((s for s in self.entries.values() if s.slot.start > after), key=_start)
        shown = coming[0]
        night = shown.slot.start.replace(hour=3, minute=0) + timedelta(days=1)
        self.edits += 1
        self.entries[shown.uid] = Shown(shown.uid, Interval(night, night + shown.slot.length))


def _start(shown: Shown) -> datetime:
    return shown.slot.start

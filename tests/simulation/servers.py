"""The outside world in memory: mailbox, calendars and inbox that fail as the weather has it.

Strict: a port is used as `integrations/ports.py` says, or the play stops.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from integrations.ports import (
    Batch,
    BusySource,
    ConsentNeeded,
    Entry,
    Inbox,
    Letter,
    LetterRefused,
    Mailer,
    Organiser,
    OutcomeUnknown,
    ProviderError,
    Reading,
    Received,
    Showing,
    Shown,
    item_key,
)
from mentoring.interval import Interval
from mentoring.roster import Person

Span = tuple[datetime, datetime]

MANY = 6
"""A calendar with so many entries that comes back empty must not be believed at once."""


class Killed(BaseException):
    """The process is gone in the middle of what it did."""


@dataclass
class Weather:
    """What fails, until when. `failed` is True once anything did in this step."""

    dice: random.Random
    now: datetime
    down: dict[str, tuple[datetime, str]] = field(default_factory=dict)
    healed_from: datetime | None = None
    failed: bool = False

    def strike(self, port: str, how: str, days: float) -> None:
        self.down[port] = (self.now + timedelta(days=days), how)

    def at(self, port: str) -> str:
        """How a port fails now; empty where it does not."""
        if self.is_over:
            return ""
        until, how = self.down.get(port, (self.now, ""))
        if self.now >= until:
            return ""
        self.failed = True
        return how

    def chance(self, share: float) -> bool:
        if self.is_over or self.dice.random() >= share:
            return False
        self.failed = True
        return True

    @property
    def is_over(self) -> bool:
        return self.healed_from is not None and self.now >= self.healed_from


@dataclass
class Diary:
    """One partner's calendar. `believed` is what its last good reading said."""

    user: str
    items: dict[str, Span] = field(default_factory=dict)
    revision: int = 0
    read_at: datetime | None = None
    believed: dict[str, Span] = field(default_factory=dict)
    was_empty: bool = False

    def put(self, uid: str, span: Span) -> None:
        self.items[item_key(uid)] = span
        self.revision += 1

    def drop(self, uid: str) -> None:
        self.revision += self.items.pop(item_key(uid), None) is not None


def fault(what: str, *, permanent: bool = False) -> ProviderError:
    return ProviderError(what, mend="it is tried again", permanent=permanent)


@dataclass(frozen=True)
class Source:
    """A calendar as a provider tells it: whole, then only when something changed."""

    servers: Servers
    diary: Diary

    def read(self, window: Interval, cursor: str | None) -> Reading:
        self.servers.nothing_held_open()
        weather, diary = self.servers.weather, self.diary
        match weather.at(f"calendar {diary.user}"):
            case "off":
                raise fault("the server answers 503")
            case "gone":
                raise fault("the server answers 404", permanent=True)
            case "consent":
                raise ConsentNeeded("access was withdrawn", mend="consent again")
            case "odd":
                raise ValueError("what no adapter foresees")
            case "empty":
                return self._seen({}, f"empty {weather.now}")
        mark = f"{diary.revision} {window.end.isoformat()}"
        if mark == cursor:
            diary.read_at = weather.now
            return Reading({}, complete=False, cursor=mark)
        return self._seen(diary.items, mark, window)

    def _seen(self, items: dict[str, Span], mark: str, window: Interval | None = None) -> Reading:
        diary = self.diary
        diary.read_at = self.servers.weather.now
        suddenly = not items and len(diary.believed) >= MANY and not diary.was_empty
        diary.was_empty = not items
        if not suddenly:
            diary.believed = dict(items)
        inside = {
            key: (Interval(start, end),)
            for key, (start, end) in items.items()
            if window and start < window.end and window.start < end
        }
        return Reading(inside, complete=True, cursor=mark)


@dataclass
class Servers:
    """All ports at once. `kept` says whether the relay's log can be looked into."""

    weather: Weather
    diaries: dict[str, Diary]
    kept: bool
    open_connections: Callable[[], int]
    letters: list[Letter] = field(default_factory=list)
    lost: list[Letter] = field(default_factory=list)
    taken: dict[str, datetime] = field(default_factory=dict)
    inbox_mails: list[bytes] = field(default_factory=list)
    entries: dict[str, Shown] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)
    edits: int = 0
    makes: frozenset[str] = frozenset()
    lag: timedelta = timedelta(minutes=10)

    def nothing_held_open(self) -> None:
        """No call goes out while a transaction is open: a slow server must not lock the store."""
        if held := self.open_connections():
            self._refuse(f"a port is used while {held} transactions are open")

    def _refuse(self, what: str) -> None:
        """A port was used as it must not be: kept, since what a job raises is only logged."""
        self.violations.append(what)
        raise AssertionError(what)

    def busy_source(self, person: Person) -> BusySource:
        return Source(self, self.diaries[person.email.partition("@")[0]])

    def mailer(self) -> Mailer:
        return self

    def inbox(self) -> Inbox:
        return self

    def organiser(self) -> Organiser:
        return self

    def uid_domain(self) -> str:
        return "overlap"

    def deliver(self, letter: Letter, point_of_no_return: Callable[[], None]) -> None:
        self.nothing_held_open()
        if self.weather.at("mail"):
            raise fault("the server answers 421")
        if self.weather.chance(0.02):
            raise fault("450 try again later")
        if self.weather.chance(0.005):
            raise LetterRefused("550 no such mailbox", mend="correct the address")
        point_of_no_return()
        if self.weather.chance(0.01):
            raise fault("451 local error")
        lost, silent = self.weather.chance(0.01), self.weather.chance(0.02)
        if not lost:
            if letter.message_id in self.taken:
                self._refuse(f"{letter.message_id} is sent twice")
            self.letters.append(letter)
            self.taken[letter.message_id] = self.weather.now
        else:
            self.lost.append(letter)
        if self.weather.chance(0.005):
            raise Killed
        if lost or silent:
            raise OutcomeUnknown("the connection broke after the data", mend="look it up")

    def delivered(self, message_id: str) -> bool | None:
        self.nothing_held_open()
        if not self.kept:
            return None
        if self.weather.at("mail"):
            raise fault("the log can't be read")
        at = self.taken.get(message_id)
        return at is not None and self.weather.now - at >= self.lag

    def fetch(self, cursor: str | None) -> Batch:
        self.nothing_held_open()
        if self.weather.at("inbox"):
            raise fault("the inbox is down")
        first = int(cursor or 0)
        if first and self.weather.chance(0.02):
            first -= 1  # one comes again
        found = self.inbox_mails[first : first + 100]
        received = tuple(Received(str(first + n), raw) for n, raw in enumerate(found))
        return Batch(received, str(first + len(found)))

    def wait(self, seconds: float) -> bool:
        return False

    def publish(self, entry: Entry) -> str:
        self._organiser_is_up()
        self.edits += 1
        self.entries[entry.uid] = Shown(entry.uid, entry.slot)
        self._after_the_effect()
        return ""

    def withdraw(self, uid: str) -> None:
        self._organiser_is_up()
        self.edits += self.entries.pop(uid, None) is not None
        self._after_the_effect()

    def find(self, uid: str) -> Shown | None:
        self._organiser_is_up()
        return self.entries.get(uid)

    def showing(self, window: Interval, cursor: str | None) -> Showing:
        self._organiser_is_up()
        if cursor == str(self.edits):
            return Showing(None, cursor)
        shown = (s for s in self.entries.values() if s.slot.overlaps(window))
        return Showing(tuple(shown), str(self.edits))

    def _organiser_is_up(self) -> None:
        self.nothing_held_open()
        if self.weather.at("organiser") or self.weather.chance(0.01):
            raise fault("the calendar answers 503")

    def _after_the_effect(self) -> None:
        if self.weather.chance(0.02):
            raise fault("the calendar answered nothing after it did it")
        if self.weather.chance(0.005):
            raise Killed

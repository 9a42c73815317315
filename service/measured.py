"""The outside world with each call counted and timed, by provider and by how it ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from time import perf_counter
from typing import Protocol, TypeVar

from integrations.ports import (
    Batch,
    BusySource,
    Consent,
    ConsentNeeded,
    Entry,
    Inbox,
    Letter,
    LetterRefused,
    LetterWithdrawn,
    Mailer,
    Organiser,
    OutcomeUnknown,
    ProviderError,
    Reading,
    Showing,
    Shown,
)
from integrations.registry import BUSY, INBOXES, MAILERS, ORGANISERS
from mentoring.interval import Interval
from mentoring.roster import Person, Roster
from service.consent import Asks
from service.work import Outside

T = TypeVar("T")

OUTCOMES = ("ok", "failed", "consent", "refused", "unknown", "crashed")


class World(Outside, Asks, Protocol):
    """The outside world, and the consent pages of its providers."""


Told = Callable[[str, str, str, float], None]
"""Hears of each call: provider, operation, outcome (one of OUTCOMES), seconds."""


@dataclass(frozen=True)
class _Meter:
    provider: str
    told: Told

    def call(self, operation: str, act: Callable[[], T]) -> T:
        began, outcome = perf_counter(), "crashed"
        try:
            answer = act()
            outcome = "ok"
            return answer
        except LetterWithdrawn:
            outcome = "ok"
            raise
        except (ProviderError, OutcomeUnknown) as error:
            outcome = _outcome(error)
            raise
        finally:
            self.told(self.provider, operation, outcome, perf_counter() - began)


def _outcome(error: ProviderError | OutcomeUnknown) -> str:
    if isinstance(error, OutcomeUnknown):
        return "unknown"
    if isinstance(error, ConsentNeeded):
        return "consent"
    return "refused" if isinstance(error, LetterRefused) else "failed"


@dataclass(frozen=True)
class _Busy:
    source: BusySource
    meter: _Meter

    def read(self, window: Interval, cursor: str | None) -> Reading:
        return self.meter.call("read", lambda: self.source.read(window, cursor))


@dataclass(frozen=True)
class _Mail:
    mailer: Mailer
    meter: _Meter

    @property
    def lag(self) -> timedelta:
        return self.mailer.lag

    def deliver(self, letter: Letter, point_of_no_return: Callable[[], None]) -> None:
        self.meter.call("deliver", lambda: self.mailer.deliver(letter, point_of_no_return))

    def delivered(self, message_id: str) -> bool | None:
        return self.meter.call("delivered", lambda: self.mailer.delivered(message_id))


@dataclass(frozen=True)
class _Inbox:
    inbox: Inbox
    meter: _Meter

    def fetch(self, cursor: str | None) -> Batch:
        return self.meter.call("fetch", lambda: self.inbox.fetch(cursor))

    def wait(self, seconds: float) -> bool:
        return self.inbox.wait(seconds)  # it waits for mail: how long says nothing


@dataclass(frozen=True)
class _Organiser:
    organiser: Organiser
    meter: _Meter

    @property
    def makes(self) -> frozenset[str]:
        return self.organiser.makes

    def publish(self, entry: Entry) -> str:
        return self.meter.call("publish", lambda: self.organiser.publish(entry))

    def withdraw(self, uid: str) -> None:
        self.meter.call("withdraw", lambda: self.organiser.withdraw(uid))

    def find(self, uid: str) -> Shown | None:
        return self.meter.call("find", lambda: self.organiser.find(uid))

    def showing(self, window: Interval, cursor: str | None) -> Showing:
        return self.meter.call("showing", lambda: self.organiser.showing(window, cursor))


@dataclass(frozen=True)
class Measured:
    """A roster's world; `told` hears of each call that its ports make."""

    world: World
    roster: Roster
    told: Told

    def busy_source(self, person: Person) -> BusySource:
        return _Busy(self.world.busy_source(person), self._meter(person.calendar, BUSY))

    def mailer(self) -> Mailer:
        return _Mail(self.world.mailer(), self._meter(self.roster.settings.mail["url"], MAILERS))

    def inbox(self) -> Inbox | None:
        inbox = self.world.inbox()
        url = self.roster.settings.mail.get("inbox", "")
        return _Inbox(inbox, self._meter(url, INBOXES)) if inbox else None

    def organiser(self) -> Organiser | None:
        organiser = self.world.organiser()
        url = self.roster.settings.calendar.get("url", "")
        return _Organiser(organiser, self._meter(url, ORGANISERS)) if organiser else None

    def consent(self, calendar: str) -> Consent:
        return self.world.consent(calendar)

    def uid_domain(self) -> str:
        return self.world.uid_domain()

    def _meter(self, url: str, served: dict[str, str]) -> _Meter:
        adapter = served[url.partition(":")[0].lower()]
        return _Meter(adapter.partition("_")[0], self.told)

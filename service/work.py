"""What every job is given: the roster, the store, the outside world and the present instant."""

from __future__ import annotations

import hmac
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import Engine
from sqlalchemy.engine import Connection

from integrations.ports import BusySource, Inbox, Mailer, Organiser
from mentoring.availability import OFFICE_HOURS, zone_at
from mentoring.notices import Party, Reader
from mentoring.roster import Mailbox, Person, Roster
from store.booking import Guest


class Outside(Protocol):
    """The providers that a roster names."""

    def busy_source(self, person: Person) -> BusySource: ...
    def mailer(self) -> Mailer: ...
    def inbox(self) -> Inbox | None: ...
    def organiser(self) -> Organiser | None: ...
    def uid_domain(self) -> str: ...


class Tally:
    """Counts of what a pass did; threads may add at the same time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def add(self, name: str) -> None:
        with self._lock:
            self._counts[name] += 1

    def __getitem__(self, name: str) -> int:
        return self._counts[name]


@dataclass(frozen=True)
class Work:
    """One pass's world. `now` is the only clock; `counts` is what the pass did.

    `roster` is what holds: the coordinator's files (`files`), what pairs agreed, partners chose.
    `floor` is the least SEQUENCE of anything new; more than 0 once a backup was restored.
    """

    roster: Roster
    engine: Engine
    outside: Outside
    now: datetime
    secret: bytes
    files: Roster | None = None
    floor: int = 0
    counts: Tally = field(default_factory=Tally)

    @property
    def today(self) -> date:
        """The date in the programme's zone."""
        return self.now.astimezone(ZoneInfo(self.roster.programme.timezone)).date()

    def next_sequence(self, sequence: int) -> int:
        """The SEQUENCE of a change: past all that anybody may have been told."""
        return max(sequence + 1, self.floor)

    def token(self, *parts: object, length: int) -> str:
        """Letters and digits that follow from the store's secret and the parts alone."""
        text = "\0".join(str(part) for part in parts)
        return hmac.new(self.secret, text.encode(), "sha256").hexdigest()[:length]

    def person(self, guest: Guest) -> Person:
        """The guest as the roster has them; one who left is known by the invite alone."""
        known = self.roster.people.get(guest.email)
        return known or Person(guest.email, guest.name, guest.zone, OFFICE_HOURS)

    def outsider(self, mailbox: Mailbox) -> Person:
        """A reader who may not be in the roster: in the programme's zone at office hours."""
        programme = self.roster.programme
        known = self.roster.people.get(mailbox.email)
        return known or Person(
            mailbox.email, mailbox.name, programme.timezone, OFFICE_HOURS, programme.holidays
        )

    def supervisor(self, email: str) -> Person | None:
        """The supervisor of somebody in the roster, in it or not; None for anybody else."""
        named = (p.supervisor for p in self.roster.people.values() if p.supervisor)
        found = next((mailbox for mailbox in named if mailbox.email == email), None)
        return self.outsider(found) if found else None

    def coordinator(self) -> Reader:
        programme = self.roster.programme
        return Reader("Coordinator", programme.coordinator, programme.timezone)


def reader(person: Person, at: datetime) -> Reader:
    return Reader(person.name, person.email, zone_at(person, at), person.language)


def party(person: Person, at: datetime) -> Party:
    return Party(person.name, person.email, zone_at(person, at))


def reading(engine: Engine) -> Connection:
    """A connection that only reads, and so waits for no writer. Close it after use."""
    return engine.connect().execution_options(reading=True)


def names(people: Sequence[Person]) -> str:
    return " and ".join(person.name for person in people)

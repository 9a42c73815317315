"""Who takes part in a programme and what they agreed: plain values, no files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cached_property

from mentoring.hours import WeeklyHours


class Channel(StrEnum):
    VIRTUAL = "virtual"
    IN_PERSON = "in person"
    EITHER = "either"


class ExceptionKind(StrEnum):
    DEADLINE = "deadline"
    OFF = "off"
    TIMEZONE = "timezone"
    HOURS = "hours"


@dataclass(frozen=True)
class Mailbox:
    """A name and an address, as in RFC 5322 `Name <address>`; the address is lower case."""

    name: str
    email: str


@dataclass(frozen=True)
class DateException:
    """A stretch of days, both ends included, on which a person's hours differ.

    `value` is the new zone for `timezone`, the new hours' text for `hours`, else a label.
    """

    kind: ExceptionKind
    first: date
    last: date
    value: str = ""
    hours: WeeklyHours | None = None

    def covers(self, day: date) -> bool:
        return self.first <= day <= self.last


@dataclass(frozen=True)
class Person:
    """A partner. `onsite` holds weekdays, Monday = 0. `calendar` is a URL, or empty for none."""

    email: str
    name: str
    timezone: str
    hours: WeeklyHours
    holidays: str = ""
    site: str = ""
    onsite: frozenset[int] = frozenset()
    calendar: str = ""
    tools: tuple[str, ...] = ()
    expertise: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    supervisor: Mailbox | None = None
    language: str = "en"
    exceptions: tuple[DateException, ...] = ()
    line: int = 0

    @property
    def mailbox(self) -> Mailbox:
        return Mailbox(self.name, self.email)


@dataclass(frozen=True)
class Agreement:
    """How often and how long a pair meets."""

    every: timedelta = timedelta(weeks=2)
    minutes: int = 60
    notice: timedelta = timedelta(days=2)
    horizon: timedelta = timedelta(weeks=4)
    buffer: timedelta = timedelta(0)


@dataclass(frozen=True)
class Pause:
    """Days on which a pair rests, both ends included; `by` the coordinator, or by a partner."""

    first: date
    last: date
    by_coordinator: bool = False

    def __str__(self) -> str:
        by = "by the coordinator " if self.by_coordinator else ""
        return f"{by}until {self.last}"


@dataclass(frozen=True)
class Pair:
    """A mentor and a mentee, by email, between two dates, both included.

    `share` is the percentage of meetings that they want in person where the channel is `either`.
    """

    mentor: str
    mentee: str
    start: date
    end: date
    agreement: Agreement
    channel: Channel = Channel.EITHER
    goal: int | None = None
    share: int = 50
    pauses: tuple[Pause, ...] = ()
    line: int = 0

    @property
    def key(self) -> tuple[str, str]:
        return (self.mentor, self.mentee)


@dataclass(frozen=True)
class Event:
    """A programme event, as `events.csv` has it."""

    title: str
    kind: str
    start: datetime
    end: datetime
    timezone: str
    place: str = ""
    link: str = ""


@dataclass(frozen=True)
class Place:
    """A place to meet near a site, as `places.csv` has it."""

    site: str
    name: str
    kind: str
    address: str = ""
    link: str = ""


@dataclass(frozen=True)
class Programme:
    name: str
    organiser: Mailbox
    timezone: str
    start: date
    end: date
    coordinator: str
    holidays: str = ""


@dataclass(frozen=True)
class Settings:
    """What `overlap.toml` says besides the programme: where things are, never a secret itself.

    `templates` is the folder of the coordinator's own templates, whether or not it is there.
    `store_keys` seal what partners grant, the newest first. `allow` are the networks and hosts
    inside that partners' calendars may be at.
    `coordinators` may sign in to the coordinator's page besides the programme's own one.
    Records of who left are kept for `records_years` after the programme; `hold` is why nothing may
    be deleted.
    """

    store: str = "sqlite:///overlap.db"
    store_keys: tuple[str, ...] = ()
    mail: Mapping[str, str] = field(default_factory=dict)
    calendar: Mapping[str, str] = field(default_factory=dict)
    web: Mapping[str, str] = field(default_factory=dict)
    coordinators: tuple[str, ...] = ()
    tls: Mapping[str, str] = field(default_factory=dict)
    monitor: Mapping[str, str] = field(default_factory=dict)
    providers: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    templates: str = ""
    records_years: int = 3
    hold: str = ""
    allow: tuple[str, ...] = ()


@dataclass(frozen=True)
class Roster:
    """Everything the coordinator wrote, checked as a whole."""

    programme: Programme
    agreement: Agreement
    summary_every: str
    settings: Settings
    people: Mapping[str, Person]
    pairs: tuple[Pair, ...]
    events: tuple[Event, ...] = ()
    places: tuple[Place, ...] = ()
    links: tuple[str, ...] = ()

    @property
    def coordinators(self) -> tuple[str, ...]:
        """The addresses that may sign in to the coordinator's page."""
        return tuple(dict.fromkeys((self.programme.coordinator, *self.settings.coordinators)))

    def mentor_of(self, pair: Pair) -> Person:
        return self.people[pair.mentor]

    def mentee_of(self, pair: Pair) -> Person:
        return self.people[pair.mentee]

    def both_of(self, pair: Pair) -> tuple[Person, Person]:
        return self.people[pair.mentor], self.people[pair.mentee]

    def pair(self, key: tuple[str, ...]) -> Pair | None:
        """The pair of a mentor and a mentee, by their addresses; None where there is none."""
        return self._pairs.get(key)

    def pairs_of(self, email: str) -> tuple[Pair, ...]:
        """A person's pairs, in the order of the file."""
        return self._pairs_of.get(email, ())

    @cached_property
    def _pairs(self) -> dict[tuple[str, ...], Pair]:
        return {pair.key: pair for pair in self.pairs}

    @cached_property
    def _pairs_of(self) -> dict[str, tuple[Pair, ...]]:
        found: dict[str, list[Pair]] = {}
        for pair in self.pairs:
            for email in pair.key:
                found.setdefault(email, []).append(pair)
        return {email: tuple(pairs) for email, pairs in found.items()}

    @cached_property
    def supervisors(self) -> tuple[str, ...]:
        """The addresses of everybody's supervisors, in the order of the file."""
        bosses = (p.supervisor.email for p in self.people.values() if p.supervisor)
        return tuple(dict.fromkeys(bosses))

    def supervised_by(self, email: str) -> frozenset[str]:
        """The people whose supervisor this is."""
        people = self.people.values()
        return frozenset(p.email for p in people if p.supervisor and p.supervisor.email == email)

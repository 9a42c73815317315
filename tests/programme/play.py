"""The year of the forty pairs, hour by hour: what was mailed to whom, when and why."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NoReturn

import httpx
from sqlalchemy import Engine, event, select
from sqlalchemy.engine import make_url

from integrations.registry import Ports
from service.doors import Doors
from service.passes import begin, full_pass, present
from service.roster_source import load
from service.work import Work
from store import facts, tables
from store.database import open_engine
from store.schema import metadata
from tests.programme.cohort import (
    FIRST,
    Cohort,
    Match,
    Member,
    busy_days,
    calendar_text,
    forty_pairs,
)
from tests.programme.office import Office
from tests.programme.partners import Partners
from tests.programme.sent import Sent
from web.app import application
from web.serve import PageServer

BEGIN = datetime(2026, 12, 21, 6, tzinfo=UTC)
"""Three weeks before the first pairs start, when everybody is welcomed."""
END = datetime(2028, 1, 12, tzinfo=UTC)
_BY_FILE = frozenset({"abel", "theo"})


@dataclass
class Year:
    """The play. `look` sees what each pass delivered; `busy` is what calendars hold by now."""

    directory: Path
    seed: int = 2027
    cohort: Cohort = field(default_factory=forty_pairs)
    sent: list[Sent] = field(default_factory=list)
    left: dict[str, datetime] = field(default_factory=dict)
    now: datetime = BEGIN

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.cohort.write(self.directory)
        self.spans: dict[str, list[tuple[datetime, datetime]]] = {}
        for person in self.cohort.people.values():
            self._fill(person)
        self.roster = load(self.directory)
        self.office = Office(Ports(self.roster, self.directory), self.spans, _BY_FILE)
        self.engine = store_in(self.directory)
        drop = self.office.inbox_mails.append
        self.partners = Partners(self.cohort.people, drop, random.Random(self.seed))
        self._edits = sorted(_EDITS.items())

    def _fill(self, person: Member) -> None:
        if person.has_calendar:
            self.spans[person.user] = list(busy_days(person, self.dice))
            self.write_calendar(person.user)

    def write_calendar(self, user: str) -> None:
        if user not in _BY_FILE:
            return
        person = self.cohort.people[user]
        text = calendar_text(person, self.spans[user])
        (self.directory / f"{user}.ics").write_text(text, newline="")

    def work(self) -> Work:
        return present(self.roster, self.engine, self.office, self.now)

    def play(self, look: Callable[[Year, Sequence[Sent]], None], until: datetime = END) -> None:
        doors = Doors(_nobody, self.work, lambda person: None, lambda: None)
        pages = PageServer(application(doors), "127.0.0.1:0")
        # None is kept: a pass may last as long as the server keeps an idle connection open.
        once = httpx.Limits(max_keepalive_connections=0)
        base = f"http://127.0.0.1:{pages.port}"
        with pages, httpx.Client(base_url=base, timeout=60, limits=once) as http:
            self.partners.pages = http
            while self.now < until:
                self._edit()
                full_pass(begin(self.roster, self.engine, self.office, self.now))
                fresh = self._delivered()
                self.sent += fresh
                look(self, fresh)
                for one in fresh:
                    self.partners.read(one, self.now)
                self.partners.live(self.now)
                self._keep_what_came_up()
                self.now = next_look(self.now, self.dice)
        self.engine.dispose()

    def _delivered(self) -> list[Sent]:
        letters, self.office.letters = self.office.letters, []
        ids = {letter.message_id for letter in letters}
        with self.engine.connect() as connection:
            t = tables.outbox.c
            query = select(t.message_id, t.kind, t.key).where(t.message_id.in_(ids))
            why = {row.message_id: (row.kind, row.key) for row in connection.execute(query)}
        return [
            Sent(self.now, letter.recipient, *why[letter.message_id], letter.raw)
            for letter in letters
        ]

    def _keep_what_came_up(self) -> None:
        for user, spans in self.partners.came_up.items():
            if spans and user in self.spans:
                self.spans[user] += spans
                self.write_calendar(user)
        self.partners.came_up.clear()

    def _edit(self) -> None:
        """What the coordinator changes in the files by now."""
        before = set(self.cohort.people)
        is_edited = False
        while self._edits and self._edits[0][0] <= self.now.date():
            self._edits.pop(0)[1](self)
            is_edited = True
        if not is_edited:
            return
        for user in before - set(self.cohort.people):
            self.left[f"{user}@example.org"] = self.now
        self.cohort.write(self.directory)
        self.roster = load(self.directory)
        self.office.files = Ports(self.roster, self.directory)


_LOOKS = ((5, 14), (18,), (14,), (5, 18), (14,), (20,), ())
"""Hours, in UTC, of each weekday: mornings of India and nights of Denver, then all the others."""


def next_look(now: datetime, dice: random.Random) -> datetime:
    """When the service looks next: in the hours in which somebody works, and now and then not."""
    for day in (now.date() + timedelta(days=n) for n in range(4)):
        for hour in _LOOKS[day.weekday()]:
            at = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
            at += timedelta(minutes=15 * dice.randrange(4))
            if at - now > timedelta(hours=1):
                return at
    raise AssertionError("a Monday comes after every Sunday")


def _nobody() -> NoReturn:
    raise AssertionError("nobody connects a calendar here")


def store_in(directory: Path) -> Engine:
    """A store that need not outlive a power cut."""
    engine = open_engine(make_url(f"sqlite:///{directory}/overlap.db"))
    event.listen(engine, "connect", _in_haste)
    metadata.create_all(engine)
    with engine.begin() as connection:
        facts.write(connection, facts.SECRET, "00" * 32)  # so that a seed plays the same
    return engine


def _in_haste(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")


def _pages_open(year: Year) -> None:
    year.cohort.has_pages = True


def _moves_zone(year: Year) -> None:
    year.cohort.change("hope", zone="America/Los_Angeles")
    year.cohort.change("ivan", zone="Europe/London")


def _leaves(year: Year) -> None:
    year.cohort.remove("wanda")
    del year.spans["wanda"]


def _joins(year: Year) -> None:
    # She amends the agreement, on the page that was not there yet when the others agreed.
    for name, zone, mood in (
        ("Zeno", "America/Denver", "accepts"),
        ("Zita", "America/New_York", "counters"),
    ):
        person = Member(name, zone, mood=mood)
        year.cohort.people[person.user] = person
        year._fill(person)
    year.cohort.pairs.append(Match("zeno", "zita", start="2027-06-21"))


def _matched_anew(year: Year) -> None:
    year.cohort.part("vega", "abel")
    year.cohort.part("otto", "ugo")
    year.cohort.pairs.append(Match("vito", "ugo", start="2027-06-28"))


def _coordinator_comes(year: Year) -> None:
    year.partners.ask_to_sign_in(year.roster.programme.coordinator)


def _loses_calendar(year: Year) -> None:
    (year.directory / "theo.ics").unlink()


def _finds_calendar(year: Year) -> None:
    year.write_calendar("theo")


def _drags(year: Year) -> None:
    year.office.drag(year.now + timedelta(days=3))


def _event_moves(year: Year) -> None:
    year.cohort.events = [e.replace("2027-10-14", "2027-10-21") for e in year.cohort.events]


def _event_off(year: Year) -> None:
    year.cohort.events = [e for e in year.cohort.events if "Picnic" not in e]


def _swamped(year: Year) -> None:
    """Somebody has no free hour for six weeks."""
    days = [year.now + timedelta(days=n) for n in range(45)]
    year.spans["olaf"] += [(day, day + timedelta(days=1)) for day in days]
    year.write_calendar("olaf")


_EDITS: Mapping[date, Callable[[Year], None]] = {
    FIRST + timedelta(days=50): _pages_open,
    date(2027, 4, 7): _coordinator_comes,
    date(2027, 4, 20): _loses_calendar,
    date(2027, 4, 26): _finds_calendar,
    date(2027, 5, 4): _drags,
    date(2027, 6, 1): _swamped,
    date(2027, 6, 7): _moves_zone,
    date(2027, 6, 14): _leaves,
    date(2027, 6, 16): _joins,
    date(2027, 6, 24): _matched_anew,
    date(2027, 8, 2): _event_off,
    date(2027, 9, 27): _event_moves,
}

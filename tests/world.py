"""A small programme on disk, played pass by pass with real files: what scenarios are told in."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar, Component
from sqlalchemy import Engine, select

from integrations.registry import Ports
from service.agreeing import agreeing
from service.intro import introduce, pair_start
from service.passes import begin, full_pass
from service.roster_source import load
from service.status import status
from service.welcome import welcome
from service.work import Work, reading
from store import agreements, outbox, tables
from store.database import migrate, open_engine, resolve_url
from tests.demo import partners
from tests.demo.partners import answer_mail
from tests.demo.programme import busy_event

PROGRAMME = """[programme]
name = "Leadership Mentoring 2027"
organiser = "Mentoring Office <mentoring@example.org>"
timezone = "America/New_York"
start = 2027-01-11
end = 2027-07-30
holidays = "US"
coordinator = "coordinator@example.org"
"""
"""The section of overlap.toml that most tests' programmes have."""
SETTINGS = f"""{PROGRAMME}{{agreement}}
[mail]
url = "maildir:outbox"
inbox = "maildir:inbox"
"""
PEOPLE = """name,email,timezone,hours,calendar,supervisor
Dana Lee,dana@example.org,America/New_York,Mon-Fri 09:00-17:00,file:dana.ics,Boss <boss@example.org>
Lee Park,lee@example.org,America/Los_Angeles,Mon-Fri 08:00-16:00,file:lee.ics,
"""
PAIRS = "mentor,mentee\nlee@example.org,dana@example.org\n"
EMPTY = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Example//Test//EN\r\nEND:VCALENDAR\r\n"
SQLITE = "sqlite:///overlap.db"
BOTH = pytest.mark.parametrize("store", ["sqlite", "postgresql"], indirect=True)
"""Runs a test, or a file's tests, on either database."""
ON_FILE = pytest.mark.parametrize("store", ["sqlite"], indirect=True)
"""Keeps a test that is about SQLite's file, or writes a [store] of its own, on it at all times."""
DANA, LEE = "dana@example.org", "lee@example.org"


def in_memory() -> str | None:
    """Where a folder costs no disk, for plays that write much; None where there is none."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def at(text: str) -> datetime:
    """An instant of New York wall time, "2027-01-11 12:00"."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("America/New_York"))


@dataclass
class World:
    """The programme in `directory`. `sent` hands out each delivered mail once, in order.

    Its pairs were introduced and have signed their agreement, unless it is `new`.
    """

    directory: Path
    ports: type[Ports] = Ports
    new: bool = False
    store: str = SQLITE
    _seen: set[str] = field(default_factory=set)
    _engine: Engine | None = None

    def write(
        self, people: str = PEOPLE, pairs: str = PAIRS, agreement: str = "", **files: str
    ) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        text = SETTINGS.format(agreement=agreement)
        if self.store != SQLITE:
            text += f'[store]\nurl = "{self.store}"\n'
        (self.directory / "overlap.toml").write_text(text)
        (self.directory / "people.csv").write_text(people)
        (self.directory / "pairs.csv").write_text(pairs)
        for name, content in files.items():
            (self.directory / f"{name}.csv").write_text(content)
        for name in ("dana", "lee"):
            if not (self.directory / f"{name}.ics").exists():
                self.calendar(name)

    def calendar(self, name: str, *spans: tuple[datetime, datetime]) -> None:
        """Replace a partner's feed by these busy spans."""
        text = EMPTY
        for number, (start, end) in enumerate(spans):
            event = busy_event(f"{name}-{number}@example.org", start, end)
            body = event[event.index("BEGIN:VEVENT") : event.index("END:VCALENDAR")]
            text = text.replace("END:VCALENDAR", body + "END:VCALENDAR")
        (self.directory / f"{name}.ics").write_bytes(text.encode())

    @property
    def engine(self) -> Engine:
        if self._engine is None:
            roster = load(self.directory)
            self._engine = open_engine(resolve_url(roster.settings.store, self.directory))
            migrate(self._engine, now=datetime.now(UTC))
        return self._engine

    def work(self, now: datetime) -> Work:
        """The world as a pass at an instant finds it."""
        roster = load(self.directory)
        return begin(roster, self.engine, self.ports(roster, self.directory), now)

    def step(self, now: datetime) -> Work:
        """One full pass at an instant."""
        work = self.work(now)
        if not self.new:
            kick_off(work)
            self.new = True
        full_pass(work)
        return work

    def status(self, now: datetime) -> dict[str, object]:
        """The first pair's row of `status --json`."""
        with reading(self.engine) as connection:
            row: dict[str, object] = status(connection, load(self.directory), now)["pairs"][0]
            return row

    def letters(self) -> list[bytes]:
        """Every mail delivered since the last call."""
        folder = self.directory / "outbox" / "new"
        paths = (
            sorted(folder.iterdir(), key=lambda p: p.stat().st_mtime_ns) if folder.is_dir() else []
        )
        fresh = [path for path in paths if path.name not in self._seen]
        self._seen |= {path.name for path in fresh}
        return [path.read_bytes() for path in fresh]

    def sent(self) -> list[EmailMessage]:
        return [
            email.message_from_bytes(raw, policy=email.policy.default) for raw in self.letters()
        ]

    def reply(
        self, person: str, invite: EmailMessage, partstat: str, now: datetime, **times: datetime
    ) -> None:
        """Answer an invite as a mail program does; with `dtstart` and `dtend`, a COUNTER."""
        method = "COUNTER" if times else "REPLY"
        raw = answer_mail(person, event_in(invite), method, partstat, now, **times)
        self.drop(raw)

    def drop(self, raw: bytes) -> None:
        """Put a mail into the inbox."""
        folder = self.directory / "inbox" / "new"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{len(list(folder.iterdir())):05d}.test").write_bytes(raw)

    def close(self) -> None:
        if self._engine is not None:
            self._engine.dispose()


def kick_off(work: Work) -> None:
    """What a pair's beginning causes is done and out of the way: introduced, signed."""
    begun = [pair_start(work, pair) for pair in work.roster.pairs]
    work = replace(work, now=max([work.now, *begun]))
    for job in (welcome, introduce, agreeing):
        job(work)
    with work.engine.begin() as connection:
        for pair in work.roster.pairs:
            for version in agreements.versions(connection, *pair.key):
                for person in pair.key:
                    agreements.sign(connection, *pair.key, version.number, person, work.now)
        for queued in outbox.due(connection, work.roster.programme.organiser.email, work.now):
            outbox.mark(connection, queued.id, outbox.SENT, sent_at=work.now)


def calendar_of(message: EmailMessage) -> Calendar:
    calendar = partners.calendar_of(message)
    assert calendar is not None
    return calendar


def event_in(message: EmailMessage) -> Component:
    return calendar_of(message).walk("VEVENT")[0]


def to(messages: list[EmailMessage], address: str) -> list[EmailMessage]:
    return [m for m in messages if m["To"].addresses[0].addr_spec == address]


def body(message: EmailMessage) -> str:
    """The text part of a mail."""
    part = message.get_body(("plain",))
    assert part is not None
    text: str = part.get_content()
    return text


def kinds(world: World, kind: str) -> list[str]:
    """Who was mailed this kind of notice, or is about to be."""
    with reading(world.engine) as connection:
        query = select(tables.outbox.c.recipient).where(tables.outbox.c.kind == kind)
        return list(connection.execute(query).scalars())


def decline_all(
    world: World, now: datetime, before: Callable[[int], None] = lambda number: None
) -> tuple[datetime, list[EmailMessage]]:
    """Dana declines three times; when that was, and the mails after the third.

    `before` is called ahead of each of her answers.
    """
    world.step(now)
    messages = world.sent()
    for number in range(3):
        before(number)
        invite = next(m for m in to(messages, DANA) if m.get_content_type() == "multipart/mixed")
        world.reply(DANA, invite, "DECLINED", now)
        now += timedelta(hours=1)
        world.step(now)
        messages = world.sent()
    return now, messages

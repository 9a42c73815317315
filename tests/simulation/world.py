"""A world that follows from its seed: who there is, what they do, what changes, what fails.

The store, the passes and the mails are the product's own; only the clock and the ports are ours.
"""

from __future__ import annotations

import hashlib
import random
import sqlite3
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine import Connection, make_url
from structlog.testing import capture_logs

from mentoring import worktime
from service import engine as threads
from service.passes import begin, full_pass
from service.roster_source import load
from store import facts
from store.database import open_engine
from tests.programme.cohort import Cohort, Match, Member, busy_days
from tests.programme.judge import sheets_in
from tests.programme.partners import Partners
from tests.programme.sent import Sent
from tests.simulation.happenings import happen
from tests.simulation.invariants import OFFICE, Invariants, rows_of, waiting_for
from tests.simulation.servers import Diary, Killed, Servers, Weather
from tests.simulation.setting import FIRST, HOURS, MOODS, ZONES

QUIET = timedelta(weeks=3)
"""So long before a world's end everything is mended, to see that nothing is left behind."""
_QUARTER = timedelta(minutes=15)


@dataclass(frozen=True)
class Size:
    """How large a world is; `looks` are the passes of a week.

    `weekly` is the share of pairs that meet each week, where all others do every two.
    """

    pairs: int = 3
    weeks: int = 8
    looks: int = 6
    weekly: float = 0.5


@dataclass
class World:
    """One seed's play. `trace` is a digest of every mail and state, step by step."""

    seed: int
    directory: Path
    size: Size = Size()
    cohort: Cohort = field(default_factory=Cohort)
    left: dict[str, datetime] = field(default_factory=dict)
    swamped: str | None = None
    blinks_from: datetime | None = None
    kills: int = 0
    mails: int = 0
    passes: int = 0

    def __post_init__(self) -> None:
        self.dice = random.Random(f"{self.seed} world")
        self.now = datetime(FIRST.year, FIRST.month, FIRST.day, 6, tzinfo=UTC) - timedelta(weeks=1)
        self.end = self.now + timedelta(weeks=self.size.weeks)
        self.trace = hashlib.sha256()
        self.diaries: dict[str, Diary] = {}
        self._why: dict[str, tuple[str, str]] = {}
        self._last = 0
        self._letters: deque[tuple[datetime, int]] = deque()
        self._names = iter(f"P{number:02d}" for number in range(1000))
        self.cohort.term = (FIRST, self.end.date() - timedelta(days=4))
        self.cohort.every = "2 weeks"
        for _ in range(self.size.pairs):
            self.match()
        self.directory.mkdir(parents=True, exist_ok=True)
        self.weather = Weather(random.Random(f"{self.seed} weather"), self.now)
        self.weather.healed_from = self.end - QUIET
        self._commits_left: int | None = None
        self._store = self.directory / "overlap.db"
        _fresh_store(self._store)
        self.engine = self._open()
        kept = self.dice.random() < 0.7
        self.servers = Servers(self.weather, self.diaries, kept, lambda: _held(self.engine))
        drop = self.servers.inbox_mails.append
        moods = random.Random(f"{self.seed} partners")
        self.partners = Partners(self.cohort.people, drop, moods)
        self.invariants = Invariants(self.directory)
        self.write()

    @property
    def faults(self) -> list[str]:
        return self.invariants.faults

    def play(self) -> list[str]:
        """All of it; returns what did not hold."""
        before, threads._WORKERS = threads._WORKERS, 1  # so that a seed plays the same
        worktime.forget()
        try:
            for now in self._instants():
                self._step(now)
        finally:
            threads._WORKERS = before
            self.engine.dispose()
        self.invariants.at_the_end(self.now, self.engine)
        self.engine.dispose()
        return self.faults

    def _instants(self) -> Iterator[datetime]:
        """Mostly in somebody's work hours; now and then the machine sleeps for days."""
        apart = timedelta(weeks=1) / self.size.looks
        while self.now < self.end:
            yield self.now
            gap = apart * self.dice.uniform(0.1, 1.4)
            if self.dice.random() < 0.02 and not self.weather.is_over:
                gap += timedelta(days=3)
            self.now += timedelta(minutes=max(15, round(gap / _QUARTER) * 15))
            if self.dice.random() < 0.85:
                self.now = self._work_hour(self.dice.choice(sorted(self._sheets)), self.now)
        for reader in sorted(waiting_for(self.engine)):
            self.now = self._work_hour(reader, self.now + _QUARTER)
            yield self.now

    def _work_hour(self, reader: str, after: datetime) -> datetime:
        """When somebody works next; where they don't for weeks, the instant itself."""
        sheet = self._sheets.get(reader, OFFICE)
        hours = (after + timedelta(hours=number) for number in range(24 * 21))
        return next((at for at in hours if sheet.works(at, at, deadlines=False)), after)

    def _step(self, now: datetime) -> None:
        self.weather.now, self.weather.failed = now, False
        if not self.weather.is_over:
            happen(self)
        fresh = self._pass(now)
        if self.dice.random() < 0.1 and not self.weather.failed:
            again = self._pass(now)
            self.faults.extend(f"{now}: {s.key} by a second pass" for s in again)
            fresh += again
        self.mails += len(fresh)
        self.faults.extend(f"{now}: {what}" for what in self.servers.violations)
        self.servers.violations.clear()
        self.invariants.look(now, fresh, self.engine, self.servers, self.left)
        for sent in fresh:
            self.partners.read(sent, now)
            self._enter(sent)
        self.partners.live(now)
        for user, spans in self.partners.came_up.items():
            for span in spans if user in self.diaries else ():
                self.diaries[user].put(f"urgent {span[0]}", span)
        self.partners.came_up.clear()
        self.trace.update(repr(self._states(now)).encode())

    def _states(self, now: datetime) -> list[object]:
        self._letters.append((now, self._last))
        while self._letters[0][0] < now - _LATELY:
            self._letters.popleft()
        since = {"since": int((now - _LATELY).timestamp()), "letter": self._letters[0][1]}
        return [rows_of(self.engine, query, since) for query in _SHOWN]

    def _pass(self, now: datetime) -> list[Sent]:
        """One full pass; a process that is killed is started again, and begins anew."""
        if self.weather.chance(0.06):
            self._commits_left = self.dice.randrange(80)
        with capture_logs() as logs:
            while not self._survived(now):
                self.kills += 1
                self._restart()
        self._commits_left = None
        self.passes += 1
        for entry in logs:
            if entry["event"] == "calendar_suddenly_empty":
                self.weather.failed = True  # the next look believes it, at the same instant too
            expected = entry["event"] == "adapter_failed" and "odd" in self._ways()
            if entry.get("exc_info") and not expected:
                self.faults.append(f"{now}: {entry['event']}: {entry['exc_info']!r} {entry}")
        return self._delivered(now)

    def _ways(self) -> set[str]:
        return {how for until, how in self.weather.down.values() if self.weather.now < until}

    def _survived(self, now: datetime) -> bool:
        try:
            full_pass(begin(self.roster, self.engine, self.servers, now))
        except Killed:
            return False
        return True

    def _restart(self) -> None:
        self._commits_left = None
        self.engine.dispose()  # no connection is left; what it compiled may stay
        self.roster = load(self.directory)

    def _open(self) -> Engine:
        engine = open_engine(make_url(f"sqlite:///{self._store}"))
        event.listen(engine, "connect", _in_haste)
        for moment in ("begin", "commit"):
            event.listen(engine, moment, self._may_be_killed)
        return engine

    def _may_be_killed(self, _connection: Connection) -> None:
        if self._commits_left is None:
            return
        self._commits_left -= 1
        if self._commits_left < 0:
            self._commits_left = None
            raise Killed

    def _delivered(self, now: datetime) -> list[Sent]:
        letters, self.servers.letters = self.servers.letters, []
        lost, self.servers.lost = self.servers.lost, []
        why = self._why
        for number, message_id, kind, key in rows_of(self.engine, _QUEUED, {"last": self._last}):
            self._last, why[message_id] = number, (kind, key)
        for each in lost:
            self.invariants.may_know(each.recipient, each.raw)
        for each in letters:
            self.trace.update(f"{now} {each.recipient} {why[each.message_id]}".encode())
            self.trace.update(each.raw)
        return [Sent(now, each.recipient, *why[each.message_id], each.raw) for each in letters]

    def _enter(self, sent: Sent) -> None:
        """Most people's calendars show what they are invited to."""
        diary = self.diaries.get(sent.reader.partition("@")[0])
        if diary is None or sent.ics is None or hash_of(diary.user) % 3 == 0:
            return
        meeting, method = sent.event, str(sent.calendar["method"])
        if method == "CANCEL":
            diary.drop(str(meeting["uid"]))
        elif method == "REQUEST":
            start, end = (meeting.decoded(n).astimezone(UTC) for n in ("dtstart", "dtend"))
            diary.put(str(meeting["uid"]), (start, end))

    def write(self) -> None:
        self.cohort.write(self.directory)
        self.roster = load(self.directory)
        self._sheets = sheets_in(self.directory)

    def _joins(self) -> Member:
        dice = self.dice
        person = Member(
            next(self._names),
            dice.choice(ZONES),
            hours=dice.choices(HOURS, (10, 4, 2, 2, 1))[0],
            has_calendar=dice.random() < 0.85,
            supervisor=dice.choice(("", "Rita", "Sam")),
            language=dice.choice(("en", "en", "es")),
            mood=dice.choice(MOODS),
        )
        self.cohort.people[person.user] = person
        if person.has_calendar:
            self.diaries[person.user] = diary = Diary(person.user)
            for number, span in enumerate(busy_days(person, dice, self.cohort.term)):
                diary.put(f"{person.user} {number}", span)
        return person

    def match(self) -> None:
        """A new pair; now and then its mentor has another mentee already."""
        mentors = sorted({pair.mentor for pair in self.cohort.pairs} & self.cohort.people.keys())
        shared = mentors and self.dice.random() < 0.3
        mentor = self.dice.choice(mentors) if shared else self._joins().user
        minutes = self.dice.choice(("", "", "30", "45"))
        every = "1 week" if self.dice.random() < self.size.weekly else ""
        pair = Match(mentor, self._joins().user, minutes=minutes, every=every)
        self.cohort.pairs.append(pair)


def hash_of(text: str) -> int:
    """The same in every process."""
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)


def _held(engine: Engine) -> int:
    pool: Any = engine.pool
    held: int = pool.checkedout()
    return held


def _fresh_store(path: Path) -> None:
    """A store with the present schema and a secret that is always the same."""
    from store.schema import metadata

    engine = open_engine(make_url(f"sqlite:///{path}"))
    event.listen(engine, "connect", _in_haste)
    metadata.create_all(engine)
    with engine.begin() as connection:
        facts.write(connection, facts.SECRET, "00" * 32)
    engine.dispose()


def _in_haste(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")


_QUEUED = "SELECT id, message_id, kind, key FROM outbox WHERE id > :last ORDER BY id"
_SHOWN = (
    "SELECT uid, state, sequence, start, end, published, why FROM meetings"
    " WHERE end > :since ORDER BY 1",
    "SELECT uid, person, partstat, nudges, answered FROM attendances"
    " WHERE uid IN (SELECT uid FROM meetings WHERE end > :since) ORDER BY 1, 2",
    "SELECT key, state, attempts, next_attempt, error FROM outbox"
    " WHERE state IN ('queued', 'sending') OR id > :letter ORDER BY 1",
    "SELECT mentor, mentee, state, reason, rest_until FROM pairs ORDER BY 1, 2",
    "SELECT person, state, synced_at, outage, doubted FROM calendars ORDER BY 1",
)
_LATELY = timedelta(weeks=1)
"""What was settled so long ago changes no more."""

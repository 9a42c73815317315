"""Playing a programme ahead on a virtual clock: what `simulate` does. Nothing is sent."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from itertools import pairwise
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, event, select
from sqlalchemy.engine import make_url

from integrations.ports import BusySource, Inbox, Letter, Organiser, Reading
from mentoring.interval import Interval
from mentoring.meeting import Partstat, State
from mentoring.roster import Pair, Person, Roster
from service.booking import stamp
from service.passes import begin, full_pass
from service.work import Outside, Work
from store import meetings, outbox, standings
from store.booking import Booking
from store.database import open_engine
from store.schema import metadata
from store.tables import outbox as outbox_table

_STEP = timedelta(hours=6)
_ACCEPTS, _DECLINES = 0.85, 0.07
"""How a simulated partner answers an invite: the rest stays silent until nudged."""


@dataclass
class _Frozen:
    """The real calendars as they are now, read once and played ahead."""

    real: Outside
    until: datetime
    readings: dict[str, Reading] = field(default_factory=dict)
    sent: list[Letter] = field(default_factory=list)

    def busy_source(self, person: Person) -> BusySource:
        return _Once(self, person)

    def mailer(self) -> _Frozen:
        return self

    def inbox(self) -> Inbox | None:
        return None

    def organiser(self) -> Organiser | None:
        return None

    def uid_domain(self) -> str:
        return self.real.uid_domain()

    @property
    def lag(self) -> timedelta:
        return timedelta(0)

    def deliver(self, letter: Letter, point_of_no_return: Callable[[], None]) -> None:
        point_of_no_return()
        self.sent.append(letter)

    def delivered(self, message_id: str) -> bool | None:
        return any(letter.message_id == message_id for letter in self.sent)


@dataclass(frozen=True)
class _Once:
    frozen: _Frozen
    person: Person

    def read(self, window: Interval, cursor: str | None) -> Reading:
        readings = self.frozen.readings
        if self.person.email not in readings:
            whole = Interval(window.start, max(window.end, self.frozen.until))
            source = self.frozen.real.busy_source(self.person)
            readings[self.person.email] = source.read(whole, None)
        return readings[self.person.email]


def simulate(
    roster: Roster, real: Outside, *, at: datetime, weeks: int, seed: int
) -> dict[str, Any]:
    """What `simulate --json` prints: meetings, gaps and mails of the weeks ahead.

    Starts at the programme's start, or now if that is later; the same seed gives the same play.
    """
    zone = ZoneInfo(roster.programme.timezone)
    start = max(at, datetime.combine(roster.programme.start, time(), zone))
    end = start + timedelta(weeks=weeks)
    reach = max((p.agreement.horizon for p in roster.pairs), default=timedelta())
    frozen = _Frozen(real, end + reach + timedelta(weeks=6))
    partners = random.Random(seed)
    with _scratch_store() as engine:
        now = start
        while now <= end:
            work = replace(begin(roster, engine, frozen, now), secret=str(seed).encode())
            full_pass(work)
            _answer(work, partners)
            now += _STEP
        return _report(roster, engine, start, end, seed)


@contextmanager
def _scratch_store() -> Iterator[Engine]:
    """A store of its own, gone afterwards."""
    with TemporaryDirectory(prefix="overlap-") as folder:
        engine = open_engine(make_url(f"sqlite:///{folder}/simulation.db"))
        event.listen(engine, "connect", lambda c, _: c.execute("PRAGMA synchronous=OFF"))
        metadata.create_all(engine)
        try:
            yield engine
        finally:
            engine.dispose()


def _answer(work: Work, partners: random.Random) -> None:
    """Partners answer the invites that have reached them."""
    with work.engine.begin() as connection:
        for booking in meetings.live(connection):
            for side in booking.meeting.attendances:
                silent = side.partstat is Partstat.NEEDS_ACTION
                told = outbox.known_start(connection, booking.uid, side.email)
                chance = partners.random()
                if not (silent and told) or booking.meeting.slot.start <= work.now:
                    continue
                if chance < _ACCEPTS + _DECLINES:
                    said = Partstat.ACCEPTED if chance < _ACCEPTS else Partstat.DECLINED
                    changed = replace(side, partstat=said, answered=work.now)
                    meetings.save_side(connection, booking.uid, changed)


def _report(
    roster: Roster, engine: Engine, start: datetime, end: datetime, seed: int
) -> dict[str, Any]:
    with engine.begin() as connection:
        kinds = connection.execute(
            select(outbox_table.c.kind).where(outbox_table.c.state == outbox.SENT)
        )
        mails = Counter(kind for (kind,) in kinds)
        pairs = []
        for pair in roster.pairs:
            history = meetings.of_pair(connection, *pair.key)
            standing = standings.of_pair(connection, *pair.key)
            pairs.append(_pair(pair, history, standing.state if standing else "", start, end))
    return {
        "from": stamp(start),
        "to": stamp(end),
        "seed": seed,
        "pairs": pairs,
        "meetings": sum(pair["held"] for pair in pairs),
        "mails": dict(sorted(mails.items())),
    }


def _pair(
    pair: Pair, history: list[Booking], state: str, start: datetime, end: datetime
) -> dict[str, Any]:
    met = [
        b.meeting.slot.start
        for b in history
        if b.meeting.slot.end <= end
        and (b.meeting.state is State.HELD or b.meeting.state is State.CONFIRMED)
    ]
    edges = [start, *sorted(met), end]
    gaps = [(later - earlier).days for earlier, later in pairwise(edges)]
    return {
        "mentor": pair.mentor,
        "mentee": pair.mentee,
        "held": len(met),
        "missed": sum(1 for b in history if b.meeting.state is State.MISSED),
        "longest_gap_days": max(gaps),
        "state": state,
    }

"""One pass: everything that is due at one instant, in the order in which it depends on itself."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TypeVar

from sqlalchemy import Engine
from sqlalchemy.engine import Connection

from mentoring.meeting import LIVE
from mentoring.roster import Pair, Person, Roster
from service import removals
from service.admit import admit
from service.agreeing import agreeing
from service.booking import stamp
from service.briefing import briefings
from service.choices import tell_of_ends
from service.clock_back import look_back
from service.cohort import Planned, book_planned, plan
from service.deliver import deliver
from service.digest import digest
from service.engine import Job, run_all, run_alone
from service.events import events
from service.forecasts import forecasts
from service.forget import finish
from service.in_force import in_force
from service.intro import introduce
from service.listen import listen
from service.met import ask_whether_met
from service.polls import tend_poll
from service.preflight import preflight
from service.prepare import prepare
from service.propose import UNSCHEDULABLE, propose
from service.publish import publish
from service.purge import purge
from service.resting import restless
from service.restored import doubt
from service.stages import stages
from service.summaries import summaries
from service.sync import note_read, sync
from service.tend import tend
from service.trail import introduce_all, trail
from service.wall_time import keep_wall_times
from service.watch import watch
from service.weekly import weekly
from service.welcome import welcome
from service.work import Outside, Work, reading
from store import calendars, facts, meetings, polls, standings

T = TypeVar("T")

COUNTS = (
    "synced",
    "unreadable",
    "proposed",
    "reproposed",
    "confirmed",
    "sent",
    "held_back",
    "failed",
    "unschedulable",
)


BEGINNING: tuple[Callable[[Work], None], ...] = (welcome, introduce)
"""Jobs that a pair's first proposal comes after."""
TELLING: tuple[Callable[[Work], None], ...] = (
    agreeing,
    preflight,
    events,
    briefings,
    prepare,
    ask_whether_met,
    tell_of_ends,
    stages,
    digest,
    forecasts,
    summaries,
    weekly,
    purge,
)
"""Jobs that queue what somebody is owed by now; each may run twice."""


def begin(roster: Roster, engine: Engine, outside: Outside, now: datetime) -> Work:
    """A pass's world, with the time noted."""
    with engine.begin() as connection:
        look_back(connection, now)
        facts.write(connection, facts.LAST_PASS, now.isoformat())
        introduce_all(connection, roster)
        removals.holds(connection, roster)
    return present(roster, engine, outside, now)


def present(roster: Roster, engine: Engine, outside: Outside, now: datetime) -> Work:
    """The world as it is: the coordinator's roster with what partners agreed and chose since."""
    with reading(engine) as connection:
        holding = in_force(connection, roster)
        floor = facts.floor(connection)
    return Work(holding, engine, outside, now, secret_of(engine), roster, floor)


def secret_of(engine: Engine) -> bytes:
    """The store's secret, without a wait for whoever writes."""
    with reading(engine) as connection:
        secret = facts.read(connection, facts.SECRET)
    if secret:
        return bytes.fromhex(secret)
    with engine.begin() as connection:
        return facts.secret(connection)


def full_pass(work: Work, stop: threading.Event | None = None) -> None:
    """Read calendars and replies, look after every pair, tell whom it concerns, send."""
    sync_all(work, stop)
    rest_of_pass(work, stop)


def rest_of_pass(work: Work, stop: threading.Event | None = None) -> None:
    """All of a pass but the reading of calendars."""
    admit(work)
    listen(work)
    keep_wall_times(work)
    watch(work)
    # Answers may have changed what holds: an agreement signed, a partner away.
    work = replace(work, roster=_as_it_holds(work))
    for job in (*BEGINNING, _tending(stop), publish, *TELLING, doubt, deliver, trail, finish):
        if stop and stop.is_set():
            return
        job(work)


def _tending(stop: threading.Event | None) -> Callable[[Work], None]:
    return lambda work: tend_all(work, stop)


def _as_it_holds(work: Work) -> Roster:
    with reading(work.engine) as connection:
        return in_force(connection, work.files or work.roster)


def sync_all(work: Work, stop: threading.Event | None = None) -> bool:
    """Read the calendars of everyone who is in a pair; False where a reading broke off.

    A calendar that can't be read is no such thing: its record says so.
    """
    paired = {email for pair in work.roster.pairs for email in pair.key}
    people = [work.roster.people[email] for email in sorted(paired)]
    with reading(work.engine) as connection:
        kept = {calendar.person: calendar for calendar in calendars.every(connection)}
    unchanged: list[str] = []

    def read(person: Person) -> None:
        if sync(work, person, kept.get(person.email)):
            unchanged.append(person.email)

    failures = run_all((Job(p.email, partial(read, p)) for p in people), stop)
    _count_failures(work, failures)
    if unchanged:
        note_read(work, unchanged)
    return not failures


def tend_all(work: Work, stop: threading.Event | None = None) -> None:
    """Look after every poll, then every live meeting, then propose what is due.

    Polls come first, so that what was just picked is looked after as well.
    """
    with reading(work.engine) as connection:
        asked = [poll.id for poll in polls.running(connection)]
    picking = (Job(number, _in_transaction(work, tend_poll, number)) for number in asked)
    _one_by_one(work, picking, stop)
    uids: list[str] = []

    def look() -> None:
        with reading(work.engine) as connection:
            uids.extend(restless(work, connection))

    if not run_alone(Job("resting", look)):
        _count_failures(work, 1)
        with reading(work.engine) as connection:
            uids = [booking.uid for booking in meetings.live(connection)]
    tending = (Job(uid, _in_transaction(work, _tend_one, uid)) for uid in uids)
    _one_by_one(work, tending, stop)
    _propose_all(work, stop)


def _propose_all(work: Work, stop: threading.Event | None) -> None:
    """Book what suits all due pairs together; then look for the others, one after another.

    Each pair is a transaction of its own, so a time may be gone by its turn.
    """
    planned: dict[tuple[str, str], Planned] = {}
    done: set[tuple[str, str]] = set()

    def look() -> None:
        found = plan(work)
        planned.update(found.times)
        done.update(found.resting)

    _one_by_one(work, [Job("cohort", look)], stop)

    def book(work: Work, connection: Connection, pair: Pair) -> None:
        done.add(pair.key)
        if not book_planned(work, connection, pair, planned[pair.key]):
            done.discard(pair.key)

    pairs = [pair for pair in work.roster.pairs if pair.key in planned]
    _one_by_one(work, (_for_pair(work, book, pair) for pair in pairs), stop)
    left = (pair for pair in work.roster.pairs if pair.key not in done)
    _one_by_one(work, (_for_pair(work, _propose_one, pair) for pair in left), stop)


def _for_pair(work: Work, act: Callable[[Work, Connection, Pair], None], pair: Pair) -> Job:
    return Job(f"{pair.mentor} {pair.mentee}", _in_transaction(work, act, pair))


def _one_by_one(work: Work, jobs: Iterable[Job], stop: threading.Event | None) -> None:
    for job in jobs:
        if stop and stop.is_set():
            return
        _count_failures(work, not run_alone(job))


def _in_transaction(
    work: Work, act: Callable[[Work, Connection, T], None], about: T
) -> Callable[[], None]:
    def run() -> None:
        with work.engine.begin() as connection:
            act(work, connection, about)

    return run


def _count_failures(work: Work, failures: int) -> None:
    for _ in range(failures):
        work.counts.add("failed")


def _tend_one(work: Work, connection: Connection, uid: str) -> None:
    booking = meetings.by_uid(connection, uid)
    if booking and booking.meeting.state in LIVE:
        tend(work, connection, booking)


def _propose_one(work: Work, connection: Connection, pair: Pair) -> None:
    if polls.running_for(connection, *pair.key):
        return  # both are asked to pick a time
    propose(work, connection, pair)
    standing = standings.of_pair(connection, *pair.key)
    if standing and standing.state == UNSCHEDULABLE:
        work.counts.add("unschedulable")


def report(work: Work) -> dict[str, object]:
    """What `once --json` prints."""
    return {"now": stamp(work.now), **{name: work.counts[name] for name in COUNTS}}

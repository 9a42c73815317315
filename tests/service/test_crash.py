"""Killed between any two steps and started again: each mail goes out once, and none is lost.

A step is a commit of the store or a step of the mail folder; the kill is an exception that nothing
in the product catches, after which a new process takes over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import Engine

from integrations.ports import BusySource, Inbox, Letter, Mailer, Organiser
from integrations.registry import Ports
from mentoring.roster import Person
from service.passes import begin, full_pass
from service.roster_source import load
from store import outbox
from store.database import migrate, open_engine, resolve_url
from tests.world import DANA, LEE, World, at, event_in

MONDAY = at("2027-01-11 12:00")


class Killed(BaseException):
    """As SIGKILL: nobody gets to clean up."""


@dataclass
class Steps:
    """Counts the steps, and kills at one of them."""

    kill_at: int | None = None
    taken: int = 0
    dead: bool = False

    def take(self) -> None:
        if self.dead:
            raise Killed
        self.taken += 1
        if self.taken == self.kill_at:
            self.dead = True
            raise Killed


@dataclass(frozen=True)
class _SteppedMailer:
    real: Mailer
    steps: Steps

    @property
    def lag(self) -> timedelta:
        return self.real.lag

    def deliver(self, letter: Letter, point_of_no_return: Callable[[], None]) -> None:
        def stepped() -> None:
            self.steps.take()
            point_of_no_return()
            self.steps.take()

        self.real.deliver(letter, stepped)
        self.steps.take()

    def delivered(self, message_id: str) -> bool | None:
        return self.real.delivered(message_id)


@dataclass(frozen=True)
class _SteppedPorts:
    real: Ports
    steps: Steps

    def busy_source(self, person: Person) -> BusySource:
        return self.real.busy_source(person)

    def mailer(self) -> Mailer:
        return _SteppedMailer(self.real.mailer(), self.steps)

    def inbox(self) -> Inbox | None:
        return self.real.inbox()

    def organiser(self) -> Organiser | None:
        return self.real.organiser()

    def uid_domain(self) -> str:
        return self.real.uid_domain()


@contextmanager
def stepped_engine(directory: Path, steps: Steps) -> Iterator[Engine]:
    """The store, with a step before and one after each commit."""
    engine = open_engine(resolve_url(load(directory).settings.store, directory))
    migrate(engine, now=MONDAY)
    dialect = engine.dialect
    commit = dialect.do_commit

    def do_commit(connection: object) -> None:
        steps.take()
        commit(connection)  # type: ignore[arg-type]
        steps.take()

    dialect.do_commit = do_commit  # type: ignore[method-assign, assignment]
    try:
        yield engine
    finally:
        dialect.do_commit = commit  # type: ignore[method-assign]
        engine.dispose()


def one_pass(world: World, steps: Steps, hours: int) -> None:
    roster = load(world.directory)
    ports = _SteppedPorts(Ports(roster, world.directory), steps)
    with stepped_engine(world.directory, steps) as engine:
        work = begin(roster, engine, ports, MONDAY + timedelta(hours=hours))
        full_pass(work)


def answers(world: World) -> None:
    """Dana declines what was proposed, Lee accepts."""
    for message in world.sent():
        who = message["To"].addresses[0].addr_spec
        if who in (DANA, LEE) and sequence_in(message) == 0:
            world.reply(who, message, "DECLINED" if who == DANA else "ACCEPTED", MONDAY)


def story(world: World, first: Steps, second: Steps) -> None:
    """Propose, be answered, propose anew; each pass may be killed, and is then run again."""
    for number, steps in enumerate((first, second)):
        try:
            one_pass(world, steps, number)
        except Killed:
            one_pass(world, Steps(), number)
        if number == 0:
            answers(world)


def mails(world: World) -> list[tuple[str, str, int]]:
    """Who got which time of the meeting."""
    world._seen.clear()
    return sorted(
        (m["To"].addresses[0].addr_spec, str(m["Subject"]), sequence_in(m)) for m in world.sent()
    )


def sequence_in(message: EmailMessage) -> int:
    """The SEQUENCE of what a mail says of a meeting; -1 where it says nothing of one."""
    has_calendar = any(p.get_content_type() == "text/calendar" for p in message.walk())
    return int(str(event_in(message)["sequence"])) if has_calendar else -1


def undisturbed(tmp_path: Path) -> tuple[list[tuple[str, str, int]], int, int]:
    world = World(tmp_path / "undisturbed")
    world.write()
    first, second = Steps(), Steps()
    story(world, first, second)
    return mails(world), first.taken, second.taken


@pytest.mark.slow
def test_each_mail_goes_out_once_wherever_it_is_killed(tmp_path: Path) -> None:
    expected, in_first, in_second = undisturbed(tmp_path)
    assert len([sequence for *_, sequence in expected if sequence >= 0]) == 4
    assert len(expected) == 11  # and each was welcomed, introduced, asked to agree; one approval
    points = [(n, None) for n in range(1, in_first + 1)]
    points += [(None, n) for n in range(1, in_second + 1)]  # type: ignore[misc]
    assert len(points) > 40
    for first, second in points:
        world = World(tmp_path / f"{first}-{second}")
        world.write()
        story(world, Steps(first), Steps(second))
        assert mails(world) == expected, (first, second)


def test_a_letter_left_half_sent_is_settled_by_evidence(world: World) -> None:
    world.step(at("2027-01-10 03:00"))  # a Sunday: queued, held back
    with world.engine.begin() as connection:
        queued = outbox.due(connection, "mentoring@example.org", MONDAY)
        for letter in queued:
            outbox.mark(connection, letter.id, outbox.SENDING)
    assert queued
    work = world.step(MONDAY)
    assert work.counts["sent"] == len(queued)  # the folder has none of them
    assert len(world.sent()) == len(queued)


def test_a_letter_in_doubt_is_shown_and_not_sent_again(world: World) -> None:
    world.step(at("2027-01-10 03:00"))
    with world.engine.begin() as connection:
        for letter in outbox.due(connection, "mentoring@example.org", MONDAY):
            outbox.mark(connection, letter.id, outbox.SENDING)
    roster = load(world.directory)
    work = begin(roster, world.engine, _NoEvidence(Ports(roster, world.directory)), MONDAY)
    full_pass(work)
    full_pass(replace(work, now=MONDAY + timedelta(minutes=1)))
    told = [str(m["Subject"]) for m in world.sent()]
    assert sorted(told) == [f"Mail in doubt: {DANA}", f"Mail in doubt: {LEE}"]


@dataclass(frozen=True)
class _NoEvidence:
    """The same ports by a mailer that can't tell what it sent, as SMTP can't."""

    real: Ports

    def busy_source(self, person: Person) -> BusySource:
        return self.real.busy_source(person)

    def mailer(self) -> Mailer:
        return _Blind(self.real.mailer())

    def inbox(self) -> Inbox | None:
        return None

    def organiser(self) -> Organiser | None:
        return None

    def uid_domain(self) -> str:
        return self.real.uid_domain()


@dataclass(frozen=True)
class _Blind:
    real: Mailer

    @property
    def lag(self) -> timedelta:
        return self.real.lag

    def deliver(self, letter: Letter, point_of_no_return: Callable[[], None]) -> None:
        self.real.deliver(letter, point_of_no_return)

    def delivered(self, message_id: str) -> bool | None:
        return None

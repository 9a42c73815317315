"""Deadlines that supervisors enter: days on which their people have no time for meetings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from mentoring.availability import local_day
from mentoring.interval import Interval
from mentoring.notices import Reader
from mentoring.roster import DateException, ExceptionKind, Person, Roster

LONGEST = timedelta(days=31)
FURTHEST = timedelta(days=366)
MOST = 12
"""So many deadlines of one employee may lie ahead."""
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Deadline:
    """Days on which an employee has no time for meetings, both ends included."""

    id: int
    employee: str
    supervisor: str
    first: date
    last: date

    def is_over(self, today: date) -> bool:
        return self.last < today


class Fault(StrEnum):
    """Why a deadline can't be taken as it was written."""

    DATES = "dates"
    AMBIGUOUS = "ambiguous"
    WEEKDAY = "weekday"
    ORDER = "order"
    PAST = "past"
    LONG = "long"
    FAR = "far"
    WHO = "who"
    MANY = "many"


def fault_in(first: date, last: date, today: date) -> Fault | None:
    """What is wrong with these days; one that began may run, one that is over may not."""
    if last < first:
        return Fault.ORDER
    if last < today:
        return Fault.PAST
    if last > today + FURTHEST:
        return Fault.FAR
    if last - first >= LONGEST:
        return Fault.LONG
    return None


def with_deadlines(roster: Roster, deadlines: Sequence[Deadline]) -> Roster:
    """The roster with deadlines laid over it: of those whose supervisor is the employee's still."""
    people = dict(roster.people)
    for deadline in deadlines:
        person = people.get(deadline.employee)
        if person and person.supervisor and person.supervisor.email == deadline.supervisor:
            days = DateException(ExceptionKind.DEADLINE, deadline.first, deadline.last)
            exceptions = (*person.exceptions, days)
            people[person.email] = replace(person, exceptions=exceptions)
    return replace(roster, people=people)


def without_deadlines(person: Person) -> Person:
    kept = (e for e in person.exceptions if e.kind is not ExceptionKind.DEADLINE)
    return replace(person, exceptions=tuple(kept))


def touches(person: Person, slot: Interval, first: date, last: date) -> bool:
    """Whether a time reaches into these days of the person's calendar."""
    begin, end = local_day(person, slot.start), local_day(person, slot.end - _INSTANT)
    return begin <= last and end >= first


def whose_deadline(people: Sequence[Person], slot: Interval) -> str:
    """The address of the first whose deadline takes a time; empty where nobody's does."""
    for person in people:
        for e in person.exceptions:
            if e.kind is ExceptionKind.DEADLINE and touches(person, slot, e.first, e.last):
                return person.email
    return ""


@dataclass(frozen=True)
class DeadlineNotice:
    """`kind` deadline: to the supervisor; what was recorded, or taken back (`undone`).

    `employees` are names; `everyone` where these are all of the reader's people, and more than
    one. `moving` counts meetings: never which, when or with whom. `code` takes it back by mail,
    `link` is the page.
    """

    key: str
    reader: Reader
    employees: tuple[str, ...]
    everyone: bool
    first: date
    last: date
    moving: int
    code: str
    link: str = ""
    undone: bool = False
    kind: str = "deadline"


@dataclass(frozen=True)
class DeadlineCheckNotice:
    """`kind` deadlinecheck: did this supervisor write that mail? `code` or the page says so."""

    key: str
    reader: Reader
    employees: tuple[str, ...]
    everyone: bool
    first: date
    last: date
    code: str
    link: str = ""
    kind: str = "deadlinecheck"


@dataclass(frozen=True)
class DeadlineMisreadNotice:
    """`kind` deadlinemisread: what this supervisor wrote is no deadline; `problem` is the fault.

    `example` is what can be read, `name` somebody of theirs where they have several.
    """

    key: str
    reader: Reader
    problem: Fault
    example: str
    name: str = ""
    link: str = ""
    kind: str = "deadlinemisread"

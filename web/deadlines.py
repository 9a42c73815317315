"""A supervisor's page: a deadline for some of their people, what is in force, each undone."""

from __future__ import annotations

from dataclasses import dataclass

from mentoring.deadline_words import Days, read_day, read_deadline
from mentoring.deadlines import Fault
from mentoring.roster import Person
from service import deadlines as service
from service.summaries import DEADLINE
from service.work import Work, reading
from web.forms import Form, Page, Shown, Visit

_LONGEST_NUMBER = 10
_BESIDE = {Fault.WHO: "who", Fault.MANY: "who", Fault.AMBIGUOUS: "first", Fault.DATES: "first"}
"""Beside which field a fault is shown; any other beside the last day."""


@dataclass(frozen=True)
class _Typed:
    """The form as it was sent, or as a link fills it."""

    who: tuple[str, ...]
    first: str = ""
    last: str = ""


def show(visit: Visit) -> Shown | None:
    people = service.people_of(visit.work, visit.person.email)
    first, last, *who = visit.about or ("", "")
    return _shown(visit, people, _Typed(tuple(who or (p.email for p in people)), first, last))


def act(visit: Visit, form: Form) -> Shown | None:
    people = service.people_of(visit.work, visit.person.email)
    match form.one("what"):
        case "enter":
            return _enter(visit, people, form)
        case "undo":
            _undo(visit, form)
    return None


def _enter(visit: Visit, people: list[Person], form: Form) -> Shown | None:
    typed = _Typed(tuple(form.all("who")), form.one("first"), form.one("last"))
    work, boss = visit.work, visit.person
    ticked = [person for person in people if person.email in typed.who]
    days = _days(work, typed)
    if isinstance(days, Days):
        with work.engine.begin() as connection:
            fault = service.enter(work, connection, boss, ticked, days)
    else:
        fault = days
    if fault is None:
        return None
    return _shown(visit, people, typed, fault, _at(work, typed, fault))


def _days(work: Work, typed: _Typed) -> Days | Fault:
    """Both days; the second may be empty for one day alone."""
    if not typed.first or read_day(typed.first, work.today) is None:
        return Fault.DATES
    if not typed.last:
        return read_deadline(typed.first, work.today, ())
    if read_day(typed.last, work.today) is None:
        return Fault.DATES
    return read_deadline(f"{typed.first} to {typed.last}", work.today, ())


def _at(work: Work, typed: _Typed, fault: Fault) -> str:
    readable = typed.first and read_day(typed.first, work.today)
    return "last" if fault is Fault.DATES and readable else _BESIDE.get(fault, "last")


def _undo(visit: Visit, form: Form) -> None:
    number = form.one("undo")
    if number.isdecimal() and len(number) < _LONGEST_NUMBER:
        with visit.work.engine.begin() as connection:
            service.undo(visit.work, connection, visit.person, [int(number)])


def _shown(
    visit: Visit, people: list[Person], typed: _Typed, fault: Fault | None = None, at: str = ""
) -> Shown | None:
    if not people:
        return None
    with reading(visit.work.engine) as connection:
        holding = service.holding(visit.work, connection, visit.person.email)
    names = {person.email: person.name for person in people}
    if not fault and {(e, typed.first, typed.last) for e in typed.who} <= {
        (d.employee, str(d.first), str(d.last)) for d in holding
    }:
        typed = _Typed(tuple(names))  # what the link asks for is recorded
    context = {
        "people": people,
        "typed": typed,
        "holding": [(d, names[d.employee]) for d in holding],
        "fault": fault,
        "at": at,
    }
    return Shown("deadline", context, 422 if fault else 200)


PAGE = Page(DEADLINE, show, act, Work.supervisor)

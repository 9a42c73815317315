"""A partner's own page: away for a while, other hours, the end; and each taken back."""

from __future__ import annotations

from collections.abc import Mapping

from mentoring.availability import local_day
from mentoring.choices import Choice, Fault, away, other_hours
from mentoring.hours import HoursError, parse_hours
from mentoring.roster import Pair
from service import choices as service
from service import told
from service.post import CHOICES
from service.work import reading
from web.forms import Form, Page, Shown, Visit, pair_of

_FIELDS = ("first", "last", "hours", "from", "until")
_LONGEST_NUMBER = 10


def show(visit: Visit) -> Shown | None:
    return _shown(visit)


def act(visit: Visit, form: Form) -> Shown | None:
    pair = pair_of(visit)
    if pair is None:
        return None
    match form.one("what"):
        case "away":
            return _away(visit, form)
        case "hours":
            return _hours(visit, form)
        case "end":
            return Shown("choices_end", {"other": _other(visit, pair)})
        case "end for good":
            return _end(visit, pair)
        case "undo":
            return _undo(visit, form)
    return None


def _away(visit: Visit, form: Form) -> Shown | None:
    typed = {"first": form.one("first"), "last": form.one("last")}
    person = visit.person
    made = away(person.email, typed["first"], typed["last"], local_day(person, visit.work.now))
    return _keep(visit, made, "last" if made is not Fault.DATES else "first", typed)


def _hours(visit: Visit, form: Form) -> Shown | None:
    typed = {name: form.one(name) for name in ("hours", "from", "until")}
    person = visit.person
    today = local_day(person, visit.work.now)
    made = other_hours(person.email, typed["hours"], typed["from"], typed["until"], today)
    return _keep(visit, made, "hours" if made is Fault.HOURS else "from", typed)


def _keep(visit: Visit, made: Choice | Fault, at: str, typed: Mapping[str, str]) -> Shown | None:
    """Take a choice; a fault in it is shown beside the field `at`."""
    if isinstance(made, Fault):
        return _shown(visit, fault=made, at=at, typed=typed)
    with visit.work.engine.begin() as connection:
        service.choose(visit.work, connection, made)
    return None


def _end(visit: Visit, pair: Pair) -> Shown | None:
    if service.has_ended(visit.work, pair):
        return None
    with visit.work.engine.begin() as connection:
        service.choose(visit.work, connection, service.the_end(visit.work, visit.person, pair))
    return None


def _undo(visit: Visit, form: Form) -> Shown | None:
    number = form.one("undo")
    if number.isdecimal() and len(number) < _LONGEST_NUMBER:
        with visit.work.engine.begin() as connection:
            service.undo(visit.work, connection, visit.person, int(number))
    return None


def _other(visit: Visit, pair: Pair) -> str:
    both = visit.work.roster.both_of(pair)
    return next(p.name for p in both if p.email != visit.person.email)


def _shown(
    visit: Visit,
    *,
    fault: Fault | None = None,
    at: str = "",
    typed: Mapping[str, str] | None = None,
) -> Shown | None:
    work, person = visit.work, visit.person
    pair = pair_of(visit)
    if pair is None:
        return None
    with reading(work.engine) as connection:
        holding = service.holding(work, connection, person, pair)
    context = {
        "other": _other(visit, pair),
        "holding": holding,
        "ended": service.has_ended(work, pair),
        "fault": fault,
        "at": at,
        "typed": {name: (typed or {}).get(name, "") for name in _FIELDS},
        "wrong": _wrong_hours(typed["hours"]) if typed and fault is Fault.HOURS else "",
        "today": local_day(person, work.now),
        "told": told.page(work, person),
    }
    return Shown("choices", context, 422 if fault else 200)


def _wrong_hours(text: str) -> str:
    """What is wrong with hours as they were typed, and how to write them."""
    try:
        parse_hours(text)
    except HoursError as error:
        return f"{error}; {error.mend}"
    return ""


PAGE = Page(CHOICES, show, act)

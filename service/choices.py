"""Partners' own choices, made on a page or by mail: away, other hours, the end; each undone so."""

from __future__ import annotations

import re
from datetime import date, timedelta

import structlog
from sqlalchemy.engine import Connection

from mentoring.availability import local_day
from mentoring.choices import (
    Choice,
    ChoiceKind,
    ChosenNotice,
    EndCheckNotice,
    EndedNotice,
    Fault,
    away,
    is_over,
    other_hours,
)
from mentoring.poll import MisreadNotice
from mentoring.roster import Pair, Person
from service import codes
from service.links import page_link
from service.post import CHOICES, misread_key, post
from service.work import Work, party, reader
from store import choices
from store.choices import Kept
from store.codes import Code

log = structlog.get_logger()

UNDO = "undo"
"""The purpose of codes that take one choice back by mail."""
END = "end"
"""The purpose of codes that confirm an end by mail."""
_CONFIRM_WITHIN = timedelta(days=14)
_HOURS = re.compile(r"(?:(\d{4}-\S+)\s+(?:(\d{4}-\S+)\s+)?)?(.*)", re.DOTALL)


def holding(work: Work, connection: Connection, person: Person, pair: Pair) -> list[Kept]:
    """What a person chose that is running or to come; of ends, this pair's alone."""
    today = local_day(person, work.now)
    return [
        kept
        for kept in choices.holding(connection, person.email)
        if not is_over(kept.choice, today)
        and (kept.choice.kind is not ChoiceKind.END or _key(kept.choice) == pair.key)
    ]


def _key(choice: Choice) -> tuple[str, str]:
    return choice.mentor, choice.mentee


def choose(work: Work, connection: Connection, choice: Choice) -> int:
    """Keep a choice and give its number; the same choice twice is one."""
    for kept in choices.holding(connection, choice.person):
        if kept.choice == choice:
            return kept.id
    number = choices.add(connection, choice, work.now)
    work.counts.add("answers")
    log.info("chosen", kind=str(choice.kind), choice=number, person=choice.person)
    return number


def undo(work: Work, connection: Connection, person: Person, number: int) -> Choice | None:
    """Take back a person's own choice that is not over; None where there is none."""
    today = local_day(person, work.now)
    for kept in choices.holding(connection, person.email):
        if kept.id == number and not is_over(kept.choice, today):
            choices.undo(connection, number, person.email, work.now)
            log.info("choice_undone", choice=number, person=person.email)
            return kept.choice
    return None


def the_end(work: Work, person: Person, pair: Pair) -> Choice:
    """The end of a pair as of today, in the programme's zone."""
    return Choice(person.email, ChoiceKind.END, work.today, mentor=pair.mentor, mentee=pair.mentee)


def has_ended(work: Work, pair: Pair) -> bool:
    return work.today > pair.end


def tell_of_ends(work: Work) -> None:
    """Both and the coordinator hear, once, that a pair ended; never by whom.

    An end is settled when the coordinator takes the pair out: put in again, it begins anew.
    """
    with work.engine.begin() as connection:
        for kept in choices.holding(connection):
            if kept.choice.kind is not ChoiceKind.END:
                continue
            pair = work.roster.pair(_key(kept.choice))
            if pair is None:
                choices.undo(connection, kept.id, kept.choice.person, work.now)
            elif has_ended(work, pair):
                _tell_of_end(work, connection, pair)


def _tell_of_end(work: Work, connection: Connection, pair: Pair) -> None:
    people = work.roster.both_of(pair)
    told = [(reader(person, work.now), False) for person in people]
    for to, for_coordinator in (*told, (work.coordinator(), True)):
        notice = EndedNotice(
            key=f"ended:{pair.mentor}:{pair.mentee}:{pair.end}:{to.email}",
            reader=to,
            mentor=party(people[0], work.now),
            mentee=party(people[1], work.now),
            for_coordinator=for_coordinator,
        )
        post(work, connection, notice)


def away_by_mail(work: Work, connection: Connection, code: Code, rest: str) -> None:
    """AWAY code 2027-03-01 2027-03-14."""
    found = _sender(work, code)
    if found is None:
        return
    person, _ = found
    first, _, last = rest.strip().partition(" ")
    made = away(person.email, first, last.strip(), local_day(person, work.now))
    _kept_or_misread(work, connection, code, "AWAY", made)


def hours_by_mail(work: Work, connection: Connection, code: Code, rest: str) -> None:
    """HOURS code [from [until]] Mon-Thu 09:00-15:00."""
    found = _sender(work, code)
    if found is None:
        return
    person, _ = found
    today = local_day(person, work.now)
    match = _HOURS.fullmatch(rest.strip())
    first, last, text = match.groups("") if match else ("", "", "")
    made = other_hours(person.email, text, first or today.isoformat(), last, today)
    _kept_or_misread(work, connection, code, "HOURS", made)


def back_by_mail(work: Work, connection: Connection, code: Code, _rest: str) -> None:
    """BACK code: away no more."""
    found = _sender(work, code)
    if found is None:
        return
    person, pair = found
    kept = [k for k in holding(work, connection, person, pair) if k.choice.kind is ChoiceKind.AWAY]
    for away_now in kept:
        undo(work, connection, person, away_now.id)
        _confirm(work, connection, person, away_now, undone=True)
    if not kept:
        _misread(work, connection, code, "AWAY", Fault.NOT_AWAY)


def end_by_mail(work: Work, connection: Connection, code: Code, _rest: str) -> None:
    """END code: asked back first, since it is not meant to slip."""
    found = _sender(work, code)
    if found is None:
        return
    person, pair = found
    if has_ended(work, pair):
        return  # both were told
    other = next(p for p in work.roster.both_of(pair) if p.email != person.email)
    day = work.today.isoformat()
    notice = EndCheckNotice(
        key=f"endcheck:{pair.mentor}:{pair.mentee}:{day}:{person.email}",
        reader=reader(person, work.now),
        other=party(other, work.now),
        code=codes.issue(work, connection, END, person.email, *pair.key, day),
        link=page_link(work.roster, work.secret, work.now, CHOICES, person.email, *pair.key),
    )
    post(work, connection, notice)


def confirm_by_mail(work: Work, connection: Connection, code: Code, _rest: str) -> None:
    """CONFIRM code: the second step of an end; good for a fortnight."""
    *key, asked = code.about
    pair = work.roster.pair(tuple(key))
    person = work.roster.people.get(code.person)
    if pair is None or person is None or has_ended(work, pair):
        return
    if work.today - _CONFIRM_WITHIN > date.fromisoformat(asked):
        return
    choice = the_end(work, person, pair)
    number = choose(work, connection, choice)
    _confirm(work, connection, person, Kept(number, choice), undone=False)


def undo_by_mail(work: Work, connection: Connection, code: Code, _rest: str) -> None:
    """UNDO code: that one choice is taken back."""
    person, number = work.roster.people.get(code.person), int(code.about[0])
    if person is None:
        return
    choice = undo(work, connection, person, number)
    if choice:
        _confirm(work, connection, person, Kept(number, choice), undone=True)


def _sender(work: Work, code: Code) -> tuple[Person, Pair] | None:
    person, pair = work.roster.people.get(code.person), work.roster.pair(code.about)
    return (person, pair) if person and pair else None


def _kept_or_misread(
    work: Work, connection: Connection, code: Code, word: str, made: Choice | Fault
) -> None:
    if isinstance(made, Fault):
        _misread(work, connection, code, word, made)
        return
    person = work.roster.people[code.person]
    number = choose(work, connection, made)
    _confirm(work, connection, person, Kept(number, made), undone=False)


def _confirm(
    work: Work, connection: Connection, person: Person, kept: Kept, *, undone: bool
) -> None:
    """Say what was understood, and how to undo it."""
    key = f"chosen:{kept.id}:undone" if undone else f"chosen:{kept.id}"
    other = next((e for e in _key(kept.choice) if e != person.email), "")
    notice = ChosenNotice(
        key=f"{key}:{person.email}",
        reader=reader(person, work.now),
        choice=kept.choice.kind,
        first=kept.choice.first,
        last=kept.choice.last,
        hours=kept.choice.value,
        other=work.roster.people[other].name if other in work.roster.people else "",
        code="" if undone else codes.issue(work, connection, UNDO, person.email, str(kept.id)),
        undone=undone,
    )
    post(work, connection, notice)


def _misread(work: Work, connection: Connection, code: Code, word: str, fault: Fault) -> None:
    person = work.roster.people[code.person]
    day = local_day(person, work.now) + timedelta(days=7)
    examples = {
        "AWAY": f"{day} {day + timedelta(days=13)}",
        "HOURS": "Mon-Thu 09:00-15:00",
    }
    notice = MisreadNotice(
        key=misread_key(work, person),
        reader=reader(person, work.now),
        problem=str(fault),
        word=word,
        code=codes.issue(work, connection, CHOICES, person.email, *code.about),
        example=examples[word],
    )
    post(work, connection, notice)

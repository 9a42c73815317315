"""A supervisor's deadlines: entered on a page or by mail, said back once, and undone.

By mail one counts only where our receiving server vouches for the sender. Where it says nothing,
the supervisor's own address is asked first; where it says no, nothing happens.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import structlog
from sqlalchemy.engine import Connection

from mentoring.authentication import Verdict, verdict
from mentoring.deadline_mail import DeadlineAsked
from mentoring.deadline_words import Days, read_deadline, written
from mentoring.deadlines import (
    MOST,
    Deadline,
    DeadlineCheckNotice,
    DeadlineMisreadNotice,
    DeadlineNotice,
    Fault,
    fault_in,
    touches,
)
from mentoring.meeting import LIVE
from mentoring.roster import Person, Roster
from service import codes
from service.links import page_link
from service.post import post
from service.summaries import DEADLINE, next_week
from service.work import Work, reader
from store import deadlines, meetings, private
from store.codes import Code

log = structlog.get_logger()

CONFIRM, UNDO = "deadline confirm", "deadline undo"
"""The purposes of codes that do it by mail."""
_CONFIRM_WITHIN = timedelta(days=14)
_GOOGLE = "mx.google.com"
"""What Gmail and Google Workspace call themselves in Authentication-Results."""


def people_of(work: Work, supervisor: str) -> list[Person]:
    """A supervisor's own people in pairs that have not ended, by name."""
    paired = {email for p in work.roster.pairs if work.today <= p.end for email in p.key}
    people = work.roster.people.values()
    theirs = [p for p in people if p.supervisor and p.supervisor.email == supervisor]
    return sorted((p for p in theirs if p.email in paired), key=lambda p: p.name)


def holding(work: Work, connection: Connection, supervisor: str) -> list[Deadline]:
    """What a supervisor entered for people who are theirs still, and is not over; by date."""
    theirs = {person.email for person in people_of(work, supervisor)}
    kept = [
        d
        for d in deadlines.holding(connection)
        if d.supervisor == supervisor and d.employee in theirs and not d.is_over(work.today)
    ]
    return sorted(kept, key=lambda d: (d.first, d.last, d.id))


def enter(
    work: Work, connection: Connection, boss: Person, employees: Sequence[Person], days: Days
) -> Fault | None:
    """Keep a deadline for these people and say so to the supervisor; what was kept stays one."""
    if fault := _fault(work, connection, boss, employees, days):
        return fault
    known = {(d.employee, d.first, d.last) for d in holding(work, connection, boss.email)}
    fresh = [p for p in employees if (p.email, days.first, days.last) not in known]
    if not fresh:
        return None
    moving = _moving(work, connection, fresh, days)
    added = [
        deadlines.add(connection, p.email, boss.email, days.first, days.last, work.now)
        for p in fresh
    ]
    work.counts.add("answers")
    log.info("deadline_entered", deadlines=added, supervisor=boss.email)
    _say(work, connection, boss, fresh, added, days, moving=moving)
    return None


def _fault(
    work: Work, connection: Connection, boss: Person, employees: Sequence[Person], days: Days
) -> Fault | None:
    if not employees:
        return Fault.WHO
    if fault := fault_in(days.first, days.last, work.today):
        return fault
    kept = [d.employee for d in holding(work, connection, boss.email)]
    return Fault.MANY if any(kept.count(p.email) >= MOST for p in employees) else None


def _moving(work: Work, connection: Connection, people: Sequence[Person], days: Days) -> int:
    """How many meetings must move. A private one isn't counted: its count would be its date."""
    moving: set[str] = set()
    for person in people:
        hidden = private.marked(connection, person.email)
        for pair in work.roster.pairs_of(person.email):
            moving |= {
                b.uid
                for b in meetings.of_pair(connection, *pair.key)
                if b.meeting.state in LIVE
                and b.meeting.slot.start > work.now
                and b.uid not in hidden
                and touches(person, b.meeting.slot, days.first, days.last)
            }
    return len(moving)


def undo(work: Work, connection: Connection, boss: Person, numbers: Sequence[int]) -> bool:
    """Take back a supervisor's own deadlines of one range, and say so; False for none."""
    kept = [d for d in holding(work, connection, boss.email) if d.id in numbers]
    undone = [d for d in kept if deadlines.undo(connection, d.id, boss.email, work.now)]
    if not undone:
        return False
    people = [work.roster.people[d.employee] for d in undone]
    days = Days(undone[0].first, undone[0].last)
    log.info("deadline_undone", deadlines=[d.id for d in undone], supervisor=boss.email)
    _say(work, connection, boss, people, [d.id for d in undone], days, undone=True)
    return True


def _say(
    work: Work,
    connection: Connection,
    boss: Person,
    people: Sequence[Person],
    numbers: Sequence[int],
    days: Days,
    *,
    moving: int = 0,
    undone: bool = False,
) -> None:
    """One mail an entry, whomever it is for. Its number lets the same days be entered again."""
    whom = ",".join(person.email for person in people)
    step = "undone" if undone else "entered"
    about = tuple(str(number) for number in numbers)
    notice = DeadlineNotice(
        key=f"deadline:{whom}:{days.first}..{days.last}:{numbers[0]}:{step}:{boss.email}",
        reader=reader(boss, work.now),
        employees=tuple(person.name for person in people),
        everyone=_are_all(work, boss, people),
        first=days.first,
        last=days.last,
        moving=moving,
        code="" if undone else codes.issue(work, connection, UNDO, boss.email, *about),
        link=page(work, boss),
        undone=undone,
    )
    post(work, connection, notice)


def _are_all(work: Work, boss: Person, people: Sequence[Person]) -> bool:
    return 1 < len(people) == len(people_of(work, boss.email))


def page(work: Work, boss: Person, *about: str) -> str:
    """The supervisor's page; `about` fills its form: first and last day, then addresses."""
    return page_link(work.roster, work.secret, work.now, DEADLINE, boss.email, *about)


def authserv(roster: Roster) -> str:
    """The name under which our receiving server vouches for senders; empty where none is known."""
    mail = roster.settings.mail
    default = _GOOGLE if str(mail.get("inbox", "")).startswith("google:") else ""
    return str(mail.get("authserv", default))


def by_mail(work: Work, connection: Connection, asked: DeadlineAsked) -> None:
    """A mail that begins with DEADLINE: recorded, asked back, answered with a right form, or not
    heeded at all."""
    boss = work.supervisor(asked.sender)
    people = people_of(work, boss.email) if boss else []
    if boss is None or not people:
        log.info("deadline_from_stranger", message=asked.message_id)
        return
    days = read_deadline(asked.text, work.today, [(p.name, p.email) for p in people])
    if isinstance(days, Fault) and not asked.plainly:
        return  # an answer to our own mail about one
    vouched = verdict(asked.headers, asked.sender, authserv(work.roster))
    if vouched is Verdict.FAILED:
        log.warning("deadline_forged", supervisor=boss.email, message=asked.message_id)
        return
    if isinstance(days, Fault):
        _misread(work, connection, boss, days)
        return
    employees = [p for p in people if p.email in days.people or not days.people]
    if vouched is Verdict.UNKNOWN:
        fault = _fault(work, connection, boss, employees, days)
        if fault is None:
            _ask_back(work, connection, boss, employees, days)
    else:
        fault = enter(work, connection, boss, employees, days)
    if fault:
        _misread(work, connection, boss, fault)


def _ask_back(
    work: Work, connection: Connection, boss: Person, employees: Sequence[Person], days: Days
) -> None:
    """Whether the supervisor wrote it: only who reads their mail can say. Once a day."""
    about = (str(days.first), str(days.last), *(p.email for p in employees))
    asked = str(work.today)
    notice = DeadlineCheckNotice(
        key=f"deadlinecheck:{boss.email}:{asked}",
        reader=reader(boss, work.now),
        employees=tuple(person.name for person in employees),
        everyone=_are_all(work, boss, employees),
        first=days.first,
        last=days.last,
        code=codes.issue(work, connection, CONFIRM, boss.email, asked, *about),
        link=page(work, boss, *about),
    )
    if post(work, connection, notice):
        log.info("deadline_asked_back", supervisor=boss.email)


def _misread(work: Work, connection: Connection, boss: Person, fault: Fault) -> None:
    """What is wrong, with a form that is right; once a day."""
    people = people_of(work, boss.email)
    notice = DeadlineMisreadNotice(
        key=f"deadlinemisread:{boss.email}:{work.today}",
        reader=reader(boss, work.now),
        problem=fault,
        example=written(*next_week(work.today), boss.language),
        name=people[0].name if len(people) > 1 else "",
        link=page(work, boss),
    )
    post(work, connection, notice)


def confirm_by_mail(work: Work, connection: Connection, code: Code, _rest: str) -> None:
    """CONFIRM code: the supervisor wrote that mail; good for a fortnight."""
    boss = work.supervisor(code.person)
    asked, first, last, *emails = code.about
    if boss is None or work.today - _CONFIRM_WITHIN > date.fromisoformat(asked):
        return
    employees = [p for p in people_of(work, boss.email) if p.email in emails]
    days = Days(date.fromisoformat(first), date.fromisoformat(last))
    if employees and (fault := enter(work, connection, boss, employees, days)):
        _misread(work, connection, boss, fault)


def undo_by_mail(work: Work, connection: Connection, code: Code, _rest: str) -> None:
    """UNDO code: what one mail recorded is taken back."""
    if boss := work.supervisor(code.person):
        undo(work, connection, boss, [int(number) for number in code.about])

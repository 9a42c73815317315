"""A pair's stages: the mid-point check, planning the close, the close with its record."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Connection

from mentoring.agreement import terms_of
from mentoring.cohort import Celebration, Record, StageNotice, Step, due_step, next_step_on
from mentoring.interval import Interval
from mentoring.meeting import State
from mentoring.met import minutes_met
from mentoring.planning import planning_sheet
from mentoring.roster import Pair, Roster
from service.agreeing import PURPOSE as AGREEMENT
from service.briefing import who_was_there
from service.events import gatherings
from service.links import page_link
from service.post import post
from service.work import Work, party, reader, reading
from store import meetings, met, outbox


def stages(work: Work) -> None:
    """Tell each pair of the newest stage that it has reached, once."""
    with reading(work.engine) as connection:
        said = outbox.said(connection, "stage:")
    for pair in work.roster.pairs:
        step = due_step(pair, work.today)
        if step and not said >= {_key(pair, step, person) for person in pair.key}:
            with work.engine.begin() as connection:
                _tell(work, connection, pair, step)


def _key(pair: Pair, step: Step, person: str) -> str:
    return f"stage:{pair.mentor}:{pair.mentee}:{step}:{person}"


def _tell(work: Work, connection: Connection, pair: Pair, step: Step) -> None:
    people = work.roster.both_of(pair)
    sheet = planning_sheet(work.roster, pair, work.now)
    for number, person in enumerate(people):
        notice = StageNotice(
            key=_key(pair, step, person.email),
            reader=reader(person, work.now),
            other=party(people[1 - number], work.now),
            step=step,
            end=pair.end,
            terms=terms_of(pair),
            record=record(work, connection, pair, person.email),
            idea=sheet.idea if step is Step.MIDPOINT else None,
            expertise=sheet.expertise,
            celebration=_celebration(work.roster, work),
            agreement=page_link(
                work.roster, work.secret, work.now, AGREEMENT, person.email, *pair.key
            ),
        )
        post(work, connection, notice, expires_at=_until(work, pair, step))


def _until(work: Work, pair: Pair, step: Step) -> datetime | None:
    day = next_step_on(pair, step)
    if day is None:
        return None
    return datetime.combine(day, time(), ZoneInfo(work.roster.programme.timezone))


def record(work: Work, connection: Connection, pair: Pair, person: str) -> Record:
    """What the two did so far; `events` are those that this one of them attended."""
    held = [
        b
        for b in meetings.of_pair(connection, *pair.key)
        if b.meeting.state is State.HELD
        or (b.meeting.state is State.CONFIRMED and b.meeting.slot.end <= work.now)
    ]
    said = met.said_of(connection, [b.uid for b in held])
    minutes = sum(
        minutes_met(said.get(b.uid, ()), int(b.meeting.slot.length.total_seconds() // 60))
        for b in held
    )
    attended = sum(
        person in who_was_there(work, connection, gathering)[0]
        for gathering in gatherings(work, connection)
        if gathering.event.end <= work.now and pair.start <= gathering.event.start.date()
    )
    return Record(len(held), minutes, pair.start, attended)


def _celebration(roster: Roster, work: Work) -> Celebration | None:
    """The next celebration of the programme, if there is one ahead."""
    ahead = [e for e in roster.events if e.kind == "celebration" and e.start > work.now]
    first = min(ahead, key=lambda e: e.start, default=None)
    if first is None:
        return None
    return Celebration(first.title, Interval(first.start, first.end), first.place, first.link)

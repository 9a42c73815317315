"""Introducing a new pair: who the other is, and the planning sheet."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Connection

from mentoring.cohort import INTRODUCED_AHEAD
from mentoring.planning import IntroNotice, Sheet, card, planning_sheet
from mentoring.roster import Pair
from service.links import page_link
from service.post import post
from service.work import Work, reader, reading
from store import meetings, outbox

PURPOSE = "planning"


def introduce(work: Work) -> None:
    """Introduce each pair two weeks before it starts, or as soon as it is known.

    A pair that has met before this daemon knew of introductions needs none.
    """
    with reading(work.engine) as connection:
        said = outbox.said(connection, "intro:")
        met = meetings.pairs_that_met(connection, work.now)
    for pair in work.roster.pairs:
        begin = pair_start(work, pair)
        if pair.key in met or begin - INTRODUCED_AHEAD > work.now or work.today > pair.end:
            continue
        if not said >= {_key(pair, person) for person in pair.key}:
            with work.engine.begin() as connection:
                _introduce(work, connection, pair, max(begin, work.now))


def _key(pair: Pair, person: str) -> str:
    return f"intro:{pair.mentor}:{pair.mentee}:{person}"


def pair_start(work: Work, pair: Pair) -> datetime:
    """Midnight of the pair's first day on the programme's clock."""
    return datetime.combine(pair.start, time(), ZoneInfo(work.roster.programme.timezone))


def sheet_of(work: Work, pair: Pair) -> Sheet:
    return planning_sheet(work.roster, pair, max(pair_start(work, pair), work.now))


def _introduce(work: Work, connection: Connection, pair: Pair, at: datetime) -> None:
    people = work.roster.both_of(pair)
    for number, person in enumerate(people):
        notice = IntroNotice(
            key=_key(pair, person.email),
            reader=reader(person, at),
            other=card(people[1 - number], at),
            mine=card(person, at),
            sheet=planning_sheet(work.roster, pair, at),
            link=page_link(work.roster, work.secret, work.now, PURPOSE, person.email, *pair.key),
        )
        post(work, connection, notice)

"""Introducing a new pair: who the other is, and the planning sheet."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Connection

from mentoring.planning import IntroNotice, Sheet, card, planning_sheet
from mentoring.roster import Pair
from service.links import page_link
from service.post import post
from service.work import Work, reader

PURPOSE = "planning"
_AHEAD = timedelta(days=7)


def introduce(work: Work) -> None:
    """Introduce each pair a week before it starts, or as soon as it is known."""
    for pair in work.roster.pairs:
        begin = pair_start(work, pair)
        if begin - _AHEAD <= work.now and work.now.date() <= pair.end:
            with work.engine.begin() as connection:
                _introduce(work, connection, pair, max(begin, work.now))


def pair_start(work: Work, pair: Pair) -> datetime:
    """Midnight of the pair's first day on the programme's clock."""
    return datetime.combine(pair.start, time(), ZoneInfo(work.roster.programme.timezone))


def sheet_of(work: Work, pair: Pair) -> Sheet:
    return planning_sheet(work.roster, pair, max(pair_start(work, pair), work.now))


def _introduce(work: Work, connection: Connection, pair: Pair, at: datetime) -> None:
    people = work.roster.both_of(pair)
    for number, person in enumerate(people):
        notice = IntroNotice(
            key=f"intro:{pair.mentor}:{pair.mentee}:{person.email}",
            reader=reader(person, at),
            other=card(people[1 - number], at),
            mine=card(person, at),
            sheet=planning_sheet(work.roster, pair, at),
            link=page_link(work.roster, work.secret, work.now, PURPOSE, person.email, *pair.key),
        )
        post(work, connection, notice)

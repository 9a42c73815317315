"""Rows of polls, in which partners pick a time, and of what each of them ticked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlalchemy.engine import Connection, Row

from mentoring.interval import Interval
from mentoring.poll import Option, Poll
from store.instants import instant, seconds
from store.tables_programme import poll_answers, polls

_RUNNING = select(polls).where(polls.c.closed_at.is_(None)).order_by(polls.c.made_at, polls.c.id)


def running(connection: Connection) -> list[Poll]:
    """Polls that are not closed, oldest first."""
    return _polls(connection, _RUNNING)


_RUNNING_FOR = _RUNNING.where(
    polls.c.mentor == bindparam("mentor"), polls.c.mentee == bindparam("mentee")
)


def running_for(connection: Connection, mentor: str, mentee: str) -> Poll | None:
    """The pair's poll that is not closed."""
    return next(iter(_polls(connection, _RUNNING_FOR, {"mentor": mentor, "mentee": mentee})), None)


def by_id(connection: Connection, number: str) -> Poll | None:
    return next(iter(_polls(connection, select(polls).where(polls.c.id == number))), None)


def outcome(connection: Connection, number: str) -> str | None:
    """How a poll was closed: the UID that was booked or ""; None while it runs."""
    query = select(polls.c.outcome).where(polls.c.id == number, polls.c.closed_at.is_not(None))
    return connection.execute(query).scalar()


def _polls(
    connection: Connection, query: Select[Any], about: Mapping[str, str] | None = None
) -> list[Poll]:
    rows = connection.execute(query, about).all()
    return [_poll(connection, row) for row in rows]


_ANSWERS = select(poll_answers).where(poll_answers.c.poll == bindparam("which"))


def _poll(connection: Connection, row: Row[Any]) -> Poll:
    answers = connection.execute(_ANSWERS, {"which": row.id})
    return Poll(
        id=row.id,
        mentor=row.mentor,
        mentee=row.mentee,
        options=tuple(
            Option(Interval(instant(start), instant(end)), cost, on_site)
            for start, end, cost, on_site in json.loads(row.options)
        ),
        made_at=instant(row.made_at),
        answers={a.person: frozenset(map(instant, json.loads(a.starts))) for a in answers},
    )


def add(connection: Connection, poll: Poll) -> None:
    options = [
        (seconds(o.interval.start), seconds(o.interval.end), o.cost, o.on_site)
        for o in poll.options
    ]
    connection.execute(
        polls.insert().values(
            id=poll.id,
            mentor=poll.mentor,
            mentee=poll.mentee,
            options=json.dumps(options),
            made_at=seconds(poll.made_at),
        )
    )


def answer(
    connection: Connection, number: str, person: str, starts: Iterable[datetime], now: datetime
) -> None:
    """What suits a person; a later answer takes the place of an earlier one."""
    connection.execute(
        poll_answers.delete().where(poll_answers.c.poll == number, poll_answers.c.person == person)
    )
    connection.execute(
        poll_answers.insert().values(
            poll=number,
            person=person,
            starts=json.dumps(sorted(seconds(start) for start in starts)),
            at=seconds(now),
        )
    )


def close(connection: Connection, number: str, outcome: str, now: datetime) -> None:
    """End a poll; `outcome` is the UID that was booked, or empty."""
    connection.execute(
        polls.update()
        .where(polls.c.id == number, polls.c.closed_at.is_(None))
        .values(closed_at=seconds(now), outcome=outcome)
    )

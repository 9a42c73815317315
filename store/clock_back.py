"""Rows that a clock which was ahead has dated, put right."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.engine import Connection

from mentoring.meeting import Partstat, State
from store.instants import seconds
from store.outbox import EXPIRED, QUEUED, SENDING
from store.tables import attendances, meetings, outbox


def put_right(connection: Connection, now: datetime) -> dict[str, int]:
    """Let nothing wait for a time that a wrong clock wrote; how many rows of each kind changed.

    Meetings that were over by that clock are ahead again; letters that had expired are queued
    again, where none about the same came after.
    """
    present = seconds(now)
    waiting = outbox.c.state.in_((QUEUED, SENDING)) & (outbox.c.next_attempt > present)
    tried = connection.execute(outbox.update().where(waiting).values(next_attempt=present))
    later = attendances.c.answered > present
    answers = connection.execute(attendances.update().where(later).values(answered=present))
    return {
        "letters_due": tried.rowcount,
        "answers": answers.rowcount,
        "meetings": _meetings(connection, present),
        "letters_again": _letters(connection, present),
    }


def _meetings(connection: Connection, present: int) -> int:
    """Nobody held or missed what is still to come."""
    ahead = meetings.c.state.in_((State.HELD, State.MISSED)) & (meetings.c.start > present)
    refused = (
        select(attendances.c.uid)
        .where(attendances.c.uid == meetings.c.uid, attendances.c.partstat != Partstat.ACCEPTED)
        .exists()
    )
    count = 0
    for open_answer, state in ((refused, State.PROPOSED), (~refused, State.CONFIRMED)):
        again = meetings.update().where(ahead, open_answer).values(state=state, assumed=False)
        count += connection.execute(again).rowcount
    return count


def _letters(connection: Connection, present: int) -> int:
    newest = (
        select(func.max(outbox.c.id))
        .where(outbox.c.uid != "")
        .group_by(outbox.c.uid, outbox.c.recipient)
    )
    expired = (outbox.c.state == EXPIRED) & (outbox.c.expires_at > present)
    last_word = (outbox.c.uid == "") | outbox.c.id.in_(newest)
    again = outbox.update().where(expired, last_word)
    return connection.execute(again.values(state=QUEUED, next_attempt=present)).rowcount

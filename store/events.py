"""Rows of the programme's events as people were told of them, of who comes and who was there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.engine import Connection

from mentoring.programme_events import Rsvp
from store.instants import instant, seconds
from store.tables_programme import events, rsvps


@dataclass(frozen=True)
class Kept:
    """An event as it was last told. `details` is a digest of what it says."""

    id: str
    sequence: int
    details: str
    start: datetime
    end: datetime
    cancelled_at: datetime | None = None


@dataclass(frozen=True)
class Answer:
    """One person's side of an event. `attended` is their own word, where they gave one."""

    rsvp: Rsvp | None = None
    answered: datetime | None = None
    attended: bool | None = None


_EVERY = select(events)


def every(connection: Connection) -> dict[str, Kept]:
    return {
        row.id: Kept(
            row.id,
            row.sequence,
            row.details,
            instant(row.start),
            instant(row.end),
            instant(row.cancelled_at),
        )
        for row in connection.execute(_EVERY)
    }


def save(connection: Connection, kept: Kept) -> None:
    values = {
        "sequence": kept.sequence,
        "details": kept.details,
        "start": seconds(kept.start),
        "end": seconds(kept.end),
        "cancelled_at": None if kept.cancelled_at is None else seconds(kept.cancelled_at),
    }
    known = connection.execute(select(events.c.id).where(events.c.id == kept.id)).first()
    if known is None:
        connection.execute(events.insert().values(id=kept.id, **values))
    else:
        connection.execute(events.update().where(events.c.id == kept.id).values(**values))


def answers(connection: Connection, event: str) -> dict[str, Answer]:
    """What everyone said of an event, by their address."""
    rows = connection.execute(select(rsvps).where(rsvps.c.event == event))
    return {
        row.person: Answer(
            Rsvp(row.answer) if row.answer else None, instant(row.answered), row.attended
        )
        for row in rows
    }


def write(connection: Connection, event: str, person: str, answer: Answer, now: datetime) -> None:
    connection.execute(rsvps.delete().where(rsvps.c.event == event, rsvps.c.person == person))
    connection.execute(
        rsvps.insert().values(
            event=event,
            person=person,
            answer=answer.rsvp or "",
            answered=None if answer.answered is None else seconds(answer.answered),
            attended=answer.attended,
            attended_at=None if answer.attended is None else seconds(now),
        )
    )


def forget_answers(connection: Connection, event: str) -> None:
    """An event that moved is another question."""
    connection.execute(rsvps.delete().where(rsvps.c.event == event))


def refused(connection: Connection, person: str) -> frozenset[str]:
    """The events that a person said no to."""
    query = select(rsvps.c.event).where(rsvps.c.person == person, rsvps.c.answer == Rsvp.ABSENT)
    return frozenset(connection.execute(query).scalars())

"""Rows of what partners chose for themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import bindparam, select
from sqlalchemy.engine import Connection

from mentoring.choices import Choice, ChoiceKind
from store.instants import seconds
from store.tables_programme import choices


@dataclass(frozen=True)
class Kept:
    """A choice that holds, with its number, by which it can be undone."""

    id: int
    choice: Choice


_HOLDING = select(choices).where(choices.c.undone_at.is_(None)).order_by(choices.c.id)
_OF_PERSON = _HOLDING.where(choices.c.person == bindparam("whose"))


def holding(connection: Connection, person: str = "") -> list[Kept]:
    """Choices that nobody took back, oldest first; of one person or of all."""
    query, about = (_OF_PERSON, {"whose": person}) if person else (_HOLDING, {})
    return [
        Kept(
            row.id,
            Choice(
                row.person,
                ChoiceKind(row.kind),
                date.fromisoformat(row.first),
                date.fromisoformat(row.last) if row.last else None,
                row.value,
                row.mentor,
                row.mentee,
            ),
        )
        for row in connection.execute(query, about)
    ]


def add(connection: Connection, choice: Choice, now: datetime) -> int:
    """Keep a choice; its number."""
    added = choices.insert().values(
        person=choice.person,
        kind=choice.kind,
        mentor=choice.mentor,
        mentee=choice.mentee,
        first=choice.first.isoformat(),
        last=choice.last.isoformat() if choice.last else None,
        value=choice.value,
        at=seconds(now),
    )
    number: int = connection.execute(added.returning(choices.c.id)).scalar_one()
    return number


def undo(connection: Connection, number: int, person: str, now: datetime) -> bool:
    """Take a choice of this person back; False where there is none to take back."""
    changed = connection.execute(
        choices.update()
        .where(choices.c.id == number, choices.c.person == person, choices.c.undone_at.is_(None))
        .values(undone_at=seconds(now))
    )
    return changed.rowcount == 1

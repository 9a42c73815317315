"""Rows of the deadlines that supervisors entered for their people."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import bindparam, select
from sqlalchemy.engine import Connection

from mentoring.deadlines import Deadline as Deadline
from store.instants import seconds
from store.tables_supervision import deadlines

_HOLDING = select(deadlines).where(deadlines.c.undone_at.is_(None)).order_by(deadlines.c.id)
_OF_EMPLOYEE = _HOLDING.where(deadlines.c.employee == bindparam("whose"))


def holding(connection: Connection, employee: str = "") -> list[Deadline]:
    """Deadlines that nobody took back, oldest first; of one employee or of all."""
    query, about = (_OF_EMPLOYEE, {"whose": employee}) if employee else (_HOLDING, {})
    return [
        Deadline(
            row.id,
            row.employee,
            row.supervisor,
            date.fromisoformat(row.first),
            date.fromisoformat(row.last),
        )
        for row in connection.execute(query, about)
    ]


def add(
    connection: Connection, employee: str, supervisor: str, first: date, last: date, now: datetime
) -> int:
    """Keep a deadline; its number."""
    added = deadlines.insert().values(
        employee=employee,
        supervisor=supervisor,
        first=first.isoformat(),
        last=last.isoformat(),
        at=seconds(now),
    )
    number: int = connection.execute(added.returning(deadlines.c.id)).scalar_one()
    return number


def undo(connection: Connection, number: int, supervisor: str, now: datetime) -> bool:
    """Take back a deadline of this supervisor; False where there is none to take back."""
    changed = connection.execute(
        deadlines.update()
        .where(
            deadlines.c.id == number,
            deadlines.c.supervisor == supervisor,
            deadlines.c.undone_at.is_(None),
        )
        .values(undone_at=seconds(now))
    )
    return changed.rowcount == 1

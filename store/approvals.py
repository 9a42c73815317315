"""Rows of supervisors who approved their employee's mentoring time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.engine import Connection

from store.instants import instant, seconds
from store.tables_programme import approvals


def write(connection: Connection, employee: str, supervisor: str, now: datetime) -> None:
    """Note an approval; the first one stays."""
    if at(connection, employee, supervisor) is None:
        connection.execute(
            approvals.insert().values(employee=employee, supervisor=supervisor, at=seconds(now))
        )


def at(connection: Connection, employee: str, supervisor: str) -> datetime | None:
    """When this supervisor approved; None where they did not."""
    query = select(approvals.c.at).where(
        approvals.c.employee == employee, approvals.c.supervisor == supervisor
    )
    return instant(connection.execute(query).scalar())

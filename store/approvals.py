"""Rows of supervisors who approved their employee's mentoring time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.engine import Connection

from store.instants import instant, seconds
from store.tables_programme import approvals


def write(connection: Connection, employee: str, supervisor: str, now: datetime) -> None:
    """Note an approval; the first one stays."""
    if at(connection, employee, supervisor) is None:
        connection.execute(
            approvals.insert().values(employee=employee, supervisor=supervisor, at=seconds(now))
        )


_AT = select(approvals.c.at).where(
    approvals.c.employee == bindparam("whose"), approvals.c.supervisor == bindparam("by")
)


def at(connection: Connection, employee: str, supervisor: str) -> datetime | None:
    """When this supervisor approved; None where they did not."""
    about = {"whose": employee, "by": supervisor}
    return instant(connection.execute(_AT, about).scalar())

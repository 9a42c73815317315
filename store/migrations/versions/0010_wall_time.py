"""The wall time that was agreed for each meeting, and the tzdata version it was placed by."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("wall", "rules"):
        column = sa.Column(name, sa.String(), nullable=False, server_default="")
        op.add_column("meetings", column)
    _fill(op.get_bind())


def _fill(connection: sa.engine.Connection) -> None:
    """What clocks read at the meetings that are there, by the rules of now."""
    names = ("uid", "start", "zone", "wall")
    meetings = sa.table("meetings", *(sa.column(name) for name in names))
    for uid, start, zone, _ in connection.execute(sa.select(meetings)).all():
        local = datetime.fromtimestamp(start, UTC).astimezone(ZoneInfo(zone))
        wall = local.isoformat(timespec="seconds")
        connection.execute(meetings.update().where(meetings.c.uid == uid).values(wall=wall))

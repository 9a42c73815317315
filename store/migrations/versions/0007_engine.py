"""What the slot engine keeps: busy times as bits."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_QUARTER = 900
_DAY = 96
_AHEAD = 400 * _DAY


def upgrade() -> None:
    bits = op.create_table(
        "busy_bits",
        sa.Column("person", sa.String, primary_key=True),
        sa.Column("first", sa.Integer, nullable=False),
        sa.Column("bits", sa.LargeBinary, nullable=False),
    )
    _fill(op.get_bind(), bits)
    op.create_table(
        "decisions",
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("inputs", sa.LargeBinary(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["uid"], ["meetings.uid"]),
        sa.PrimaryKeyConstraint("uid", "sequence"),
    )


def _fill(connection: sa.engine.Connection, bits: sa.Table) -> None:
    """The bits of the busy stretches that are there already, for 400 days."""
    names = ("person", "start", "end")
    busy = sa.table("busy", *(sa.column(name) for name in names))
    runs: dict[str, list[tuple[int, int]]] = {}
    for person, start, end in connection.execute(sa.select(busy).where(busy.c.start < busy.c.end)):
        runs.setdefault(person, []).append((start // _QUARTER, -(-end // _QUARTER)))
    now = int(datetime.now(UTC).timestamp()) // _QUARTER - _DAY
    for person, known in runs.items():
        value = 0
        for begin, end in known:
            first, last = max(begin - now, 0), min(end - now, _AHEAD)
            if first < last:
                value |= (1 << last - first) - 1 << first
        packed = value.to_bytes(-(-value.bit_length() // 8), "little")
        connection.execute(bits.insert().values(person=person, first=now, bits=packed))

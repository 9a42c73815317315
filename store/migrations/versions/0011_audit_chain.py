"""Pseudonyms, the audit chain, who is being forgotten, and what is counted of them."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pseudonyms",
        sa.Column("person", sa.String(), primary_key=True),
        sa.Column("pseudonym", sa.String(), nullable=False, unique=True),
        sa.Column("salt", sa.String(), nullable=False),
    )
    op.create_table(
        "chain",
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("at", sa.Integer(), nullable=False),
        *(
            sa.Column(name, sa.String(), nullable=False)
            for name in ("what", "kind", "who", "about", "letter", "hash")
        ),
    )
    op.create_table(
        "forgetting",
        sa.Column("person", sa.String(), primary_key=True),
        sa.Column("asked_at", sa.Integer(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
    )
    op.create_table(
        "forgotten",
        sa.Column("mark", sa.String(), primary_key=True),
        sa.Column("at", sa.Integer(), nullable=False),
    )
    op.create_table(
        "tallies",
        *(sa.Column(name, sa.String(), primary_key=True) for name in ("day", "kind", "state")),
        sa.Column("assumed", sa.Boolean(), primary_key=True),
        sa.Column("meetings", sa.Integer(), nullable=False),
    )
    for table in ("outbox", "audit"):
        unchained: sa.Column[bool] = sa.Column(
            "chained", sa.Boolean(), nullable=False, server_default=sa.false()
        )
        op.add_column(table, unchained)
    op.add_column("codes", sa.Column("at", sa.Integer(), nullable=False, server_default="0"))
    codes = sa.table("codes", sa.column("at"))
    op.execute(codes.update().values(at=int(datetime.now(UTC).timestamp())))
    op.create_index("outbox_chained", "outbox", ["chained", "state"])
    op.create_index("audit_chained", "audit", ["chained"])

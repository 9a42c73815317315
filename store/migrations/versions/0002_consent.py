"""What partners consented to; join links; what the organiser's calendar last showed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "grants",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("saved_at", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account"),
    )
    for name in ("link", "why"):
        op.add_column("meetings", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    op.add_column("attendances", sa.Column("shown", sa.String(), nullable=False, server_default=""))

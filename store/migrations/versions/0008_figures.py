"""An index by which mails are counted without their bytes being read."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("outbox_figures", "outbox", ["state", "kind", "created_at"], unique=False)

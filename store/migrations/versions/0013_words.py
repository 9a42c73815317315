"""An index of the letters whose words are kept, so that forgetting them is not a walk over all."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    has_words = sa.text("length(raw) > 0")
    op.create_index(
        "outbox_words",
        "outbox",
        ["created_at", "kind"],
        sqlite_where=has_words,
        postgresql_where=has_words,
    )

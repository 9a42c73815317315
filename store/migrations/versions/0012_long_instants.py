"""Instants after January 2038 on PostgreSQL too, where an integer has four bytes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_LONG = {
    "agenda": ("at",),
    "agreements": ("made_at", "in_force_at"),
    "approvals": ("at",),
    "attendances": ("answered",),
    "audit": ("at",),
    "bounces": ("since", "lifted_at"),
    "busy": ("id", "start", "end"),
    "calendars": ("synced_at", "failing_since"),
    "chain": ("at",),
    "choices": ("at", "undone_at"),
    "codes": ("at",),
    "deadlines": ("at", "undone_at"),
    "decisions": ("at",),
    "events": ("start", "end", "cancelled_at"),
    "forecasts": ("made_at",),
    "forgetting": ("asked_at",),
    "forgotten": ("at",),
    "grants": ("saved_at",),
    "logs": ("at",),
    "meetings": ("start", "end", "proposed_at"),
    "moves": ("at",),
    "next_steps": ("at",),
    "outbox": ("created_at", "known_start", "expires_at", "next_attempt", "sent_at"),
    "pair_pauses": ("at", "undone_at"),
    "pairs": ("rest_until",),
    "poll_answers": ("at",),
    "polls": ("made_at", "closed_at"),
    "preferences": ("at",),
    "private_meetings": ("at",),
    "pulses": ("at",),
    "received": ("at",),
    "rsvps": ("answered", "attended_at"),
    "sessions": ("made_at",),
    "sign_ins": ("asked_at", "mailed_at", "used_at"),
    "signatures": ("at",),
}


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        return  # its integers have eight bytes
    for table, columns in _LONG.items():
        for name in columns:
            op.alter_column(table, name, type_=sa.BigInteger())
    op.execute("ALTER SEQUENCE busy_id_seq AS bigint")

"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "busy",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("end", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("busy_person_end", "busy", ["person", "end"], unique=False)
    op.create_index("busy_person_item", "busy", ["person", "item"], unique=False)
    op.create_table(
        "calendars",
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("url_digest", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("synced_at", sa.Integer(), nullable=True),
        sa.Column("failing_since", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("mend", sa.Text(), nullable=False),
        sa.Column("permanent", sa.Boolean(), nullable=False),
        sa.Column("outage", sa.Integer(), nullable=False),
        sa.Column("doubted", sa.Boolean(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("person"),
    )
    op.create_table(
        "facts",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "meetings",
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("mentor", sa.String(), nullable=False),
        sa.Column("mentee", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("end", sa.Integer(), nullable=False),
        sa.Column("proposed_at", sa.Integer(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("on_site", sa.Boolean(), nullable=False),
        sa.Column("edge_mentor", sa.Float(), nullable=False),
        sa.Column("edge_mentee", sa.Float(), nullable=False),
        sa.Column("refused", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("published", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("uid"),
        sa.UniqueConstraint("mentor", "mentee", "number"),
    )
    op.create_index("meetings_state_end", "meetings", ["state", "end"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", sa.Integer(), nullable=False),
        sa.Column("known_start", sa.Integer(), nullable=True),
        sa.Column("expires_at", sa.Integer(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    op.create_index("outbox_state", "outbox", ["state", "next_attempt"], unique=False)
    op.create_index("outbox_uid", "outbox", ["uid"], unique=False)
    op.create_table(
        "pairs",
        sa.Column("mentor", sa.String(), nullable=False),
        sa.Column("mentee", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("rest_until", sa.Integer(), nullable=True),
        sa.Column("told", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("mentor", "mentee"),
    )
    op.create_table(
        "received",
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("message"),
    )
    op.create_table(
        "attendances",
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("partstat", sa.String(), nullable=False),
        sa.Column("nudges", sa.Integer(), nullable=False),
        sa.Column("answered", sa.Integer(), nullable=True),
        sa.Column("code", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["uid"],
            ["meetings.uid"],
        ),
        sa.PrimaryKeyConstraint("uid", "person"),
        sa.UniqueConstraint("code"),
    )
    op.create_index("attendances_person", "attendances", ["person"], unique=False)

"""The tables of a programme's year: what pairs agree, prepare, say, choose and attend.

Dates are ISO 8601 text; instants whole seconds since the epoch, in UTC.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from store.tables import metadata

agreements = Table(
    "agreements",
    metadata,
    Column("mentor", String, primary_key=True),
    Column("mentee", String, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("every", Integer, nullable=False),
    Column("minutes", Integer, nullable=False),
    Column("channel", String, nullable=False),
    Column("share", Integer, nullable=False),
    Column("conflicts", Text, nullable=False, default=""),
    Column("author", String, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("in_force_at", BigInteger),
)

signatures = Table(
    "signatures",
    metadata,
    Column("mentor", String, primary_key=True),
    Column("mentee", String, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("person", String, primary_key=True),
    Column("at", BigInteger, nullable=False),
)

agenda = Table(
    "agenda",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("uid", String, ForeignKey("meetings.uid"), nullable=False),
    Column("person", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("agenda_uid", "uid"),
)

logs = Table(
    "logs",
    metadata,
    Column("uid", String, ForeignKey("meetings.uid"), primary_key=True),
    Column("person", String, primary_key=True),
    Column("met", Boolean, nullable=False),
    Column("minutes", Integer),
    Column("at", BigInteger, nullable=False),
)

next_steps = Table(
    "next_steps",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("uid", String, ForeignKey("meetings.uid"), nullable=False),
    Column("person", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("next_steps_uid", "uid"),
)

pulses = Table(
    "pulses",
    metadata,
    Column("mentor", String, primary_key=True),
    Column("mentee", String, primary_key=True),
    Column("person", String, primary_key=True),
    Column("at", BigInteger, primary_key=True),
    Column("value", String, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("id", String, primary_key=True),
    Column("sequence", Integer, nullable=False),
    Column("details", Text, nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("end", BigInteger, nullable=False),
    Column("cancelled_at", BigInteger),
)

rsvps = Table(
    "rsvps",
    metadata,
    Column("event", String, ForeignKey("events.id"), primary_key=True),
    Column("person", String, primary_key=True),
    Column("answer", String, nullable=False),
    Column("answered", BigInteger),
    Column("attended", Boolean),
    Column("attended_at", BigInteger),
)

choices = Table(
    "choices",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("person", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("mentor", String, nullable=False, default=""),
    Column("mentee", String, nullable=False, default=""),
    Column("first", String, nullable=False),
    Column("last", String),
    Column("value", Text, nullable=False, default=""),
    Column("at", BigInteger, nullable=False),
    Column("undone_at", BigInteger),
    Index("choices_person", "person"),
)

preferences = Table(
    "preferences",
    metadata,
    Column("person", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("value", String, nullable=False),
    Column("at", BigInteger, nullable=False),
)

approvals = Table(
    "approvals",
    metadata,
    Column("employee", String, primary_key=True),
    Column("supervisor", String, primary_key=True),
    Column("at", BigInteger, nullable=False),
)

polls = Table(
    "polls",
    metadata,
    Column("id", String, primary_key=True),
    Column("mentor", String, nullable=False),
    Column("mentee", String, nullable=False),
    Column("options", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("closed_at", BigInteger),
    Column("outcome", String, nullable=False, default=""),
    Index("polls_pair", "mentor", "mentee"),
)

poll_answers = Table(
    "poll_answers",
    metadata,
    Column("poll", String, ForeignKey("polls.id"), primary_key=True),
    Column("person", String, primary_key=True),
    Column("starts", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)

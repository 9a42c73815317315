"""The tables. Instants are whole seconds since the epoch, in UTC; mails keep their exact bytes.

Instants are BigInteger: PostgreSQL's Integer ends in January 2038.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    func,
    literal_column,
)

metadata = MetaData()

facts = Table(
    "facts",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False),
)

calendars = Table(
    "calendars",
    metadata,
    Column("person", String, primary_key=True),
    Column("url_digest", String, nullable=False),
    Column("state", String, nullable=False),
    Column("synced_at", BigInteger),
    Column("failing_since", BigInteger),
    Column("reason", Text, nullable=False, default=""),
    Column("mend", Text, nullable=False, default=""),
    Column("permanent", Boolean, nullable=False, default=False),
    Column("outage", Integer, nullable=False, default=0),
    Column("doubted", Boolean, nullable=False, default=False),
    Column("cursor", Text),
)

busy = Table(
    "busy",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("person", String, nullable=False),
    Column("item", String, nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("end", BigInteger, nullable=False),
    Index("busy_person_item", "person", "item"),
    Index("busy_person_end", "person", "end"),
)

busy_bits = Table(
    "busy_bits",
    metadata,
    Column("person", String, primary_key=True),
    Column("first", Integer, nullable=False),
    Column("bits", LargeBinary, nullable=False),
)

pairs = Table(
    "pairs",
    metadata,
    Column("mentor", String, primary_key=True),
    Column("mentee", String, primary_key=True),
    Column("state", String, nullable=False),
    Column("reason", Text, nullable=False, default=""),
    Column("rest_until", BigInteger),
    Column("told", Text, nullable=False, default=""),
)

meetings = Table(
    "meetings",
    metadata,
    Column("uid", String, primary_key=True),
    Column("mentor", String, nullable=False),
    Column("mentee", String, nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("end", BigInteger, nullable=False),
    Column("proposed_at", BigInteger, nullable=False),
    Column("zone", String, nullable=False),
    Column("on_site", Boolean, nullable=False),
    Column("edge_mentor", Float, nullable=False),
    Column("edge_mentee", Float, nullable=False),
    Column("refused", Text, nullable=False, default="[]"),
    Column("decision", Text, nullable=False),
    Column("published", Integer, nullable=False, default=-1),
    Column("link", Text, nullable=False, server_default=""),
    Column("why", Text, nullable=False, server_default=""),
    Column("kind", String, nullable=False, server_default="meeting"),
    Column("about", String, nullable=False, server_default=""),
    Column("assumed", Boolean, nullable=False, server_default=false()),
    Column("wall", String, nullable=False, server_default=""),
    Column("rules", String, nullable=False, server_default=""),
    UniqueConstraint("mentor", "mentee", "number"),
    Index("meetings_state_end", "state", "end"),
    Index(
        "meetings_overview",
        *("mentor", "mentee", "kind", "state", "end", "start", "proposed_at", "assumed"),
    ),
)

attendances = Table(
    "attendances",
    metadata,
    Column("uid", String, ForeignKey("meetings.uid"), primary_key=True),
    Column("person", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("zone", String, nullable=False),
    Column("partstat", String, nullable=False),
    Column("nudges", Integer, nullable=False, default=0),
    Column("answered", BigInteger),
    Column("code", String, nullable=False, unique=True),
    Column("shown", String, nullable=False, server_default=""),
    Index("attendances_person", "person"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String, nullable=False, unique=True),
    Column("kind", String, nullable=False),
    Column("recipient", String, nullable=False),
    Column("message_id", String, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("uid", String, nullable=False, default=""),
    Column("state", String, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("known_start", BigInteger),
    Column("expires_at", BigInteger),
    Column("attempts", Integer, nullable=False, default=0),
    Column("next_attempt", BigInteger, nullable=False, default=0),
    Column("error", Text, nullable=False, default=""),
    Column("sent_at", BigInteger),
    Column("chained", Boolean, nullable=False, server_default=false()),
    Index("outbox_state", "state", "next_attempt"),
    Index("outbox_chained", "chained", "state"),
    Index("outbox_figures", "state", "kind", "created_at"),
    Index("outbox_uid", "uid"),
    Index("outbox_recipient", "recipient", "state"),
)
HAS_WORDS = func.length(outbox.c.raw) > literal_column("0")
"""Letters whose words are kept: a few of all that there ever were."""
Index(
    "outbox_words",
    *(outbox.c.created_at, outbox.c.kind),
    sqlite_where=HAS_WORDS,
    postgresql_where=HAS_WORDS,
)

received = Table(
    "received",
    metadata,
    Column("message", String, primary_key=True),
    Column("at", BigInteger, nullable=False),
)

grants = Table(
    "grants",
    metadata,
    Column("account", String, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("saved_at", BigInteger, nullable=False),
)

codes = Table(
    "codes",
    metadata,
    Column("code", String, primary_key=True),
    Column("purpose", String, nullable=False),
    Column("person", String, nullable=False),
    Column("about", Text, nullable=False),
    Column("at", BigInteger, nullable=False, server_default="0"),
)

"""Rows of decisions: why a meeting is when it is, and from what that followed."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.engine import Connection

from store.instants import instant, seconds
from store.tables import meetings
from store.tables_engine import decisions


@dataclass(frozen=True)
class Decision:
    """One search that ended in a booked time. `inputs` is None once they are forgotten."""

    uid: str
    sequence: int
    at: datetime
    digest: str
    inputs: Mapping[str, Any] | None
    answer: Mapping[str, Any]


_ADD = decisions.insert()


def keep(connection: Connection, decision: Decision) -> None:
    """Keep a decision; a meeting has one for each SEQUENCE that a search gave it."""
    inputs = json.dumps(decision.inputs, separators=(",", ":")).encode()
    row = {
        "uid": decision.uid,
        "sequence": decision.sequence,
        "at": seconds(decision.at),
        "digest": decision.digest,
        "inputs": zlib.compress(inputs),
        "answer": json.dumps(decision.answer),
    }
    connection.execute(_ADD, row)


def newest(connection: Connection, uid: str) -> Decision | None:
    """The last decision about a meeting; None where no search chose its time."""
    query = select(decisions).where(decisions.c.uid == uid).order_by(decisions.c.sequence.desc())
    row = connection.execute(query).first()
    if row is None:
        return None
    inputs = None if row.inputs is None else json.loads(zlib.decompress(row.inputs))
    at, answer = instant(row.at), json.loads(row.answer)
    return Decision(row.uid, row.sequence, at, row.digest, inputs, answer)


_OVER = select(meetings.c.uid).where(meetings.c.end < bindparam("before"))
_FORGET = (
    decisions.update()
    .where(decisions.c.uid.in_(_OVER), decisions.c.inputs.is_not(None))
    .values(inputs=None)
)


def forget(connection: Connection, ended_before: datetime) -> int:
    """Forget the inputs about meetings that ended before an instant; digests and answers stay."""
    return connection.execute(_FORGET, {"before": seconds(ended_before)}).rowcount

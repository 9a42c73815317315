"""The roster as it holds now: the coordinator's files, what pairs agreed and partners chose."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from mentoring.agreement import with_terms
from mentoring.choices import with_choices
from mentoring.roster import Roster
from store import agreements, choices


def in_force(connection: Connection, roster: Roster) -> Roster:
    chosen = [kept.choice for kept in choices.holding(connection)]
    return with_choices(with_terms(roster, agreements.in_force(connection)), chosen)

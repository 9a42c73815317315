"""The roster as it holds now: the files, what pairs agreed, partners chose, supervisors entered."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from mentoring.agreement import with_terms
from mentoring.choices import with_choices
from mentoring.deadlines import with_deadlines
from mentoring.roster import Roster
from store import agreements, choices, deadlines


def in_force(connection: Connection, roster: Roster) -> Roster:
    chosen = [kept.choice for kept in choices.holding(connection)]
    agreed = with_terms(roster, agreements.in_force(connection))
    return with_deadlines(with_choices(agreed, chosen), deadlines.holding(connection))

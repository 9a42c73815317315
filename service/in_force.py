"""The roster as it holds now: the coordinator's files, what pairs agreed, partners chose, and the
coordinator paused."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from mentoring.agreement import with_terms
from mentoring.choices import with_choices, with_pauses
from mentoring.roster import Pause, Roster
from store import agreements, choices, pauses


def in_force(connection: Connection, roster: Roster) -> Roster:
    chosen = [kept.choice for kept in choices.holding(connection)]
    holding = with_choices(with_terms(roster, agreements.in_force(connection)), chosen)
    paused: dict[tuple[str, str], list[Pause]] = {}
    for pause in pauses.holding(connection):
        rest = Pause(pause.first, pause.last, by_coordinator=True)
        paused.setdefault((pause.mentor, pause.mentee), []).append(rest)
    return with_pauses(holding, paused)

"""The roster as it holds now: the files, and what pairs agreed, partners chose, supervisors entered
and the coordinator paused since."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from mentoring.agreement import with_terms
from mentoring.choices import with_choices, with_pauses
from mentoring.deadlines import with_deadlines
from mentoring.roster import Pause, Roster
from store import agreements, choices, deadlines, pauses


def in_force(connection: Connection, roster: Roster) -> Roster:
    chosen = [kept.choice for kept in choices.holding(connection)]
    agreed = with_terms(roster, agreements.in_force(connection))
    holding = with_deadlines(with_choices(agreed, chosen), deadlines.holding(connection))
    return with_pauses(holding, _paused(connection))


def _paused(connection: Connection) -> dict[tuple[str, str], list[Pause]]:
    paused: dict[tuple[str, str], list[Pause]] = {}
    for pause in pauses.holding(connection):
        rest = Pause(pause.first, pause.last, by_coordinator=True)
        paused.setdefault((pause.mentor, pause.mentee), []).append(rest)
    return paused

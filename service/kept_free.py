"""Programme events keep their time free: no meeting is put over one that somebody may attend."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from mentoring.interval import Interval
from mentoring.programme_events import identified, invited
from mentoring.roster import Person, Roster
from store import events


def kept_free(
    connection: Connection, roster: Roster, person: Person, window: Interval
) -> list[Interval]:
    """The times in the window of events that a person has not said no to."""
    coming = {
        id_: Interval(event.start, event.end)
        for id_, event in identified(roster.events).items()
        if Interval(event.start, event.end).overlaps(window)
        and person.email in invited(roster.pairs, roster.people, event)
    }
    if not coming:
        return []
    no = events.refused(connection, person.email)
    return [interval for id_, interval in coming.items() if id_ not in no]

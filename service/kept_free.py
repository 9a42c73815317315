"""Programme events keep their time free: no meeting is put over one that somebody may attend."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from mentoring.grid import Span, outer_spans
from mentoring.interval import Interval
from mentoring.programme_events import identified, invited, is_invited
from mentoring.roster import Person, Roster
from store import events, everybody


def kept_free(
    connection: Connection, roster: Roster, person: Person, window: Interval
) -> list[Interval]:
    """The times in the window of events that a person has not said no to."""
    coming = {
        id_: slot
        for id_, slot in _within(roster, window).items()
        if is_invited(roster.pairs_of(person.email), person, slot.start)
    }
    if not coming:
        return []
    no = events.refused(connection, person.email)
    return [interval for id_, interval in coming.items() if id_ not in no]


def kept_free_of_all(
    connection: Connection, roster: Roster, window: Interval
) -> dict[str, list[Span]]:
    """The same for everybody who keeps any time free, by person."""
    coming = _within(roster, window)
    no = everybody.absent(connection) if coming else {}
    found: dict[str, list[Span]] = {}
    for id_, slot in coming.items():
        event = identified(roster.events)[id_]
        for email in invited(roster.pairs, roster.people, event):
            if email not in no.get(id_, ()):
                found.setdefault(email, []).extend(outer_spans([slot]))
    return found


def _within(roster: Roster, window: Interval) -> dict[str, Interval]:
    """When the events in the window are, by their ids."""
    slots = {id_: Interval(e.start, e.end) for id_, e in identified(roster.events).items()}
    return {id_: slot for id_, slot in slots.items() if slot.overlaps(window)}

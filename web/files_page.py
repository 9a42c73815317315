"""The programme's files as the service sees them: why an edit waits, and the yes it waits for."""

from __future__ import annotations

from sqlalchemy.engine import Connection
from starlette.responses import Response

from mentoring import wording
from service import acts, removals
from service.acts import Done
from service.work import Work, reading
from web.coordinator import Seat
from web.forms import Form

_NAMED = 50


def show(seat: Seat) -> Response:
    """The first fault of the last edit; for one that takes out many pairs, which they are."""
    work = seat.work
    with reading(work.engine) as connection:
        waits = removals.waiting(connection)
    refused = seat.refused()
    gone = [p for p in work.roster.pairs if waits and waits.names(p, work.secret)]
    people = [work.roster.both_of(pair) for pair in gone[:_NAMED]]
    zone = work.roster.programme.timezone
    return seat.show(
        "files",
        since=wording.short_time(refused.since, zone, "en") if refused else "",
        waits=waits,
        pairs=[(mentor.name, mentee.name) for mentor, mentee in people],
        more=max(0, len(gone) - _NAMED),
    )


def act(seat: Seat, work: Work, connection: Connection, form: Form) -> Done:
    if form.one("do") != "accept":
        return Done.NOTHING
    return acts.accept_removal(work, connection, seat.visitor.email, form.one("removal"))

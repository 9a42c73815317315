"""What a partner's own supervisor will be told, and which meetings' dates are kept from them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.engine import Connection

from mentoring.meeting import State
from mentoring.period import running_period
from mentoring.roster import Person
from service.links import page_link
from service.summaries import TOLD
from service.work import Work
from store import meetings, private
from store.booking import Booking

log = structlog.get_logger()

_TOLD_OF = frozenset({State.PROPOSED, State.CONFIRMED, State.HELD})


def page(work: Work, person: Person) -> str:
    """The partner's page; empty for one without a supervisor, and where there are no pages."""
    if person.supervisor is None:
        return ""
    return page_link(work.roster, work.secret, work.now, TOLD, person.email)


def tellable(work: Work, connection: Connection, person: Person) -> list[Booking]:
    """The person's meetings of the period that is running and after it, first to last."""
    first = running_period(work.roster.summary_every, work.roster.programme, work.today).first
    found = [
        b
        for b in meetings.of_person(connection, person.email)
        if b.meeting.state in _TOLD_OF and _day(work, b) >= first
    ]
    return sorted(found, key=lambda b: b.meeting.slot.start)


def _day(work: Work, booking: Booking) -> date:
    zone = ZoneInfo(work.roster.programme.timezone)
    return booking.meeting.slot.start.astimezone(zone).date()


def keep_private(
    work: Work,
    connection: Connection,
    person: Person,
    shown: Collection[str],
    uids: Collection[str],
) -> None:
    """Mark those of the meetings `shown` to them that the partner ticked, and unmark the others."""
    marked = private.marked(connection, person.email)
    for booking in tellable(work, connection, person):
        uid = booking.uid
        if uid not in shown or (uid in uids) == (uid in marked):
            continue
        if uid in uids:
            private.mark(connection, uid, person.email, work.now)
        else:
            private.unmark(connection, uid, person.email)
        log.info("privacy_chosen", uid=uid, person=person.email, private=uid in uids)

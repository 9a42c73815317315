"""A partner's page: what their supervisor will be told, and the dates they keep to themselves."""

from __future__ import annotations

from mentoring.availability import zone_at
from service import told as service
from service.summaries import TOLD, section_now
from service.work import reading
from store import private
from store.booking import Booking
from web.forms import Form, Page, Shown, Visit


def show(visit: Visit) -> Shown | None:
    work, person = visit.work, visit.person
    if person.supervisor is None:
        return None
    with reading(work.engine) as connection:
        section = section_now(work, connection, person)
        bookings = service.tellable(work, connection, person)
        marked = private.marked(connection, person.email)
    context = {
        "s": section,
        "supervisor": person.supervisor.name or person.supervisor.email,
        "zone": zone_at(person, work.now),
        "meetings": [(b.uid, b.meeting.slot, _other(b, person.email)) for b in bookings],
        "marked": marked,
    }
    return Shown("told", context)


def _other(booking: Booking, email: str) -> str:
    return next(guest.name for guest in booking.guests if guest.email != email)


def act(visit: Visit, form: Form) -> Shown | None:
    if visit.person.supervisor is not None:
        with visit.work.engine.begin() as connection:
            service.keep_private(
                visit.work, connection, visit.person, form.all("shown"), form.all("private")
            )
    return None


PAGE = Page(TOLD, show, act)

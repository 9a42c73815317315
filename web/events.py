"""Pages of programme events: how do you come, were you there, will you brief your partner."""

from __future__ import annotations

from mentoring.interval import Interval
from mentoring.programme_events import Rsvp
from service import briefing, events
from service.work import reading
from store import events as store
from store.events import Answer
from web.forms import Form, Page, Shown, Visit


def _event(visit: Visit, template: str) -> Shown | None:
    """The event that a link is about, and the visitor's own answer."""
    with reading(visit.work.engine) as connection:
        gathering = events.find(visit.work, connection, "".join(visit.about[:1]))
        if gathering is None:
            return None
        answer = store.answers(connection, gathering.id).get(visit.person.email, Answer())
    facts = events.facts(visit.work, gathering)
    context = {
        "event": facts,
        "answer": answer,
        "begun": gathering.event.start <= visit.work.now,
        "over": gathering.event.end <= visit.work.now,
        "reader_zone": visit.person.timezone,
    }
    return Shown(template, context)


def _rsvp(visit: Visit) -> Shown | None:
    return _event(visit, "event")


def _answer_rsvp(visit: Visit, form: Form) -> Shown | None:
    said = form.one("answer")
    if said not in tuple(Rsvp):
        return _rsvp(visit)
    with visit.work.engine.begin() as connection:
        events.answer_rsvp(visit.work, connection, visit.about[0], visit.person.email, Rsvp(said))
    return None


def _attended(visit: Visit) -> Shown | None:
    return _event(visit, "attended")


def _answer_attended(visit: Visit, form: Form) -> Shown | None:
    said = form.one("answer")
    if said not in ("yes", "no"):
        return _attended(visit)
    with visit.work.engine.begin() as connection:
        events.answer_attended(
            visit.work, connection, visit.about[0], visit.person.email, said == "yes"
        )
    return None


def _brief(visit: Visit, *, none_left: bool = False) -> Shown | None:
    with reading(visit.work.engine) as connection:
        found = briefing.offer(visit.work, connection, visit.about, visit.person.email)
    if found is None:
        return None
    shown: Interval | None = found.booked or found.slot
    context = {
        "event": events.facts(visit.work, found.gathering),
        "other": found.other,
        "slot": shown,
        "booked": found.booked is not None,
        "none_left": none_left,
        "reader_zone": visit.person.timezone,
    }
    return Shown("brief", context, 409 if none_left else 200)


def _book(visit: Visit, _form: Form) -> Shown | None:
    with visit.work.engine.begin() as connection:
        booked = briefing.book(visit.work, connection, visit.about, visit.person.email)
    return None if booked else _brief(visit, none_left=True)


PAGES = (
    Page(events.RSVP, _rsvp, _answer_rsvp),
    Page(events.ATTENDED, _attended, _answer_attended),
    Page(briefing.PURPOSE, _brief, _book),
)

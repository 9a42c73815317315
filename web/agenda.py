"""The agenda of one meeting: both see it, each adds to it and takes back their own."""

from __future__ import annotations

from mentoring.agenda import LONGEST, MOST, Fault, ItemKind
from mentoring.wording import spoken
from service import agenda
from service.links import page_link
from service.met import MET
from web.forms import Form, Page, Shown, Visit


def _show(
    visit: Visit, *, fault: Fault | None = None, typed: str = "", kind: ItemKind = ItemKind.ITEM
) -> Shown | None:
    work, person = visit.work, visit.person
    prepared = agenda.prepared(work, _uid(visit), person.email)
    if prepared is None:
        return None
    meeting = prepared.meeting
    other = meeting.other_than(person.email)
    mine = meeting.other_than(other.email)
    context = {
        "meeting": meeting,
        "other": other,
        "here": spoken(meeting.slot, mine.zone, person.language),
        "there": spoken(meeting.slot, other.zone, person.language),
        "items": prepared.items,
        "steps": prepared.steps,
        "phase": prepared.phase,
        "open": prepared.open,
        "over": prepared.over,
        "met_link": page_link(work.roster, work.secret, work.now, MET, person.email, meeting.uid),
        "kinds": tuple(ItemKind),
        "typed": typed,
        "typed_kind": kind,
        "fault": fault,
        "longest": LONGEST,
        "most": MOST,
    }
    return Shown("agenda", context, 422 if fault else 200)


def _act(visit: Visit, form: Form) -> Shown | None:
    uid, person = _uid(visit), visit.person.email
    if number := form.one("remove"):
        if number.isdecimal() and len(number) < _LONGEST_NUMBER:
            agenda.remove(visit.work, uid, person, int(number))
        return None
    kind = next((k for k in ItemKind if k == form.one("kind")), ItemKind.ITEM)
    text = form.one("text")
    fault = agenda.note(visit.work, uid, person, kind, text)
    return _show(visit, fault=fault, typed=text, kind=kind) if fault else None


_LONGEST_NUMBER = 18


def _uid(visit: Visit) -> str:
    (uid,) = visit.about
    return uid


PAGE = Page(agenda.AGENDA, _show, _act)

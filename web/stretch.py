"""Would you meet a little outside your hours? One page, two buttons."""

from __future__ import annotations

from service import stretch
from service.stretch import NO, PURPOSE, YES
from service.work import reading
from web.forms import Form, Page, Shown, Visit, pair_of


def _show(visit: Visit) -> Shown | None:
    pair = pair_of(visit)
    if pair is None:
        return None
    with reading(visit.work.engine) as connection:
        said = stretch.answer_of(connection, pair.key, visit.person.email)
    mentor, mentee = visit.work.roster.both_of(pair)
    other = mentee if visit.person.email == mentor.email else mentor
    return Shown("stretch", {"other": other, "said": said})


def _act(visit: Visit, form: Form) -> Shown | None:
    pair, said = pair_of(visit), form.one("answer")
    if pair is None or said not in (YES, NO):
        return _show(visit)
    with visit.work.engine.begin() as connection:
        stretch.answer(visit.work, connection, pair.key, visit.person.email, said)
    return None


PAGE = Page(PURPOSE, _show, _act)

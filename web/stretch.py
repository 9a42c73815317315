"""Would you meet a little outside your hours? One page, two buttons."""

from __future__ import annotations

from mentoring.roster import Pair
from service import stretch
from service.stretch import NO, PURPOSE, YES
from web.forms import Form, Page, Shown, Visit


def _pair(visit: Visit) -> Pair | None:
    key = visit.about
    return next(
        (p for p in visit.work.roster.pairs if p.key == key and visit.person.email in key), None
    )


def _show(visit: Visit) -> Shown | None:
    pair = _pair(visit)
    if pair is None:
        return None
    with visit.work.engine.connect().execution_options(reading=True) as connection:
        said = stretch.answer_of(connection, pair.key, visit.person.email)
    mentor, mentee = visit.work.roster.both_of(pair)
    other = mentee if visit.person.email == mentor.email else mentor
    return Shown("stretch", {"other": other, "said": said})


def _act(visit: Visit, form: Form) -> Shown | None:
    pair, said = _pair(visit), form.one("answer")
    if pair is None or said not in (YES, NO):
        return _show(visit)
    with visit.work.engine.begin() as connection:
        stretch.answer(visit.work, connection, pair.key, visit.person.email, said)
    return None


PAGE = Page(PURPOSE, _show, _act)

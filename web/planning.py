"""The planning sheet as a page to look at together, or to print."""

from __future__ import annotations

from service.intro import PURPOSE, sheet_of
from web.forms import Form, Page, Shown, Visit, pair_of


def _show(visit: Visit) -> Shown | None:
    pair = pair_of(visit)
    if pair is None:
        return None
    mentor, mentee = visit.work.roster.both_of(pair)
    other = mentee if visit.person.email == mentor.email else mentor
    return Shown("planning", {"other": other, "sheet_": sheet_of(visit.work, pair)})


def _act(visit: Visit, _form: Form) -> Shown | None:
    return _show(visit)


PAGE = Page(PURPOSE, _show, _act)

"""Samples of the notices with which a pair begins."""

from __future__ import annotations

from collections.abc import Mapping

from mentoring.agreement import AgreeNotice, UnsignedNotice, terms_of
from mentoring.feasible import Feasibility
from mentoring.notices import Notice
from mentoring.planning import IntroNotice, card, planning_sheet
from service import agreeing, intro
from service.samples import CODE, KEY, Sample, Sitting


def _intro(s: Sitting) -> Notice:
    both = s.roster.both_of(s.pair)
    other = both[1] if s.person.email == both[0].email else both[0]
    at = s.slot.start
    sheet = planning_sheet(s.roster, s.pair, at)
    return IntroNotice(
        KEY, s.reader, card(other, at), card(s.person, at), sheet, link=s.link(intro.PURPOSE)
    )


def _agree(s: Sitting) -> Notice:
    mentor, mentee = s.sides
    other = mentee if s.person.email == mentor.email else mentor
    terms, feasible = terms_of(s.pair), Feasibility(2.2, 1.4)
    link = s.link(agreeing.PURPOSE)
    return AgreeNotice(KEY, s.reader, other, 1, terms, "", feasible, False, CODE, link=link)


def _unsigned(s: Sitting) -> Notice:
    return UnsignedNotice(KEY, s.coordinator, *s.sides, missing=(s.person.name,))


KICKOFF: Mapping[str, Sample] = {"intro": _intro, "agree": _agree, "unsigned": _unsigned}

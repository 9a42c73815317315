"""Samples of the cohort's notices."""

from __future__ import annotations

from collections.abc import Mapping

from mentoring.agreement import terms_of
from mentoring.cohort import (
    ApproveNotice,
    Celebration,
    Coming,
    DigestNotice,
    Record,
    StageNotice,
    Step,
    WelcomeNotice,
)
from mentoring.hours import spoken_hours
from mentoring.notices import Notice, Reader
from mentoring.planning import Idea
from service.samples import CODE, KEY, Sample, Sitting
from service.welcome import APPROVE, DUTY_HOURS, LEAVE, PREFERENCES


def _welcome(s: Sitting) -> Notice:
    who = s.person
    hours = spoken_hours(who.hours)
    days = tuple(sorted(who.onsite))
    return WelcomeNotice(
        KEY,
        s.reader,
        hours,
        who.site,
        who.tools,
        bool(who.calendar),
        CODE,
        days,
        page=s.link(PREFERENCES),
    )


def _approve(s: Sitting) -> Notice:
    programme = s.roster.programme
    boss = s.person.supervisor or s.person.mailbox
    as_read = Reader(boss.name, boss.email, programme.timezone)
    return ApproveNotice(
        KEY, as_read, s.person.name, s.pair.start, DUTY_HOURS, CODE, page=s.link(APPROVE)
    )


def _stage(s: Sitting) -> Notice:
    mentor, mentee = s.sides
    other = mentee if s.person.email == mentor.email else mentor
    return StageNotice(
        key=KEY,
        reader=s.reader,
        other=other,
        step=Step.WEEK_LEFT,
        end=s.pair.end,
        terms=terms_of(s.pair),
        record=Record(11, 660, s.pair.start, 2),
        idea=Idea.TEACH,
        expertise=(),
        celebration=Celebration("Celebration", s.slot, "Denver", ""),
    )


def _digest(s: Sitting) -> Notice:
    return DigestNotice(
        key=KEY,
        reader=s.reader,
        month=s.pair.start,
        events=(Coming("Spring Forum", s.slot, "Denver", "https://example.org/forum"),),
        links=("https://example.org/community",),
        welcomed=(("Amara Okafor", "Ben Ortiz"),),
        held=24,
        code=CODE,
        page=s.link(PREFERENCES),
        leave=s.link(LEAVE),
    )


COHORT: Mapping[str, Sample] = {
    "welcome": _welcome,
    "approve": _approve,
    "stage": _stage,
    "digest": _digest,
}

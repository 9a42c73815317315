"""Samples of the notices that supervisors get of their deadlines."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from mentoring.deadline_words import written
from mentoring.deadlines import (
    DeadlineCheckNotice,
    DeadlineMisreadNotice,
    DeadlineNotice,
    Fault,
)
from mentoring.notices import Notice, Reader
from service.samples import CODE, KEY, Sample, Sitting
from service.summaries import DEADLINE


def _boss(s: Sitting) -> Reader:
    boss = s.person.supervisor or s.person.mailbox
    return Reader(boss.name, boss.email, s.roster.programme.timezone)


def _week(s: Sitting) -> tuple[date, date]:
    first = s.slot.start.date()
    return first, first + timedelta(days=4)


def _deadline(s: Sitting) -> Notice:
    return DeadlineNotice(
        KEY, _boss(s), (s.person.name,), False, *_week(s), 2, CODE, link=s.link(DEADLINE)
    )


def _check(s: Sitting) -> Notice:
    link = s.link(DEADLINE)
    return DeadlineCheckNotice(KEY, _boss(s), (s.person.name,), False, *_week(s), CODE, link=link)


def _misread(s: Sitting) -> Notice:
    boss = _boss(s)
    example = written(*_week(s), boss.language)
    link = s.link(DEADLINE)
    return DeadlineMisreadNotice(KEY, boss, Fault.AMBIGUOUS, example, s.person.name, link=link)


SUPERVISION: Mapping[str, Sample] = {
    "deadline": _deadline,
    "deadlinecheck": _check,
    "deadlinemisread": _misread,
}

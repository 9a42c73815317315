"""Samples of the mails before and after a meeting."""

from __future__ import annotations

from collections.abc import Mapping

from mentoring.agenda import Agenda, ItemKind, Line, Phase, PrepareNotice, RemindNotice
from mentoring.met import LogNotice
from mentoring.notices import Notice
from service.samples import CODE, KEY, Sample, Sitting


def _agenda(s: Sitting, *lines: Line) -> Agenda:
    return Agenda(lines, Phase.START, s.link("agenda"), CODE)


def _prepare(s: Sitting) -> Notice:
    return PrepareNotice(KEY, s.reader, s.meeting, _agenda(s))


def _remind(s: Sitting) -> Notice:
    mentor, mentee = s.sides
    lines = (
        Line(ItemKind.QUESTION, "How did you find your first project?", mentee.name),
        Line(ItemKind.TOPIC, "People in the cohort to get to know", mentor.name),
    )
    return RemindNotice(KEY, s.reader, s.meeting, CODE, _agenda(s, *lines), s.choices)


def _log(s: Sitting) -> Notice:
    return LogNotice(KEY, s.reader, s.meeting, s.link("met"), CODE)


PREPARE: Mapping[str, Sample] = {"prepare": _prepare, "remind": _remind, "log": _log}

"""Samples of the notices about programme events."""

from __future__ import annotations

from collections.abc import Mapping

from mentoring.notices import Notice, Party
from mentoring.programme_events import (
    AttendedNotice,
    BriefedNotice,
    BriefNotice,
    EventFacts,
    EventNotice,
    Rsvp,
)
from service.briefing import PURPOSE
from service.events import ATTENDED, RSVP
from service.samples import CODE, KEY, Sample, Sitting


def _facts(s: Sitting) -> EventFacts:
    zone = s.roster.programme.timezone
    ways = (Rsvp.IN_PERSON, Rsvp.ONLINE)
    link = "https://example.org/forum"
    return EventFacts("preview@overlap", 0, "Spring Forum", s.slot, zone, "Denver", link, ways)


def _other(s: Sitting) -> Party:
    mentor, mentee = s.sides
    return mentee if s.person.email == mentor.email else mentor


def _event(kind: str) -> Sample:
    def sample(s: Sitting) -> Notice:
        page = s.link(RSVP)
        return EventNotice(kind, KEY, s.reader, _facts(s), 30, None, False, CODE, page)

    return sample


def _attended(s: Sitting) -> Notice:
    return AttendedNotice(KEY, s.reader, _facts(s), CODE, page=s.link(ATTENDED))


def _brief(s: Sitting) -> Notice:
    page = s.link(PURPOSE)
    return BriefNotice(KEY, s.reader, _other(s), _facts(s), s.slot, CODE, page=page)


def _briefed(s: Sitting) -> Notice:
    return BriefedNotice(KEY, s.reader, _other(s), _facts(s), s.slot)


EVENTS: Mapping[str, Sample] = {
    **{kind: _event(kind) for kind in ("event", "event_moved", "event_off")},
    "attended": _attended,
    "brief": _brief,
    "briefed": _briefed,
}

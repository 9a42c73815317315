"""One notice of each kind about polls and partners' own choices: what previews show."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from mentoring.choices import ChoiceKind, ChosenNotice, EndCheckNotice, EndedNotice
from mentoring.interval import Interval
from mentoring.notices import Notice
from mentoring.poll import MisreadNotice, Option, Poll, ProposeNotice
from mentoring.preflight import AheadNotice, Departure
from service import post
from service.polls import PICK, offers
from service.samples import CODE, KEY, Sample, Sitting
from service.work import party


def _propose(s: Sitting) -> Notice:
    other = next(p for p in s.roster.both_of(s.pair) if p.email != s.person.email)
    options = tuple(
        Option(Interval(s.slot.start + timedelta(days=n), s.slot.end + timedelta(days=n)), 0.0)
        for n in (0, 2, 7, 9)
    )
    times = offers(Poll("", *s.pair.key, options, s.at), s.person, other)
    return ProposeNotice(KEY, s.reader, party(other, s.at), times, CODE, link=s.link(PICK))


def _misread(s: Sitting) -> Notice:
    return MisreadNotice(KEY, s.reader, "numbers", "PICK", CODE, "1 3")


def _chosen(s: Sitting) -> Notice:
    first = s.slot.start.date()
    last = first + timedelta(days=13)
    return ChosenNotice(KEY, s.reader, ChoiceKind.AWAY, first, last, "", "", CODE)


def _end_check(s: Sitting) -> Notice:
    other = next(p for p in s.roster.both_of(s.pair) if p.email != s.person.email)
    return EndCheckNotice(KEY, s.reader, party(other, s.at), CODE, link=s.link(post.CHOICES))


def _ended(s: Sitting) -> Notice:
    return EndedNotice(KEY, s.reader, *s.sides, for_coordinator=False)


def _ahead(s: Sitting) -> Notice:
    week, hours = timedelta(weeks=1), timedelta(hours=3)
    other = next(p for p in s.roster.both_of(s.pair) if p.email != s.person.email)
    first = s.slot.start.date()
    instead = Interval(s.slot.start - hours, s.slot.start)
    whose = (s.person.email,)
    departure = Departure(first, first + 2 * week, whose, True, s.slot, (instead,))
    link = s.link(post.CHOICES)
    return AheadNotice(KEY, s.reader, party(other, s.at), departure=departure, link=link)


CHOICES: Mapping[str, Sample] = {
    "ahead": _ahead,
    "propose": _propose,
    "misread": _misread,
    "chosen": _chosen,
    "endcheck": _end_check,
    "ended": _ended,
}

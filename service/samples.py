"""One notice of each kind about meetings, made of the roster's own people: what previews show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from mentoring.interval import Interval
from mentoring.notices import (
    CalendarNotice,
    ChoicesFoot,
    CounterNotice,
    Hint,
    MeetingFacts,
    MeetingNotice,
    NoSlotNotice,
    Notice,
    Party,
    PatternNotice,
    PutBackNotice,
    Reader,
    Refusal,
    StretchNotice,
    UndeliveredNotice,
    Why,
)
from mentoring.roster import Pair, Person, Roster
from mentoring.sign_in import SignInNotice
from mentoring.trial import TrialNotice
from mentoring.where import shared_tool
from service.links import base_url
from service.post import CHOICES
from service.stretch import PURPOSE
from service.work import party, reader

KEY = "preview"
CODE = "0123456789abcdef"


@dataclass(frozen=True)
class Sitting:
    """For whom samples are made: one partner of one pair."""

    roster: Roster
    pair: Pair
    person: Person
    at: datetime

    @property
    def slot(self) -> Interval:
        """The pair's second day at one in the afternoon, wherever that falls for the two."""
        zone = ZoneInfo(self.roster.programme.timezone)
        start = datetime.combine(self.pair.start + timedelta(days=1), time(13), zone)
        return Interval(start, start + timedelta(minutes=self.pair.agreement.minutes))

    @property
    def sides(self) -> tuple[Party, Party]:
        mentor, mentee = self.roster.both_of(self.pair)
        return party(mentor, self.slot.start), party(mentee, self.slot.start)

    @property
    def reader(self) -> Reader:
        return reader(self.person, self.slot.start)

    @property
    def coordinator(self) -> Reader:
        programme = self.roster.programme
        return Reader("Coordinator", programme.coordinator, programme.timezone)

    @property
    def meeting(self) -> MeetingFacts:
        both = self.roster.both_of(self.pair)
        unseen = tuple(person.name for person in both if not person.calendar)
        return MeetingFacts(
            "preview@overlap",
            1,
            self.slot,
            *self.sides,
            tool=shared_tool(*both),
            unseen=unseen,
            awkward=(0, 30),
            borne=(45, 30),
        )

    def link(self, purpose: str) -> str:
        """Where a mail leads to; empty where the programme has no pages."""
        base = base_url(self.roster)
        return f"{base}/{purpose}/preview" if base else ""

    @property
    def choices(self) -> ChoicesFoot:
        return ChoicesFoot(self.link(CHOICES), CODE)


Sample = Callable[[Sitting], Notice]


def _meeting(kind: str) -> Sample:
    def sample(s: Sitting) -> Notice:
        day = timedelta(days=1)
        return MeetingNotice(
            kind=kind,
            key=KEY,
            reader=s.reader,
            meeting=s.meeting,
            code=CODE,
            why=Why.CONFLICT if kind in ("moved", "cancelled") else None,
            before=Interval(s.slot.start - day, s.slot.end - day) if kind == "moved" else None,
            choices=s.choices,
        )

    return sample


def _counter(s: Sitting) -> Notice:
    day = timedelta(days=1)
    asked = Interval(s.slot.start + day, s.slot.end + day)
    return CounterNotice(KEY, s.reader, s.meeting, asked, Refusal.BUSY)


def _calendar(s: Sitting) -> Notice:
    problem = "the feed calendars.example.org/…/me.ics is not there (404)"
    return CalendarNotice(KEY, s.reader, problem, "publish the calendar again")


def _pattern(s: Sitting) -> Notice:
    day, half = timedelta(days=2), timedelta(minutes=30)
    later = Interval(s.slot.start + 14 * day, s.slot.end + 14 * day)
    freed = Interval(s.slot.start + day, s.slot.end + day)
    opened = Interval(s.slot.end, s.slot.end + half)
    hints = (
        Hint("shorter", s.slot, 30),
        Hint("opens", s.slot, 60, mine=opened, theirs=opened),
        Hint("frees", freed, 60, mine=freed),
        Hint("later", later, 60),
    )
    return PatternNotice(KEY, s.reader, *s.sides, for_coordinator=False, hints=hints, full=True)


def _no_slot(s: Sitting) -> Notice:
    rejected = (("outside mentor hours", 1890), ("mentee busy", 71))
    shorter = "30 minutes instead of 60 would fit"
    freed = "if the mentee freed Thu 2027-01-14 13:00–14:00 (America/Chicago)"
    return NoSlotNotice(KEY, s.coordinator, *s.sides, rejected, (shorter, freed))


def _stretch(s: Sitting) -> Notice:
    mentor, mentee = s.sides
    other = mentee if s.person.email == mentor.email else mentor
    return StretchNotice(KEY, s.reader, other, s.slot, (90, 105), CODE, link=s.link(PURPOSE))


def _put_back(s: Sitting) -> Notice:
    hours = timedelta(hours=9)
    asked = Interval(s.slot.start + hours, s.slot.end + hours)
    return PutBackNotice(KEY, s.coordinator, *s.sides, s.slot, asked, Refusal.OUTSIDE_HOURS)


def _undelivered(s: Sitting) -> Notice:
    answer = "550 no such user"
    return UndeliveredNotice(KEY, s.coordinator, s.person.email, "invite", answer, in_doubt=False)


def _sign_in(s: Sitting) -> Notice:
    link = f"{base_url(s.roster) or 'https://mentoring.example.org'}/coordinator/enter/preview"
    return SignInNotice(KEY, s.coordinator, link)


def _trial(s: Sitting) -> Notice:
    organiser, zone = s.roster.programme.organiser, s.roster.programme.timezone
    return TrialNotice(KEY, Reader(organiser.name, organiser.email, zone))


MEETINGS: Mapping[str, Sample] = {
    **{kind: _meeting(kind) for kind in ("invite", "moved", "cancelled", "nudge")},
    "counter": _counter,
    "calendar": _calendar,
    "pattern": _pattern,
    "noslot": _no_slot,
    "stretch": _stretch,
    "putback": _put_back,
    "undelivered": _undelivered,
    "signin": _sign_in,
    "trial": _trial,
}

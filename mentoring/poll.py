"""When three times did not suit: several times for both to pick from, and what follows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from mentoring.availability import zone_at
from mentoring.interval import Interval
from mentoring.notices import Party, Reader
from mentoring.roster import Person
from mentoring.slots import Slot

MOST = 8
NUDGE_AFTER = 2
"""Working days of a silent partner until the one nudge."""
LASTS = 5
"""Working days of both after which a poll that not both answered is closed."""
LEAD = timedelta(hours=24)
"""A time that is nearer than this can't be picked any more."""
_NOON = 12


@dataclass(frozen=True)
class Option:
    """A time to pick. `cost` is what the search said; the lowest shared one is booked."""

    interval: Interval
    cost: float
    on_site: bool = False

    def is_ahead(self, now: datetime) -> bool:
        return self.interval.start >= now + LEAD


@dataclass(frozen=True)
class Poll:
    """A question to both partners. `id` is the UID of the meeting that fell through.

    `options` are in the order of time; `answers` holds by email the starts that suit.
    """

    id: str
    mentor: str
    mentee: str
    options: tuple[Option, ...]
    made_at: datetime
    answers: Mapping[str, frozenset[datetime]] = field(default_factory=dict)

    @property
    def people(self) -> tuple[str, str]:
        return self.mentor, self.mentee

    @property
    def answered(self) -> bool:
        return all(email in self.answers for email in self.people)


class Next(StrEnum):
    """What a poll needs now."""

    WAIT = "wait"
    BOOK = "book"
    CLOSE = "close"


def offered(ranked: Iterable[Slot], person: Person, most: int = MOST) -> tuple[Option, ...]:
    """Up to `most` times, one a half-day of the person's, spread over weeks, days and half-days.

    `ranked` has the best first.
    """
    best: dict[tuple[date, bool], Slot] = {}
    for slot in ranked:
        best.setdefault(_half_day(person, slot.interval.start), slot)
    used: Counter[object] = Counter()
    picked: list[Slot] = []

    def worth(half: tuple[date, bool]) -> tuple[float, ...]:
        day, afternoon = half
        return used[_week(day)], used[day], used[afternoon], best[half].cost

    while best and len(picked) < most:
        half = min(best, key=worth)
        picked.append(best.pop(half))
        used.update((_week(half[0]), *half))
    picked.sort(key=lambda slot: slot.interval.start)
    return tuple(Option(slot.interval, slot.cost, slot.on_site) for slot in picked)


def _half_day(person: Person, start: datetime) -> tuple[date, bool]:
    local = start.astimezone(ZoneInfo(zone_at(person, start)))
    return local.date(), local.hour >= _NOON


def _week(day: date) -> tuple[int, int]:
    return day.isocalendar()[:2]


def next_of(
    poll: Poll, *, suiting: Collection[Option] | None, working_days: int, now: datetime
) -> Next:
    """What a poll needs at `now`.

    `suiting` are the options that still suit both, None where a calendar can't be read;
    `working_days` counts both partners' working days since it was made, the smaller of the two.
    """
    if not any(option.is_ahead(now) for option in poll.options):
        return Next.CLOSE
    if not poll.answered and working_days >= LASTS:
        return Next.CLOSE
    if suiting is None:
        return Next.WAIT
    if best_shared(poll, suiting):
        return Next.BOOK
    return Next.CLOSE if poll.answered or not suiting else Next.WAIT


def best_shared(poll: Poll, suiting: Collection[Option]) -> Option | None:
    """The cheapest of the options that both ticked and that still suits both."""
    if not poll.answered:
        return None
    ticked = frozenset.intersection(*(poll.answers[email] for email in poll.people))
    shared = [option for option in suiting if option.interval.start in ticked]
    return min(shared, key=lambda o: (o.cost, o.interval.start), default=None)


def needs_nudge(poll: Poll, email: str, working_days: int) -> bool:
    """Whether a silent partner is due the one nudge, by their working days since it was made."""
    return email not in poll.answers and working_days >= NUDGE_AFTER


def picked(text: str, options: Sequence[Option]) -> frozenset[datetime] | None:
    """The starts that "1 3 5" means; none for "none"; None where it can't be understood."""
    words = text.replace(",", " ").replace(";", " ").split()
    if [word.casefold() for word in words] == ["none"]:
        return frozenset()
    if not words or len(words) > MOST or not all(w.isascii() and w.isdigit() for w in words):
        return None
    numbers = {int(word) for word in words}
    if not numbers <= set(range(1, len(options) + 1)):
        return None
    return frozenset(options[number - 1].interval.start for number in numbers)


@dataclass(frozen=True)
class Offer:
    """One numbered time, with the zones in force for the reader and the other on that day."""

    number: int
    slot: Interval
    zone: str
    other_zone: str
    on_site: bool = False


@dataclass(frozen=True)
class ProposeNotice:
    """`kind` propose: to both; several times to pick from. `again` where it is the nudge.

    `link` is the page to pick on, empty where there are no pages; `code` picks by mail.
    """

    key: str
    reader: Reader
    other: Party
    offers: tuple[Offer, ...]
    code: str
    link: str = ""
    again: bool = False
    kind: str = "propose"


@dataclass(frozen=True)
class MisreadNotice:
    """`kind` misread: what this reader sent by mail can't be understood; `form` is a right one."""

    key: str
    reader: Reader
    problem: str
    word: str
    code: str
    example: str
    kind: str = "misread"

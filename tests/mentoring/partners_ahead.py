"""How a thousand pairs really meet: an independent play that forecasts are measured against.

It plays the daemon's cycle (propose near the due day, accept, decline or silence, another time, a
poll, a rest, held or missed) on days and half-days, with people whose habits are drawn afresh. It
shares the product's rules of when somebody works, and nothing with the forecast's code. What the
forecast is not told: each person's habits and how they are spread, busy calendars, sick leave that
comes up, crunches in which a person turns worse, and pairs that grow tired of each other.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

from mentoring.availability import meeting_hours
from mentoring.hours import parse_hours
from mentoring.interval import Interval
from mentoring.meeting import State
from mentoring.roster import Agreement, DateException, ExceptionKind, Pair, Pause, Person

T = TypeVar("T")
START = date(2027, 1, 11)
ZONE = "America/New_York"
_DAY = timedelta(days=1)
_ZONES = {
    "America/New_York": ("US", 8),
    "America/Chicago": ("US", 4),
    "America/Denver": ("US-CO", 2),
    "America/Los_Angeles": ("US-CA", 4),
    "America/Sao_Paulo": ("BR", 1),
    "Europe/London": ("GB", 2),
    "Europe/Berlin": ("DE-BE", 1),
}
_HOURS = {
    "Mon-Fri 09:00-17:00": 6,
    "Mon-Thu 08:00-16:30; Fri 08:00-12:00": 2,
    "Mon-Fri 08:00-12:00, 13:00-17:00": 2,
    "Tue-Thu 09:00-15:00": 1,
    "Mon 09:00-13:00; Wed 09:00-17:00; Fri 09:00-12:00": 1,
    "Mon-Fri 07:00-15:00": 2,
}
_RHYTHMS = {7: 2, 14: 6, 21: 2, 28: 2}


@dataclass(frozen=True)
class Temper:
    """One person's habits: chances an invite is declined or not answered, that they come, that a
    poll is answered, and how full their calendar is."""

    declines: float
    silent: float
    comes: float
    picks: float
    busy: float


@dataclass
class Meeting:
    """One meeting of the play: what is known of it when follows from its dates.

    `shown` are the days it was put on, each with the date since when; `settled` is when it was said
    whether it was held. One that was called off has `off` instead.
    """

    shown: list[tuple[date, date]]
    confirmed: date = date.max
    settled: date = date.max
    held: bool = False
    off: date = date.max

    @property
    def day(self) -> date:
        return self.shown[-1][1]


@dataclass
class Couple:
    """A pair with what is known of it, and how it went: `meetings` in order."""

    pair: Pair
    people: tuple[Person, Person]
    tempers: tuple[Temper, Temper]
    meetings: list[Meeting] = field(default_factory=list)
    rests: list[tuple[date, date]] = field(default_factory=list)

    @property
    def held(self) -> int:
        return sum(meeting.held for meeting in self.meetings)

    def known_on(self, today: date) -> list[tuple[date, State]]:
        """The meetings that the programme's records show on a day."""
        known = []
        for meeting in self.meetings:
            shown = [day for since, day in meeting.shown if since <= today]
            if shown and meeting.off > today:
                known.append((shown[-1], self._state(meeting, today)))
        return known

    def rests_until(self, today: date) -> date | None:
        """Until when the programme proposes nothing, as it knows on a day."""
        return max((until for since, until in self.rests if since <= today < until), default=None)

    def _state(self, meeting: Meeting, today: date) -> State:
        if meeting.settled <= today:
            return State.HELD if meeting.held else State.MISSED
        return State.CONFIRMED if meeting.confirmed <= today else State.PROPOSED


def couples(number: int, dice: random.Random) -> list[Couple]:
    """So many pairs, their whole term played."""
    made = [_couple(n, dice) for n in range(number)]
    for couple in made:
        _Play(couple, dice).run()
    return made


def _couple(number: int, dice: random.Random) -> Couple:
    term = dice.choice([26, 34, 39, 52]) * 7
    start = START + timedelta(days=dice.choice([0, 0, 0, 14, 28]))
    end = start + timedelta(days=term - 1)
    people = (
        _person(f"mentor{number}", start, end, dice),
        _person(f"mentee{number}", start, end, dice),
    )
    every = timedelta(days=_pick(_RHYTHMS, dice))
    agreement = Agreement(every=every, minutes=dice.choice([30, 60, 60, 60]))
    pauses: tuple[Pause, ...] = ()
    if dice.random() < 0.12:
        first = start + timedelta(days=dice.randrange(20, term - 20))
        pauses = (Pause(first, first + timedelta(days=dice.randrange(7, 28))),)
    goal = None
    if dice.random() < 0.4:
        goal = max(1, round(term / every.days * dice.uniform(0.5, 1.0)))
    pair = Pair(people[0].email, people[1].email, start, end, agreement, goal=goal, pauses=pauses)
    return Couple(pair, people, (_temper(dice), _temper(dice)))


def _person(name: str, start: date, end: date, dice: random.Random) -> Person:
    zone = _pick({z: weight for z, (_, weight) in _ZONES.items()}, dice)
    exceptions = []
    for kind, most in ((ExceptionKind.OFF, 18), (ExceptionKind.DEADLINE, 5)):
        for _ in range(dice.choice([0, 1, 1, 2])):
            first = start + timedelta(days=dice.randrange((end - start).days))
            last = first + timedelta(days=dice.randrange(most))
            exceptions.append(DateException(kind, first, last))
    return Person(
        email=f"{name}@example.org",
        name=name.title(),
        timezone=zone,
        hours=parse_hours(_pick(_HOURS, dice)),
        holidays=_ZONES[zone][0],
        exceptions=tuple(exceptions),
    )


def _temper(dice: random.Random) -> Temper:
    """Most are reliable, some are busy, a few are hard to reach."""
    kind = dice.random()
    if kind < 0.62:
        low = (0.02, 0.12), (0.0, 0.08), (0.93, 1.0), (0.7, 0.98), (0.1, 0.5)
    elif kind < 0.88:
        low = (0.08, 0.35), (0.03, 0.2), (0.82, 0.97), (0.5, 0.9), (0.4, 0.8)
    else:
        low = (0.1, 0.3), (0.2, 0.6), (0.6, 0.9), (0.15, 0.6), (0.2, 0.6)
    declines, silent, comes, picks, busy = (dice.uniform(*span) for span in low)
    return Temper(declines, silent, comes, picks, busy)


def _pick(weighted: dict[T, int], dice: random.Random) -> T:
    return dice.choices(list(weighted), list(weighted.values()))[0]


class _Play:
    """One pair's term, meeting after meeting, as the daemon leads it."""

    def __init__(self, couple: Couple, dice: random.Random) -> None:
        self.couple, self.dice = couple, dice
        self.pair = couple.pair
        self.every = self.pair.agreement.every
        self.shared = _shared_days(couple)
        self.sick = [self._sick_leave() for _ in couple.people]
        self.crunch = [self._crunch() for _ in couple.people]
        self.tired = dice.random() < 0.08
        """Some pairs grow tired: each month they come a little less."""

    def run(self) -> None:
        """Each next meeting is looked for as far ahead as the daemon does, or when it can be."""
        pair, before = self.pair, None
        known = pair.start - timedelta(days=13)
        while True:
            due = before + self.every if before else pair.start
            lead = max(timedelta(weeks=2), timedelta(weeks=4) - self.every / 2)
            asked = max(known, due - lead) if before else known
            if asked > pair.end:
                return
            found = self._arrange(asked, due, before)
            if isinstance(found, Meeting):
                before, known = found.day, found.confirmed
            else:
                known = found

    def _arrange(self, asked: date, due: date, before: date | None) -> Meeting | date:
        """A meeting that both agreed on; else the day on which the daemon tries again."""
        refused: set[date] = set()
        meeting = Meeting([])
        for _ in range(3):
            day = self._free_day(asked, due, before, refused)
            if day is None:
                meeting.off = asked
                return asked + timedelta(days=3)
            if not meeting.shown:
                self.couple.meetings.append(meeting)
            meeting.shown.append((asked, day))
            answers = [self._answer(who, asked, day) for who in (0, 1)]
            said = max(at for at, _ in answers)
            if all(yes for _, yes in answers):
                return self._met(meeting, said)
            asked = max(asked + _DAY, min(said, day - _DAY))
            refused.add(day)
            due = max(day, asked + timedelta(days=2))
        meeting.off = asked
        return self._poll(asked, due, before, refused)

    def _answer(self, who: int, asked: date, day: date) -> tuple[date, bool]:
        """When this partner answers, and whether they accept; silence lapses the day before."""
        temper = self.couple.tempers[who]
        worse = 2.2 if self._crunched(who, asked) else 1.0
        draw = self.dice.random()
        if draw < temper.silent * worse:
            return day - _DAY, False
        wait = min(self.dice.choice([0, 0, 1, 1, 2, 3, 5]), max(0, (day - asked).days - 1))
        return asked + timedelta(days=wait), draw > (temper.silent + temper.declines) * worse

    def _met(self, meeting: Meeting, confirmed: date) -> Meeting:
        """Both agreed; they come or they don't, and say so some days later."""
        meeting.confirmed = confirmed
        meeting.settled = meeting.day + timedelta(days=self.dice.choice([0, 1, 1, 3, 7]))
        meeting.held = all(self._comes(who, meeting.day) for who in (0, 1))
        return meeting

    def _comes(self, who: int, day: date) -> bool:
        comes = self.couple.tempers[who].comes
        if self.tired:
            comes *= 0.95 ** ((day - self.pair.start).days / 30)
        if self._crunched(who, day):
            comes *= 0.85
        return day not in self.sick[who] and self.dice.random() < comes

    def _poll(
        self, asked: date, due: date, before: date | None, refused: set[date]
    ) -> Meeting | date:
        """Eight times to pick from; else the pair rests for a rhythm."""
        answered = all(self.dice.random() < t.picks for t in self.couple.tempers)
        day = self._free_day(asked, due + timedelta(days=7), before, refused)
        closes = asked + timedelta(days=self.dice.choice([1, 2, 4, 7]))
        if answered and day is not None and day > closes:
            picked = Meeting([(closes, day)])
            self.couple.meetings.append(picked)
            return self._met(picked, closes)
        rest = max(due, closes) + self.every
        self.couple.rests.append((closes, rest))
        return rest

    def _free_day(
        self, asked: date, due: date, before: date | None, refused: set[date]
    ) -> date | None:
        """The day nearest the due one with a shared hour that no calendar takes."""
        first = max(asked + timedelta(days=2), self.pair.start)
        if before:
            first = max(first, before + self.every / 2)
        last = min(asked + timedelta(weeks=4), self.pair.end)
        days = [d for d in self.shared if first <= d <= last and d not in refused]
        for day in sorted(days, key=lambda d: (abs((d - due).days), d)):
            if self._is_free(day):
                return day
        return None

    def _is_free(self, day: date) -> bool:
        """Whether one of the shared starts of a day is left by both calendars."""
        fuller = max(t.busy for t in self.couple.tempers)
        choices = min(4, self.shared[day] // 4 + 1)
        return any(self.dice.random() > fuller for _ in range(choices))

    def _sick_leave(self) -> set[date]:
        days: set[date] = set()
        for _ in range(self.dice.choice([0, 0, 1, 2])):
            first = self.pair.start + timedelta(days=self.dice.randrange(360))
            days |= {first + n * _DAY for n in range(self.dice.randrange(1, 9))}
        return days

    def _crunch(self) -> tuple[date, date] | None:
        if self.dice.random() < 0.7:
            return None
        first = self.pair.start + timedelta(days=self.dice.randrange(300))
        return first, first + timedelta(days=self.dice.randrange(20, 50))

    def _crunched(self, who: int, day: date) -> bool:
        span = self.crunch[who]
        return span is not None and span[0] <= day <= span[1]


def _shared_days(couple: Couple) -> dict[date, int]:
    """By day of the programme's clock, how many quarter-hour starts lie inside both's hours."""
    pair = couple.pair
    window = Interval(
        datetime.combine(pair.start, datetime.min.time(), UTC),
        datetime.combine(pair.end + _DAY, datetime.min.time(), UTC),
    )
    first, second = (meeting_hours(person, window) for person in couple.people)
    length = timedelta(minutes=pair.agreement.minutes)
    starts: dict[date, int] = {}
    for mine in first:
        for theirs in second:
            if mine.overlaps(theirs):
                room = min(mine.end, theirs.end) - max(mine.start, theirs.start) - length
                if room >= timedelta():
                    day = max(mine.start, theirs.start).date()
                    starts[day] = starts.get(day, 0) + room // timedelta(minutes=15) + 1
    resting = {p.first + n * _DAY for p in pair.pauses for n in range((p.last - p.first).days + 1)}
    return {day: number for day, number in starts.items() if day not in resting}

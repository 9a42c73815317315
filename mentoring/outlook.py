"""What a pair's facts come to: its days, its record, its goal, and where its rhythm goes on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property

from mentoring.chance import Outlook
from mentoring.meeting import State
from mentoring.openings import Openings, openings
from mentoring.roster import Pair, Pause, Person
from mentoring.track import Cohort, Kept, Record, pending, record

GOAL_SHARE = 0.8
"""Where nobody set a goal: four of five turns of the rhythm; one in five may fall through."""
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Case:
    """A pair as it stands on a day.

    `people` are mentor and mentee, `kept` the meetings that were not called off, `days` those on
    which the two could meet, in the programme's `zone`. Nothing is proposed before `rests_until`.
    """

    pair: Pair
    people: tuple[Person, Person]
    kept: tuple[Kept, ...]
    days: Openings
    zone: str
    today: date
    rests_until: date | None = None

    def under(self, pair: Pair, people: tuple[Person, Person]) -> Case:
        """The same pair under another agreement, or with other hours; its past stays as it was."""
        return replace(self, pair=pair, people=people, days=openings(pair, people, self.zone))

    @cached_property
    def record(self) -> Record:
        pair = self.pair
        return record(
            self.kept, self.days, start=pair.start, every=pair.agreement.every, today=self.today
        )


def outlook(case: Case, cohort: Cohort) -> Outlook:
    """From where the pair's rhythm goes on: a rhythm after its last meeting, held or not."""
    pair, every = case.pair, case.pair.agreement.every
    begins = max(case.today, case.rests_until or case.today)
    soonest = max(begins + pair.agreement.notice, pair.start)
    last = max((meeting.day for meeting in case.kept), default=None)
    earliest = max(soonest, last + max(every / 2, _DAY)) if last else soonest
    return Outlook(
        held=Counter(meeting.state for meeting in case.kept)[State.HELD],
        pending=tuple(pending(case.kept)),
        due=max(earliest, last + every) if last else earliest,
        earliest=earliest,
        end=pair.end,
        every=every,
        days=case.days,
        habits=cohort.habits(case.record),
    )


def goal_of(pair: Pair) -> int:
    """Sessions by the end: the pair's own goal, else what its rhythm comes to, less its pauses."""
    if pair.goal is not None:
        return pair.goal
    term = pair.end - pair.start + _DAY - sum((_rests(pair, p) for p in _joined(pair)), timedelta())
    turns = max(timedelta(), term) / pair.agreement.every
    return max(1, int(turns * GOAL_SHARE))


def _rests(pair: Pair, pause: Pause) -> timedelta:
    first, last = max(pair.start, pause.first), min(pair.end, pause.last)
    return max(timedelta(), last - first + _DAY)


def _joined(pair: Pair) -> list[Pause]:
    """The pauses without overlaps: both may be away on the same days."""
    joined: list[Pause] = []
    for pause in sorted(pair.pauses, key=lambda p: p.first):
        if joined and pause.first <= joined[-1].last:
            joined[-1] = Pause(joined[-1].first, max(joined[-1].last, pause.last))
        else:
            joined.append(pause)
    return joined

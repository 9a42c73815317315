"""The life of a meeting: what its facts and the clock ask for next.

due → proposed → confirmed → held | missed; a decline, a conflict, a lapse or a partner's counter
makes it proposed again under the same UID with SEQUENCE + 1, three times; cancelled ends it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, StrEnum, auto

from mentoring.interval import Interval
from mentoring.met import ASSUMED_AFTER, Said, Verdict, verdict
from mentoring.notices import Why

TRIES = 3
NUDGES = 2
NUDGE_AFTER = 2
"""Working days of the silent one between an invite and a nudge, and between two nudges."""
ANSWER_BY = timedelta(hours=24)
"""How long before its start a meeting must be confirmed, or another time is proposed."""
URGENT = timedelta(hours=12)
"""A change this near to the meeting is mailed outside the reader's hours too."""
REMIND_BEFORE = timedelta(hours=24)


class State(StrEnum):
    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    HELD = "held"
    MISSED = "missed"
    CANCELLED = "cancelled"


LIVE = frozenset({State.PROPOSED, State.CONFIRMED})


class Partstat(StrEnum):
    """RFC 5545 section 3.2.12, as far as a partner's answer goes."""

    NEEDS_ACTION = "NEEDS-ACTION"
    ACCEPTED = "ACCEPTED"
    DECLINED = "DECLINED"
    TENTATIVE = "TENTATIVE"


@dataclass(frozen=True)
class Attendance:
    """One partner's side of a meeting.

    `answered` is the DTSTAMP of the answer that counts; `shown` the answer that the organiser's
    calendar showed last, since only a change there is news.
    """

    email: str
    partstat: Partstat = Partstat.NEEDS_ACTION
    nudges: int = 0
    answered: datetime | None = None
    shown: str = ""


@dataclass(frozen=True)
class Meeting:
    """A meeting as it stands. `proposed_at` is when the present time was proposed."""

    uid: str
    mentor: str
    mentee: str
    state: State
    sequence: int
    tries: int
    slot: Interval
    proposed_at: datetime
    attendances: tuple[Attendance, Attendance]

    @property
    def accepted(self) -> bool:
        return all(a.partstat is Partstat.ACCEPTED for a in self.attendances)

    @property
    def declined(self) -> bool:
        return any(a.partstat is Partstat.DECLINED for a in self.attendances)


class Action(Enum):
    """What a meeting needs now."""

    NOTHING = auto()
    CONFIRM = auto()
    REPROPOSE = auto()
    GIVE_UP = auto()
    HOLD = auto()
    ASSUME_HELD = auto()
    MISS = auto()


@dataclass(frozen=True)
class Step:
    action: Action
    why: Why | None = None


NOTHING = Step(Action.NOTHING)


def next_step(
    meeting: Meeting,
    *,
    conflict: Why | None = None,
    said: Sequence[Said] = (),
    working_days_since: int = 0,
    now: datetime,
) -> Step:
    """What a live meeting needs at `now`.

    `conflict` is why its time no longer suits both: CONFLICT, HOURS, SITE, or DEADLINE, for which
    another time is looked for however many tries it had. `said` is what partners said of it since;
    `working_days_since` counts both partners' working days since it ended, the smaller of the two.
    """
    if now >= meeting.slot.start:
        return _after_start(meeting, said, working_days_since, now)
    if why := _trouble(meeting, conflict, now):
        used_up = meeting.tries >= TRIES and why is not Why.DEADLINE
        return Step(Action.GIVE_UP if used_up else Action.REPROPOSE, why)
    if meeting.state is State.PROPOSED and meeting.accepted:
        return Step(Action.CONFIRM)
    return NOTHING


def _after_start(
    meeting: Meeting, said: Sequence[Said], working_days_since: int, now: datetime
) -> Step:
    if said:
        return _BY_WORD[verdict(said, working_days_since)]
    if meeting.accepted:
        if meeting.state is State.PROPOSED:
            return Step(Action.CONFIRM)
        if now >= meeting.slot.end and working_days_since >= ASSUMED_AFTER:
            return Step(Action.ASSUME_HELD)
        return NOTHING
    return Step(Action.MISS)


_BY_WORD = {
    Verdict.HELD: Step(Action.HOLD),
    Verdict.MISSED: Step(Action.MISS),
    Verdict.OPEN: NOTHING,
}


def _trouble(meeting: Meeting, conflict: Why | None, now: datetime) -> Why | None:
    if meeting.declined:
        return Why.DECLINED
    if conflict:
        return conflict
    if not meeting.accepted and now >= answer_by(meeting):
        return Why.UNANSWERED
    return None


def answer_by(meeting: Meeting) -> datetime:
    """When an unanswered proposal lapses: a day ahead, or half way when it was made later."""
    half_way = meeting.proposed_at + (meeting.slot.start - meeting.proposed_at) / 2
    return max(meeting.slot.start - ANSWER_BY, half_way)


def nudge_due(attendance: Attendance, working_days_since: int) -> int:
    """Which nudge a silent partner is due, by their working days since the proposal; 0 for none.

    Where nobody looked for days, the second stands for the first as well.
    """
    number = min(NUDGES, working_days_since // NUDGE_AFTER)
    is_silent = attendance.partstat is Partstat.NEEDS_ACTION
    return number if is_silent and number > attendance.nudges else 0


def answer_counts(
    meeting: Meeting, attendance: Attendance, sequence: int, stamp: datetime | None
) -> bool:
    """Whether an answer is about the present time and newer than the last one.

    RFC 5546 section 2.1.5: SEQUENCE first, then DTSTAMP.
    """
    if meeting.state not in LIVE or sequence != meeting.sequence:
        return False
    return attendance.answered is None or stamp is None or stamp >= attendance.answered


def is_near(now: datetime, *starts: datetime | None) -> bool:
    """Whether any of these starts is so near that a change may be mailed at any hour."""
    return any(timedelta(0) <= start - now <= URGENT for start in starts if start)

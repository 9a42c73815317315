"""The life of a meeting, as one function of its facts and the clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mentoring.interval import Interval
from mentoring.meeting import (
    TRIES,
    Action,
    Attendance,
    Meeting,
    Partstat,
    State,
    answer_by,
    answer_counts,
    next_step,
    nudge_due,
)
from mentoring.met import Said
from mentoring.notices import Why

START = datetime(2027, 1, 14, 18, tzinfo=UTC)
SLOT = Interval(START, START + timedelta(hours=1))
PROPOSED_AT = START - timedelta(days=4)


def meeting(*partstats: Partstat, state: State = State.PROPOSED, tries: int = 1) -> Meeting:
    mentor, mentee = (Attendance(name, p) for name, p in zip("ab", partstats, strict=True))
    return Meeting("u", "a", "b", state, 0, tries, SLOT, PROPOSED_AT, (mentor, mentee))


YES, NO, OPEN = Partstat.ACCEPTED, Partstat.DECLINED, Partstat.NEEDS_ACTION


def step(
    m: Meeting, now: datetime, conflict: Why | None = None, days: int = 0
) -> tuple[Action, Why | None]:
    found = next_step(m, conflict=conflict, working_days_since=days, now=now)
    return found.action, found.why


def test_both_accepted() -> None:
    assert step(meeting(YES, YES), PROPOSED_AT) == (Action.CONFIRM, None)


def test_one_open() -> None:
    assert step(meeting(YES, OPEN), PROPOSED_AT) == (Action.NOTHING, None)


def test_declined() -> None:
    assert step(meeting(YES, NO), PROPOSED_AT) == (Action.REPROPOSE, Why.DECLINED)


def test_declined_after_it_was_confirmed() -> None:
    late = meeting(YES, NO, state=State.CONFIRMED)
    assert step(late, PROPOSED_AT) == (Action.REPROPOSE, Why.DECLINED)


def test_conflict() -> None:
    found = step(meeting(YES, YES, state=State.CONFIRMED), PROPOSED_AT, Why.CONFLICT)
    assert found == (Action.REPROPOSE, Why.CONFLICT)


def test_unanswered_a_day_ahead() -> None:
    open_one = meeting(YES, OPEN)
    before, due = START - timedelta(hours=25), START - timedelta(hours=24)
    assert step(open_one, before) == (Action.NOTHING, None)
    assert step(open_one, due) == (Action.REPROPOSE, Why.UNANSWERED)


def test_a_late_proposal_lapses_half_way() -> None:
    late = replace(meeting(OPEN, OPEN), proposed_at=START - timedelta(hours=10))
    assert answer_by(late) == START - timedelta(hours=5)


def test_the_last_try_gives_up() -> None:
    last = meeting(NO, OPEN, tries=TRIES)
    assert step(last, PROPOSED_AT) == (Action.GIVE_UP, Why.DECLINED)


def test_after_it() -> None:
    confirmed = meeting(YES, YES, state=State.CONFIRMED)
    assert step(confirmed, SLOT.end, days=4) == (Action.NOTHING, None)
    assert step(confirmed, SLOT.end, days=5) == (Action.ASSUME_HELD, None)
    assert step(meeting(YES, OPEN), START) == (Action.MISS, None)
    assert step(meeting(YES, YES), SLOT.end, days=9) == (Action.CONFIRM, None)


def test_what_was_said_comes_before_what_was_planned() -> None:
    yes, no = Said(True), Said(False)
    confirmed, unanswered = meeting(YES, YES, state=State.CONFIRMED), meeting(YES, OPEN)
    for m in (confirmed, unanswered):
        for said, days, action in (
            ((yes,), 0, Action.NOTHING),
            ((yes,), 5, Action.HOLD),
            ((yes, yes), 0, Action.HOLD),
            ((yes, no), 9, Action.MISS),
        ):
            step = next_step(m, said=said, working_days_since=days, now=SLOT.end)
            assert step.action is action


@given(days=st.integers(0, 20), nudges=st.integers(0, 3), partstat=st.sampled_from(list(Partstat)))
def test_nudges(days: int, nudges: int, partstat: Partstat) -> None:
    due = nudge_due(Attendance("a", partstat, nudges), days)
    assert bool(due) == (partstat is OPEN and nudges < 2 and days >= 2 * (nudges + 1))
    again = Attendance("a", partstat, max(due, nudges))
    assert not nudge_due(again, days), "one at a time, however long nobody looked"


def test_only_answers_to_the_present_time_count() -> None:
    now = replace(meeting(OPEN, OPEN), sequence=2)
    side = Attendance("a", OPEN, answered=START)
    assert answer_counts(now, side, 2, START)
    assert not answer_counts(now, side, 1, START)
    assert not answer_counts(now, side, 3, START)
    assert not answer_counts(now, side, 2, START - timedelta(seconds=1))
    over = replace(now, state=State.CANCELLED)
    assert not answer_counts(over, side, 2, START)

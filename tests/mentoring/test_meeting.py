"""The life of a meeting, as one function of its facts and the clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

from mentoring.interval import Interval
from mentoring.meeting import (
    REMIND_BEFORE,
    TRIES,
    Action,
    Attendance,
    Meeting,
    Partstat,
    State,
    Step,
    answer_by,
    answer_counts,
    is_near,
    next_step,
    nudge_due,
)
from mentoring.met import Said
from mentoring.notices import Why

START = datetime(2027, 1, 14, 18, tzinfo=UTC)
SLOT = Interval(START, START + timedelta(hours=1))
PROPOSED_AT = START - timedelta(days=4)
SECOND = timedelta(seconds=1)


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


def test_nudges() -> None:
    """Two at most, two and four working days after the invite, to who has said nothing."""
    for partstat, nudges, days in product(Partstat, range(4), range(12)):
        due = nudge_due(Attendance("a", partstat, nudges), days)
        number = 2 if days >= 4 else 1 if days >= 2 else 0
        assert due == (number if partstat is OPEN and number > nudges else 0)


def test_only_answers_to_the_present_time_count() -> None:
    now = replace(meeting(OPEN, OPEN), sequence=2)
    side = Attendance("a", OPEN, answered=START)
    assert answer_counts(now, side, 2, START)
    assert not answer_counts(now, side, 1, START)
    assert not answer_counts(now, side, 3, START)
    assert not answer_counts(now, side, 2, START - timedelta(seconds=1))
    for state in State:
        counts = answer_counts(replace(now, state=state), side, 2, START)
        assert counts is (state in (State.PROPOSED, State.CONFIRMED))


def test_an_answer_without_a_date_or_the_first_one_counts() -> None:
    now = meeting(OPEN, OPEN)
    assert answer_counts(now, Attendance("a", OPEN, answered=START), 0, None)
    assert answer_counts(now, Attendance("a"), 0, START)


def test_a_change_within_twelve_hours_is_near_and_one_that_began_is_not() -> None:
    twelve = timedelta(hours=12)
    for ahead, near in (
        (-SECOND, False),
        (timedelta(0), True),
        (SECOND, True),
        (twelve, True),
        (twelve + SECOND, False),
    ):
        assert is_near(START - ahead, START) is near
        assert is_near(START - ahead, None, START + timedelta(days=9), START) is near
    assert is_near(START) is is_near(START, None) is False


def test_a_deadline_asks_for_another_time_however_many_there_were() -> None:
    for tries, action in ((2, Action.REPROPOSE), (3, Action.GIVE_UP), (4, Action.GIVE_UP)):
        often = meeting(YES, YES, tries=tries)
        assert step(often, PROPOSED_AT, Why.CONFLICT) == (action, Why.CONFLICT)
        assert step(often, PROPOSED_AT, Why.DEADLINE) == (Action.REPROPOSE, Why.DEADLINE)


def test_a_refusal_comes_before_a_conflict_and_that_before_silence() -> None:
    last_hour = START - timedelta(hours=1)
    assert step(meeting(NO, OPEN), last_hour, Why.HOURS) == (Action.REPROPOSE, Why.DECLINED)
    assert step(meeting(OPEN, OPEN), last_hour, Why.HOURS) == (Action.REPROPOSE, Why.HOURS)
    assert step(meeting(OPEN, OPEN), last_hour) == (Action.REPROPOSE, Why.UNANSWERED)


def test_a_meeting_is_not_held_before_it_is_over() -> None:
    confirmed = meeting(YES, YES, state=State.CONFIRMED)
    assert step(confirmed, SLOT.end - SECOND, days=9) == (Action.NOTHING, None)
    assert step(confirmed, START - SECOND, days=9) == (Action.NOTHING, None)


def test_a_new_partner_has_said_and_shown_nothing() -> None:
    assert Attendance("a") == Attendance("a", OPEN, 0, None, "")
    assert next_step(meeting(YES, YES, state=State.CONFIRMED), said=[Said(True)], now=SLOT.end) == (
        Step(Action.NOTHING)
    )


def test_what_stores_calendars_and_status_call_them() -> None:
    assert [*State] == ["proposed", "confirmed", "held", "missed", "cancelled"]
    assert [*Partstat] == ["NEEDS-ACTION", "ACCEPTED", "DECLINED", "TENTATIVE"]


def test_partners_are_reminded_a_day_before() -> None:
    assert timedelta(days=1) == REMIND_BEFORE

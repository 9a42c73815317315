"""Preparation as rules: phases, partners' words, and when to ask for them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mentoring.agenda import (
    LONGEST,
    Fault,
    Phase,
    fault_in,
    is_kept,
    is_open,
    phase_on,
    prepare_due,
)
from mentoring.availability import local_day, reads_at, working_day_before
from mentoring.hours import parse_hours
from mentoring.interval import Interval
from mentoring.meeting import Attendance, Meeting, Partstat, State
from mentoring.roster import DateException, ExceptionKind, Person

TUESDAY = datetime(2027, 1, 26, 18, tzinfo=UTC)  # one in the afternoon in New York
DANA = Person("dana@x", "Dana", "America/New_York", parse_hours("Mon-Fri 09:00-17:00"), "US")
FRIDAY = datetime(2027, 1, 22, 14, tzinfo=UTC)  # nine there


def meeting(said: Partstat = Partstat.ACCEPTED, state: State = State.PROPOSED) -> Meeting:
    sides = Attendance("dana@x", said), Attendance("lee@x")
    slot = Interval(TUESDAY, TUESDAY + timedelta(hours=1))
    return Meeting("u", "lee@x", "dana@x", state, 0, 1, slot, TUESDAY - timedelta(days=9), sides)


def test_phases_are_thirds_of_the_term() -> None:
    first, last = date(2027, 1, 1), date(2027, 3, 31)  # 90 days
    assert phase_on(first, first, last) is Phase.START
    assert phase_on(date(2027, 1, 30), first, last) is Phase.START
    assert phase_on(date(2027, 1, 31), first, last) is Phase.MIDDLE
    assert phase_on(date(2027, 3, 1), first, last) is Phase.MIDDLE
    assert phase_on(date(2027, 3, 2), first, last) is Phase.CLOSE
    assert phase_on(last, first, last) is Phase.CLOSE


@example(date(2027, 1, 11), -1, 0)  # ended before its first day
@given(st.dates(), st.integers(-3, 900), st.integers(-400, 1300))
def test_phases_only_go_forward(first: date, length: int, offset: int) -> None:
    try:
        last, day = first + timedelta(days=length), first + timedelta(days=offset)
        following = day + timedelta(days=1)
    except OverflowError:
        return
    order = list(Phase)
    assert order.index(phase_on(day, first, last)) <= order.index(phase_on(following, first, last))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("How did it go?", None),
        ("¿Cómo fue? 名前 👩‍🚀 <b>&amp;", None),
        ("x" * LONGEST, None),
        ("x" * (LONGEST + 1), Fault.TOO_LONG),
        ("", Fault.EMPTY),
        ("   ", Fault.EMPTY),
        ("two\nlines", Fault.CONTROL),
        ("nul\x00", Fault.CONTROL),
        ("turned \u202eround", Fault.CONTROL),
        ("a\u2028b", Fault.CONTROL),
        ("half \ud83d", Fault.CONTROL),
    ],
)
def test_what_partners_may_write(text: str, fault: Fault | None) -> None:
    assert fault_in(text) is fault


def test_asked_from_the_second_working_day_before() -> None:
    assert not prepare_due(meeting(), DANA, FRIDAY - timedelta(minutes=1))
    assert prepare_due(meeting(), DANA, FRIDAY)
    assert prepare_due(meeting(), DANA, TUESDAY - timedelta(minutes=1))
    assert not prepare_due(meeting(), DANA, TUESDAY)


def test_holidays_and_leave_are_no_working_days() -> None:
    off = DateException(ExceptionKind.OFF, date(2027, 1, 22), date(2027, 1, 22))
    away = replace(DANA, exceptions=(off,))
    assert not prepare_due(meeting(), away, FRIDAY - timedelta(days=1, minutes=1))
    assert prepare_due(meeting(), away, FRIDAY - timedelta(days=1))
    after_king_day = datetime(2027, 1, 19, 18, tzinfo=UTC)  # the holiday is Monday the 18th
    begins = working_day_before(DANA, after_king_day, 2)
    assert begins == datetime(2027, 1, 14, 14, tzinfo=UTC)


def test_only_who_said_yes_is_asked() -> None:
    for said in (Partstat.NEEDS_ACTION, Partstat.TENTATIVE, Partstat.DECLINED):
        assert not prepare_due(meeting(said), DANA, FRIDAY)
    for state in (State.CANCELLED, State.MISSED, State.HELD):
        assert not prepare_due(meeting(state=state), DANA, FRIDAY)
    assert prepare_due(meeting(Partstat.NEEDS_ACTION, State.CONFIRMED), DANA, FRIDAY)


def test_a_late_proposal_is_not_asked_about() -> None:
    for minutes, due in ((-1, True), (0, False), (60, False)):
        late = replace(meeting(), proposed_at=FRIDAY + timedelta(minutes=minutes))
        assert prepare_due(late, DANA, FRIDAY + timedelta(hours=2)) is due


HOURS = ["Mon-Fri 09:00-17:00", "Mon-Fri 00:00-24:00", "Mon-Sun 00:00-24:00", "Tue-Sat 22:00-06:00"]
ZONES = ["America/New_York", "Asia/Kathmandu", "Pacific/Apia", "Australia/Lord_Howe"]


@given(
    st.sampled_from(HOURS),
    st.sampled_from(ZONES),
    st.integers(0, 60 * 24 * 320),
    st.integers(1, 4),
)
def test_a_working_day_before_is_one(hours: str, zone: str, minutes: int, days: int) -> None:
    person = Person("p@x", "P", zone, parse_hours(hours), "US")
    instant = TUESDAY + timedelta(minutes=minutes)
    begins = working_day_before(person, instant, days)
    assert begins is not None
    assert begins < instant
    assert reads_at(person, begins)
    assert not reads_at(person, begins - timedelta(minutes=1)) or (
        local_day(person, begins - timedelta(minutes=1)) < local_day(person, begins)
    )
    assert (local_day(person, instant) - local_day(person, begins)).days >= days
    if days > 1:
        nearer = working_day_before(person, instant, days - 1)
        assert nearer is not None
        assert local_day(person, begins) < local_day(person, nearer)


def test_who_is_away_for_long_is_not_asked() -> None:
    off = DateException(ExceptionKind.OFF, date(2026, 1, 1), date(2027, 12, 31))
    assert working_day_before(replace(DANA, exceptions=(off,)), TUESDAY, 2) is None


def test_an_agenda_is_open_until_the_end_and_kept_for_thirty_days() -> None:
    end = meeting().slot.end
    assert is_open(meeting(), end - timedelta(minutes=1))
    assert not is_open(meeting(), end)
    assert not is_open(meeting(state=State.CANCELLED), TUESDAY)
    assert is_kept(meeting(state=State.HELD), end + timedelta(days=29, hours=23))
    assert not is_kept(meeting(state=State.HELD), end + timedelta(days=30))
    assert not is_kept(meeting(state=State.CANCELLED), TUESDAY)

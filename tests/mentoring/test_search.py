"""The search on bits against an engine without any: same starts, costs, order and causes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mentoring.asked import Seat, Side, Wanted
from mentoring.availability import meeting_hours
from mentoring.free import Free
from mentoring.grid import Span, outer_spans
from mentoring.hours import parse_hours
from mentoring.interval import Interval
from mentoring.roster import DateException, ExceptionKind, Person
from mentoring.search import Search
from mentoring.slots import search
from mentoring.worktime import worktime
from tests.mentoring.naive import Outcome, outcome

DAY = timedelta(days=1)
ZONES = (
    "UTC",
    "America/New_York",
    "America/Los_Angeles",
    "America/St_Johns",
    "Europe/London",
    "Africa/Casablanca",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Eucla",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
)
HOURS = (
    "Mon-Fri 09:00-17:00",
    "Mon-Thu 08:00-12:00, 13:00-17:00; Fri 08:00-12:00",
    "Mon-Sun 07:10-12:05, 13:00-18:20",
    "Tue-Sat 22:00-06:00",
    "Sun-Thu 00:00-09:00, 20:00-24:00",
    "Mon-Sun 00:00-24:00",
    "Mon-Sun 10:00-11:00, 11:00-11:55",
)
DAYS_OF_NOTE = (
    date(2027, 3, 13),  # American clocks change
    date(2027, 3, 27),  # European ones
    date(2027, 4, 3),  # Lord Howe and Chatham
    date(2027, 7, 3),  # Independence Day, observed
    date(2027, 10, 2),
    date(2027, 10, 30),
    date(2027, 11, 6),
    date(2027, 12, 23),
    date(2027, 9, 14),  # nothing at all
)


@st.composite
def exceptions(draw: st.DrawFn, day: date) -> DateException:
    kind = draw(st.sampled_from(ExceptionKind))
    first = day + draw(st.integers(-2, 4)) * DAY
    last = first + draw(st.integers(0, 3)) * DAY
    if kind is ExceptionKind.TIMEZONE:
        return DateException(kind, first, last, draw(st.sampled_from(ZONES)))
    if kind is ExceptionKind.HOURS:
        text = draw(st.sampled_from(HOURS))
        return DateException(kind, first, last, text, parse_hours(text))
    return DateException(kind, first, last, draw(st.sampled_from(["", "Budget"])))


@st.composite
def spans(draw: st.DrawFn, window: Interval, most: int) -> tuple[Interval, ...]:
    reach = int(window.length.total_seconds() // 60)
    found = []
    for _ in range(draw(st.integers(0, most))):
        start = window.start + timedelta(minutes=draw(st.integers(-300, reach)))
        length = draw(st.sampled_from([0, 1, 10, 15, 30, 45, 60, 90, 480]))
        found.append(Interval(start, start + timedelta(minutes=length)))
    return tuple(found)


@st.composite
def sides(draw: st.DrawFn, role: str, window: Interval) -> Side:
    day = window.start.date()
    person = Person(
        f"{role}@example.org",
        role,
        draw(st.sampled_from(ZONES)),
        parse_hours(draw(st.sampled_from(HOURS))),
        holidays=draw(st.sampled_from(["", "US", "DE-BY", "IN"])),
        site=draw(st.sampled_from(["Denver", "Denver", "denver", ""])),
        onsite=draw(st.frozensets(st.integers(0, 6), min_size=3)),
        exceptions=tuple(draw(st.lists(exceptions(day), max_size=2))),
    )
    hours = tuple(meeting_hours(person, window.widened(2 * DAY)))
    busy, taken = draw(spans(window, 10)), draw(spans(window, 2))
    return Side(role, person, hours, busy, taken, draw(st.sampled_from([0.0, 30.0, 77.5])))


@st.composite
def questions(draw: st.DrawFn) -> tuple[Side, Side, Wanted]:
    day = draw(st.sampled_from(DAYS_OF_NOTE))
    minute = draw(st.sampled_from([0, 0, 7, 15, 1070]))
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=minute)
    window = Interval(start, start + draw(st.sampled_from([0.5 * DAY, DAY, 2 * DAY])))
    reach = int(window.length.total_seconds() // 60)
    wanted = Wanted(
        window,
        due=start + timedelta(minutes=draw(st.integers(-600, reach + 600))),
        minutes=draw(st.sampled_from([15, 30, 45, 50, 60, 90])),
        buffer=timedelta(minutes=draw(st.sampled_from([0, 0, 0, 7, 15, 30]))),
        in_person=draw(st.booleans()),
        lunch=draw(st.booleans()),
        refused=draw(spans(window, 2)),
    )
    return draw(sides("mentor", window)), draw(sides("mentee", window)), wanted


def agree(found: Search, expected: Outcome) -> None:
    ranked = list(found.ranked())
    slots = [found.slot(index) for index in ranked]
    assert [slot.interval.start for slot in slots] == [a.start for a in expected.ranked]
    assert [slot.cost for slot in slots] == [a.cost for a in expected.ranked]
    told = [tuple(reason.cost for reason in slot.reasons) for slot in slots]
    assert told == [a.terms for a in expected.ranked]
    whole = found.found()
    assert whole.chosen == (slots[0] if slots else None)
    assert [slot.interval.start for slot in whole.alternatives] == expected.other_days
    assert whole.rejected == expected.rejected
    assert found.best() == whole.chosen


def kept(mentor: Side, mentee: Side, wanted: Wanted) -> Search:
    """The search from what is kept: hours of a rule, and busy times that came one by one."""
    margin = int(wanted.buffer.total_seconds())
    seats = []
    for side in (mentor, mentee):
        free = Free(worktime(side.person, wanted.window), margin=margin)
        known: list[Span] = []
        for span in outer_spans(side.busy):
            known.append(span)
            free = free.with_busy(span, known)
        for span in outer_spans(side.taken):
            free = free.with_taken(span)
        seats.append(Seat(side.role, side.person, free, side.borne))
    return Search(seats[0], seats[1], wanted)


def both_agree(question: tuple[Side, Side, Wanted]) -> None:
    expected = outcome(question[:2], question[2])
    agree(search(*question), expected)
    agree(kept(*question), expected)


@settings(max_examples=200, deadline=None)
@given(questions())
def test_bits_and_a_naive_engine_agree(question: tuple[Side, Side, Wanted]) -> None:
    both_agree(question)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
@settings(max_examples=2_500, deadline=None)
@given(question=questions())
def test_they_agree_ten_thousand_times(part: int, question: tuple[Side, Side, Wanted]) -> None:
    both_agree(question)

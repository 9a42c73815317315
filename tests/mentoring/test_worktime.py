"""Hours that are kept week by week are those that are worked out at once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mentoring.availability import meeting_hours
from mentoring.grid import QUARTER
from mentoring.hours import parse_hours
from mentoring.interval import Interval
from mentoring.roster import DateException, ExceptionKind, Person
from mentoring.worktime import worktime

FIRST = date(2027, 3, 1)
HOURS = (
    "Mon-Fri 09:00-17:00",
    "Mon-Fri 08:00-12:00, 13:00-18:00",
    "Mon-Thu 22:00-06:00",
    "Mon-Sun 00:00-12:00, 12:00-24:00",
)
ZONES = ("America/Los_Angeles", "Asia/Kolkata", "Pacific/Auckland", "Europe/London")
KINDS = {
    ExceptionKind.OFF: "",
    ExceptionKind.DEADLINE: "Audit",
    ExceptionKind.TIMEZONE: "Asia/Tokyo",
    ExceptionKind.HOURS: HOURS[2],
}


@st.composite
def exceptions(draw: st.DrawFn) -> DateException:
    kind = draw(st.sampled_from(list(KINDS)))
    first = FIRST + timedelta(days=draw(st.integers(0, 40)))
    last = first + timedelta(days=draw(st.integers(0, 9)))
    hours = parse_hours(KINDS[kind]) if kind is ExceptionKind.HOURS else None
    return DateException(kind, first, last, KINDS[kind], hours)


@given(
    zone=st.sampled_from(ZONES),
    hours=st.sampled_from(HOURS),
    dated=st.lists(exceptions(), max_size=3),
    begin=st.integers(0, 24 * 14),
    days=st.integers(1, 30),
)
def test_weeks_put_together_are_the_hours_themselves(
    zone: str, hours: str, dated: list[DateException], begin: int, days: int
) -> None:
    person = Person("p", "P", zone, parse_hours(hours), "US", exceptions=tuple(dated))
    start = datetime(2027, 3, 1, tzinfo=UTC) + timedelta(hours=begin)
    window = Interval(start, start + timedelta(days=days))
    assert worktime(person, window).hours(window) == meeting_hours(person, window)


@given(
    zone=st.sampled_from(ZONES),
    hours=st.sampled_from(HOURS),
    dated=st.lists(exceptions(), max_size=3),
    begin=st.integers(0, 4 * 24 * 14),
    quarters=st.integers(1, 40),
)
def test_a_time_is_held_where_one_stretch_holds_all_of_it(
    zone: str, hours: str, dated: list[DateException], begin: int, quarters: int
) -> None:
    person = Person("p", "P", zone, parse_hours(hours), "US", exceptions=tuple(dated))
    start = datetime(2027, 3, 1, tzinfo=UTC) + begin * QUARTER
    slot = Interval(start, start + quarters * QUARTER)
    stretches = meeting_hours(person, slot.widened(timedelta(days=1)))
    held = worktime(person, slot).holds(slot)
    assert held == any(stretch.contains(slot) for stretch in stretches)

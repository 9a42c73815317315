"""A pair's term week by week, in marks and in the same words."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mentoring.hours import parse_hours
from mentoring.roster import Agreement, DateException, ExceptionKind, Pair, Pause, Person
from mentoring.strip import Blocked, Mark, Met, in_words, strip

FIRST = date(2027, 1, 13)
"""A Wednesday."""
PAIR = Pair("lee@example.org", "dana@example.org", FIRST, date(2027, 3, 5), Agreement())
HOURS = parse_hours("Mon-Fri 09:00-17:00")
DANA = Person("dana@example.org", "Dana", "America/New_York", HOURS)
LEE = Person("lee@example.org", "Lee", "America/New_York", HOURS)
BOTH = (LEE, DANA)
DAY = timedelta(days=1)


def test_a_term_is_told_from_its_first_week_to_its_last() -> None:
    met = [
        Met(date(2027, 1, 14), Mark.HELD),
        Met(date(2027, 1, 28), Mark.ASSUMED),
        Met(date(2027, 2, 11), Mark.MISSED),
        Met(date(2027, 2, 25), Mark.PLANNED),
    ]
    away = DateException(ExceptionKind.OFF, date(2027, 2, 1), date(2027, 2, 3))
    deadline = DateException(ExceptionKind.DEADLINE, date(2027, 2, 15), date(2027, 2, 19))
    people = (replace(LEE, exceptions=(away,)), replace(DANA, exceptions=(deadline,)))
    weeks = strip(PAIR, people, met, date(2027, 2, 10))
    assert in_words(weeks) == (
        "8 weeks. Missed: week 5. Held: week 1. Held, as assumed: week 3. Planned: week 7. "
        "A deadline: week 6. Away: week 4. Now: week 5."
    )


def test_two_days_away_block_no_week_and_a_pause_does() -> None:
    short = DateException(ExceptionKind.OFF, date(2027, 2, 1), date(2027, 2, 2))
    people = (replace(LEE, exceptions=(short,)), DANA)
    assert not any(week.blocked for week in strip(PAIR, people, [], FIRST))
    resting = replace(PAIR, pauses=(Pause(date(2027, 1, 20), date(2027, 2, 7)),))
    blocked = [week.blocked for week in strip(resting, people, [], FIRST)]
    assert blocked[:4] == [None, Blocked.AWAY, Blocked.AWAY, Blocked.AWAY]


def test_of_two_meetings_in_a_week_the_one_that_matters_shows() -> None:
    both = [Met(FIRST, Mark.PLANNED), Met(FIRST + DAY, Mark.MISSED)]
    for order in (both, both[::-1]):
        assert strip(PAIR, BOTH, order, FIRST)[0].mark is Mark.MISSED


@given(st.lists(st.builds(Met, st.dates(FIRST, PAIR.end), st.sampled_from(Mark)), max_size=20))
def test_the_words_name_as_many_weeks_as_the_marks_show(met: list[Met]) -> None:
    weeks = strip(PAIR, BOTH, met, date(2028, 1, 1))
    assert len(weeks) == 8
    assert {w.monday for w in weeks if w.mark} == {
        m.day - timedelta(days=m.day.weekday()) for m in met
    }
    words = in_words(weeks)
    for mark in Mark:
        shown = any(week.mark is mark for week in weeks)
        assert (f"{mark[0].upper()}{mark[1:]}: week" in words) == shown

"""Which times a poll offers, and what it comes to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mentoring.hours import parse_hours
from mentoring.interval import Interval
from mentoring.poll import LASTS, Next, Option, Poll, next_of, offered, picked
from mentoring.roster import Person
from mentoring.slots import Slot

NOW = datetime(2027, 1, 11, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ANN = Person("ann@example.org", "Ann", "Europe/London", parse_hours("Mon-Fri 09:00-17:00"))


def slot(day: int, hour: int, cost: float) -> Slot:
    start = datetime(2027, 1, day, hour, tzinfo=UTC)
    return Slot(Interval(start, start + HOUR), cost, (), False, (0.0, 0.0))


def option(day: int, cost: float = 0.0) -> Option:
    start = datetime(2027, 1, day, 12, tzinfo=UTC)
    return Option(Interval(start, start + HOUR), cost)


def poll(*options: Option, **answers: tuple[Option, ...]) -> Poll:
    given = {name: frozenset(o.interval.start for o in ticked) for name, ticked in answers.items()}
    return Poll("uid", "m", "n", options, NOW, given)


A, B, C = option(14, 3.0), option(15, 2.0), option(18, 1.0)


def test_one_time_a_half_day_the_cheapest() -> None:
    ranked = sorted((slot(d, h, h) for d in (13, 14) for h in (9, 10, 13, 14)), key=_cost)
    times = [o.interval.start for o in offered(ranked, ANN)]
    assert [(t.day, t.hour) for t in times] == [(13, 9), (13, 13), (14, 9), (14, 13)]


def _cost(slot: Slot) -> float:
    return slot.cost


def test_dear_weeks_get_their_share_and_no_more_than_eight_are_offered() -> None:
    ranked = [slot(d, h, 30.0 * d) for d in (12, 13, 14, 15, 19, 20, 26, 27) for h in (9, 13)]
    options = offered(ranked, ANN)
    weeks = [o.interval.start.isocalendar()[1] for o in options]
    assert len(options) == 8
    assert {week: weeks.count(week) for week in weeks} == {2: 3, 3: 3, 4: 2}
    assert [o.interval for o in options] == sorted(o.interval for o in options)


def test_a_half_day_is_the_persons_own() -> None:
    tokyo = Person("t", "T", "Asia/Tokyo", ANN.hours)
    ranked = [slot(13, 2, 1.0), slot(13, 4, 2.0)]  # 11:00 and 13:00 there, the same half in London
    assert len(offered(ranked, tokyo)) == 2
    assert len(offered(ranked, ANN)) == 1


@pytest.mark.parametrize(
    ("asked", "suiting", "days", "expected"),
    [
        (poll(A, B), [A, B], 0, Next.WAIT),
        (poll(A, B, m=(A,)), [A, B], LASTS - 1, Next.WAIT),
        (poll(A, B, m=(A,)), [A, B], LASTS, Next.CLOSE),
        (poll(A, B, m=(A,), n=(A, B)), [A, B], 0, Next.BOOK),
        (poll(A, B, m=(A,), n=(A, B)), [A, B], LASTS, Next.BOOK),
        (poll(A, B, m=(A,), n=(A, B)), [B], 0, Next.CLOSE),
        (poll(A, B, m=(A,), n=(B,)), [A, B], 0, Next.CLOSE),
        (poll(A, B, m=(), n=(B,)), [A, B], 0, Next.CLOSE),
        (poll(A, B, m=()), [A, B], 0, Next.WAIT),
        (poll(A, B), [], 0, Next.CLOSE),
        (poll(A, B, m=(A,), n=(A,)), None, LASTS, Next.WAIT),
        (poll(A, B, m=(A,)), None, LASTS, Next.CLOSE),
        (poll(option(12)), None, 0, Next.CLOSE),  # it starts within a day
    ],
)
def test_what_a_poll_needs(
    asked: Poll, suiting: list[Option] | None, days: int, expected: Next
) -> None:
    assert next_of(asked, suiting=suiting, working_days=days, now=NOW + 2 * HOUR) is expected


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1 3", {1, 3}),
        ("3,1", {1, 3}),
        ("1; 1", {1}),
        ("None", set()),
        ("", None),
        ("0", None),
        ("4", None),
        ("-1", None),
        ("1 or 2", None),
        ("²", None),
        ("1 " * 400, None),
    ],
)
def test_numbers_by_mail(text: str, numbers: set[int] | None) -> None:
    options = (A, B, C)
    starts = picked(text, options)
    assert starts == (None if numbers is None else {options[n - 1].interval.start for n in numbers})

"""Whether a meeting was held: what the two say, and silence."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentoring.met import (
    ASK_AFTER,
    ASK_UNTIL,
    LONGEST_MINUTES,
    Pulse,
    Said,
    Verdict,
    minutes_met,
    pulse_due,
    verdict,
)

YES, NO = Said(True), Said(False)


@pytest.mark.parametrize(
    ("said", "days", "found"),
    [
        ((YES, YES), 0, Verdict.HELD),
        ((YES,), 0, Verdict.OPEN),
        ((YES,), 4, Verdict.OPEN),
        ((YES,), 5, Verdict.HELD),
        ((NO,), 0, Verdict.MISSED),
        ((NO, NO), 0, Verdict.MISSED),
        ((YES, NO), 0, Verdict.MISSED),
        ((NO, YES), 9, Verdict.MISSED),
    ],
)
def test_what_their_words_come_to(said: tuple[Said, ...], days: int, found: Verdict) -> None:
    assert verdict(said, days) is found


def test_minutes_are_the_mean_of_what_was_said() -> None:
    assert minutes_met((Said(True, 40), Said(True, 51)), 60) == 46
    assert minutes_met((Said(True, 40), YES), 60) == 40
    assert minutes_met((YES, YES), 60) == 60
    assert minutes_met((), 45) == 45


START = date(2027, 1, 11)


@pytest.mark.parametrize(
    ("day", "last", "due"),
    [
        (0, None, False),
        (29, None, False),
        (30, None, True),
        (75, None, True),
        (31, 30, False),
        (89, 30, False),
        (90, 30, True),
        (90, 89, True),
        (149, 90, False),
        (150, 90, True),
    ],
)
def test_a_pulse_on_day_30_then_every_60(day: int, last: int | None, due: bool) -> None:
    answered = None if last is None else START + timedelta(days=last)
    assert pulse_due(START, START + timedelta(days=day), answered) is due


@given(st.integers(30, 800))
def test_who_has_just_answered_is_not_asked_again(day: int) -> None:
    today = START + timedelta(days=day)
    assert not pulse_due(START, today, today)


def test_when_partners_are_asked_and_what_they_may_say() -> None:
    assert timedelta(hours=2) == ASK_AFTER
    assert timedelta(days=10) == ASK_UNTIL
    assert LONGEST_MINUTES == 480
    assert [*Pulse] == ["well", "mixed", "poorly"]  # as forms send them and the store keeps them

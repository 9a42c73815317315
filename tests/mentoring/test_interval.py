"""Stretches of time: half open, in UTC, and none that ends before it starts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentoring.interval import Interval, clipped, merged

ZERO = datetime(2027, 1, 11, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def span(start: int, end: int) -> Interval:
    return Interval(ZERO + start * MINUTE, ZERO + end * MINUTE)


def minutes(intervals: list[Interval]) -> set[int]:
    return {
        n for n in range(-5, 40) if any(i.start <= ZERO + n * MINUTE < i.end for i in intervals)
    }


spans = st.tuples(st.integers(0, 30), st.integers(0, 8)).map(lambda at: span(at[0], at[0] + at[1]))


def test_both_ends_are_kept_in_utc() -> None:
    new_york = ZoneInfo("America/New_York")
    found = Interval(ZERO.astimezone(new_york), (ZERO + MINUTE).astimezone(new_york))
    assert found == span(0, 1)
    assert found.start.tzinfo is found.end.tzinfo is UTC
    assert found.length == MINUTE


def test_what_is_no_stretch_is_refused() -> None:
    naive = ZERO.replace(tzinfo=None)
    for start, end in ((naive, ZERO), (ZERO, naive), (naive, naive)):
        with pytest.raises(ValueError, match=r"\Aan interval needs times with a zone\Z"):
            Interval(start, end)
    with pytest.raises(ValueError) as error:
        span(1, 0)
    assert str(error.value) == f"an interval ends ({ZERO}) before it starts ({ZERO + MINUTE})"
    assert span(1, 1).length == timedelta()


@given(spans, spans)
def test_overlapping_and_containing_are_of_minutes(one: Interval, other: Interval) -> None:
    here, there = minutes([one]), minutes([other])
    if here and there:
        assert one.overlaps(other) == bool(here & there)
        assert one.contains(other) == (there <= here)


@pytest.mark.parametrize(
    ("other", "overlaps", "contains"),
    [
        ((10, 20), True, True),
        ((9, 20), True, False),
        ((10, 21), True, False),
        ((11, 19), True, True),
        ((0, 10), False, False),
        ((20, 30), False, False),
        ((19, 30), True, False),
        ((0, 11), True, False),
    ],
)
def test_at_its_ends(other: tuple[int, int], overlaps: bool, contains: bool) -> None:
    here, there = span(10, 20), span(*other)
    assert here.overlaps(there) is there.overlaps(here) is overlaps
    assert here.contains(there) is contains


def test_a_margin_is_left_on_both_sides() -> None:
    assert span(10, 20).widened(2 * MINUTE) == span(8, 22)


@given(st.lists(spans, max_size=8))
def test_merged_stretches_are_the_same_minutes_apart_from_each_other(given: list[Interval]) -> None:
    found = merged(given)
    assert minutes(found) == minutes(given)
    assert all(one.end < other.start for one, other in pairwise(found))
    assert all(one.start < one.end for one in found)


def test_stretches_that_touch_are_one_and_empty_ones_none() -> None:
    assert merged([span(5, 9), span(0, 5), span(20, 20), span(1, 2)]) == [span(0, 9)]


@given(st.lists(spans, max_size=8), spans)
def test_clipped_stretches_are_those_minutes_inside(
    given: list[Interval], window: Interval
) -> None:
    found = clipped(given, window)
    assert minutes(found) == minutes(given) & minutes([window])
    assert all(one.start < one.end for one in found)


def test_each_stretch_is_clipped_by_itself_and_empty_ones_dropped() -> None:
    given = [span(0, 12), span(8, 30), span(15, 15), span(20, 25), span(5, 10)]
    assert clipped(given, span(10, 20)) == [span(10, 12), span(10, 20)]

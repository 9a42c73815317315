"""What a pair asks of the cohort: as few times as may be needed, each against its cheapest."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from mentoring.interval import Interval
from mentoring.slots import Slot
from mentoring.wishes import blocked_at_most, needed

NOON = datetime(2027, 1, 12, 12, tzinfo=UTC)


def slot(hours: float, cost: float, edges: tuple[float, float] = (0.0, 0.0)) -> Slot:
    start = NOON + timedelta(hours=hours)
    return Slot(Interval(start, start + timedelta(hours=1)), cost, (), False, edges)


def test_the_cheapest_has_neither_burden_nor_cost() -> None:
    found = needed([slot(0, -200.0, (60.0, 60.0)), slot(3, 40.5)], (0.0, 0.0), 5)
    assert [(each.burden, each.cost) for each in found] == [(0, 0), (0, 240_500)]


@pytest.mark.parametrize(
    ("edges", "borne", "burden"),
    [
        ((30.0, 0.0), (0.0, 0.0), 45),
        ((30.0, 40.0), (0.0, 0.0), 60),  # the worse-off alone
        ((30.0, 40.0), (60.0, 0.0), 90),  # a minute weighs twice for who bore an hour more
        ((30.0, 40.0), (0.0, 60.0), 120),
    ],
)
def test_the_worse_off_counts_by_what_they_have_borne(
    edges: tuple[float, float], borne: tuple[float, float], burden: int
) -> None:
    assert needed([slot(0, 0.0), slot(3, 1.0, edges)], borne, 5)[1].burden == burden


def test_no_more_are_looked_at_than_rivals_can_block_and_one() -> None:
    looked_at: list[float] = []

    def times() -> Iterator[Slot]:
        for hours in (0, 0.5, 1, 1.5, 2, 3):
            looked_at.append(hours)
            yield slot(hours, float(hours))

    assert len(needed(times(), (0.0, 0.0), 1)) == 3
    assert looked_at == [0, 0.5, 1]  # half past overlaps, so it is no time more


def test_a_burdensome_time_is_no_time_that_one_can_fall_back_on() -> None:
    slots = [slot(0, 0.0), slot(2, 1.0, (60.0, 0.0)), slot(4, 2.0), slot(6, 3.0)]
    assert len(needed(slots, (0.0, 0.0), 1)) == 3


def test_times_with_no_room_for_the_buffer_between_are_not_two_to_fall_back_on() -> None:
    """A rival whose meeting and hour after it stand at half past stands in the way of four."""
    slots = [slot(hours, float(hours)) for hours in range(8)]
    enough = blocked_at_most(120, [120])
    found = needed(slots, (0.0, 0.0), enough, timedelta(hours=1))
    rival = Interval(NOON + timedelta(hours=0.5), NOON + timedelta(hours=2.5))
    after = timedelta(hours=1)
    left = [
        each
        for each in found
        if not Interval(each.slot.interval.start, each.slot.interval.end + after).overlaps(rival)
    ]
    assert [each.slot.interval.start for each in left][:1] == [NOON + timedelta(hours=3)]


@pytest.mark.parametrize(
    ("own", "rivals", "most"),
    [(60, [], 0), (60, [60], 2), (60, [60, 60], 4), (30, [60], 3), (60, [45], 2), (30, [45], 3)],
)
def test_what_a_rival_can_stand_in_the_way_of(own: int, rivals: list[int], most: int) -> None:
    assert blocked_at_most(own, rivals) == most

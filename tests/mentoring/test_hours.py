"""Work hours read, and turned into instants in every zone of the world."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest

from mentoring.hours import HoursError, parse_hours, stretches_of_day

MINUTE = timedelta(minutes=1)
RANGES = [(9 * 60, 17 * 60), (22 * 60, 30 * 60), (0, 24 * 60), (75, 150)]


def test_a_break_and_a_night_shift() -> None:
    hours = parse_hours("Mon-Thu 08:00-12:00, 13:00-16:30; Fri 22:00-06:00")
    assert hours.days[0] == ((480, 720), (780, 990))
    assert hours.days[4] == ((1320, 1800),)
    assert hours.days[5] == ()


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("Mon Wed Fri 09:00-17:00", {0, 2, 4}),
        ("mon, wed 09:00-17:00", {0, 2}),
        ("Sat-Mon 09:00-17:00", {5, 6, 0}),
        ("Monday – Tuesday 9:00–17:00", {0, 1}),
        ("Sun 00:00-24:00", {6}),
    ],
)
def test_days(text: str, days: set[int]) -> None:
    assert {n for n, ranges in enumerate(parse_hours(text).days) if ranges} == days


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ;  ",
        "Mon",
        "09:00-17:00",
        "Mon 9-17",
        "Mon 25:00-26:00",
        "Mon 09:60-10:00",
        "Mon 09:00-09:00",
        "Mon 24:00-25:00",
        "Foo 09:00-10:00",
        "Mo 09:00-10:00",
        "Mon 09:00-17:00; Mon 16:00-18:00",
        "Sun 22:00-06:00; Mon 05:00-09:00",
    ],
)
def test_impossible_hours(text: str) -> None:
    with pytest.raises(HoursError) as error:
        parse_hours(text)
    assert error.value.mend


def changes(zone: str) -> Iterator[date]:
    """Local days near which the zone's offset changes, within 24 months."""
    tz = ZoneInfo(zone)
    at, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)
    while at < end:
        following = at + timedelta(hours=24)
        if at.astimezone(tz).utcoffset() != following.astimezone(tz).utcoffset():
            yield at.astimezone(tz).date()
        at = following


def expected(span: tuple[int, int], zone: str, day: date) -> set[datetime]:
    """Every minute whose wall clock reads inside the span, found by walking all of them."""
    tz = ZoneInfo(zone)
    midnight = datetime.combine(day, datetime.min.time())
    low, high = (midnight + m * MINUTE for m in span)
    at = midnight.replace(tzinfo=UTC) - timedelta(hours=15)
    found = set()
    for _ in range(70 * 60):
        if low <= at.astimezone(tz).replace(tzinfo=None) < high:
            found.add(at)
        at += MINUTE
    return found


def converted(span: tuple[int, int], zone: str, day: date) -> set[datetime]:
    found = set()
    for stretch in stretches_of_day((span,), zone, day):
        at = stretch.start
        while at < stretch.end:
            found.add(at)
            at += MINUTE
    return found


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_hours_convert_exactly_around_every_change_of_every_zone(part: int) -> None:
    checked = 0
    seen = set()
    for zone in sorted(available_timezones())[part::4]:
        days = tuple(changes(zone))
        tz = ZoneInfo(zone)
        noons = [datetime(d.year, d.month, d.day, 12, tzinfo=UTC) for d in days]
        rules = tuple((noon, noon.astimezone(tz).utcoffset()) for noon in noons)
        if not days or rules in seen:
            continue  # a zone that changes as one before did
        seen.add(rules)
        for day in {d + timedelta(days=n) for d in days for n in (0, 1)}:
            for span in RANGES:
                assert converted(span, zone, day) == expected(span, zone, day), (zone, day, span)
                checked += 1
    assert checked > 100


def test_the_day_before_and_after_a_change_are_as_long_as_they_are() -> None:
    spring, autumn = date(2027, 3, 14), date(2027, 11, 7)
    lengths = [
        sum((s.length for s in stretches_of_day(((0, 1440),), "America/New_York", d)), timedelta())
        for d in (spring, autumn)
    ]
    assert lengths == [timedelta(hours=23), timedelta(hours=25)]

"""Work hours read, and turned into instants in every zone of the world."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest

from mentoring.hours import (
    HoursError,
    day_span,
    parse_day,
    parse_hours,
    spoken_hours,
    stretches_of_day,
)
from mentoring.interval import Interval

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


def test_a_day_is_named_by_its_beginning() -> None:
    names = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
    for number, name in enumerate(names):
        for length in range(3, len(name) + 1):
            assert parse_day(f" {name[:length].upper()}. ") == number
            assert parse_day(name[:length]) == number


EXAMPLE = 'write it like "Mon-Thu 08:00-16:30; Fri 08:00-12:00"'
JOIN = "join them, or leave a break"
NO_DAY = "use Mon Tue Wed Thu Fri Sat Sun"


@pytest.mark.parametrize(
    ("text", "told", "mend"),
    [
        ("", "no work hours are given", EXAMPLE),
        ("  ;  ", "no work hours are given", EXAMPLE),
        (" Mon ", '"Mon" has no times', EXAMPLE),
        ("09:00-17:00", "the times have no day before them", EXAMPLE),
        ("Mon 9-17", '"9-17" is no range of times', EXAMPLE),
        ("Mon 25:00-26:00", '"25:00" is no time of day', "use 00:00 to 24:00"),
        ("Mon 09:60-10:00", '"09:60" is no time of day', "use 00:00 to 24:00"),
        ("Mon 24:01-25:00", '"24:01" is no time of day', "use 00:00 to 24:00"),
        ("Mon 09:00-09:00", '"09:00-09:00" is empty', "for a whole day write 00:00-24:00"),
        ("Mon 24:00-01:00", '"24:00-01:00" starts at 24:00', "write 00:00 of the next day"),
        ("Foo 09:00-10:00", '"Foo" is no day of the week', NO_DAY),
        ("Mo 09:00-10:00", '"Mo" is no day of the week', NO_DAY),
        ("Mon 09:00-17:00; Mon 16:00-18:00", "two ranges overlap on Mon", JOIN),
        ("Sun 22:00-06:00; Mon 05:59-09:00", "two ranges overlap on Sun and Mon", JOIN),
        ("Tue 22:00-06:00; Wed 05:00-09:00", "two ranges overlap on Tue and Wed", JOIN),
        (
            "Sun 22:00-06:00; Tue 09:00-10:00; Mon 05:00-06:00",
            "two ranges overlap on Sun and Mon",
            JOIN,
        ),
    ],
)
def test_impossible_hours(text: str, told: str, mend: str) -> None:
    with pytest.raises(HoursError) as error:
        parse_hours(text)
    assert (str(error.value), error.value.mend) == (told, mend)


@pytest.mark.parametrize(
    "text",
    [
        "Mon 00:00-24:00; Tue 00:59-01:00",
        "Mon 06:00-09:00; Sun 22:00-06:00",
        "Mon 09:00-12:00, 12:00-13:00",
        "Wed 22:00-24:00; Thu 00:00-00:59",
    ],
)
def test_ranges_may_touch(text: str) -> None:
    assert spoken_hours(parse_hours(text)) == text


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Mon Tue Wed 9:05-17:00", "Mon-Wed 09:05-17:00"),
        ("Mon 09:00-10:00; Wed-Fri 11:00-12:00", "Mon 09:00-10:00; Wed-Fri 11:00-12:00"),
        ("Mon, Wed 09:00-17:00", "Mon 09:00-17:00; Wed 09:00-17:00"),
        ("Mon 09:00-17:00; Tue 09:00-16:00", "Mon 09:00-17:00; Tue 09:00-16:00"),
        ("Fri 13:00-16:00, 22:00-6:30", "Fri 13:00-16:00, 22:00-06:30"),
        ("Sat-Mon 00:00-24:00", "Mon 00:00-24:00; Sat-Sun 00:00-24:00"),
        ("Tuesday—Friday 9:00—17:00", "Tue-Fri 09:00-17:00"),
    ],
)
def test_hours_are_said_as_briefly_as_they_can_be_read(text: str, spoken: str) -> None:
    hours = parse_hours(text)
    assert spoken_hours(hours) == spoken
    assert parse_hours(spoken) == hours


def test_the_hours_of_a_date_are_its_weekdays() -> None:
    hours = parse_hours("Mon 09:00-10:00; Sun 11:00-12:00")
    assert hours.on(date(2027, 1, 11)) == ((540, 600),)
    assert hours.on(date(2027, 1, 12)) == ()
    assert hours.on(date(2027, 1, 17)) == ((660, 720),)


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


def named(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day", "span", "stretches"),
    [
        # two hours ahead, and back by one at 03:00: the repeated hour counts twice
        ("Europe/Berlin", date(2027, 10, 31), (150, 200), ["00:30 01:00", "01:30 02:20"]),
        ("Europe/Berlin", date(2027, 10, 31), (120, 180), ["00:00 02:00"]),
        ("Europe/Berlin", date(2027, 10, 31), (150, 170), ["00:30 00:50", "01:30 01:50"]),
        # from 02:00 to 03:00 there is nothing in spring
        ("Europe/Berlin", date(2027, 3, 28), (120, 180), []),
        ("Europe/Berlin", date(2027, 3, 28), (90, 240), ["00:30 02:00"]),
        # half an hour, on an island
        ("Australia/Lord_Howe", date(2027, 4, 4), (90, 120), ["14:30 15:30"]),
        ("America/New_York", date(2027, 1, 12), (540, 1020), ["14:00 22:00"]),
    ],
)
def test_hours_around_a_change_of_clocks(
    zone: str, day: date, span: tuple[int, int], stretches: list[str]
) -> None:
    found = stretches_of_day((span,), zone, day)
    assert [f"{s.start:%H:%M} {s.end:%H:%M}" for s in found] == stretches


def test_a_change_of_clocks_is_found_to_the_second() -> None:
    """Monrovia was 44 minutes and 30 seconds behind until it changed on 7 January 1972."""
    found = stretches_of_day(((0, 60),), "Africa/Monrovia", date(1972, 1, 7))
    assert found == (Interval(named("1972-01-07T00:44:30"), named("1972-01-07T01:00:00")),)
    assert stretches_of_day(((0, 44),), "Africa/Monrovia", date(1972, 1, 7)) == ()


@pytest.mark.parametrize(
    ("zone", "first", "last", "start", "end"),
    [
        ("UTC", 12, 12, "2027-01-12T00:00", "2027-01-13T00:00"),
        ("America/New_York", 12, 14, "2027-01-12T05:00", "2027-01-15T05:00"),
        ("Asia/Kathmandu", 12, 13, "2027-01-11T18:15", "2027-01-13T18:15"),
    ],
)
def test_days_from_their_first_instant_to_their_last(
    zone: str, first: int, last: int, start: str, end: str
) -> None:
    span = day_span(zone, date(2027, 1, first), date(2027, 1, last))
    assert span == Interval(named(start), named(end))


def test_a_day_that_its_zone_left_out_has_no_length() -> None:
    gone = date(2011, 12, 30)
    assert day_span("Pacific/Apia", gone, gone).length == timedelta()
    around = day_span("Pacific/Apia", gone - timedelta(days=1), gone + timedelta(days=1))
    assert around == Interval(named("2011-12-29T10:00"), named("2011-12-31T10:00"))
    since = day_span("Pacific/Apia", gone, gone + timedelta(days=1))
    assert since == Interval(named("2011-12-30T10:00"), named("2011-12-31T10:00"))


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

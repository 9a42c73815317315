"""Awkward entries give the busy times a person expects, by file, by feed and by CalDAV."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations import caldav, ics
from integrations.ical_busy import busy_items
from integrations.ical_prepare import CalendarError
from integrations.ports import Access, Owner, ProviderError, item_key
from mentoring.interval import Interval, merged
from tests.integrations.golden import CASES, named
from tests.integrations.golden_item import Golden, instant
from tests.servers.certificates import server_context
from tests.servers.feeds import Feeds, feeds
from tests.servers.radicale import Radicale, radicale

WINDOW = Interval(datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 4, 1, tzinfo=UTC))
DANA = Owner("dana@example.org", "America/New_York")


def flat(items: dict[str, tuple[Interval, ...]]) -> list[Interval]:
    """All stretches, cut to the window."""
    return merged(
        Interval(max(i.start, WINDOW.start), min(i.end, WINDOW.end))
        for stretches in items.values()
        for i in stretches
    )


def expected(case: Golden) -> list[Interval]:
    return merged(Interval(instant(start), instant(end)) for start, end in case.busy)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_awkward_entry(case: Golden) -> None:
    items, warnings = busy_items(case.text().encode(), WINDOW, DANA)
    assert flat(items) == expected(case)
    assert bool(warnings) == case.warns


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Feeds, Path]]:
    context, ca = server_context(tmp_path_factory.mktemp("tls"))
    with feeds(context) as running:
        yield running, ca


@pytest.fixture(scope="module")
def dav(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Radicale]:
    with radicale(tmp_path_factory.mktemp("dav"), {"dana": "word"}) as running:
        running.create("dana")
        yield running


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_adapter_says_the_same(
    case: Golden,
    server: tuple[Feeds, Path],
    dav: Radicale,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DAV_PASSWORD", "word")
    (tmp_path / "a.ics").write_bytes(case.text().encode())
    by_file = ics.busy_source("file:a.ics", DANA, Access(tmp_path))
    url = server[0].put("/a.ics", case.text())
    by_feed = ics.busy_source(url, DANA, Access(tmp_path, ca=server[1]))
    readings = [source.read(WINDOW, None) for source in (by_file, by_feed)]
    if case.caldav:
        dav.fill("dana", case.text())
        access = Access(tmp_path, {"password": "env:DAV_PASSWORD"})
        readings.append(caldav.busy_source(dav.url("dana"), DANA, access).read(WINDOW, None))
    for reading in readings:
        assert reading.complete
        assert flat(dict(reading.items)) == expected(case)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no calendar"),
        ("<html><body>Log in</body></html>", "no calendar"),
        (named("plain").text()[:-30], "cut off"),
        (named("plain").text().replace("20270112T100000Z", "20270112T990000Z"), "line 4"),
        (named("weekly").text().replace("FREQ=WEEKLY;COUNT=3", "FREQ=SECONDLY"), "line 4"),
        (named("weekly").text().replace("FREQ=WEEKLY;COUNT=3", "FREQ=MINUTELY"), "line 4"),
        (named("weekly").text().replace("COUNT=3", "INTERVAL=0"), "line 4"),
        (named("weekly").text().replace("FREQ=WEEKLY", "FREQ=NEVER"), "line 4"),
        (named("plain").text().replace("DTSTART:20270112T100000Z\r\n", ""), "no start"),
    ],
)
def test_what_cannot_be_bounded_is_refused_by_its_line(text: str, said: str) -> None:
    with pytest.raises(CalendarError, match=said):
        busy_items(text.encode(), WINDOW, DANA)


@pytest.mark.slow
def test_a_bomb_ends_within_its_limits(tmp_path: Path) -> None:
    dense = "BYHOUR=" + ",".join(map(str, range(24)))
    bomb = (
        named("weekly")
        .text()
        .replace(
            "FREQ=WEEKLY;COUNT=3",
            f"FREQ=YEARLY;{dense};BYYEARDAY=" + ",".join(map(str, range(1, 367))),
        )
    )
    (tmp_path / "bomb.ics").write_text(bomb.replace("20270112T1", "00010112T1"))
    began = time.monotonic()
    with pytest.raises(ProviderError):
        ics.busy_source("file:bomb.ics", DANA, Access(tmp_path)).read(WINDOW, None)
    assert time.monotonic() - began < 35


def test_no_title_leaves_the_child(tmp_path: Path) -> None:
    case = named("plain").text().replace("UID:one", "SUMMARY:canary\r\nUID:one")
    (tmp_path / "a.ics").write_text(case)
    reading = ics.busy_source("file:a.ics", DANA, Access(tmp_path)).read(WINDOW, None)
    assert "canary" not in repr(reading)
    assert list(reading.items) == [item_key("one@example.org")]


def naive(
    first: datetime, zone: str, length: timedelta, step: int, count: int, left_out: set[int]
) -> list[Interval]:
    """The same series by walking the wall clock."""
    tz = ZoneInfo(zone)
    found = []
    for n in range(count):
        if n not in left_out:
            start = (first + timedelta(days=n * step)).replace(tzinfo=tz)
            found.append(Interval(start, start.astimezone(UTC) + length))
    return found


@settings(max_examples=60, deadline=None)
@given(
    day=st.dates(date(2027, 1, 2), date(2027, 2, 20)),
    hour=st.integers(4, 22),
    zone=st.sampled_from(["America/New_York", "Europe/Berlin", "Asia/Kathmandu", "UTC"]),
    minutes=st.integers(5, 600),
    weekly=st.booleans(),
    count=st.integers(1, 5),
    left_out=st.sets(st.integers(0, 4), max_size=2),
)
def test_a_series_is_what_a_walk_over_the_wall_clock_finds(
    day: date, hour: int, zone: str, minutes: int, weekly: bool, count: int, left_out: set[int]
) -> None:
    first = datetime(day.year, day.month, day.day, hour)  # noqa: DTZ001 - a wall clock's
    step = 7 if weekly else 1
    rule = f"RRULE:FREQ={'WEEKLY' if weekly else 'DAILY'};COUNT={count}\n"
    gone = "".join(
        f"EXDATE;TZID={zone}:{first + timedelta(days=n * step):%Y%m%dT%H%M%S}\n" for n in left_out
    )
    body = f"DTSTART;TZID={zone}:{first:%Y%m%dT%H%M%S}\nDURATION:PT{minutes}M\n{rule}{gone}"
    items, _ = busy_items(Golden("series", (body,)).text().encode(), WINDOW, DANA)
    walked = naive(first, zone, timedelta(minutes=minutes), step, count, left_out)
    assert flat(items) == merged(walked)

"""What a calendar is refused for, to the word and at each limit, and what is taken for longer."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from integrations.ical_busy import busy_items
from integrations.ical_lines import entry_lines
from integrations.ical_prepare import CalendarError
from integrations.ports import OPAQUE, Owner, item_key
from mentoring.interval import Interval, merged
from tests.integrations.golden_item import TEN, WEEKLY, Golden, instant
from tests.integrations.golden_odd import ODD

WINDOW = Interval(datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 4, 1, tzinfo=UTC))
DANA = Owner("dana@example.org", "America/New_York")
ONE = item_key("one@example.org")


def text(*events: str, head: str = "") -> str:
    return Golden("", events, head=head).text()


def refused(raw: str | bytes) -> str:
    with pytest.raises(CalendarError) as error:
        busy_items(raw if isinstance(raw, bytes) else raw.encode(), WINDOW, DANA)
    return str(error.value)


def weekly(rule: str) -> str:
    return text(WEEKLY.replace("FREQ=WEEKLY;COUNT=3", rule))


# The look at the lines


def test_entries_are_named_by_the_lines_on_which_they_begin() -> None:
    lines = ["begin:vcalendar", "BEGIN:VEVENT ", "BEGIN:VALARM", "END:VALARM", "END:VEVENT"]
    assert entry_lines("\n".join([*lines, "BEGIN:VEVENT", "END:VEVENT", "END:X"])) == [2, 6]
    assert entry_lines("END:VCALENDAR\nEND:VCALENDAR") == []


def test_twenty_deep_and_no_deeper() -> None:
    assert entry_lines("BEGIN:X\n" * 20) == []
    with pytest.raises(CalendarError, match="line 21: the calendar is nested too deep"):
        entry_lines("BEGIN:X\n" * 21)
    assert entry_lines("BEGIN:X\nEND:X\n" * 30) == []


@pytest.mark.parametrize("name", ["STANDARD", "DAYLIGHT"])
def test_two_thousand_changes_of_clocks_and_no_more(name: str) -> None:
    change = f"BEGIN:{name}\nEND:{name}\n"
    assert entry_lines(change * 2000) == []
    with pytest.raises(CalendarError, match="line 4001: its zones change too often"):
        entry_lines(change * 2001)


@pytest.mark.parametrize("often", ["SECONDLY", "MINUTELY", "hourly", "DAILY", "WEEKLY"])
def test_a_zone_that_changes_more_often_than_monthly(often: str) -> None:
    zone = f"BEGIN:VTIMEZONE\nBEGIN:STANDARD\nRRULE:X=1;FREQ={often}\n"
    with pytest.raises(CalendarError, match="line 3: its zones change too often"):
        entry_lines(zone)
    assert entry_lines(zone.replace("VTIMEZONE", "VEVENT")) == [1]
    assert entry_lines(zone.replace(often, "YEARLY")) == []


@pytest.mark.parametrize("line", ["DURATION:P", "DURATION:PT", "duration;X=a:-PT ", "DURATION: +P"])
def test_a_length_of_nothing(line: str) -> None:
    with pytest.raises(CalendarError, match="line 2: an entry's length says nothing"):
        entry_lines(f"BEGIN:VEVENT\n{line}\n")
    assert entry_lines(f"BEGIN:VEVENT\n{line}1H\n") == [1]
    assert entry_lines(f"BEGIN:VEVENT\nBEGIN:VALARM\n{line}\n") == [1]
    assert entry_lines(line) == []


# The whole


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"", "this is no calendar"),
        (b"\xef\xbb\xbf ", "this is no calendar"),
        (b"BEGIN:VCALENDAR\r\n", "the calendar is cut off"),
        (b"BEGIN:VCALENDAR\nX\nEND:VCALENDAR", "this is no calendar (ValueError)"),
        (
            b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:a\nEND:VCALENDAR",
            "an entry has no end",
        ),
        (
            b"BEGIN:VCALENDAR\n" + b"BEGIN:VEVENT\nEND:VEVENT\n" * 20_001 + b"END:VCALENDAR",
            "the calendar has more than 20000 entries",
        ),
        (b"BEGIN:VEVENT\nEND:VEVENT\n" * 20_000, "this is no calendar"),
    ],
)
def test_what_is_no_whole_calendar(raw: bytes, told: str) -> None:
    assert refused(raw) == told


def test_a_calendar_begins_with_a_mark_and_ends_with_empty_lines_in_any_case() -> None:
    raw = "\ufeff\r\n" + text(TEN).replace("VCALENDAR", "vcalendar") + "\r\n\r\n"
    assert list(busy_items(raw.encode(), WINDOW, DANA)[0]) == [ONE]


def test_an_entry_in_broken_letters_is_still_busy() -> None:
    raw = text(TEN + "SUMMARY:a").encode().replace(b"SUMMARY:a", b"SUMMARY:\xff\xfe")
    assert list(busy_items(raw, WINDOW, DANA)[0]) == [ONE]


def test_two_calendars_in_one_file_count_both() -> None:
    other = text("UID:two@example.org\nDTSTART:20270113T100000Z\nDURATION:PT1H")
    items, _ = busy_items((text(TEN) + other).encode(), WINDOW, DANA)
    assert set(items) == {ONE, item_key("two@example.org")}


# Rules that nothing bounds


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("FREQ=SECONDLY", "it recurs every minute or second without end"),
        ("FREQ=minutely", "it recurs every minute or second without end"),
        ("FREQ=MINUTELY;COUNT=1001", "it recurs every minute or second without end"),
        ("FREQ=MINUTELY;COUNT=0", "it recurs every minute or second without end"),
        ("FREQ=SECONDLY;COUNT=-1", "it recurs every minute or second without end"),
        ("FREQ=DAILY;INTERVAL=0", "it recurs at an interval of nothing"),
        ("FREQ=DAILY;INTERVAL=-1", "it recurs at an interval of nothing"),
        *(
            (f"FREQ=MINUTELY;COUNT=9;{part}", "it recurs every minute or second of certain days")
            for part in (
                *("BYMONTH=1", "BYMONTHDAY=1", "BYDAY=MO", "BYYEARDAY=1", "BYWEEKNO=1"),
                "BYSETPOS=1",
            )
        ),
        *(
            (
                f"FREQ=YEARLY;BYMONTH={month};BYMONTHDAY={day}",
                "it recurs on days that there are not",
            )
            for month, day in (
                *(("2", "30"), ("2", "-30"), ("4", "31"), ("6", "31"), ("9", "31"), ("11", "31")),
                *(("2,4", "31,-31"), ("1", "32")),
            )
            if day != "32"
        ),
        (
            "FREQ=DAILY;BYHOUR=" + ",".join(map(str, range(24))) + ";BYMINUTE=0,1",
            "it recurs too often a day",
        ),
        ("FREQ=DAILY;BYMINUTE=" + ",".join(map(str, range(25))), "it recurs too often a day"),
        ("FREQ=DAILY;BYSECOND=" + ",".join(map(str, range(25))), "it recurs too often a day"),
        ("FREQ=DAILY;COUNT=x", "it has a time or rule unread"),
        ("FREQ=NEVER", "it has a time or rule unread"),
    ],
)
def test_a_rule_that_nothing_bounds(rule: str, told: str) -> None:
    assert refused(weekly(rule)) == f"line 4: an entry can't be placed: {told}"


@pytest.mark.parametrize(
    ("rule", "times"),
    [
        ("FREQ=MINUTELY;INTERVAL=60;COUNT=3", 1),  # they touch
        ("FREQ=MINUTELY;INTERVAL=1440;COUNT=1000", 79),
        ("FREQ=SECONDLY;COUNT=1", 1),
        ("FREQ=DAILY;COUNT=2", 2),
        ("FREQ=DAILY;INTERVAL=1;COUNT=2", 2),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=28,30;COUNT=1", 2),
        ("FREQ=YEARLY;BYMONTH=2,3;BYMONTHDAY=31;COUNT=1", 2),
        ("FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=31;COUNT=1", 2),
        ("FREQ=MONTHLY;BYMONTHDAY=31;COUNT=1", 2),
        *(
            (f"FREQ=YEARLY;BYMONTH={month};BYMONTHDAY={last};COUNT=1", 1)
            for month, last in ((2, 29), (4, 30), (6, 30), (9, 30), (11, 30))
        ),
        ("FREQ=DAILY;COUNT=24;BYHOUR=" + ",".join(map(str, range(24))), 1),
        ("FREQ=DAILY;COUNT=4;BYHOUR=1,4;BYMINUTE=0,5", 3),
    ],
)
def test_a_rule_that_is_bounded(rule: str, times: int) -> None:
    items, warnings = busy_items(weekly(rule).encode(), WINDOW, DANA)
    assert len(items[ONE]) == times  # the start counts, whatever its rule says
    assert warnings == []


def test_each_of_several_rules_is_looked_at() -> None:
    both = text(WEEKLY + "RRULE:FREQ=SECONDLY")
    assert "without end" in refused(both)


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("SUMMARY:x", "it has no start"),
        ("DTSTART:20270112T990000Z", "it has a time or rule unread"),
        ("DTSTART:20270112T100000Z\nDURATION:x", "it has a time or rule unread"),
    ],
)
def test_an_entry_that_cannot_be_placed_is_named_by_its_line(entry: str, told: str) -> None:
    assert refused(text(TEN, entry)) == f"line 10: an entry can't be placed: {told}"


# What is taken as busy for longer


@pytest.mark.parametrize(("case", "warned"), ODD, ids=[case.name for case, _ in ODD])
def test_what_an_entry_comes_to(case: Golden, warned: list[str]) -> None:
    items, warnings = busy_items(case.text().encode(), WINDOW, DANA)
    stretches = merged(stretch for each in items.values() for stretch in each)
    assert stretches == [Interval(instant(start), instant(end)) for start, end in case.busy]
    assert warnings == warned


def test_entries_without_a_uid_are_not_taken_for_one() -> None:
    raw = text(TEN, TEN.replace("20270112", "20270113")).replace("UID:one@example.org\r\n", "")
    items, warnings = busy_items(raw.encode(), WINDOW, DANA)
    assert len(items) == 2
    assert warnings == []


def test_an_entry_that_happens_once_can_be_moved_by_another_of_its_uid() -> None:
    moved = TEN.replace("20270112", "20270113") + "RECURRENCE-ID:20270112T100000Z\n"
    items, _ = busy_items(text(TEN, moved).encode(), WINDOW, DANA)
    assert instant("13 10:00") in [stretch.start for stretch in items[ONE]]


def freebusy(*lines: str) -> list[str]:
    body = "".join(f"{line}\n" for line in lines)
    raw = text(f"BEGIN:VFREEBUSY\n{body}END:VFREEBUSY\n")
    items, _ = busy_items(raw.encode(), WINDOW, DANA)
    assert set(items) <= {OPAQUE}
    return [f"{s.start:%d %H:%M} {s.end:%d %H:%M}" for s in items.get(OPAQUE, ())]


def test_free_busy_periods() -> None:
    hour = "20270112T100000Z/20270112T110000Z"
    assert freebusy(f"FREEBUSY:{hour}") == ["12 10:00 12 11:00"]
    for kind in ("BUSY", "BUSY-UNAVAILABLE", "busy-tentative"):
        assert freebusy(f"FREEBUSY;FBTYPE={kind}:{hour}") == ["12 10:00 12 11:00"]
    assert freebusy(f"FREEBUSY;FBTYPE=FREE:{hour}", "FREEBUSY:20270113T100000Z/PT30M") == [
        "13 10:00 13 10:30"
    ]
    for end in ("PT1H", "20270112T110000"):
        assert freebusy(f"FREEBUSY:20270112T100000/{end}") == ["12 10:00 12 11:00"]
    mixed = "BEGIN:VFREEBUSY\nFREEBUSY:20270112T100000Z/20270112T110000\nEND:VFREEBUSY\n"
    assert refused(text(mixed)) == "this is no calendar (TypeError)"
    outside = "FREEBUSY:20250112T100000Z/PT1H,20270114T100000Z/PT1H"
    assert freebusy(outside) == ["14 10:00 14 11:00"]
    assert freebusy() == []


def test_what_the_library_does_not_take_is_refused_without_its_words() -> None:
    assert refused(weekly("FREQ=DAILY;COUNT=-5")) == "an entry can't be read (BadRuleStringFormat)"


def test_a_rule_gives_five_thousand_times_and_no_more() -> None:
    often = "FREQ=HOURLY;BYMINUTE=0,20,40;COUNT="
    assert len(busy_items(weekly(f"{often}5000").encode(), WINDOW, DANA)[0][ONE]) == 1
    assert refused(weekly(f"{often}5001")) == "an entry recurs more than 5000 times"

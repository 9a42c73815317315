"""What a summary can hold, and that its numbers hold together whatever happened."""

from __future__ import annotations

import dataclasses
import enum
import typing
from datetime import UTC, date, datetime, timedelta
from typing import Any, NewType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentoring.hours import parse_hours
from mentoring.interval import Interval
from mentoring.meeting import Attendance, Meeting, State
from mentoring.met import Said
from mentoring.period import Period, last_period, running_period
from mentoring.roster import (
    Agreement,
    DateException,
    ExceptionKind,
    Mailbox,
    Pair,
    Pause,
    Person,
    Programme,
)
from mentoring.summarise import Known, Told, stage_on, summarise
from mentoring.summary import Name, Part, Summary, SummaryNotice

ALLOWED_TEXT = frozenset({Name})
PLAIN_VALUES = frozenset({int, bool, date, datetime})
PROGRAMME = Programme(
    "P",
    Mailbox("Office", "office@example.org"),
    "America/New_York",
    date(2027, 1, 11),
    date(2027, 7, 30),
    "coordinator@example.org",
)
DANA = Person("dana@example.org", "Dana", "America/New_York", parse_hours("Mon-Fri 09:00-17:00"))
PAIR = Pair("lee@example.org", DANA.email, PROGRAMME.start, PROGRAMME.end, Agreement())
NOW = datetime(2027, 3, 2, 15, tzinfo=UTC)
FEBRUARY = Period(date(2027, 2, 1), date(2027, 2, 28))


def text_fields(kind: Any, path: str = "Summary") -> list[str]:
    """Every way from a dataclass to a value that could hold free text, by its path."""
    if kind in ALLOWED_TEXT or kind in PLAIN_VALUES or kind is type(None) or kind is Ellipsis:
        return []
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return []
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        return [
            found
            for field in dataclasses.fields(kind)
            for found in text_fields(hints[field.name], f"{path}.{field.name}")
        ]
    if arguments := typing.get_args(kind):
        return [found for each in arguments for found in text_fields(each, path)]
    return [path]


def test_a_summary_has_no_place_for_free_text() -> None:
    assert text_fields(Summary) == []


def test_the_mail_around_it_adds_only_its_reader_its_key_and_a_link() -> None:
    reader = {f"Reader.{name}" for name in ("name", "email", "zone", "language")}
    expected = {path.replace("Reader", "SummaryNotice.reader") for path in reader}
    expected |= {f"SummaryNotice.{name}" for name in ("key", "page", "kind")}
    assert set(text_fields(SummaryNotice, "SummaryNotice")) == expected


Title = NewType("Title", str)


@dataclasses.dataclass(frozen=True)
class _Deep:
    titles: tuple[Title, ...]
    notes: dict[str, int]
    place: str | None


@dataclasses.dataclass(frozen=True)
class _Leaky:
    name: Name
    when: date | None
    deep: tuple[_Deep, ...]
    anything: Any


def test_the_walk_sees_text_however_deep() -> None:
    found = {"titles", "notes", "place"}
    expected = {f"Summary.deep.{name}" for name in found} | {"Summary.anything"}
    assert set(text_fields(_Leaky)) == expected


QUARTER = timedelta(minutes=15)
starts = st.integers(0, 110 * 24 * 4).map(lambda n: datetime(2027, 1, 11, tzinfo=UTC) + n * QUARTER)
words = st.builds(Said, st.just(value=True), st.integers(5, 480) | st.none())


@st.composite
def meetings(draw: st.DrawFn) -> list[Told]:
    return [
        Told(
            Meeting(
                f"{number}@overlap",
                *PAIR.key,
                draw(st.sampled_from(State)),
                0,
                1,
                Interval(start, start + timedelta(minutes=draw(st.sampled_from((30, 45, 60))))),
                start - timedelta(days=7),
                (Attendance(PAIR.mentor), Attendance(PAIR.mentee)),
            ),
            on_site=draw(st.booleans()),
            lunch=draw(st.booleans()),
            assumed=draw(st.booleans()),
            private=draw(st.booleans()),
            said=tuple(draw(st.lists(words, max_size=2))),
            moved_at=tuple(draw(st.lists(starts, max_size=2))),
        )
        for number, start in enumerate(draw(st.lists(starts, max_size=8, unique=True)))
    ]


def told_of(meetings: list[Told], person: Person = DANA, *, pair: Pair = PAIR) -> Summary:
    return summarise(person, [pair], meetings, Known(), FEBRUARY, PROGRAMME, NOW)


@given(meetings())
def test_private_meetings_are_counted_like_others_and_leave_no_date(told: list[Told]) -> None:
    dated = [dataclasses.replace(m, private=False) for m in told]
    ours, theirs = told_of(told), told_of(dated)
    for name in ("held", "assumed", "planned", "minutes_held", "lunches"):
        assert getattr(ours, name) == getattr(theirs, name)
    assert ours.conflict_count == theirs.conflict_count
    only_open = told_of([m for m in told if not m.private])
    assert ours.next_meetings == only_open.next_meetings
    assert ours.moved == only_open.moved  # a deadline of one day would tell its date
    assert ours.weeks == only_open.weeks
    assert ours.conflicts == only_open.conflicts
    assert theirs.undated == 0


@given(meetings())
def test_the_picture_has_what_the_counts_have(told: list[Told]) -> None:
    summary = told_of([dataclasses.replace(m, private=False) for m in told])
    february = [w for w in summary.weeks if date(2027, 2, 1) <= w.first <= date(2027, 2, 22)]
    assert sum(week.held for week in february) == summary.minutes_held
    assert summary.assumed <= summary.held
    assert len(summary.weeks) == 12
    assert summary.this_week == date(2027, 3, 1)
    assert all(week.first.weekday() == 0 for week in summary.weeks)


@given(meetings())
def test_only_what_lies_inside_work_hours_is_duty_time(told: list[Told]) -> None:
    assert told_of(told, off(PROGRAMME.start, PROGRAMME.end)).minutes_held == 0
    lunches = [dataclasses.replace(m, lunch=True) for m in told]
    assert told_of(lunches).minutes_held == 0
    assert told_of(lunches).lunches == told_of(told).held


def off(first: date, last: date) -> Person:
    leave = DateException(ExceptionKind.OFF, first, last, "private")
    return dataclasses.replace(DANA, exceptions=(leave,))


PAUSED = Pause(date(2027, 2, 15), date(2027, 4, 1), by_coordinator=True)


@pytest.mark.parametrize(
    ("person", "pair", "minutes"),
    [
        (DANA, PAIR, 120),
        (off(date(2027, 2, 8), date(2027, 2, 12)), PAIR, 90),
        (off(date(2027, 2, 1), date(2027, 2, 28)), PAIR, 0),
        (off(date(2027, 2, 6), date(2027, 2, 7)), PAIR, 120),
        (DANA, dataclasses.replace(PAIR, start=date(2027, 2, 15)), 60),
        (DANA, dataclasses.replace(PAIR, end=date(2027, 2, 14)), 60),
        (DANA, dataclasses.replace(PAIR, start=date(2027, 3, 1)), 0),
        (DANA, dataclasses.replace(PAIR, pauses=(Pause(FEBRUARY.first, FEBRUARY.last),)), 120),
        (DANA, dataclasses.replace(PAIR, pauses=(PAUSED,)), 60),
    ],
)
def test_what_is_agreed(person: Person, pair: Pair, minutes: int) -> None:
    """A pause stands in the pair for either partner's leave: only one's own counts, as leave.
    The coordinator's counts as such."""
    assert told_of([], person, pair=pair).minutes_agreed == minutes


@pytest.mark.parametrize(
    ("day", "week", "part"),
    [
        (date(2027, 1, 1), 1, Part.START),
        (date(2027, 1, 11), 1, Part.START),
        (date(2027, 3, 1), 8, Part.UNDER_WAY),
        (date(2027, 4, 21), 15, Part.MIDPOINT),
        (date(2027, 5, 15), 18, Part.UNDER_WAY),
        (date(2027, 6, 30), 25, Part.CLOSING),
        (date(2027, 7, 30), 29, Part.CLOSING),
        (date(2027, 7, 31), 29, Part.OVER),
    ],
)
def test_stages(day: date, week: int, part: Part) -> None:
    stage = stage_on(PROGRAMME, day)
    assert (stage.week, stage.weeks, stage.part) == (week, 29, part)


every = st.sampled_from(("week", "2 weeks", "month"))
days = st.dates(date(2026, 12, 1), date(2027, 9, 30))


@given(every, days)
def test_the_last_period_is_over_and_the_running_one_follows_it(every: str, day: date) -> None:
    last, running = (f(every, PROGRAMME, day) for f in (last_period, running_period))
    assert running is not None
    assert running.first <= running.last
    if PROGRAMME.start <= day <= PROGRAMME.end:
        assert day in running
        assert (last.last + timedelta(days=1) if last else PROGRAMME.start) == running.first
    if last:
        assert last.last < day
        assert PROGRAMME.start <= last.first <= last.last <= PROGRAMME.end

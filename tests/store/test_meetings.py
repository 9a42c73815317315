"""What one query says of many pairs, or of two people, is what their meetings themselves say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlalchemy.engine import Connection

from mentoring.interval import Interval
from mentoring.meeting import LIVE, Attendance, Meeting, Partstat, State
from store import forecasts, meetings, past
from store.booking import Booking, Guest
from tests.world import BOTH

pytestmark = BOTH
NOW = datetime(2027, 3, 8, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
PAIRS = (("a@x.org", "m@x.org"), ("a@x.org", "n@x.org"), ("b@x.org", "m@x.org"))
ONES = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
many = st.lists(
    st.tuples(st.sampled_from(PAIRS), st.sampled_from(sorted(State)), st.integers(0, 60 * 24)),
    max_size=14,
    unique_by=lambda each: each[2],
)


def booked(number: int, pair: tuple[str, str], state: State, start: datetime) -> Booking:
    uid = f"{number}@overlap"
    sides = (Attendance(pair[0]), Attendance(pair[1]))
    meeting = Meeting(uid, *pair, state, 0, 1, Interval(start, start + HOUR), NOW, sides)
    guests = (Guest(pair[0], "A", "UTC", f"{number}a"), Guest(pair[1], "B", "UTC", f"{number}b"))
    return Booking(meeting, number, guests, f"zone {number}", False, (0.0, 0.0), (), {})


def filled(
    connection: Connection, these: list[tuple[tuple[str, str], State, int]]
) -> list[Booking]:
    found = [
        booked(number, pair, state, NOW + timedelta(hours=hours))
        for number, (pair, state, hours) in enumerate(these, 1)
    ]
    for each in found:
        meetings.save(connection, each)
    return sorted(found, key=lambda each: each.meeting.slot)


@ONES
@given(many, st.integers(1, 4))
def test_the_latest_meetings_of_every_pair(
    engine: Engine, these: list[tuple[tuple[str, str], State, int]], count: int
) -> None:
    with engine.connect() as connection:
        every = filled(connection, these)
        found = past.latest(connection, count)
        connection.rollback()
    for pair in PAIRS:
        kept = [
            (b.meeting.slot, b.zone)
            for b in every
            if (b.meeting.mentor, b.meeting.mentee) == pair
            and b.meeting.state not in (State.CANCELLED, State.MISSED)
        ]
        assert found.get(pair, []) == kept[-count:]


@ONES
@given(many, st.sets(st.sampled_from(PAIRS)))
def test_when_the_meetings_of_some_pairs_begin(
    engine: Engine,
    these: list[tuple[tuple[str, str], State, int]],
    asked: set[tuple[str, str]],
) -> None:
    with engine.connect() as connection:
        every = filled(connection, these)
        found = forecasts.starts(connection, asked)
        connection.rollback()
    assert found == {
        pair: [
            (b.meeting.slot.start, b.meeting.state)
            for b in every
            if (b.meeting.mentor, b.meeting.mentee) == pair
            and b.meeting.state is not State.CANCELLED
        ]
        for pair in asked
    }


@ONES
@given(
    many, st.sampled_from(PAIRS), st.integers(0, 60 * 24), st.integers(1, 400), st.integers(0, 9)
)
def test_what_is_taken_of_two_peoples_time(
    engine: Engine,
    these: list[tuple[tuple[str, str], State, int]],
    both: tuple[str, str],
    first: int,
    length: int,
    besides: int,
) -> None:
    start = NOW + timedelta(hours=first, minutes=30)
    window = Interval(start, start + timedelta(hours=length))
    but = f"{besides}@overlap"
    with engine.connect() as connection:
        every = filled(connection, these)
        found = meetings.taken(connection, both, window, besides=but)
        connection.rollback()
    assert found == {
        person: [
            b.meeting.slot
            for b in every
            if person in (b.meeting.mentor, b.meeting.mentee)
            and b.meeting.state in LIVE
            and b.uid != but
            and b.meeting.slot.overlaps(window)
        ]
        for person in both
    }


def test_one_answer_is_written_and_all_else_stays(engine: Engine) -> None:
    pair = PAIRS[0]
    before = booked(1, pair, State.PROPOSED, NOW)
    said = Attendance(pair[1], Partstat.ACCEPTED, 2, NOW, "ACCEPTED")
    with engine.begin() as connection:
        meetings.save(connection, before)
        meetings.save(connection, booked(2, pair, State.PROPOSED, NOW + HOUR))
        meetings.save_side(connection, before.uid, said)
        one, other = meetings.of_pair(connection, *pair)
    assert one == before.with_side(said)
    assert other == booked(2, pair, State.PROPOSED, NOW + HOUR)

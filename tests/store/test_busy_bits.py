"""The bits of busy times always say what the stretches beside them say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlalchemy.engine import Connection

from mentoring.grid import Grid
from mentoring.interval import Interval
from store import busy_bits, calendars
from tests.world import BOTH

pytestmark = BOTH
NOW = datetime(2027, 3, 8, 9, 5, tzinfo=UTC)
WINDOW = Interval(NOW, NOW + timedelta(days=30))
WHO = "dana@example.org"

stretches = st.builds(
    lambda start, length: Interval(
        NOW + timedelta(minutes=start), NOW + timedelta(minutes=start + length)
    ),
    st.integers(-300, 30 * 1440),
    st.sampled_from([0, 1, 14, 15, 30, 60, 600, 2_000_000]),
)
readings = st.lists(
    st.tuples(
        st.booleans(),
        st.dictionaries(st.sampled_from("abcd"), st.lists(stretches, max_size=4), max_size=4),
    ),
    min_size=1,
    max_size=5,
)


@contextmanager
def played(engine: Engine) -> Iterator[Connection]:
    """A store of which nothing is kept."""
    with engine.connect() as connection:
        yield connection
        connection.rollback()


def kept(connection: Connection) -> int:
    grid = Grid.over(WINDOW)
    first, bits = busy_bits.load(connection, [WHO]).get(WHO, (0, 0))
    return grid.cut(bits, first)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(readings)
def test_whatever_comes_and_goes(
    engine: Engine,
    changes: list[tuple[bool, dict[str, list[Interval]]]],
) -> None:
    with played(engine) as connection:
        for complete, items in changes:
            calendars.write_busy(connection, WHO, items, complete=complete, now=NOW)
            rows = calendars.busy_of(connection, (WHO, ""), WINDOW)[WHO]
            grid = Grid.over(WINDOW)
            assert kept(connection) == grid.touched(row.interval for row in rows)
        calendars.forget(connection, WHO)
        assert kept(connection) == 0


def test_what_is_past_is_dropped_where_nothing_was_written_since(engine: Engine) -> None:
    with played(engine) as connection:
        past = Interval(NOW - timedelta(hours=5), NOW + timedelta(days=15))
        calendars.write_busy(connection, WHO, {"a": [past]}, complete=True, now=NOW)
        written = busy_bits.load(connection, [WHO])
        before = kept(connection)
        later = NOW + timedelta(days=10)
        busy_bits.prune(connection, later - timedelta(days=14), later)
        assert busy_bits.load(connection, [WHO]) == written
        later = NOW + timedelta(days=14)
        busy_bits.prune(connection, later - timedelta(days=14), later)
        first, bits = busy_bits.load(connection, [WHO])[WHO]
        assert first >= int((later - timedelta(days=1)).timestamp()) // 900
        ahead = Grid.over(Interval(later, WINDOW.end))
        assert ahead.cut(bits, first) == ahead.cut(before, Grid.over(WINDOW).first) != 0


def test_an_entry_without_end_takes_little_room(engine: Engine) -> None:
    with played(engine) as connection:
        ever = Interval(NOW, datetime(9999, 1, 1, tzinfo=UTC))
        calendars.write_busy(connection, WHO, {"a": [ever]}, complete=True, now=NOW)
        assert kept(connection) == Grid.over(WINDOW).all
        bits = busy_bits.load(connection, [WHO])[WHO][1]
        assert bits.bit_length() <= 401 * 96


def test_one_query_for_a_few_and_for_many(engine: Engine) -> None:
    with played(engine) as connection:
        for person in ("a", "b", "c"):
            span = Interval(NOW, NOW + timedelta(hours=1))
            calendars.write_busy(connection, person, {"x": [span]}, complete=True, now=NOW)
        assert set(busy_bits.load(connection, ["a", "c"])) == {"a", "c"}
        many = [*"abc", *(str(number) for number in range(40_000))]
        assert set(busy_bits.load(connection, many)) == {"a", "b", "c"}

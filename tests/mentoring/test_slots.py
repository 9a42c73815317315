"""The bit grid against a naive engine that walks the quarter hours one by one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from mentoring.availability import meeting_hours
from mentoring.hours import parse_hours
from mentoring.interval import Interval
from mentoring.roster import Person
from mentoring.slots import Side, Wanted, find_slot

START = datetime(2027, 3, 8, tzinfo=UTC)  # a week over the American change of clocks
WINDOW = Interval(START, START + timedelta(days=8))
QUARTER = timedelta(minutes=15)
ZONES = ["America/New_York", "America/Los_Angeles", "Europe/London", "Asia/Kathmandu"]
HOURS = ["Mon-Fri 09:00-17:00", "Mon-Sun 07:10-12:05, 13:00-18:20", "Tue-Sat 22:00-06:00"]

spans = st.lists(
    st.tuples(st.integers(0, 8 * 24 * 60), st.integers(1, 500)).map(
        lambda pair: Interval(
            START + timedelta(minutes=pair[0]), START + timedelta(minutes=sum(pair))
        )
    ),
    max_size=12,
)
people = st.builds(
    lambda zone, hours: Person("a@example.org", "A", zone, parse_hours(hours)),
    st.sampled_from(ZONES),
    st.sampled_from(HOURS),
)
sides = st.tuples(people, spans, spans)


def side(role: str, drawn: tuple[Person, list[Interval], list[Interval]]) -> Side:
    person, busy, taken = drawn
    hours = meeting_hours(person, WINDOW.widened(timedelta(days=1)))
    return Side(role, person, tuple(hours), tuple(busy), tuple(taken))


def quarters(stretches: list[Interval], *, inwards: bool) -> set[int]:
    """The quarter hours of the window that the stretches cover wholly, or touch."""
    found = set()
    for number in range(8 * 96):
        cell = Interval(START + number * QUARTER, START + (number + 1) * QUARTER)
        if any(s.contains(cell) if inwards else s.overlaps(cell) for s in stretches):
            found.add(number)
    return found


def naive_starts(both: tuple[Side, Side], length: int, buffer: timedelta) -> set[int]:
    free = set(range(8 * 96))
    for one in both:
        free &= quarters(list(one.hours), inwards=True)
        holes = [i.widened(buffer) for i in (*one.busy, *one.taken)]
        free -= quarters(holes, inwards=False)
    return {n for n in free if all(n + step in free for step in range(length))}


@settings(max_examples=150, deadline=None)
@given(
    mentor=sides,
    mentee=sides,
    minutes=st.sampled_from([15, 30, 50, 60, 90]),
    buffer=st.sampled_from([0, 10, 30]),
)
def test_the_grid_finds_what_a_naive_search_finds(
    mentor: tuple[Person, list[Interval], list[Interval]],
    mentee: tuple[Person, list[Interval], list[Interval]],
    minutes: int,
    buffer: int,
) -> None:
    both = side("mentor", mentor), side("mentee", mentee)
    wanted = Wanted(WINDOW, START, minutes, timedelta(minutes=buffer))
    found = find_slot(*both, wanted)
    expected = naive_starts(both, -(-minutes // 15), wanted.buffer)
    whole = 8 * 96 - (-(-minutes // 15) - 1)
    assert whole - sum(found.rejected.values()) == len(expected)
    if not expected:
        assert found.chosen is None
        return
    assert found.chosen is not None
    assert (found.chosen.interval.start - START) // QUARTER in expected
    for slot in found.alternatives:
        assert (slot.interval.start - START) // QUARTER in expected
        assert slot.cost >= found.chosen.cost


def office(zone: str, hours: str = "Mon-Fri 09:00-17:00") -> Person:
    return Person("a@example.org", "A", zone, parse_hours(hours))


def test_equal_costs_go_to_the_earlier() -> None:
    person = office("UTC", "Mon-Sun 00:00-24:00")
    both = side("mentor", (person, [], [])), side("mentee", (person, [], []))
    due = START + timedelta(days=2, hours=9, minutes=45)
    found = find_slot(*both, Wanted(WINDOW, due, 30))
    assert found.chosen is not None
    assert found.chosen.interval.start == START + timedelta(days=2, hours=9, minutes=30)


def test_a_day_on_which_both_are_on_site_is_preferred() -> None:
    here = Person(
        "a@example.org",
        "A",
        "UTC",
        parse_hours("Mon-Fri 09:00-17:00"),
        site="Denver",
        onsite=frozenset({3}),
    )
    both = side("mentor", (here, [], [])), side("mentee", (here, [], []))
    due = START + timedelta(days=1, hours=10)
    in_person = find_slot(*both, Wanted(WINDOW, due, 60, in_person=True))
    virtual = find_slot(*both, Wanted(WINDOW, due, 60, in_person=False))
    assert in_person.chosen is not None
    assert virtual.chosen is not None
    assert in_person.chosen.interval.start.weekday() == 3
    assert in_person.chosen.on_site
    assert virtual.chosen.interval.start.weekday() == 1


def test_who_has_borne_more_is_spared() -> None:
    early, late = office("UTC", "Mon-Fri 08:00-12:00"), office("UTC", "Mon-Fri 11:00-15:00")
    mentor = side("mentor", (early, [], []))
    mentee = side("mentee", (late, [], []))
    found = find_slot(mentor, mentee, Wanted(WINDOW, START, 30))
    assert found.chosen is not None
    assert sum(found.chosen.edges) == 60

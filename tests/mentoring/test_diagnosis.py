"""What would make a time: each change named really makes one, and the smallest comes first."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from mentoring.availability import meeting_hours
from mentoring.diagnosis import LOOK_FURTHER, Change, Remedy, in_words, smallest_changes
from mentoring.hours import parse_hours
from mentoring.interval import Interval
from mentoring.roster import Person
from mentoring.slots import Side, Wanted, find_slot

START = datetime(2027, 3, 8, tzinfo=UTC)  # a week over the American change of clocks
WINDOW = Interval(START, START + timedelta(days=7))
REACH = WINDOW.widened(timedelta(days=1) + LOOK_FURTHER)
MINUTES = timedelta(minutes=1)
ZONES = ["America/New_York", "America/Los_Angeles", "Asia/Kolkata", "Asia/Kathmandu"]
HOURS = ["Mon-Fri 09:00-17:00", "Tue Thu 09:00-10:00", "Mon-Fri 08:00-09:15", "Wed 14:00-14:45"]


def side(role: str, zone: str, hours: str, busy: tuple[Interval, ...] = ()) -> Side:
    person = Person(f"{role}@x.org", role, zone, parse_hours(hours))
    return Side(role, person, tuple(meeting_hours(person, REACH)), busy)


def mended(both: tuple[Side, Side], wanted: Wanted, change: Change) -> bool:
    """Whether there is a time once the change is made."""
    sides = list(both)
    match change.remedy:
        case Remedy.SHORTER:
            wanted = replace(wanted, minutes=change.minutes)
        case Remedy.LATER:
            wanted = replace(wanted, window=Interval(wanted.window.start, change.slot.end))
        case Remedy.OPENS:
            for n, part in enumerate(change.parts):
                if part:
                    sides[n] = replace(sides[n], hours=(*sides[n].hours, part))
        case Remedy.FREES:
            for n, part in enumerate(change.parts):
                if part:
                    left = tuple(b for b in sides[n].busy if not b.overlaps(part))
                    sides[n] = replace(sides[n], busy=left)
    return find_slot(sides[0], sides[1], wanted).chosen is not None


spans = st.lists(
    st.tuples(st.integers(0, 7 * 24 * 4), st.integers(1, 200)).map(
        lambda pair: Interval(START + pair[0] * 15 * MINUTES, START + sum(pair) * 15 * MINUTES)
    ),
    max_size=6,
).map(tuple)


@settings(max_examples=200, deadline=None)
@given(
    zones=st.tuples(st.sampled_from(ZONES), st.sampled_from(ZONES)),
    hours=st.tuples(st.sampled_from(HOURS), st.sampled_from(HOURS)),
    busy=st.tuples(spans, spans),
    minutes=st.sampled_from([30, 45, 60, 90]),
    declined=st.booleans(),
)
def test_each_change_makes_a_time_and_none_costs_less_than_the_one_before(
    zones: tuple[str, str],
    hours: tuple[str, str],
    busy: tuple[tuple[Interval, ...], tuple[Interval, ...]],
    minutes: int,
    declined: bool,
) -> None:
    both = (
        side("mentor", zones[0], hours[0], busy[0]),
        side("mentee", zones[1], hours[1], busy[1]),
    )
    wanted = Wanted(WINDOW, START, minutes)
    if declined:  # until nothing is left that was not asked before
        while chosen := find_slot(*both, wanted).chosen:
            wanted = replace(wanted, refused=(*wanted.refused, chosen.interval))
    if find_slot(*both, wanted).chosen:
        return
    changes = smallest_changes(*both, wanted)
    assert [c.cost for c in changes] == sorted(c.cost for c in changes)
    for change in changes:
        assert mended(both, wanted, change), change
        assert in_words(change, both, wanted) != "if "
        assert not any(change.slot.overlaps(before) for before in wanted.refused)


def test_all_four_ways_are_named_with_whom_they_ask() -> None:
    mentor = side("mentor", "UTC", "Mon 09:00-09:45; Tue 09:00-12:00", ())
    busy = Interval(START + timedelta(days=1), START + timedelta(days=2))
    mentee = side("mentee", "UTC", "Mon 09:00-10:00; Tue 09:00-12:00", (busy,))
    wanted = Wanted(Interval(START, START + timedelta(days=3)), START, 60)
    said = [in_words(c, (mentor, mentee), wanted) for c in smallest_changes(mentor, mentee, wanted)]
    assert said == [
        "45 minutes instead of 60 would fit",
        "if the mentor opened Mon 2027-03-08 09:45–10:00 (UTC)",
        "if the mentee freed Tue 2027-03-09 09:00–10:00 (UTC)",
        "the week of Mon 2027-03-15 has a time that suits both",
    ]


def test_a_later_time_is_named_only_as_far_as_calendars_are_known() -> None:
    both = side("mentor", "UTC", "Wed 09:00-10:00"), side("mentee", "UTC", "Wed 09:00-10:00")
    wanted = Wanted(Interval(START, START + timedelta(days=1)), START, 60)
    (later,) = smallest_changes(*both, wanted)
    assert later.remedy is Remedy.LATER
    assert smallest_changes(*both, wanted, later.slot.end) == (later,)
    assert smallest_changes(*both, wanted, later.slot.end - 15 * MINUTES) == ()
    assert smallest_changes(*both, wanted, START) == ()


def test_mumbai_and_san_francisco_bend_by_the_least() -> None:
    both = (
        side("mentor", "Asia/Kolkata", "Mon-Fri 09:00-18:00"),
        side("mentee", "America/Los_Angeles", "Mon-Fri 09:00-17:00"),
    )
    window = Interval(datetime(2027, 1, 12, tzinfo=UTC), datetime(2027, 1, 14, tzinfo=UTC))
    hours = tuple(
        replace(s, hours=tuple(meeting_hours(s.person, window.widened(LOOK_FURTHER)))) for s in both
    )
    wanted = Wanted(window, window.start, 45)
    assert find_slot(hours[0], hours[1], wanted).chosen is None
    changes = smallest_changes(hours[0], hours[1], wanted)
    assert {c.remedy for c in changes} == {Remedy.OPENS}
    assert None not in changes[0].parts  # who bends alone bends further
    said = in_words(changes[0], (hours[0], hours[1]), wanted)
    assert "07:15–08:00 (Asia/Kolkata)" in said
    assert "17:45–18:30 (America/Los_Angeles)" in said


def test_nothing_small_helps_who_is_away_for_weeks() -> None:
    away = (REACH,)
    both = (
        side("mentor", "UTC", "Mon-Fri 09:00-17:00", away),
        side("mentee", "UTC", "Mon-Fri 09:00-17:00", away),
    )
    assert smallest_changes(*both, Wanted(WINDOW, START, 60)) == ()

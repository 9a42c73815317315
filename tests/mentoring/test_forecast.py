"""A pair's forecast: what must hold of any, and some that anybody can work out."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mentoring.chance import at_least, held_by_end, turns_left
from mentoring.forecast import Forecast, forecast
from mentoring.hours import parse_hours
from mentoring.meeting import State
from mentoring.openings import Openings, monday_of, openings
from mentoring.outlook import Case, goal_of, outlook
from mentoring.roster import Agreement, DateException, ExceptionKind, Pair, Pause, Person
from mentoring.track import Cohort, Habits, Kept, Record, cohort, record

START, DAY, WEEK = date(2027, 1, 11), timedelta(days=1), timedelta(weeks=1)
ZONE = "America/New_York"
USUAL = cohort([])
PROMPT = Cohort(0.999, 1000.0, 0.5, ((0, 1.0),))
"""Everybody comes, and on the day."""


def person(name: str, hours: str = "Mon-Fri 09:00-17:00", **other: object) -> Person:
    made = Person(f"{name}@example.org", name.title(), ZONE, parse_hours(hours))
    return replace(made, **other)  # type: ignore[arg-type]


def pair(weeks: int = 26, every: int = 14, **other: object) -> Pair:
    end = START + weeks * WEEK - DAY
    agreement = Agreement(every=timedelta(days=every))
    made = Pair("ann@example.org", "bob@example.org", START, end, agreement)
    return replace(made, **other)  # type: ignore[arg-type]


def case(
    today: date,
    *kept: Kept,
    of: Pair | None = None,
    people: tuple[Person, Person] | None = None,
    rests: date | None = None,
) -> Case:
    of, people = of or pair(), people or (person("ann"), person("bob"))
    return Case(of, people, kept, openings(of, people, ZONE), ZONE, today, rests)


def held(*weeks: int) -> list[Kept]:
    return [Kept(START + n * WEEK, State.HELD) for n in weeks]


def likely(of: Case, goal: int, at_large: Cohort = USUAL) -> float:
    return at_least(goal, held_by_end(outlook(of, at_large)))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Pairs of any rhythm, hours, leave and history, on any day of their term and around it."""
    of = pair(draw(st.integers(4, 40)), draw(st.sampled_from([3, 7, 14, 21, 28, 60])))
    hours = st.sampled_from(
        ["Mon-Fri 09:00-17:00", "Tue 09:00-12:00", "Wed-Thu 16:00-20:00", "Sat 09:00-10:00"]
    )
    days = st.integers(0, (of.end - of.start).days)

    def leave() -> tuple[DateException, ...]:
        first = START + draw(days) * DAY
        last = first + draw(st.integers(0, 40)) * DAY
        return (DateException(ExceptionKind.OFF, first, last),) if draw(st.booleans()) else ()

    people = (
        person("ann", draw(hours), exceptions=leave(), holidays=draw(st.sampled_from(["", "US"]))),
        person("bob", draw(hours), exceptions=leave()),
    )
    if draw(st.booleans()):
        first = START + draw(days) * DAY
        of = replace(of, pauses=(Pause(first, first + draw(st.integers(0, 30)) * DAY),))
    if draw(st.booleans()):
        of = replace(of, goal=draw(st.integers(1, 40)))
    today = START + draw(st.integers(-20, (of.end - of.start).days + 20)) * DAY
    past = st.tuples(days, st.sampled_from([State.HELD, State.MISSED, State.CONFIRMED]))
    known = draw(st.lists(past, max_size=15, unique_by=lambda m: m[0]))
    kept = [Kept(START + n * DAY, state) for n, state in known if START + n * DAY < today]
    if draw(st.booleans()):
        kept.append(Kept(min(of.end, today + 10 * DAY), State.PROPOSED))
    return case(today, *kept, of=of, people=people)


records = st.builds(
    Record,
    turns=st.text("HML", max_size=20),
    delays=st.lists(st.integers(-5, 15), max_size=10).map(tuple),
)
cohorts = st.lists(records, max_size=8).map(cohort)


@settings(max_examples=60, deadline=None)
@given(of=cases(), at_large=cohorts)
def test_what_holds_of_any_forecast(of: Case, at_large: Cohort) -> None:
    found = forecast(of, at_large)
    assert 0 <= found.chance <= found.remedy_chance <= 1
    assert (found.remedy == "") == (found.remedy_chance == found.chance)
    assert found.held <= found.expected + 1e-6
    assert len(found.weeks) == len(found.why)
    assert list(found.weeks) == sorted(set(found.weeks))
    for monday in found.weeks:
        assert monday.weekday() == 0
        assert monday_of(max(of.today, of.pair.start)) <= monday <= of.pair.end
    assert found == forecast(of, at_large)


@settings(max_examples=60, deadline=None)
@given(of=cases(), at_large=cohorts)
def test_chances_are_a_distribution_and_fall_with_the_goal(of: Case, at_large: Cohort) -> None:
    ahead = outlook(of, at_large)
    counts = held_by_end(ahead)
    assert sum(turns_left(ahead).values()) == pytest.approx(1, abs=1e-3)
    assert sum(counts.values()) == pytest.approx(1, abs=1e-3)
    chances = [at_least(goal, counts) for goal in range(40)]
    assert chances == sorted(chances, reverse=True)
    assert chances[: ahead.held + 1] == [1.0] * min(40, ahead.held + 1)


@settings(max_examples=60, deadline=None)
@given(of=cases(), at_large=cohorts, more=st.integers(1, 60))
def test_more_time_never_makes_it_less_likely(of: Case, at_large: Cohort, more: int) -> None:
    longer = replace(of, pair=replace(of.pair, end=of.pair.end + more * DAY))
    longer = longer.under(longer.pair, of.people)
    # The same outlook but for its end: what pairs of another length did is another question.
    ahead = replace(outlook(of, at_large), days=longer.days)
    later = replace(ahead, end=longer.pair.end)
    goal = goal_of(of.pair)
    assert at_least(goal, held_by_end(later)) >= at_least(goal, held_by_end(ahead)) - 1e-4


@settings(max_examples=60, deadline=None)
@given(of=cases(), at_large=cohorts, goal=st.integers(1, 30), data=st.data())
def test_a_past_that_went_better_never_makes_it_less_likely(
    of: Case, at_large: Cohort, goal: int, data: st.DataObject
) -> None:
    missed = [n for n, kept in enumerate(of.kept) if kept.state is State.MISSED]
    if not missed:
        return
    turned = data.draw(st.sampled_from(missed))
    better = list(of.kept)
    better[turned] = Kept(better[turned].day, State.HELD)
    assert likely(replace(of, kept=tuple(better)), goal, at_large) >= likely(of, goal, at_large)


@given(of=cases(), at_large=cohorts)
@settings(max_examples=40, deadline=None)
def test_the_end_decides(of: Case, at_large: Cohort) -> None:
    settled = tuple(k for k in of.kept if k.state in (State.HELD, State.MISSED))
    over = replace(of, today=of.pair.end + DAY, kept=settled)
    reached = sum(k.state is State.HELD for k in settled)
    assert likely(over, reached, at_large) == 1
    assert likely(over, reached + 1, at_large) == 0
    assert forecast(over, at_large).remedy == ""


def test_a_pair_that_always_comes_is_forecast_by_counting() -> None:
    """26 weeks from a Monday, every second Monday: 13 meetings, and one on the last Friday."""
    found = held_by_end(outlook(case(START - 14 * DAY), PROMPT))
    assert found[14] == pytest.approx(0.999**14, abs=0.01)
    assert sum(p for count, p in found.items() if count > 14) == 0


def test_a_rest_moves_the_rhythm_on() -> None:
    so_far = held(0, 2)
    today = START + 3 * WEEK
    free = held_by_end(outlook(case(today, *so_far), PROMPT))
    rests = held_by_end(outlook(case(today, *so_far, rests=today + 5 * WEEK), PROMPT))
    assert sum(n * p for n, p in rests.items()) < sum(n * p for n, p in free.items()) - 1


def test_the_goal_follows_from_the_rhythm_less_the_pauses() -> None:
    assert goal_of(pair(26)) == 10  # four of five of 13
    assert goal_of(pair(26, goal=7)) == 7
    pauses = (Pause(START, START + 27 * DAY), Pause(START + 14 * DAY, START + 34 * DAY))
    assert goal_of(pair(26, pauses=pauses)) == 8  # five weeks less, not seven
    assert goal_of(pair(1)) == 1


def test_what_a_past_says() -> None:
    days = openings(pair(), (person("ann"), person("bob")), ZONE)

    def told(*kept: Kept, today: int) -> Record:
        every = timedelta(days=14)
        return record(kept, days, start=START, every=every, today=START + today * DAY)

    assert told(*held(0, 2, 4), today=60) == Record("HHHL", (0, 0))
    assert told(*held(0, 2, 6), today=56) == Record("HHLH", (0, 0))
    late = Kept(START + 16 * DAY, State.MISSED)
    assert told(*held(0), late, today=30) == Record("HM", (2,))
    assert told(today=40) == Record("LLL")
    fresh = Kept(START + 14 * DAY, State.HELD)
    assert told(*held(0), fresh, today=15) == Record("H", (0,))  # lost ones don't show so soon


def test_a_closed_stretch_is_no_turn_lost() -> None:
    away = DateException(ExceptionKind.OFF, START + 8 * DAY, START + 40 * DAY)
    days = openings(pair(), (person("ann", exceptions=(away,)), person("bob")), ZONE)
    back = Kept(START + 42 * DAY, State.HELD)
    told = record(
        [*held(0), back], days, start=START, every=timedelta(days=14), today=START + 53 * DAY
    )
    assert told.turns == "HH"


def mean(habits: Habits) -> float:
    return habits.held / (habits.held + habits.failed)


def test_the_cohort_is_learned_and_a_pair_is_one_of_it() -> None:
    good, bad = cohort([Record("H" * 12)] * 30), cohort([Record("HMLMLM")] * 30)
    assert good.share > 0.95 > 0.3 > bad.share
    fresh = Record()
    own = Record("H" * 12)
    assert mean(bad.habits(fresh)) == pytest.approx(bad.share)
    assert mean(bad.habits(fresh)) < mean(bad.habits(own)) < mean(good.habits(own))
    mixed = cohort([Record("H" * 12), Record("L" * 12)] * 20)
    alike = cohort([Record("HL" * 6)] * 40)
    assert mixed.spread < alike.spread  # the further apart, the more a pair's own past counts


def told(found: Forecast) -> dict[str, str]:
    return {week.isoformat(): why for week, why in zip(found.weeks, found.why, strict=True)}


def test_weak_weeks_are_named_with_what_takes_them() -> None:
    away = DateException(ExceptionKind.OFF, date(2027, 3, 1), date(2027, 3, 12))
    busy = DateException(ExceptionKind.DEADLINE, date(2027, 4, 5), date(2027, 4, 9))
    people = (person("ann", exceptions=(away,)), person("bob", exceptions=(busy,)))
    of = replace(pair(), pauses=(Pause(date(2027, 5, 3), date(2027, 5, 9)),))
    assert told(forecast(case(START, of=of, people=people), USUAL)) == {
        "2027-03-01": "Ann is away",
        "2027-03-08": "Ann is away",
        "2027-04-05": "Bob has a deadline",
        "2027-05-03": "the pair rests",
    }
    late = forecast(case(date(2027, 3, 9), of=of, people=people), USUAL)
    assert "2027-03-01" not in told(late)
    assert "2027-03-08" in told(late)


def test_a_week_of_holidays_is_weak_one_holiday_is_not() -> None:
    people = (person("ann", holidays="US"), person("bob", "Mon 09:00-12:00", holidays="US"))
    weeks = told(forecast(case(START, people=people), USUAL))
    assert weeks["2027-02-15"] == "public holidays"  # both have no Monday but this
    usual = (person("ann", holidays="US"), person("bob", holidays="US"))
    assert told(forecast(case(START, people=usual), USUAL)) == {}


def test_no_shared_hours_are_weak_weeks_all_along_and_hours_are_the_remedy() -> None:
    people = (person("ann"), person("bob", "Tue 17:00-17:30"))
    of = replace(pair(), goal=3, agreement=Agreement(minutes=30))
    found = forecast(case(START, of=of, people=people), USUAL)
    assert (found.chance, set(found.why)) == (0, {"no shared hours"})
    assert len(found.weeks) == 26
    assert found.remedy == "Ann opens Tue 17:00–17:30 (their time)."
    assert found.remedy_chance > 0.8


def test_shorter_meetings_are_the_remedy_where_they_fit() -> None:
    people = (person("ann", "Tue 09:00-09:30"), person("bob"))
    found = forecast(case(START, of=pair(goal=3), people=people), USUAL)
    assert found.chance == 0
    assert found.remedy == "Meet for 30 minutes instead of 60."


@pytest.mark.parametrize(
    ("goal", "remedy"),
    [
        (12, ""),
        (13, "Hold one more meeting by Fri 16 Apr 2027."),
        (14, "Meet every week in April."),
        (15, "Meet every week in April and May."),
        (17, "Meet every week until the end."),
        (20, "Aim for 12 instead of 20 meetings."),
    ],
)
def test_the_cheapest_remedy_that_does_it(goal: int, remedy: str) -> None:
    keen = cohort([Record("HHHHHHHHMH")] * 30)
    of = case(START + 11 * WEEK + 2 * DAY, *held(0, 2, 4, 6, 8, 10), of=pair(goal=goal))
    found = forecast(of, keen)
    assert found.remedy == remedy
    assert found.remedy_chance >= 0.8


def test_a_lower_goal_is_the_last_resort() -> None:
    of = case(START + 23 * WEEK, *held(0, 2, 4, 8, 14, 20), of=pair(goal=10))
    found = forecast(of, USUAL)
    assert found.chance < 0.1
    assert found.remedy == "Aim for 7 instead of 10 meetings."


def test_the_days_nearest_to_one_that_is_due() -> None:
    days = Openings(START, START + 20 * DAY, (START, START + 4 * DAY, START + 9 * DAY))
    assert days.near(START + 4 * DAY, START) == 1
    assert days.near(START + 2 * DAY, START) == 0  # equally near: the earlier
    assert days.near(START + 3 * DAY, START) == 1
    assert days.near(START + 2 * DAY, START + 5 * DAY) == 2
    assert days.near(START + 12 * DAY, START) == 2
    assert days.near(START + 12 * DAY, START + 10 * DAY) is None

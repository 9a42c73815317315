"""Which pairs need a human: each trouble at its edge, silence where all is well, one order."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentoring.attention import (
    Asked,
    Broken,
    Need,
    Outlook,
    PairFacts,
    Trouble,
    by_pair,
    needs,
)

TODAY = date(2027, 5, 3)
DAY = timedelta(days=1)
WELL = PairFacts(
    "lee@example.org",
    "dana@example.org",
    "confirmed",
    start=date(2027, 1, 11),
    every=timedelta(weeks=2),
    met=TODAY - 10 * DAY,
    planned=True,
)


def ago(days: int) -> date:
    return TODAY - days * DAY


def whys(facts: PairFacts) -> list[Trouble]:
    return [need.why for need in needs([facts], TODAY)]


def waiting(**changed: Any) -> PairFacts:
    """A pair with nothing ahead."""
    return replace(WELL, state="waiting", planned=False, **changed)


@pytest.mark.parametrize(
    ("fine", "troubled", "why"),
    [
        (WELL, replace(WELL, lost=(("Dana", ago(0)),)), Trouble.UNDELIVERED),
        (WELL, replace(WELL, state="unschedulable", no_slot=ago(0)), Trouble.UNSCHEDULABLE),
        (
            replace(WELL, broken=(Broken("Dana", True, ago(2)),)),
            replace(WELL, broken=(Broken("Dana", True, ago(3)),)),
            Trouble.CONSENT,
        ),
        (
            replace(WELL, broken=(Broken("Dana", False, ago(2)),)),
            replace(WELL, broken=(Broken("Dana", False, ago(3)),)),
            Trouble.UNREADABLE,
        ),
        (WELL, replace(WELL, poorly=ago(0)), Trouble.POORLY),
        (replace(WELL, missed=1), replace(WELL, missed=2, missed_on=ago(1)), Trouble.MISSED),
        (waiting(met=ago(20)), waiting(met=ago(22)), Trouble.QUIET),
        (
            waiting(every=timedelta(weeks=4), met=ago(30), proposed=ago(20)),
            waiting(every=timedelta(weeks=4), met=ago(30), proposed=ago(21)),
            Trouble.STALLED,
        ),
        (
            waiting(every=timedelta(weeks=4), met=ago(27), touched=ago(27)),
            waiting(every=timedelta(weeks=4), met=ago(28), touched=ago(28)),
            Trouble.STALLED,
        ),
        (
            replace(WELL, poll=Asked(ago(5), ("Lee",), 2)),
            replace(WELL, poll=Asked(ago(5), ("Lee",), 3)),
            Trouble.POLL,
        ),
        (
            replace(WELL, unsigned=Asked(ago(29), ("Lee",))),
            replace(WELL, unsigned=Asked(ago(30), ("Lee",))),
            Trouble.UNSIGNED,
        ),
        (
            replace(WELL, outlook=Outlook(0.5)),
            replace(WELL, outlook=Outlook(0.49)),
            Trouble.FORECAST,
        ),
    ],
)
def test_each_trouble_begins_at_its_edge(
    fine: PairFacts, troubled: PairFacts, why: Trouble
) -> None:
    assert whys(fine) == []
    assert whys(troubled) == [why]


@pytest.mark.parametrize(
    "facts",
    [
        replace(WELL, met=ago(40)),  # a confirmed meeting is ahead
        replace(WELL, state="paused", planned=False, met=ago(90), poorly=ago(1)),
        replace(WELL, state="ended", planned=False, met=ago(90)),
        waiting(met=ago(60), rested=ago(5)),  # away until last week
        waiting(met=None, start=ago(-3), unsigned=Asked(ago(-3), ("Lee",))),  # not begun
        replace(WELL, poll=Asked(ago(9), (), 5)),  # both answered
        replace(WELL, met=None, start=ago(15), state="proposed", planned=False, proposed=ago(15)),
    ],
)
def test_what_goes_its_way_needs_nobody(facts: PairFacts) -> None:
    assert whys(facts) == []


def test_mail_that_did_not_arrive_is_told_of_a_resting_pair_too() -> None:
    facts = replace(WELL, state="paused", planned=False, lost=(("Dana", ago(3)),))
    assert whys(facts) == [Trouble.UNDELIVERED]


def test_silence_that_something_else_explains_is_said_once() -> None:
    facts = waiting(met=ago(90), broken=(Broken("Dana", True, ago(60)),))
    assert whys(facts) == [Trouble.CONSENT]
    facts = replace(waiting(met=ago(90), no_slot=ago(5)), state="unschedulable")
    assert whys(facts) == [Trouble.UNSCHEDULABLE]


def test_a_remedy_names_the_person_and_the_smallest_change() -> None:
    def remedies(facts: PairFacts) -> list[str]:
        return [need.remedy for need in needs([facts], TODAY)]

    assert remedies(replace(WELL, lost=(("Dana", ago(9)), ("Lee", ago(1))))) == [
        "Check Dana's address, then send the mail again."
    ]
    no_slot = replace(
        WELL, state="unschedulable", no_slot=ago(1), suggestion="45 minutes would fit"
    )
    assert remedies(no_slot) == ["45 minutes would fit."]
    low = replace(WELL, outlook=Outlook(0.31, "meet for 45 minutes.", 0.72))
    assert remedies(low) == ["Meet for 45 minutes: 31% becomes 72%."]
    assert remedies(waiting(met=ago(60), proposed=ago(2))) == ["Ask both to answer the invitation."]


some_day = st.integers(-40, 120).map(ago)
days = st.none() | some_day
everything = st.builds(
    PairFacts,
    mentor=st.sampled_from("ab"),
    mentee=st.sampled_from("xyz"),
    state=st.sampled_from(["waiting", "proposed", "confirmed", "unschedulable", "paused", "ended"]),
    start=some_day,
    every=st.integers(1, 60).map(lambda n: n * DAY),
    met=days,
    planned=st.booleans(),
    proposed=days,
    touched=days,
    rested=days,
    missed=st.integers(0, 3),
    missed_on=days,
    no_slot=days,
    suggestion=st.sampled_from(["", "45 minutes would fit"]),
    broken=st.lists(st.builds(Broken, st.just("Dana"), st.booleans(), some_day)).map(tuple),
    lost=st.lists(st.tuples(st.just("Lee"), some_day)).map(tuple),
    unsigned=st.none() | st.builds(Asked, some_day, st.just(("Lee",))),
    poll=st.none() | st.builds(Asked, some_day, st.just(("Lee",)), st.integers(0, 6)),
    poorly=days,
    outlook=st.none() | st.builds(Outlook, st.floats(0, 1), st.sampled_from(["", "meet more"])),
)


@given(st.lists(everything, max_size=6, unique_by=lambda f: (f.mentor, f.mentee)))
def test_the_order_is_of_kind_then_age_whatever_order_the_pairs_come_in(
    facts: list[PairFacts],
) -> None:
    found = needs(facts, TODAY)
    assert found == needs(list(reversed(facts)), TODAY)
    kinds = [list(Trouble).index(need.why) for need in found]
    assert kinds == sorted(kinds)
    assert by_pair(found) == {
        key: tuple(n for n in found if n.pair == key) for key in {n.pair for n in found}
    }
    assert all(_is_a_sentence(need) for need in found)


def _is_a_sentence(need: Need) -> bool:
    text = need.remedy
    return not text[0].islower() and text.endswith(".") and len(text.split()) <= 20

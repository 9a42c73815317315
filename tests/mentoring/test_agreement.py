"""The terms of an agreement: what a form may ask for, and when somebody is asked to sign."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentoring.agreement import Terms, due_step, read_terms, terms_of, with_terms
from mentoring.roster import Agreement, Channel, Mailbox, Pair, Programme, Roster, Settings

PROGRAMME = Programme(
    "Leadership", Mailbox("Office", "m@x"), "UTC", date(2027, 1, 11), date(2027, 7, 30), "c@x"
)
FORM = {"weeks": "3", "minutes": "45", "channel": "either", "share": "25", "conflicts": ""}


def test_a_form_is_read_as_terms() -> None:
    terms = Terms(timedelta(weeks=3), 45, Channel.EITHER, 25, "Budget in May\nLeave in June")
    form = {**FORM, "conflicts": "Budget in May\r\nLeave in June"}
    assert read_terms(**form, filed=60) == terms


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("weeks", ("1", "4"), ("0", "5", "", "-1", "1.5", "²", "two", "9" * 5000)),
        (
            "minutes",
            ("30", "45", "60", "75"),
            ("15", "61", "240", "", "an hour", "1e2", "9" * 5000),
        ),
        ("channel", ("virtual", "in person", "either"), ("", "phone", "Either")),
        ("share", ("0", "100"), ("101", "-5", "", "50%", "9" * 5000)),
        ("conflicts", ("x" * 1000, "a\r\nb"), ("x" * 1001, "a\x00b", "\u202eab", "a\x1b[1m")),
    ],
)
def test_nonsense_is_refused_by_its_field(
    field: str, good: tuple[str, ...], bad: tuple[str, ...]
) -> None:
    for text in good:
        assert isinstance(read_terms(**{**FORM, field: text}, filed=75), Terms)
    for text in bad:
        assert read_terms(**{**FORM, field: text}, filed=75) == field


@pytest.mark.parametrize(
    ("weeks", "minutes", "filed", "fits"),
    [
        ("1", "60", 60, True),
        ("1", "75", 75, False),
        ("2", "120", 120, True),
        ("4", "480", 480, False),
    ],
)
def test_nobody_agrees_to_more_than_four_hours_a_month(
    weeks: str, minutes: str, filed: int, fits: bool
) -> None:
    found = read_terms(**{**FORM, "weeks": weeks, "minutes": minutes}, filed=filed)
    assert isinstance(found, Terms) if fits else found == "weeks"


@given(st.fixed_dictionaries({name: st.text(max_size=12) for name in FORM}))
def test_whatever_a_form_sends_is_terms_or_a_field(form: dict[str, str]) -> None:
    found = read_terms(**form, filed=60)
    assert isinstance(found, Terms) or found in FORM


def test_what_both_signed_is_what_the_roster_says() -> None:
    pair = Pair("lee", "dana", date(2027, 1, 11), date(2027, 7, 30), Agreement())
    other = replace(pair, mentee="may")
    roster = Roster(PROGRAMME, Agreement(), "month", Settings(), {}, (pair, other))
    terms = Terms(timedelta(weeks=3), 45, Channel.IN_PERSON, 80, "Budget in May")
    agreed, untouched = with_terms(roster, {pair.key: terms}).pairs
    assert terms_of(agreed) == replace(terms, conflicts="")
    assert untouched == other


@pytest.mark.parametrize(
    ("days", "step"), [(-1, None), (0, 0), (13, 0), (14, 14), (29, 14), (30, 30), (200, 30)]
)
def test_the_newest_step_that_is_due(days: int, step: int | None) -> None:
    assert due_step(days) == step

"""Deadlines as people write them: the right days, or a refusal; never the wrong days."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from mentoring.deadline_words import Days, read_day, read_deadline, written
from mentoring.deadlines import FURTHEST, LONGEST, Fault

TODAY = date(2026, 11, 25)
DANA, JAN = "dana@example.org", "jan@example.org"
PEOPLE = [("Dana Lee", DANA), ("Jan May", JAN)]
WEEK = (date(2026, 12, 7), date(2026, 12, 11))
ENGLISH = "January February March April May June July August September October November December"
SPANISH = "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"


@pytest.mark.parametrize(
    "text",
    [
        "7 Dec to 11 Dec",
        "7 dec TO 11 DEC.",
        "Dec 7 - Dec 11",
        "Dec 7 – 11",
        "7-11 Dec",
        "7—11 December 2026",
        "Dec 7-11, 2026",
        "December 7th, 2026 through December 11th, 2026",
        "7 dic a 11 dic",
        "del 7 al 11 de diciembre de 2026",
        "desde el 7 de diciembre hasta el 11 de diciembre",
        "2026-12-07 to 2026-12-11",
        "2026-12-07 - 2026-12-11",
        "Mon 7 Dec to Fri 11 Dec",
        "lunes 7 dic a viernes 11 dic",
        "7\xa0Dec\u200b to 11 Dec",
        "7 Dec 2026 to 11 Dec",
        "7. - 11. dec",
    ],
)
def test_many_ways_to_write_one_week(text: str) -> None:
    assert read_deadline(text, TODAY, PEOPLE) == Days(*WEEK)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("7 Dec", "2026-12-07", "2026-12-07"),
        ("2027-01-04", "2027-01-04", "2027-01-04"),
        ("28 Dec to 3 Jan", "2026-12-28", "2027-01-03"),
        ("28 Dec 2026 to 3 Jan", "2026-12-28", "2027-01-03"),
        ("28 Dec to 3 Jan 2027", "2026-12-28", "2027-01-03"),
        ("20 Nov to 27 Nov", "2026-11-20", "2026-11-27"),  # it runs
        ("1 Nov to 5 Nov", "2027-11-01", "2027-11-05"),  # this year's are over
        ("24 Nov", "2027-11-24", "2027-11-24"),
        ("1 Mar", "2027-03-01", "2027-03-01"),
    ],
)
def test_the_year_is_the_next_in_which_the_days_are_not_over(
    text: str, first: str, last: str
) -> None:
    expected = Days(date.fromisoformat(first), date.fromisoformat(last))
    assert read_deadline(text, TODAY, PEOPLE) == expected


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("Dana 7-11 Dec", DANA),
        ("7-11 Dec Dana Lee", DANA),
        ("7 Dec to 11 Dec for dana lee", DANA),
        ("7-11 dic para Dana", DANA),
        ("dana@example.org 7-11 Dec", DANA),
        ("7-11 Dec <dana@example.org", None),
        ("Jan 7-11 Dec", JAN),
        ("7-11 Dec Jan", JAN),
        ("Lee: 7-11 Dec", None),
        ("Bob 7-11 Dec", None),
        ("bob@example.org 7-11 Dec", None),
        ("Dana Dana 7-11 Dec", None),
    ],
)
def test_one_person_may_be_named(text: str, who: str | None) -> None:
    found = read_deadline(text, TODAY, PEOPLE)
    assert found == (Days(*WEEK, people=(who,)) if who else Fault.DATES)


def test_two_of_one_name_are_told_apart_by_their_address() -> None:
    people = [("Dana Lee", DANA), ("Dana Poe", JAN)]
    assert read_deadline("Dana 7-11 Dec", TODAY, people) is Fault.WHO
    assert read_deadline("Dana Poe 7-11 Dec", TODAY, people) == Days(*WEEK, people=(JAN,))
    assert read_deadline(f"{DANA} 7-11 Dec", TODAY, people) == Days(*WEEK, people=(DANA,))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("7/12", Fault.AMBIGUOUS),
        ("7/12 to 11/12", Fault.AMBIGUOUS),
        ("7.12.2026", Fault.AMBIGUOUS),
        ("12-07-2026", Fault.AMBIGUOUS),
        ("07-12", Fault.AMBIGUOUS),
        ("7 Dec 26", Fault.DATES),
        ("7 and 11 Dec", Fault.DATES),
        ("7 Dec, 11 Dec", Fault.DATES),
        ("7 Dec to 9 Dec to 11 Dec", Fault.DATES),
        ("mar 8 dic", Fault.DATES),  # Tuesday, or March
        ("next week", Fault.DATES),
        ("recorded 7-11 Dec 2026", Fault.DATES),
        ("31 Nov", Fault.DATES),
        ("0 Dec", Fault.DATES),
        ("", Fault.DATES),
        ("Tue 7 Dec", Fault.WEEKDAY),
        ("Mon 7 Dec to Thu 11 Dec", Fault.WEEKDAY),
        ("11 Dec to 7 Dec", Fault.ORDER),
        ("2026-12-11 to 2026-12-07", Fault.ORDER),
        ("1 Nov 2026 to 5 Nov 2026", Fault.PAST),
        ("1 Jan to 15 Mar", Fault.LONG),
        ("2028-01-03", Fault.FAR),
        ("29 Feb", Fault.FAR),
        ("7 Dec 0000", Fault.DATES),
        ("7 Dec" + " " * 300 + "to 11 Dec", Fault.DATES),
    ],
)
def test_what_is_refused(text: str, fault: Fault) -> None:
    assert read_deadline(text, TODAY, PEOPLE) is fault


def forms(first: date, last: date) -> list[str]:
    """One range in every form that is promised, without years and with them."""
    found = []
    for months, until in ((ENGLISH, "to"), (SPANISH, "a")):
        names = months.split()
        one, two = names[first.month - 1], names[last.month - 1]
        for cut in (3, None):
            a, b = one[:cut], two[:cut]
            found += [
                f"{first.day} {a} {until} {last.day} {b}",
                f"{a} {first.day} - {b} {last.day}",
                f"{first.day} {a} {first.year} {until} {last.day} {b} {last.year}",
                f"{a} {first.day}, {first.year} – {b} {last.day}, {last.year}",
                f"{first} {until} {last}",
            ]
            if a == b:
                found += [f"{first.day}-{last.day} {a}", f"{a} {first.day}-{last.day}"]
    return found


days = st.integers(0, FURTHEST.days - 1).map(lambda n: TODAY + timedelta(n))
lengths = st.integers(0, LONGEST.days - 1).map(timedelta)


@given(first=days, length=lengths)
def test_every_form_of_a_range_is_read_as_that_range(first: date, length: timedelta) -> None:
    last = first + length
    assume(last <= TODAY + timedelta(364))  # later, the same words mean sooner days
    for text in [*forms(first, last), written(first, last, "en"), written(first, last, "es-US")]:
        assert read_deadline(text, TODAY, PEOPLE) == Days(first, last), text


pieces = st.sampled_from(
    [
        *("7", "11", "31", "7th", "12", "2026", "2027", "2026-12-07", "2026-02-30", "7/12", "26"),
        *("Dec", "dic", "mar", "May", "Jan", "febrero", "Mon", "lun", "Dana", "Dana Lee", DANA),
        *("to", "a", "-", "–", "de", ",", ".", ":", "for", "para", "and", "the", "☃", "\x00", "٣"),
    ]
)
words = st.lists(pieces, max_size=9).map(" ".join)


@given(text=words | st.text(max_size=60))
@example("7º dic")
def test_days_come_of_their_own_numbers_or_not_at_all(text: str) -> None:
    found = read_deadline(text, TODAY, PEOPLE)
    if isinstance(found, Fault):
        return
    numbers = {int(n) for n in re.findall(r"[0-9]+", text)}
    assert {found.first.day, found.last.day} <= numbers
    assert TODAY <= found.last <= TODAY + FURTHEST
    assert timedelta(0) <= found.last - found.first < LONGEST
    for year in numbers & {2026, 2027}:
        assert year in (found.first.year, found.last.year)
    assert set(found.people) <= {DANA, JAN}


@given(text=st.text(max_size=40), name=st.text(max_size=20))
def test_no_name_and_no_text_breaks_it(text: str, name: str) -> None:
    read_deadline(text, TODAY, [(name, DANA)])
    read_deadline(f"{name} 7 Dec", TODAY, [(name, DANA)])
    read_day(text, TODAY)


@pytest.mark.parametrize(
    ("text", "day"),
    [("2026-12-07", WEEK[0]), ("7 dic", WEEK[0]), ("2025-01-01", date(2025, 1, 1))],
)
def test_one_day_in_a_field(text: str, day: date) -> None:
    assert read_day(text, TODAY) == day
    assert read_day("7-11 Dec", TODAY) is None

"""A mentor's load: counted over the pairs that run together."""

from __future__ import annotations

from datetime import date

import pytest

from mentoring.load import overloaded
from mentoring.roster import Agreement, Pair

YEAR = (date(2027, 1, 11), date(2027, 12, 31))
FIRST_HALF, SECOND_HALF = (YEAR[0], date(2027, 6, 30)), (date(2027, 7, 1), YEAR[1])


@pytest.mark.parametrize(
    ("terms", "load"),
    [
        ([YEAR] * 3, {}),
        ([YEAR] * 4, {"amara": 4}),
        ([FIRST_HALF] * 2 + [SECOND_HALF] * 3, {}),
        ([YEAR] * 2 + [SECOND_HALF] * 2, {"amara": 4}),
        ([], {}),
    ],
)
def test_only_pairs_that_run_together_count(
    terms: list[tuple[date, date]], load: dict[str, int]
) -> None:
    pairs = [Pair("amara", f"m{n}", *term, Agreement()) for n, term in enumerate(terms)]
    assert overloaded([*pairs, Pair("otto", "x", *YEAR, Agreement())]) == load

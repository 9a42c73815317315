"""The bench runs, on little; and its peers answer what the grid answers."""

from __future__ import annotations

import pytest

from tests.bench import daemon
from tests.bench.__main__ import line, main
from tests.bench.many import room
from tests.bench.pair import MINUTES, PEERS, _warmed, case, starts
from tests.bench.row import SMALL, Row
from tests.bench.rows import PARTS


@pytest.mark.parametrize("days", [1, 30])
@pytest.mark.parametrize("name", PEERS)
def test_a_peer_answers_what_the_grid_answers(name: str, days: int) -> None:
    found = 0
    for number in range(12):
        each = case(number, days)
        search = each.cold()
        assert PEERS[name](each.for_peers(), search.grid, MINUTES * 60) == starts(search)
        found += len(starts(search))
    assert found > 0


def test_one_change_comes_to_what_a_new_beginning_comes_to() -> None:
    for number in range(12):
        each = case(number, 30)
        warm = _warmed(each)()
        each.busy[0].append(each.changed)
        each.busy[0].sort()
        assert warm.found() == each.cold().found()


@pytest.mark.parametrize("part", [name for name in PARTS if name != "daemon"])
def test_each_part_runs(part: str) -> None:
    rows = list(PARTS[part](SMALL))
    assert rows
    assert all(row.figure >= 0 and row.how for row in rows)


def test_a_daemon_names_a_provider_and_loads_it() -> None:
    before, after = daemon.idle("exchange")
    assert 20 < before < after


def test_room_grows_with_people() -> None:
    assert room(3_000) > 0


def test_a_missed_promise_shows() -> None:
    row = Row("x", 2.0, "s", "how", limit=1.0)
    assert "**missed**" in line(row)
    assert "missed" not in line(Row("x", 2.0, "/s", "how", limit=1.0, at_least=True))
    assert main(["nothing"]) == 2

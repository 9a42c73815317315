"""The roster on disk: edits taken up, bad ones told once and left."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from service.roster_source import RosterFaults, RosterSource, load
from tests.world import DANA, LEE, PEOPLE, World

BAD = PEOPLE.replace("America/New_York", "Nowhere")


def write(world: World, people: str) -> None:
    (world.directory / "people.csv").write_text(people)


def renamed(name: str) -> str:
    return PEOPLE.replace("Dana Lee", name)


def test_a_good_edit_is_taken_up_once(world: World) -> None:
    source = RosterSource(world.directory)
    assert source.refresh() is False
    write(world, renamed("Dana Roe"))
    assert source.refresh() is True
    assert source.roster.people[DANA].name == "Dana Roe"
    assert source.refresh() is False


def test_a_mentor_with_more_mentees_than_the_cap_is_taken_and_logged(world: World) -> None:
    others = [f"m{n}@example.org" for n in range(3)]
    rows = "".join(f"M Roe,{e},America/New_York,Mon-Fri 09:00-17:00,,\n" for e in others)
    pairs = "mentor,mentee\n" + "".join(f"{LEE},{e}\n" for e in (*others, DANA))
    world.write(people=PEOPLE + rows, pairs=pairs)
    with capture_logs() as logs:
        source = RosterSource(world.directory)
    assert len(source.roster.pairs) == 4
    (entry,) = logs
    assert (entry["event"], entry["mentor"], entry["mentees"]) == ("mentor_over_cap", LEE, 4)


def test_a_bad_edit_keeps_the_last_good_roster_and_is_told_once(world: World) -> None:
    source = RosterSource(world.directory)
    write(world, BAD)
    with capture_logs() as logs:
        assert source.refresh() is False
        assert source.refresh() is False
    assert [entry["event"] for entry in logs] == ["roster_refused", "roster_fault"]
    assert (logs[1]["file"], logs[1]["line"]) == (str(world.directory / "people.csv"), 2)
    assert source.roster.people[DANA].timezone == "America/New_York"
    assert len(source.faults) == 1
    write(world, renamed("Dana Roe"))
    assert source.refresh() is True
    assert not source.faults


def test_a_bad_edit_taken_back_is_forgotten(world: World) -> None:
    source = RosterSource(world.directory)
    write(world, BAD)
    source.refresh()
    write(world, PEOPLE)
    source.refresh()
    assert not source.faults


def test_another_fault_is_told_again(world: World) -> None:
    source = RosterSource(world.directory)
    with capture_logs() as logs:
        write(world, BAD)
        source.refresh()
        write(world, BAD + BAD.splitlines()[1] + "\n")
        source.refresh()
    assert [entry["event"] for entry in logs].count("roster_refused") == 2


def test_half_a_file_is_refused_and_the_whole_taken_up(world: World) -> None:
    source = RosterSource(world.directory)
    whole = renamed("Dana Roe")
    write(world, whole[: whole.index("Lee Park") + 4])
    assert source.refresh() is False
    write(world, whole)
    assert source.refresh() is True


def test_a_file_that_comes_back_clears_its_fault(world: World) -> None:
    source = RosterSource(world.directory)
    path = world.directory / "people.csv"
    path.rename(path.with_suffix(".old"))
    path.mkdir()
    source.refresh()
    assert [fault.message for fault in source.faults] == ["can't be read (Is a directory)"]
    path.rmdir()
    path.with_suffix(".old").rename(path)
    source.refresh()
    assert not source.faults


def test_a_file_replaced_with_an_older_time_is_seen(world: World) -> None:
    source = RosterSource(world.directory)
    fresh = world.directory / "fresh"
    fresh.write_text(renamed("Dana Ree"))
    os.utime(fresh, (1, 1))
    fresh.replace(world.directory / "people.csv")
    assert source.refresh() is True


def test_faults_name_the_file_as_it_was_given(tmp_path: Path) -> None:
    with pytest.raises(RosterFaults) as error:
        load(tmp_path / "nowhere")
    assert str(error.value).splitlines() == [
        f"{tmp_path}/nowhere/{name}:1: the file is missing; create it; config/ has a sample"
        for name in ("overlap.toml", "people.csv", "pairs.csv")
    ]


def test_a_first_roster_with_faults_is_no_start(world: World) -> None:
    write(world, BAD)
    with pytest.raises(RosterFaults, match=r"people\.csv:2: column timezone: "):
        RosterSource(world.directory)


def test_a_file_that_is_not_ours_is_ignored(world: World) -> None:
    (world.directory / "notes.csv").write_text("whatever")
    assert load(world.directory).people

"""An edit that takes out many pairs at once waits for a yes, wherever it would be taken up."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentoring.removals import missed
from service import removals
from service.passes import begin
from service.roster_source import RosterSource, load
from store.audit import newest
from tests.service.test_run import overlap
from tests.web.desk import press, signed_in
from tests.web.office import Office, at_google
from tests.world import PEOPLE, World, at
from web.coordinator import ROOT

MONDAY = at("2027-01-11 12:00")
DAY = timedelta(days=1)


def cohort(pairs: int) -> tuple[str, str]:
    """people.csv and pairs.csv of so many pairs besides Dana and Lee."""
    people, rows = PEOPLE, "mentor,mentee\n"
    for number in range(pairs):
        names = [f"{side}{number}@example.org" for side in ("a", "b")]
        for name in names:
            people += f"{name[:-12]} Roe,{name},America/New_York,Mon-Fri 09:00-17:00,,\n"
        rows += f"{','.join(names)}\n"
    return people, rows


def write(world: World, pairs: int, keep: int) -> None:
    people, rows = cohort(pairs)
    (world.directory / "people.csv").write_text(people)
    (world.directory / "pairs.csv").write_text("\n".join(rows.splitlines()[: keep + 1]) + "\n")


def source(world: World) -> RosterSource:
    """What `run` watches the files with."""
    found = RosterSource(world.directory)

    def vet(roster):  # type: ignore[no-untyped-def]
        removal = removals.asks(world.engine, roster, MONDAY)
        return removal.fault(world.directory) if removal else None

    found.vet = vet
    begin(found.roster, world.engine, world.ports(found.roster, world.directory), MONDAY)
    return found


@pytest.mark.parametrize(
    ("pairs", "kept", "asked"),
    [(12, 9, True), (12, 10, False), (30, 27, False), (30, 26, True), (3, 0, True), (2, 0, False)],
)
def test_more_than_a_tenth_and_at_least_three_ask(
    pairs: int, kept: int, asked: bool, world: World
) -> None:
    write(world, pairs, pairs)
    watched = source(world)
    write(world, pairs, kept)
    assert watched.refresh() is not asked
    assert len(watched.roster.pairs) == (pairs if asked else kept)
    assert bool(watched.faults) == asked


def test_the_last_good_roster_holds_until_a_yes_and_then_no_longer(world: World) -> None:
    write(world, 12, 12)
    watched = source(world)
    write(world, 12, 2)
    assert not watched.refresh()
    assert not watched.refresh()  # asked once, waits on
    (fault,) = watched.faults
    assert str(fault).startswith(
        f"{world.directory}/pairs.csv:1: this edit would take out 10 of 12 pairs, so it waits; "
    )
    with world.engine.begin() as connection:
        waits = removals.waiting(connection)
        assert waits is not None
        removals.accept(connection, waits)
    assert watched.refresh()
    assert len(watched.roster.pairs) == 2
    assert not watched.faults
    begin(watched.roster, world.engine, world.ports(watched.roster, world.directory), MONDAY)
    with world.engine.begin() as connection:
        assert removals.waiting(connection) is None
    write(world, 12, 12)  # and a second loss of the same pairs asks anew
    assert watched.refresh()
    begin(watched.roster, world.engine, world.ports(watched.roster, world.directory), MONDAY)
    write(world, 12, 2)
    assert not watched.refresh()


def test_a_yes_is_to_the_pairs_that_were_shown(world: World) -> None:
    write(world, 12, 12)
    watched = source(world)
    write(world, 12, 6)
    watched.refresh()
    with world.engine.begin() as connection:
        waits = removals.waiting(connection)
        assert waits is not None
        removals.accept(connection, waits)
    write(world, 12, 5)
    assert not watched.refresh()
    assert len(watched.roster.pairs) == 12


def test_pairs_put_back_need_no_yes(world: World) -> None:
    write(world, 12, 12)
    watched = source(world)
    write(world, 12, 2)
    watched.refresh()
    write(world, 12, 11)
    assert watched.refresh()
    assert not watched.faults
    with world.engine.begin() as connection:
        assert removals.waiting(connection) is None


def test_a_start_with_most_pairs_gone_is_refused_as_well(world: World) -> None:
    write(world, 12, 12)
    now = ("--now", MONDAY.isoformat())
    assert overlap(world, "check", "--offline").returncode == 0
    assert overlap(world, "once", *now).returncode == 0
    write(world, 12, 2)
    for words in (("once", *now), ("run",), ("check", "--offline")):
        refused = overlap(world, *words)
        assert refused.returncode == 2, refused.stderr
        assert "pairs.csv:1: this edit would take out 10 of 12 pairs" in refused.stderr
    said = overlap(world, "accept-removals")
    assert said.stdout == "10 of 12 pairs go with the next pass.\n"
    assert overlap(world, "check", "--offline").returncode == 0
    assert overlap(world, "once", *now).returncode == 0
    assert len(load(world.directory).pairs) == 2
    assert overlap(world, "accept-removals").stdout.startswith("The files take out no pairs")


def waiting_edit(office: Office) -> None:
    """Twelve pairs hold; the files on disk have two of them, and wait."""
    write(office.world, 12, 12)
    work = office.work()
    begin(work.roster, office.world.engine, work.outside, office.now)
    write(office.world, 12, 2)
    removals.asks(office.world.engine, load(office.world.directory), office.now)
    write(office.world, 12, 12)  # the page sees what holds


def test_the_page_names_the_pairs_and_takes_a_yes(tmp_path: Path) -> None:
    with at_google(tmp_path / "office") as office:
        waiting_edit(office)
        with signed_in(office) as browser:
            page = browser.get(f"{ROOT}/files").text
            assert "10 of 12 pairs" in page
            assert "<bdi>a7 Roe</bdi> and <bdi>b7 Roe</bdi>" in page
            assert "a1 Roe" not in page
            digest = page.partition('name="removal" value="')[2].partition('"')[0]
            other = press(browser, "/files", do="accept", removal="0" * 64)
            assert other == "Nothing was changed: the files are others by now. Look again."
            said = press(browser, "/files", do="accept", removal=digest)
            assert said.startswith("The files are taken up within a minute.")
        write(office.world, 12, 2)
        fresh = load(office.world.directory)
        assert removals.asks(office.world.engine, fresh, office.now) is None
        with office.world.engine.begin() as connection:
            (act, *_) = newest(connection, 1)
        assert (act.action, act.about) == ("let the files take out pairs", "10 pairs")


TODAY = date(2027, 3, 1)


@given(
    ends=st.lists(st.integers(-30, 30), max_size=60),
    kept=st.sets(st.integers(0, 59)),
)
def test_whatever_goes_without_asking_is_little(ends: list[int], kept: set[int]) -> None:
    before = {number: TODAY + end * DAY for number, end in enumerate(ends)}
    gone = missed(before, kept, TODAY)
    running = {number for number, end in before.items() if end >= TODAY}
    lost = running - kept
    assert set(gone) in (set(), lost)
    assert bool(gone) == (len(lost) >= 3 and len(lost) > len(running) / 10)


def test_the_store_keeps_no_names(world: World) -> None:
    write(world, 12, 12)
    source(world)
    with world.engine.connect() as connection:
        kept = str(connection.exec_driver_sql("SELECT value FROM facts").all())
    assert "a7@example.org" not in kept

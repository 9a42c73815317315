"""A year of forty pairs: every kind of mail, none twice, none at night, none astray."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import func, select

from service.preview import KINDS
from store.tables import meetings
from store.tables_programme import agreements
from tests.programme.cohort import CANARY
from tests.programme.judge import YearJudge, excerpt, table
from tests.programme.play import Sent, Year
from tests.programme.privacy import PURPOSES, Grep

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def year_and_grep(tmp_path_factory: pytest.TempPathFactory) -> tuple[Year, YearJudge, Grep]:
    folder = tmp_path_factory.mktemp("year") / "programme"
    year, judge, grep = Year(folder), YearJudge(folder), Grep(folder)

    def look(played: Year, fresh: Sequence[Sent]) -> None:
        grep.look(fresh, played.partners.pages)
        judge.look(played.now, fresh, left=played.left, away=played.partners.away)
        judge.faults += open_twice(played)

    year.play(look)
    if target := os.environ.get("OVERLAP_YEAR"):  # as `make year` asks for
        Path(target).mkdir(parents=True, exist_ok=True)
        (Path(target) / "year.csv").write_text(table(judge.rows))
        (Path(target) / "year-table.md").write_text(excerpt(judge.rows))
    return year, judge, grep


@pytest.fixture(scope="module")
def year(year_and_grep: tuple[Year, YearJudge, Grep]) -> tuple[Year, YearJudge]:
    return year_and_grep[:2]


def open_twice(year: Year) -> list[str]:
    """Pairs with two proposals open at once."""
    t = meetings.c
    query = select(t.mentor, t.mentee).where(t.state == "proposed", t.kind == "meeting")
    query = query.group_by(t.mentor, t.mentee).having(func.count() > 1)
    with year.engine.connect() as connection:
        pairs = [tuple(row) for row in connection.execute(query)]
    return [f"{year.now:%Y-%m-%d %H:%M}: two proposals open for {pair}" for pair in pairs]


def test_every_mail_is_as_promised(year: tuple[Year, YearJudge]) -> None:
    _, judge = year
    assert judge.faults == []
    assert judge.judged > 3000


def test_no_supervisor_reads_what_is_not_theirs(
    year_and_grep: tuple[Year, YearJudge, Grep],
) -> None:
    """Mails, pages and what their links say; the copies that employees get hold nobody else."""
    played, _, grep = year_and_grep
    assert grep.faults == []
    assert grep.mails["summary"] > 500
    assert grep.mails["approve"] > 20
    assert all(grep.pages[purpose] > 20 for purpose in PURPOSES)
    # What was looked for was there to be found.
    assert {f"{CANARY}-AGENDA", f"{CANARY}-STEP"} <= grep.planted
    with played.engine.connect() as connection:
        conflicts = connection.execute(select(agreements.c.conflicts)).scalars().all()
    assert any(CANARY in text for text in conflicts)
    files = [p.read_text() for p in played.directory.glob("*.*") if p.suffix in (".csv", ".ics")]
    assert all(any(f"{CANARY}-{word}" in t for t in files) for word in ("TITLE", "LABEL"))


def test_every_kind_of_notice_occurs(year: tuple[Year, YearJudge]) -> None:
    _, judge = year
    assert set(KINDS) - {row.kind for row in judge.rows} == set()


def test_nobody_is_flooded(year: tuple[Year, YearJudge]) -> None:
    _, judge = year
    assert judge.floods() == []


def test_partners_answered_in_every_way(year: tuple[Year, YearJudge]) -> None:
    played, _ = year
    ways = {"ACCEPTED", "DECLINED", "TENTATIVE", "ACCEPT", "AGREE", "MET", "PICK", "AWAY", "END"}
    pages = {"agreement", "agenda", "met", "event", "attended", "pick", "choices", "preferences"}
    assert ways | {f"page {name}" for name in pages} <= set(played.partners.said)


def test_a_year_of_meetings_was_held(year: tuple[Year, YearJudge]) -> None:
    played, _ = year
    t = meetings.c
    query = select(t.mentor, t.mentee).where(t.state == "held", t.kind == "meeting")
    with played.engine.connect() as connection:
        held = Counter(tuple(row) for row in connection.execute(query))
    assert len(held) >= 36
    assert sum(held.values()) > 300

"""The coordinator's week: nothing without a need, each need once, and what is old said shorter."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mentoring.attention import Need, Trouble
from mentoring.notices import Reader
from mentoring.roster import Pair, Roster
from mentoring.roster_files import read_roster
from mentoring.week import EARLY_ENOUGH, Matter, Point, attention, of_pairs, week_of
from tests.world import DANA, LEE, PAIRS, PEOPLE, SETTINGS

READER = Reader("Coordinator", "coordinator@example.org", "America/New_York")
TODAY = date(2027, 2, 12)
BEFORE = TODAY - timedelta(days=32)
days = st.dates(date(2027, 1, 1), date(2027, 12, 31))
points = st.builds(Point, st.sampled_from(["A", "B"]), st.none() | days, st.sampled_from("xy"))
matters = st.lists(
    st.builds(
        Matter,
        st.uuids().map(str),
        st.just("Lee Park and Dana Lee"),
        st.lists(points, min_size=1, max_size=3).map(tuple),
        st.booleans(),
    ),
    max_size=80,
)


def roster() -> Roster:
    files = {
        "overlap.toml": SETTINGS.format(agreement=""),
        "people.csv": PEOPLE,
        "pairs.csv": PAIRS,
    }
    found, faults = read_roster({name: text.encode() for name, text in files.items()})
    assert found is not None, faults
    return found


@given(matters, st.data())
def test_every_matter_is_told_once_or_counted(found: list[Matter], data: st.DataObject) -> None:
    known = data.draw(st.lists(st.sampled_from(found), unique=True)) if found else []
    told = [mark for matter in known for mark in matter.marks]
    notice = attention("k", READER, found, told, "")
    assert (notice is None) == (not found)
    if notice is None:
        return
    assert notice.pairs + notice.others == len(found)
    shown = [*notice.fresh, *notice.still]
    assert len(shown) + notice.more == len(found)
    assert len({m.key for m in shown}) == len(shown)
    assert {m.key for m in notice.still} <= {m.key for m in known}
    assert not {m.key for m in notice.fresh} & {m.key for m in known}


@given(st.lists(points, min_size=1, max_size=3))
def test_what_changed_is_told_anew(old: list[Point]) -> None:
    matter = Matter("pair", "Lee Park and Dana Lee", tuple(old), is_pair=True)
    same = attention("k", READER, [matter], matter.marks, "")
    assert same is not None
    assert same.still == (matter,)
    for changed in (
        replace(old[0], why="C"),
        replace(old[0], since=date(2028, 1, 1)),
    ):
        other = replace(matter, points=(changed, *old[1:]))
        again = attention("k", READER, [other], matter.marks, "")
        assert again is not None
        assert again.fresh == (other,)


@given(days | st.none())
def test_a_remedy_that_moved_with_the_calendar_is_no_news(since: date | None) -> None:
    matter = Matter("pair", "x", (Point("The goal is at risk", since, "60 % becomes 80 %"),))
    later = replace(matter, points=(replace(matter.points[0], remedy="55 % becomes 70 %"),))
    notice = attention("k", READER, [later], matter.marks, "")
    assert notice is not None
    assert notice.still == (later,)


def test_points_of_a_pair_stand_together_under_both_names() -> None:
    needs = [
        Need(LEE, DANA, Trouble.UNSCHEDULABLE, BEFORE, "If the mentor opened Monday."),
        Need(LEE, DANA, Trouble.UNSIGNED, BEFORE, "Ask Dana Lee to sign it."),
    ]
    (matter,) = of_pairs(
        needs, {(LEE, DANA): Point("Put back", TODAY, "Choose")}, roster(), TODAY, TODAY
    )
    assert matter.about == "Lee Park and Dana Lee"
    assert matter.is_pair
    assert matter.points[0].remedy == "It would help if the mentor opened Monday."
    whys = [point.why for point in matter.points]
    assert whys == ["No time suits both", "The agreement is not signed", "Put back"]


def test_a_goal_at_risk_is_told_while_something_can_be_done() -> None:
    (pair,) = roster().pairs
    need = Need(*pair.key, Trouble.FORECAST, None, "Meet every week: 30% becomes 80%.")

    def told(today: date, pair: Pair = pair) -> int:
        return len(of_pairs([need], {}, roster(), today, today))

    assert told(pair.end - EARLY_ENOUGH) == 1
    assert told(pair.end - EARLY_ENOUGH + timedelta(days=1)) == 0


def test_what_a_mail_of_its_own_said_today_is_not_said_again() -> None:
    (pair,) = roster().pairs

    def told(why: Trouble, since: date, unread: date = TODAY) -> int:
        return len(of_pairs([Need(*pair.key, why, since, "x")], {}, roster(), TODAY, unread))

    day = timedelta(days=1)
    for why in (Trouble.UNSCHEDULABLE, Trouble.UNDELIVERED):
        assert (told(why, TODAY), told(why, TODAY - day)) == (0, 1)
        weekend = TODAY - 2 * day  # its own mail waited for the coordinator's hours too
        assert (told(why, weekend, weekend), told(why, weekend - day, weekend)) == (0, 1)
    assert told(Trouble.POORLY, TODAY) == 1
    asked = TODAY - timedelta(days=30)  # today's mail `unsigned`
    assert (told(Trouble.UNSIGNED, asked), told(Trouble.UNSIGNED, asked - day)) == (0, 1)
    assert told(Trouble.UNSIGNED, asked - day, TODAY - day) == 0


def test_a_goal_at_risk_for_want_of_any_time_is_not_said_beside_it() -> None:
    (pair,) = roster().pairs
    low = Need(*pair.key, Trouble.FORECAST, None, "Meet every week: 30% becomes 80%.")
    no_time = Need(*pair.key, Trouble.UNSCHEDULABLE, TODAY, "x")
    assert of_pairs([no_time, low], {}, roster(), TODAY, TODAY) == []
    later = TODAY + timedelta(days=7)
    (matter,) = of_pairs([no_time, low], {}, roster(), later, later)
    assert [point.why for point in matter.points] == ["No time suits both"]


def test_needs_keep_the_order_in_which_they_press() -> None:
    names = "".join(
        f"M{n},m{n}@example.org,America/New_York,Mon-Fri 09:00-17:00,,\n" for n in range(4)
    )
    files = {
        "overlap.toml": SETTINGS.format(agreement=""),
        "people.csv": PEOPLE + names,
        "pairs.csv": PAIRS + "m0@example.org,m1@example.org\nm2@example.org,m3@example.org\n",
    }
    found, _ = read_roster({name: text.encode() for name, text in files.items()})
    assert found is not None
    needs = [
        Need("m2@example.org", "m3@example.org", Trouble.UNSCHEDULABLE, BEFORE, "x"),
        Need(LEE, DANA, Trouble.QUIET, TODAY, "x"),
    ]
    besides = {("m0@example.org", "m1@example.org"): Point("Put back", TODAY, "x")}
    order = [matter.about for matter in of_pairs(needs, besides, found, TODAY, TODAY)]
    assert order == ["M2 and M3", "Lee Park and Dana Lee", "M0 and M1"]


def test_weeks_are_iso_weeks() -> None:
    assert week_of(date(2027, 1, 3)) == "2026-W53"
    assert week_of(date(2027, 1, 4)) == "2027-W01"

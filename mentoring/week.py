"""The coordinator's week: what needs a human, told once a week, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from mentoring.attention import UNSIGNED_AFTER, Need, Trouble, by_pair
from mentoring.notices import Reader
from mentoring.roster import Pair, Roster

EARLY_ENOUGH = timedelta(weeks=4)
"""A goal at risk is told of while so much of the pair's term is left: later nothing would help."""
_TOLD_AT_ONCE = frozenset({Trouble.UNDELIVERED, Trouble.UNSCHEDULABLE})
"""What the coordinator has a mail of its own on, the minute it comes up."""
MOST_FRESH, MOST_STILL = 20, 40
"""So many matters a mail has room for; it says how many more there are."""


@dataclass(frozen=True)
class Point:
    """One trouble: what it is, since when, and the smallest remedy, each a sentence or two."""

    why: str
    since: date | None
    remedy: str


@dataclass(frozen=True)
class Matter:
    """What somebody has to look after: a pair by its names, or something else that is broken.

    `key` is the same every week, and holds what it is about.
    """

    key: str
    about: str
    points: tuple[Point, ...]
    is_pair: bool = False

    @property
    def marks(self) -> tuple[str, ...]:
        """What tells an unchanged point from another one; remedies change with the calendar."""
        return tuple("\0".join((self.key, p.why, str(p.since))) for p in self.points)


@dataclass(frozen=True)
class AttentionNotice:
    """`kind` attention: to the coordinator, what needs them.

    `fresh` is new or changed since it was last told, `still` is not; `more` counts what there was
    no room for. `page` is empty where there are no pages.
    """

    key: str
    reader: Reader
    fresh: tuple[Matter, ...]
    still: tuple[Matter, ...]
    pairs: int
    others: int
    more: int
    page: str
    kind: str = "attention"


def week_of(day: date) -> str:
    """The ISO week, "2027-W03"."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


def of_pairs(
    needs: Iterable[Need],
    besides: Mapping[tuple[str, str], Point],
    roster: Roster,
    today: date,
    unread: date,
) -> list[Matter]:
    """The pairs that need a human, the most pressing first; `besides` adds a point to some.

    Mails of the days from `unread` on reach the coordinator today: what came up over a weekend
    does so together with this one.
    """
    found = by_pair(needs)
    matters = []
    for pair in sorted(roster.pairs, key=_in_order_of(found)):
        points = [_point(need) for need in to_tell(found.get(pair.key, ()), pair, today, unread)]
        if pair.key in besides:
            points.append(besides[pair.key])
        if points:
            key, about = "\0".join(("pair", *pair.key)), _names(roster, pair)
            matters.append(Matter(key, about, tuple(points), is_pair=True))
    return matters


def _in_order_of(found: Collection[tuple[str, str]]) -> Callable[[Pair], int]:
    places = {key: place for place, key in enumerate(found)}
    return lambda pair: places.get(pair.key, len(places))


def to_tell(found: Sequence[Need], pair: Pair, today: date, unread: date) -> list[Need]:
    """What of a pair's needs is for this week's mail.

    Not what another mail says today, nor a goal at risk that can't be helped any more or that only
    follows from there being no time at all.
    """
    has_no_time = any(need.why is Trouble.UNSCHEDULABLE for need in found)
    return [
        need
        for need in found
        if _is_news(need, pair, today, unread)
        and not (has_no_time and need.why is Trouble.FORECAST)
    ]


def _is_news(need: Need, pair: Pair, today: date, unread: date) -> bool:
    if need.why is Trouble.FORECAST:
        return pair.end - today >= EARLY_ENOUGH
    if need.why is Trouble.UNSIGNED and need.since:
        return need.since + UNSIGNED_AFTER < unread
    return need.why not in _TOLD_AT_ONCE or need.since is None or need.since < unread


def _point(need: Need) -> Point:
    remedy = need.remedy
    if remedy.startswith("If "):
        remedy = f"It would help if {remedy.removeprefix('If ')}"
    return Point(f"{need.why[0].upper()}{need.why[1:]}", need.since, remedy)


def _names(roster: Roster, pair: Pair) -> str:
    return " and ".join(person.name for person in roster.both_of(pair))


def attention(
    key: str, reader: Reader, matters: Sequence[Matter], told: Collection[str], page: str
) -> AttentionNotice | None:
    """The week's mail; None where nothing needs anybody. `told` are the marks of the last one."""
    if not matters:
        return None
    still = [matter for matter in matters if set(matter.marks) <= set(told)]
    fresh = [matter for matter in matters if matter not in still]
    shown = len(fresh[:MOST_FRESH]) + len(still[:MOST_STILL])
    pairs = sum(matter.is_pair for matter in matters)
    return AttentionNotice(
        key=key,
        reader=reader,
        fresh=tuple(fresh[:MOST_FRESH]),
        still=tuple(still[:MOST_STILL]),
        pairs=pairs,
        others=len(matters) - pairs,
        more=len(matters) - shown,
        page=page,
    )

"""The whole cohort in pictures, each with its table: meetings a week, and the pairs' chances."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from starlette.responses import Response

from mentoring import wording
from mentoring.roster import Pair, Roster
from service.work import reading
from store import audit, history
from store.history import Counts
from web import charts
from web.charts import Bar
from web.coordinator import Seat

_WEEK = timedelta(weeks=1)
_STEPS = 10
_LAST_ACTS = 20
_NONE = Counts(0, 0, 0, 0)


def show(seat: Seat) -> Response:
    work, roster = seat.seen.work, seat.seen.work.roster
    zone = ZoneInfo(roster.programme.timezone)
    mondays = mondays_of(roster)
    first = datetime.combine(mondays[0], time(), zone)
    with reading(work.engine) as connection:
        counted = history.by_week(connection, first)
        done = audit.newest(connection, _LAST_ACTS)
    wanted = wanted_by_week(roster.pairs, mondays)
    bars = [
        Bar(f"{monday:%-d %b}", counted.get(number, _NONE), wanted[number])
        for number, monday in enumerate(mondays)
    ]
    chances = [row.forecast.chance for row in seat.seen.rows if row.forecast]
    steps = [0] * _STEPS
    for chance in chances:
        steps[min(int(chance * _STEPS), _STEPS - 1)] += 1
    return seat.show(
        "cohort",
        weeks=charts.weeks(bars),
        rows=[
            {"day": wording.spoken_day(monday, "en"), "bar": bar, "wanted": f"{bar.wanted:.1f}"}
            for monday, bar in zip(mondays, bars, strict=True)
        ],
        chances=charts.chances(steps) if chances else None,
        steps=[
            {"from": n * _STEPS, "to": (n + 1) * _STEPS, "count": c} for n, c in enumerate(steps)
        ],
        acts=[
            {"act": one, "at": wording.short_time(one.at, roster.programme.timezone, "en")}
            for one in done
        ],
    )


def mondays_of(roster: Roster) -> list[date]:
    """Every Monday of the programme."""
    programme = roster.programme
    monday = programme.start - timedelta(days=programme.start.weekday())
    return [monday + n * _WEEK for n in range((programme.end - monday).days // 7 + 1)]


def wanted_by_week(pairs: Iterable[Pair], mondays: list[date]) -> list[float]:
    """How many meetings a week the pairs' rhythms come to, in the weeks of their terms."""
    wanted = [0.0] * len(mondays)
    for pair in pairs:
        a_week = _WEEK / pair.agreement.every
        for number in _weeks_of(pair, mondays[0], len(mondays)):
            wanted[number] += a_week
    return wanted


def _weeks_of(pair: Pair, first: date, most: int) -> range:
    begin, end = (pair.start - first).days // 7, (pair.end - first).days // 7
    return range(max(begin, 0), min(end + 1, most))

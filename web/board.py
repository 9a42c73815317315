"""The coordinator's pairs: those that need help first, searched, filtered, fifty a page; as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from markupsafe import Markup
from starlette.responses import Response

from mentoring import wording
from mentoring.forecast import Forecast
from mentoring.meeting import State
from mentoring.roster import Pair, Roster
from mentoring.strip import Blocked, Mark, Met, Week
from mentoring.strip import strip as strip_of
from service.overview import PairRow
from service.status import pair_document
from service.work import Work, reading
from store import history
from store.history import Past
from web import charts
from web.coordinator import Seat

A_PAGE = 50
STATES = ("waiting", "proposed", "confirmed", "unschedulable", "paused", "ended")
LEGEND: tuple[Mark | Blocked | None, ...] = (*Mark, *Blocked, None)
_LIKELY, _FAIR = 0.8, 0.5
_DANGEROUS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""What begins a formula; some programs read the wide forms as the narrow ones."""


@dataclass(frozen=True)
class Filter:
    """What the coordinator looks for; empty is everything."""

    text: str = ""
    state: str = ""
    site: str = ""
    helped: bool = False

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Filter:
        state = query.get("state", "")
        return cls(
            query.get("q", "").strip()[:100],
            state if state in STATES else "",
            query.get("site", ""),
            query.get("help", "") == "1",
        )

    def takes(self, roster: Roster, row: PairRow) -> bool:
        if self.helped and not row.needs:
            return False
        if self.state and row.state != self.state:
            return False
        people = roster.both_of(row.pair)
        if self.site and all(person.site != self.site for person in people):
            return False
        wanted = self.text.casefold()
        if not wanted:
            return True
        return any(wanted in f"{p.name} {p.email}".casefold() for p in people)

    def query(self, **more: object) -> str:
        named = {"q": self.text, "state": self.state, "site": self.site}
        named |= {"help": "1" if self.helped else ""}
        kept = {name: value for name, value in {**named, **more}.items() if value}
        return f"?{urlencode(kept)}" if kept else ""


def show(seat: Seat) -> Response:
    """The pairs of one page, in two groups: who needs help, and the others."""
    roster, wanted = seat.seen.work.roster, Filter.of(seat.query)
    rows = [row for row in seat.seen.rows if wanted.takes(roster, row)]
    pages = max(1, -(-len(rows) // A_PAGE))
    page = min(max(_whole(seat.query.get("page", "1")), 1), pages)
    shown = rows[(page - 1) * A_PAGE : page * A_PAGE]
    cards = cards_of(seat.seen.work, seat.root, shown)
    return seat.show(
        "pairs",
        filter=wanted,
        all=len(seat.seen.rows),
        found=len(rows),
        found_helped=sum(bool(row.needs) for row in rows),
        troubled=[card for card in cards if card["needs"]],
        fine=[card for card in cards if not card["needs"]],
        states=STATES,
        sites=sites(roster),
        page=page,
        pages=pages,
        older=wanted.query(page=page + 1) if page < pages else "",
        newer=(wanted.query(page=page - 1) or "?page=1") if page > 1 else "",
        download=f"{seat.root}/pairs.csv{wanted.query()}",
        legend=legend(),
    )


def _whole(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 7 else 1


def sites(roster: Roster) -> list[str]:
    """The sites of partners, each once."""
    found = {roster.people[email].site for pair in roster.pairs for email in pair.key}
    return sorted(found - {""})


def legend() -> list[tuple[Markup, str]]:
    """Every mark of a strip with its word."""
    return [(charts.sample(kind), str(kind) if kind else "this week") for kind in LEGEND]


def cards_of(work: Work, root: str, rows: Sequence[PairRow]) -> list[dict[str, Any]]:
    """What a page shows of pairs, the strips read for all of them at once."""
    with reading(work.engine) as connection:
        past = history.of_pairs(connection, [row.pair.key for row in rows])
    return [_card(work, root, row, past.get(row.pair.key, [])) for row in rows]


def _card(work: Work, root: str, row: PairRow, past: Iterable[Past]) -> dict[str, Any]:
    roster, pair = work.roster, row.pair
    mentor, mentee = roster.both_of(pair)
    zone = roster.programme.timezone
    weeks = weeks_of(work, pair, past)
    return {
        "mentor": mentor.name,
        "mentee": mentee.name,
        "site": " · ".join(dict.fromkeys(filter(None, (mentor.site, mentee.site)))),
        "url": pair_url(root, pair),
        "state": row.state,
        "reason": row.reason,
        "needs": row.needs,
        "held": row.held,
        "missed": row.missed,
        "goal": pair.goal,
        "next": wording.short_time(row.coming.start, zone, "en") if row.coming else "",
        "strip": charts.strip(weeks),
        "forecast": outlook(row.forecast) if row.forecast else None,
    }


def pair_url(root: str, pair: Pair) -> str:
    return f"{root}/pair/{quote(f'{pair.mentor}/{pair.mentee}', safe='/@')}"


def weeks_of(work: Work, pair: Pair, past: Iterable[Past]) -> tuple[Week, ...]:
    """A pair's term for its strip."""
    zone = ZoneInfo(work.roster.programme.timezone)
    met = [Met(one.start.astimezone(zone).date(), mark) for one in past if (mark := _mark(one))]
    return strip_of(pair, work.roster.both_of(pair), met, work.today)


def _mark(past: Past) -> Mark | None:
    if past.state is State.HELD:
        return Mark.ASSUMED if past.assumed else Mark.HELD
    return {
        State.MISSED: Mark.MISSED,
        State.CONFIRMED: Mark.PLANNED,
        State.PROPOSED: Mark.PROPOSED,
    }.get(past.state)


def outlook(forecast: Forecast) -> dict[str, Any]:
    """A forecast in words: the chance is never told by colour alone."""
    chance, unsaid = forecast.chance, ("",) * len(forecast.weeks)
    word = "likely" if chance >= _LIKELY else "fair" if chance >= _FAIR else "at risk"
    return {
        "percent": f"{chance:.0%}".replace("%", " %"),
        "word": word,
        "width": round(chance * 100),
        "goal": forecast.goal,
        "expected": f"{forecast.expected:.1f}",
        "weeks": [
            f"{wording.spoken_day(monday, 'en')}{f', {why}' if why else ''}"
            for monday, why in zip(forecast.weeks, (*forecast.why, *unsaid), strict=False)
        ],
        "remedy": forecast.remedy,
        "remedy_percent": f"{forecast.remedy_chance:.0%}".replace("%", " %"),
    }


def download(seat: Seat) -> Response:
    """The filtered pairs with the same data as `status`, for any spreadsheet."""
    seen, wanted = seat.seen.overview, Filter.of(seat.query)
    rows = [row for row in seat.seen.rows if wanted.takes(seen.roster, row)]
    headers = {"content-disposition": 'attachment; filename="pairs.csv"'}
    body = as_csv([pair_document(seen, row) for row in rows])
    return Response(body, media_type="text/csv; charset=utf-8", headers=headers)


COLUMNS = (
    *("mentor", "mentee", "state", "start", "end", "timezone_hint", "held", "missed", "goal"),
    *("reason", "attention", "since", "remedy", "chance", "expected", "weak_weeks"),
)


def as_csv(pairs: Iterable[Mapping[str, Any]]) -> bytes:
    """Rows of `status` as CSV. A byte order mark tells Excel that it is UTF-8."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for pair in pairs:
        forecast = pair["forecast"] or {}
        flat = {
            **pair,
            "attention": "; ".join(need["why"] for need in pair["attention"]),
            "since": next((need["since"] for need in pair["attention"]), None),
            "remedy": " ".join(need["remedy"] for need in pair["attention"]),
            "chance": forecast.get("chance"),
            "expected": forecast.get("expected"),
            "weak_weeks": "; ".join(forecast.get("weeks", ())),
        }
        writer.writerow([_cell(flat[name]) for name in COLUMNS])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _cell(value: object) -> object:
    """A text that a spreadsheet would take for a formula gets an apostrophe before it."""
    if isinstance(value, str):
        bare = value.lstrip()
        if bare.startswith(_DANGEROUS) or value[:1] in ("\t", "\r", "\n"):
            return f"'{value}"
    return "" if value is None else value

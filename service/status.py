"""How each pair and each calendar stands: what `status` shows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.engine import Connection

from mentoring.attention import Need
from mentoring.availability import zone_at
from mentoring.forecast import Forecast
from mentoring.meeting import LIVE
from mentoring.roster import Roster
from service.booking import stamp
from service.overview import CalendarRow, Overview, PairRow, overview
from store import facts
from store.booking import Booking


def standing_now(connection: Connection, clock: datetime) -> datetime:
    """The instant to speak of: the clock's, or the last pass's where that ran ahead of it."""
    last = facts.read(connection, facts.LAST_PASS)
    return max(clock, datetime.fromisoformat(last)) if last else clock


def status(connection: Connection, roster: Roster, now: datetime) -> dict[str, Any]:
    """What `status --json` prints. `roster` is the one in force."""
    return document(overview(connection, roster, now))


def document(seen: Overview) -> dict[str, Any]:
    """An overview as JSON has it."""
    return {
        "now": stamp(seen.now),
        "programme": seen.roster.programme.name,
        "hold": seen.roster.settings.hold,
        "pairs": [pair_document(seen, row) for row in seen.pairs],
        "calendars": [_calendar(row) for row in seen.calendars],
        "mail": dict(seen.mail),
        "paused": [
            {"address": one.address, "since": stamp(one.since), "reason": one.reason}
            for one in seen.known.paused
        ],
    }


def pair_document(seen: Overview, row: PairRow) -> dict[str, Any]:
    """One pair as JSON has it; the CSV's columns are its keys."""
    mentee = seen.roster.mentee_of(row.pair)
    return {
        "mentor": row.pair.mentor,
        "mentee": row.pair.mentee,
        "state": row.state,
        "start": stamp(row.coming.start) if row.coming else None,
        "end": stamp(row.coming.end) if row.coming else None,
        "timezone_hint": zone_at(mentee, row.coming.start if row.coming else seen.now),
        "held": row.held,
        "missed": row.missed,
        "goal": row.pair.goal,
        "reason": row.reason,
        "attention": [_need(need) for need in row.needs],
        "forecast": _forecast(row.forecast) if row.forecast else None,
    }


def _need(need: Need) -> dict[str, Any]:
    since = need.since.isoformat() if need.since else None
    return {"why": str(need.why), "since": since, "remedy": need.remedy}


def _forecast(forecast: Forecast) -> dict[str, Any]:
    return {
        "chance": round(forecast.chance, 3),
        "goal": forecast.goal,
        "expected": round(forecast.expected, 2),
        "weeks": [monday.isoformat() for monday in forecast.weeks],
        "remedy": forecast.remedy,
        "remedy_chance": round(forecast.remedy_chance, 3),
    }


def _calendar(row: CalendarRow) -> dict[str, Any]:
    return {
        "person": row.person.email,
        "state": row.state,
        "synced_at": stamp(row.synced_at) if row.synced_at else None,
        "reason": row.reason,
    }


def next_meeting(history: list[Booking], now: datetime) -> Booking | None:
    """The live meeting that is not over, if there is one."""
    ahead = [b for b in history if b.meeting.state in LIVE and b.meeting.slot.end > now]
    return min(ahead, key=lambda b: b.meeting.slot.start, default=None)

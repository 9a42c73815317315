"""How each pair and each calendar stands: what `status` shows."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Connection

from mentoring.availability import zone_at
from mentoring.meeting import LIVE, State
from mentoring.roster import Pair, Person, Roster
from service.booking import stamp
from service.links import base_url
from service.propose import WAITING
from store import calendars, facts, meetings
from store.meetings import Booking

NO_CALENDAR = "none"


def standing_now(connection: Connection, clock: datetime) -> datetime:
    """The instant to speak of: the clock's, or the last pass's where that ran ahead of it."""
    last = facts.read(connection, facts.LAST_PASS)
    return max(clock, datetime.fromisoformat(last)) if last else clock


def status(connection: Connection, roster: Roster, now: datetime) -> dict[str, Any]:
    """What `status --json` prints."""
    paired = {email for pair in roster.pairs for email in pair.key}
    return {
        "now": stamp(now),
        "programme": roster.programme.name,
        "pairs": [_pair(connection, roster, pair, now) for pair in roster.pairs],
        "calendars": [
            _calendar(connection, roster, person)
            for person in roster.people.values()
            if person.email in paired
        ],
    }


def _pair(connection: Connection, roster: Roster, pair: Pair, now: datetime) -> dict[str, Any]:
    history = meetings.of_pair(connection, *pair.key)
    counted = Counter(booking.meeting.state for booking in history)
    standing = meetings.standing(connection, *pair.key)
    coming = next_meeting(history, now)
    state = standing.state if standing else WAITING
    return {
        "mentor": pair.mentor,
        "mentee": pair.mentee,
        "state": str(coming.meeting.state) if coming and state != WAITING else state,
        "start": stamp(coming.meeting.slot.start) if coming else None,
        "end": stamp(coming.meeting.slot.end) if coming else None,
        "timezone_hint": _hint(roster.mentee_of(pair), coming, now),
        "held": counted[State.HELD],
        "missed": counted[State.MISSED],
        "goal": pair.goal,
        "reason": standing.reason if standing else "no pass has run yet",
    }


def _hint(mentee: Person, coming: Booking | None, now: datetime) -> str:
    return zone_at(mentee, coming.meeting.slot.start if coming else now)


def next_meeting(history: list[Booking], now: datetime) -> Booking | None:
    """The live meeting that is not over, if there is one."""
    ahead = [b for b in history if b.meeting.state in LIVE and b.meeting.slot.end > now]
    return min(ahead, key=lambda b: b.meeting.slot.start, default=None)


def _calendar(connection: Connection, roster: Roster, person: Person) -> dict[str, Any]:
    known = calendars.load(connection, person.email)
    if not person.calendar:
        return {"person": person.email, "state": NO_CALENDAR, "synced_at": None, "reason": ""}
    if known is None:
        reason = "it was never read"
        return {"person": person.email, "state": "new", "synced_at": None, "reason": reason}
    mend = known.mend
    if known.state == calendars.NEEDS_CONSENT and not base_url(roster):
        mend = "set [web] base_url, so that its owner can be sent a link"
    reason = f"{known.reason}; {mend}" if known.reason else ""
    return {
        "person": person.email,
        "state": known.state,
        "synced_at": stamp(known.synced_at) if known.synced_at else None,
        "reason": reason,
    }

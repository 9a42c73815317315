"""Why this time and not the others: what `explain` shows."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Connection

from mentoring.roster import Pair, Roster
from service.booking import COHORT, decision
from service.propose import NotYet, search, standing_of, wanted_next
from service.remedies import remedies
from service.sides import unknown
from service.status import next_meeting
from service.work import Work
from store import meetings, past


def find_pair(roster: Roster, mentor: str, mentee: str) -> Pair | None:
    """The pair of two addresses; where they are no pair, that of the same two the other way."""
    key = (mentor.lower(), mentee.lower())
    return roster.pair(key) or roster.pair(key[::-1])


def explain(work: Work, connection: Connection, pair: Pair) -> dict[str, Any]:
    """The stored decision of the meeting ahead; without one, what a search finds now."""
    history = meetings.of_pair(connection, *pair.key)
    coming = next_meeting(history, work.now)
    if coming:
        told = _for_the_cohort(work, connection, coming.decision)
        return _answer(pair, told) | {"meeting": coming.uid}
    standing = standing_of(connection, pair.key)
    wanted = wanted_next(work, pair, past.of_pair(connection, pair.key, work.now), standing)
    if isinstance(wanted, NotYet):
        return _answer(pair, _NOTHING, wanted.reason)
    people = work.roster.both_of(pair)
    if problem := unknown(work, connection, people):
        return _answer(pair, _NOTHING, problem.reason)
    found = search(work, connection, people, wanted)
    if found.chosen:
        return _answer(pair, decision(found))
    _, suggestions = remedies(work, connection, pair, wanted)
    return _answer(pair, decision(found), *suggestions)


def _for_the_cohort(work: Work, connection: Connection, decided: dict[str, Any]) -> dict[str, Any]:
    """The decision; where the pair's cheapest time went to another pair, that is a reason more.

    It names the others: for the coordinator alone.
    """
    told = {name: decided[name] for name in _NOTHING}
    given_up = decided.get(COHORT)
    if given_up is None:
        return told
    cheapest = given_up["cheapest"]
    zone = ZoneInfo(work.roster.programme.timezone)
    time = f"{datetime.fromisoformat(cheapest['start']).astimezone(zone):%a %d %b %Y %H:%M %Z}"
    reason = f"{time}, at a cost of {cheapest['cost']:g}, {_whereto(connection, given_up)}"
    chosen = decided["chosen"]
    return told | {"chosen": chosen | {"reasons": [*chosen["reasons"], reason]}}


def _whereto(connection: Connection, given_up: dict[str, Any]) -> str:
    if not given_up["went_to"]:
        return "did not fit beside the others' meetings and rooms"
    winner = meetings.by_uid(connection, given_up["went_to"])
    who = " and ".join(guest.name for guest in winner.guests) if winner else "another pair"
    only = "for whom it was the only time" if given_up["only"] else "so that all fare better"
    return f"went to {who}, {only}"


_NOTHING: dict[str, Any] = {"chosen": None, "alternatives": [], "rejected": {}}


def _answer(pair: Pair, found: dict[str, Any], *suggestions: str) -> dict[str, Any]:
    """`suggestion` is the smallest of `suggestions`, or why nothing is looked for."""
    return {
        "mentor": pair.mentor,
        "mentee": pair.mentee,
        "meeting": None,
        **found,
        "suggestion": next(iter(suggestions), None),
        "suggestions": list(suggestions),
    }

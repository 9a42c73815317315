"""Decisions kept with what they followed from, and made again to see whether they still follow."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy.engine import Connection

from mentoring import replay
from mentoring.notices import Why
from mentoring.slots import Found, Side, Wanted, search
from mentoring.stretch import balance, least_stretch
from service.agenda import pair_of
from service.booking import COHORT, decision, stamp
from service.sides import sides
from service.stretch import bent_before, slot_of
from service.work import Work
from store import decisions, meetings
from store.booking import ROOM, Booking
from store.decisions import Decision

BENT = "bent"
"""Where inputs keep the minutes that the two bent in earlier meetings, for a time outside hours."""

_BY_SOMEBODY = frozenset({Why.COUNTERED, Why.BY_HAND})
"""Why a meeting is where somebody moved it, whatever a search had found before."""


def keep(work: Work, connection: Connection, booking: Booking, found: Found) -> None:
    """Keep what a booked time followed from, with the answer that the booking holds."""
    if found.asked is None:
        return
    inputs = replay.packed(*found.asked)
    if booking.outside:
        key = (booking.meeting.mentor, booking.meeting.mentee)
        inputs[BENT] = bent_before(connection, key, besides=booking.uid)
    kept = Decision(
        booking.uid,
        booking.meeting.sequence,
        work.now,
        replay.digest(inputs),
        inputs,
        booking.decision,
    )
    decisions.keep(connection, kept)


def made_again(work: Work, connection: Connection, uid: str) -> dict[str, Any] | None:
    """What `explain --replay` prints; None for a meeting that is not known.

    `same` is None where nothing can be made again, and `differences` says why.
    """
    booking = meetings.by_uid(connection, uid)
    if booking is None:
        return None
    kept = decisions.newest(connection, uid)
    if booking.why in _BY_SOMEBODY:
        kept = None
    told: dict[str, Any] = {
        "meeting": uid,
        "mentor": booking.meeting.mentor,
        "mentee": booking.meeting.mentee,
        "decided_at": stamp(kept.at) if kept else None,
        "digest": kept.digest if kept else None,
        "chosen": kept.answer["chosen"] if kept else None,
        "same": None,
        "differences": [],
        "changed_since": [],
    }
    if kept is None:
        return told | {"differences": ["no search chose its time: somebody did"]}
    if kept.inputs is None:
        why = "what it followed from is forgotten, fourteen days after the meeting"
        return told | {"differences": [why]}
    different = _differences(kept)
    told |= {"same": not different, "differences": different}
    return told | {"changed_since": _changed(work, connection, booking, kept)}


def _differences(kept: Decision) -> list[str]:
    """In what the answer made again is not the one that was kept."""
    again = answer_again(kept)
    return [
        f"{part}: {kept.answer[part]} was kept, {again[part]} follows"
        for part in ("chosen", "alternatives", "rejected")
        if again[part] != kept.answer[part]
    ]


def answer_again(kept: Decision) -> dict[str, Any]:
    """The answer that follows from a decision's inputs."""
    inputs = kept.inputs or {}
    mentor, mentee, wanted = replay.unpacked(inputs)
    asked = search(mentor, mentee, wanted)
    found = asked.found()
    if kept.answer["outside"]:
        found = _bent(found, mentor, mentee, wanted, inputs[BENT])
    elif kept.answer.keys() & {COHORT, ROOM}:
        # The cohort, or a room, gave the pair one of its own times, which need not be the cheapest.
        start = replay.instant(kept.answer["chosen"]["start"])
        found = replace(found, chosen=asked.at(start))
    return decision(found)


def _bent(
    found: Found, mentor: Side, mentee: Side, wanted: Wanted, bent: list[tuple[float, float]]
) -> Found:
    stretch = least_stretch(mentor, mentee, wanted, bent)
    return replace(found, chosen=slot_of(stretch, balance(bent)) if stretch else None)


def _changed(work: Work, connection: Connection, booking: Booking, kept: Decision) -> list[str]:
    """What is not as it was when the time was chosen, while it lies ahead."""
    pair = pair_of(work, booking)
    if pair is None or kept.inputs is None or booking.meeting.slot.start <= work.now:
        return []
    _, _, wanted = replay.unpacked(kept.inputs)
    both = sides(work, connection, work.roster.both_of(pair), wanted.window, besides=booking)
    # The buffer is in the bits that were kept; it is the pair's own, and asked for again.
    now = search(*both, replace(wanted, buffer=pair.agreement.buffer))
    return replay.differences(kept.inputs, replay.packed(*now.seats, wanted))

"""One time for every due pair at once, so that no pair takes another's only one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import structlog
from sqlalchemy.engine import Connection

from mentoring.assignment import assign
from mentoring.assignment_model import Option
from mentoring.roster import Pair
from mentoring.slots import Found, Slot
from service.booking import COHORT, slot_json, uid_of
from service.candidates import Key
from service.propose import Due, book, due_now
from service.sides import sides_at, suits, unknown
from service.wishes import Wish, due_pairs, wishes
from service.work import Work, reading
from store import polls
from store.booking import ROOM

log = structlog.get_logger()


@dataclass(frozen=True)
class Planned:
    """The time that a pair gets as its `number`-th meeting; `told` is what its decision keeps."""

    number: int
    found: Found
    told: dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """The times of all due pairs that get one; none while fewer than two are due.

    `resting` are the pairs with which nothing is to be done.
    """

    times: Mapping[Key, Planned]
    resting: frozenset[Key]


def plan(work: Work) -> Plan:
    """Who gets which time. Reads, and books nothing.

    What stands is never moved: it is nobody's free time.
    """
    with reading(work.engine) as connection:
        due, resting = due_pairs(work, connection)
        asked = wishes(work, connection, due)
    result = assign([wish.request for wish in asked])
    if asked:
        served = len(asked) - result.value.unscheduled
        sizes = {"pairs": len(asked), "served": served, "together": result.largest}
        log.info("cohort_assigned", **sizes, gap=round(result.gap, 6))
    got = {
        wish.pair.key: wish.request.options[option]
        for wish, option in zip(asked, result.chosen, strict=True)
        if option is not None
    }
    holders = _holders(asked, got)
    times = {
        wish.pair.key: _planned(work, wish, option, holders, got)
        for wish, option in zip(asked, result.chosen, strict=True)
        if option is not None
    }
    return Plan(times, frozenset(resting))


def _holders(asked: Sequence[Wish], got: Mapping[Key, Option]) -> dict[str, list[Wish]]:
    """Whose meetings take each person and room."""
    holders: dict[str, list[Wish]] = defaultdict(list)
    for wish in asked:
        if option := got.get(wish.pair.key):
            for resource in (*wish.pair.key, *option.uses):
                holders[resource].append(wish)
    return holders


def _planned(
    work: Work,
    wish: Wish,
    option: int,
    holders: Mapping[str, Sequence[Wish]],
    got: Mapping[Key, Option],
) -> Planned:
    (slot, room), cheapest = wish.times[option], wish.found.chosen
    told: dict[str, Any] = {ROOM: room.name} if room else {}
    if cheapest and slot != cheapest:
        told[COHORT] = {
            "cheapest": slot_json(cheapest),
            **_went_to(work, wish, cheapest, holders, got),
        }
    return Planned(wish.due.number, replace(wish.found, chosen=slot), told)


def _went_to(
    work: Work,
    wish: Wish,
    cheapest: Slot,
    holders: Mapping[str, Sequence[Wish]],
    got: Mapping[Key, Option],
) -> dict[str, Any]:
    """Whose meeting the cheapest time went to, if to one: it may have had no free room."""
    first = wish.request.options[0]
    winner = _winner(wish, holders, got) if wish.times[0][0] == cheapest else None
    if winner is None:
        return {"went_to": "", "only": False}
    return {
        "went_to": uid_of(work, winner.pair, winner.due.number),
        "only": all(_overlap(other, first) for other in winner.request.options),
    }


def _winner(
    wish: Wish, holders: Mapping[str, Sequence[Wish]], got: Mapping[Key, Option]
) -> Wish | None:
    """Who got what the pair's cheapest time would have taken from them."""
    first = wish.request.options[0]
    for resource in (*wish.pair.key, *first.uses):
        for other in holders.get(resource, ()):
            if other is not wish and _overlap(got[other.pair.key], first):
                return other
    return None


def _overlap(one: Option, other: Option) -> bool:
    return one.start < other.end and other.start < one.end


def book_planned(work: Work, connection: Connection, pair: Pair, planned: Planned) -> bool:
    """Book a pair's planned time if it still suits; else False, and nothing is booked."""
    due, slot = due_now(work, connection, pair), planned.found.chosen
    if not isinstance(due, Due) or due.number != planned.number or slot is None:
        return False
    people, buffer = work.roster.both_of(pair), due.wanted.buffer
    if polls.running_for(connection, *pair.key) or unknown(work, connection, people):
        return False
    both = sides_at(work, connection, people, slot.interval.widened(buffer))
    if not due.wanted.window.contains(slot.interval) or suits(both, slot.interval, buffer):
        return False
    book(work, connection, pair, planned.found, number=due.number, told=planned.told)
    return True

"""What all due pairs ask of one assignment: each one's meeting, and the times that it may need."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.engine import Connection

from mentoring.assignment_model import Option, Request
from mentoring.interval import Interval
from mentoring.roster import Pair, Place
from mentoring.slots import Found, Slot
from mentoring.wishes import Priced, blocked_at_most, needed
from service.candidates import Key, candidates, unreliable
from service.propose import UNSCHEDULABLE, Due, NotYet, due_after
from service.rooms import free, resource, rooms_for, taken
from service.work import Work
from store import ahead, everybody, standings
from store import past as pasts


@dataclass(frozen=True)
class Wish:
    """A due pair, what its search found, and its times with the rooms that they would be in.

    The options of `request` are the times in the assignment's words, in the same order.
    """

    pair: Pair
    due: Due
    found: Found
    times: tuple[tuple[Slot, Place | None], ...]
    request: Request


def wishes(work: Work, connection: Connection, all_due: Mapping[Key, Due]) -> list[Wish]:
    """The wishes of all pairs that are due now and whose calendars can be relied on.

    While fewer than two are, there is nothing to settle between them: then none.
    """
    doubtful = unreliable(work, connection, {email for key in all_due for email in key})
    due = {key: due for key, due in all_due.items() if doubtful.keys().isdisjoint(key)}
    if len(due) < 2:
        return []
    searches = candidates(work, connection, {key: own.wanted for key, own in due.items()})
    borne = everybody.borne(connection, {email for key in due for email in key})
    rivals = _rivals(work, due)
    buffer = max(_minutes(own.wanted.buffer) for own in due.values())
    apart = timedelta(minutes=buffer)
    in_use = taken(work, connection, _whole(own.wanted.window for own in due.values()))
    lengths = {key: own.wanted.minutes + buffer for key, own in due.items()}
    found: list[Wish] = []
    for pair in work.roster.pairs:
        if (key := pair.key) not in due:
            continue
        search = searches[key]
        enough = blocked_at_most(lengths[key], (lengths[rival] for rival in rivals[key]))
        both = (borne.get(pair.mentor, 0.0), borne.get(pair.mentee, 0.0))
        place = partial(_rooms, work, pair, due[key].number, in_use)
        slots = (slot for slot in map(search.slot, search.ranked()) if place(slot))
        priced = needed(slots, both, enough, apart)
        placed = [(each, room) for each in priced for room in place(each.slot)]
        found.append(
            Wish(
                pair=pair,
                due=due[key],
                found=search.found(),
                times=tuple((each.slot, room) for each, room in placed),
                request=Request(key, tuple(_option(each, room, buffer) for each, room in placed)),
            )
        )
    return found


def due_pairs(work: Work, connection: Connection) -> tuple[dict[Key, Due], set[Key]]:
    """What each due pair is to be proposed; and the pairs with which nothing is to be done."""
    asked = ahead.asked(connection, work.now)
    past, standing_of = pasts.of_all(connection, work.now), standings.every(connection)
    found: dict[Key, Due] = {}
    resting: set[Key] = set()
    for pair in work.roster.pairs:
        standing = standing_of.get(pair.key)
        own = past.get(pair.key, pasts.NONE)
        due = None if pair.key in asked else due_after(work, pair, own, standing)
        if isinstance(due, Due):
            found[pair.key] = due
            continue
        if standing and standing.state == UNSCHEDULABLE:
            continue  # each pass counts it
        if due is None or (standing and due == NotYet(standing.state, standing.reason)):
            resting.add(pair.key)
    return found, resting


def _rivals(work: Work, due: Mapping[Key, Due]) -> dict[Key, set[Key]]:
    """The other due pairs that share one of a pair's two, or may want a room at their site."""
    with_rooms = {place.site.casefold() for place in work.roster.places if place.kind == "room"}
    sharing: dict[str, set[Key]] = defaultdict(set)
    wants: dict[Key, tuple[str, ...]] = {}
    for key, own in due.items():
        site = work.roster.people[key[0]].site.casefold()
        rooms = (f"rooms of {site}",) if own.wanted.in_person and site in with_rooms else ()
        wants[key] = (*key, *rooms)
        for what in wants[key]:
            sharing[what].add(key)
    return {key: set().union(*(sharing[what] for what in wants[key])) - {key} for key in due}


def _rooms(
    work: Work, pair: Pair, number: int, in_use: Sequence[tuple[Interval, str]], slot: Slot
) -> Sequence[Place | None]:
    """The rooms that are free for a meeting then; None as one where it needs none."""
    rooms = rooms_for(work, pair.mentor, slot.interval, number) if slot.on_site else ()
    return free(rooms, in_use, slot.interval) if rooms else (None,)


def _option(priced: Priced, room: Place | None, buffer: int) -> Option:
    """The buffer is kept after a meeting, and so between any two."""
    slot = priced.slot.interval
    uses = (resource(room),) if room else ()
    return Option(_minute(slot.start), _minute(slot.end) + buffer, priced.burden, priced.cost, uses)


def _whole(windows: Iterable[Interval]) -> Interval:
    starts, ends = zip(*((window.start, window.end) for window in windows), strict=True)
    return Interval(min(starts), max(ends))


def _minute(at: datetime) -> int:
    return int(at.timestamp()) // 60


def _minutes(span: timedelta) -> int:
    return -(-span // timedelta(minutes=1))

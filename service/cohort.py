"""One time for every due pair at once, so that no pair takes another's only one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.engine import Connection

from mentoring.assignment import assign
from mentoring.assignment_model import Held, Option, Request
from mentoring.interval import Interval
from mentoring.roster import Pair, Place
from mentoring.slots import Found, Slot, all_slots, find_slot
from mentoring.wishes import Priced, blocked_at_most, needed
from service.booking import slot_json, uid_of
from service.propose import Due, book, due_now
from service.rooms import resource, rooms_for, taken
from service.sides import sides, suits, unknown
from service.work import Work, reading
from store import polls
from store.meetings import ROOM

log = structlog.get_logger()

COHORT = "cohort"
"""Where a decision keeps who got the pair's cheapest time."""


@dataclass(frozen=True)
class Planned:
    """The time that a pair gets as its `number`-th meeting; `told` is what its decision keeps."""

    number: int
    found: Found
    told: dict[str, Any]


@dataclass(frozen=True)
class _Wish:
    """A due pair and the times that it may need: `options` in the assignment's words.

    Each option is the slot of the same place in `slots`, in the room of the same place in `rooms`.
    """

    pair: Pair
    due: Due
    found: Found
    slots: tuple[Slot, ...]
    rooms: tuple[Place | None, ...]
    options: tuple[Option, ...]

    @property
    def request(self) -> Request:
        return Request(self.pair.key, self.options)


def plan(work: Work) -> dict[tuple[str, str], Planned]:
    """The times of all due pairs that get one; none while fewer than two are due.

    Reads, and books nothing. What stands is never moved: it is nobody's free time.
    """
    with reading(work.engine) as connection:
        due = _due(work, connection)
        if len(due) < 2:
            return {}
        rivals = _rivals(work, due)
        wishes = [
            _wish(work, connection, pair, due, rivals[pair.key])
            for pair in work.roster.pairs
            if pair.key in due
        ]
        held = _rooms_in_use(work, connection, due.values())
    result = assign([wish.request for wish in wishes], held)
    served = len(wishes) - result.value.unscheduled
    log.info(
        "cohort_assigned",
        pairs=len(wishes),
        served=served,
        together=result.largest,
        gap=round(result.gap, 6),
    )
    gets = {
        wish.pair.key: option
        for wish, option in zip(wishes, result.chosen, strict=True)
        if option is not None
    }
    return {
        wish.pair.key: _planned(work, wish, gets[wish.pair.key], wishes, gets)
        for wish in wishes
        if wish.pair.key in gets
    }


def _due(work: Work, connection: Connection) -> dict[tuple[str, str], Due]:
    """The pairs to propose a meeting to now, whose calendars can be relied on."""
    asked = {(poll.mentor, poll.mentee) for poll in polls.running(connection)}
    found: dict[tuple[str, str], Due] = {}
    for pair in work.roster.pairs:
        due = None if pair.key in asked else due_now(work, connection, pair)
        if isinstance(due, Due) and not unknown(work, connection, work.roster.both_of(pair)):
            found[pair.key] = due
    return found


def _wish(
    work: Work,
    connection: Connection,
    pair: Pair,
    due: Mapping[tuple[str, str], Due],
    rivals: Iterable[tuple[str, str]],
) -> _Wish:
    """All times that a pair may need while its rivals take what they like."""
    own = due[pair.key]
    buffer = _buffer(due.values())
    both = sides(work, connection, work.roster.both_of(pair), own.wanted.window)
    lengths = [due[key].wanted.minutes + buffer for key in rivals]
    enough = blocked_at_most(own.wanted.minutes + buffer, lengths)
    slots = all_slots(*both, own.wanted)
    asked = list(_in_rooms(work, own, needed(slots, (both[0].borne, both[1].borne), enough)))
    return _Wish(
        pair=pair,
        due=own,
        found=find_slot(*both, own.wanted),
        slots=tuple(priced.slot for priced, _ in asked),
        rooms=tuple(room for _, room in asked),
        options=tuple(_option(priced, room, buffer) for priced, room in asked),
    )


def _rivals(
    work: Work, due: Mapping[tuple[str, str], Due]
) -> dict[tuple[str, str], set[tuple[str, str]]]:
    """The other due pairs that share one of a pair's two, or may want a room where they do."""
    sharing: dict[str, list[tuple[str, str]]] = defaultdict(list)
    with_rooms = {p.site.casefold() for p in work.roster.places if p.kind == "room"}
    wants = {}
    for key, own in due.items():
        site = work.roster.people[key[0]].site.casefold()
        rooms = [f"rooms of {site}"] if own.wanted.in_person and site in with_rooms else []
        wants[key] = (*key, *rooms)
        for what in wants[key]:
            sharing[what].append(key)
    return {key: {k for w in wants[key] for k in sharing[w]} - {key} for key in due}


def _buffer(due: Iterable[Due]) -> int:
    """The minutes between two meetings: the most that any of the pairs wants."""
    return max(int(d.wanted.buffer / timedelta(minutes=1)) for d in due)


def _in_rooms(
    work: Work, due: Due, priced: Iterable[Priced]
) -> Iterator[tuple[Priced, Place | None]]:
    """Each time once for each room that would do; once without where it needs none."""
    mentor = due.standing.mentor
    for each in priced:
        slot = each.slot
        rooms = rooms_for(work, mentor, slot.interval, due.number) if slot.on_site else ()
        for room in rooms or (None,):
            yield each, room


def _option(priced: Priced, room: Place | None, buffer: int) -> Option:
    start, end = _minute(priced.slot.interval.start), _minute(priced.slot.interval.end)
    uses = (resource(room),) if room else ()
    return Option(start, end + buffer, priced.burden, priced.cost, uses)


def _minute(at: datetime) -> int:
    return int(at.timestamp()) // 60


def _rooms_in_use(work: Work, connection: Connection, due: Iterable[Due]) -> list[Held]:
    windows = [d.wanted.window for d in due]
    whole = Interval(min(w.start for w in windows), max(w.end for w in windows))
    return [
        Held(_minute(slot.start), _minute(slot.end), (room,))
        for slot, room in taken(work, connection, whole)
    ]


def _planned(
    work: Work,
    wish: _Wish,
    option: int,
    wishes: Sequence[_Wish],
    gets: Mapping[tuple[str, str], int],
) -> Planned:
    slot, room = wish.slots[option], wish.rooms[option]
    told: dict[str, Any] = {ROOM: room.name} if room else {}
    winner = _winner(wish, wishes, gets) if slot.cost > wish.slots[0].cost else None
    if winner:
        told[COHORT] = {
            "cheapest": slot_json(wish.slots[0]),
            "went_to": uid_of(work, winner.pair, winner.due.number),
            "only": all(_overlap(option, wish.options[0]) for option in winner.options),
        }
    return Planned(wish.due.number, replace(wish.found, chosen=slot), told)


def _winner(
    wish: _Wish, wishes: Sequence[_Wish], gets: Mapping[tuple[str, str], int]
) -> _Wish | None:
    """Who got what the pair's cheapest time would have taken from them."""
    cheapest = wish.options[0]
    for other in wishes:
        if other is wish or other.pair.key not in gets:
            continue
        got = other.options[gets[other.pair.key]]
        shared = {*wish.pair.key, *cheapest.uses} & {*other.pair.key, *got.uses}
        if shared and _overlap(got, cheapest):
            return other
    return None


def _overlap(one: Option, other: Option) -> bool:
    return one.start < other.end and other.start < one.end


def book_planned(work: Work, connection: Connection, pair: Pair, planned: Planned) -> bool:
    """Book a pair's planned time if all is still as it was planned on; else False."""
    due, slot = due_now(work, connection, pair), planned.found.chosen
    people = work.roster.both_of(pair)
    if polls.running_for(connection, *pair.key) or unknown(work, connection, people):
        return False
    if not isinstance(due, Due) or due.number != planned.number or slot is None:
        return False
    if not due.wanted.window.contains(slot.interval):
        return False
    buffer = due.wanted.buffer
    both = sides(work, connection, people, slot.interval.widened(buffer))
    if suits(both, slot.interval, buffer):
        return False
    book(work, connection, pair, planned.found, number=due.number, told=planned.told)
    return True

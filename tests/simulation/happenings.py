"""What happens in a world between two passes: outages, calendars' changes, edits, hands."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from tests.simulation.invariants import waiting_for
from tests.simulation.servers import Diary
from tests.simulation.setting import FIRST, HOURS, ZONES

if TYPE_CHECKING:
    from tests.simulation.world import World

_EXCEPTIONS = (
    ("off", ""),
    ("deadline", "Audit"),
    ("timezone", "Europe/London"),
    ("hours", HOURS[2]),
)
_FULL_DAYS = 42
_OUTAGES = (
    ("mail", ("off",)),
    ("inbox", ("off",)),
    ("organiser", ("off",)),
    ("calendar", ("off", "gone", "consent", "odd", "empty")),
)


def happen(world: World) -> None:
    """All that the dice have for one step."""
    dice = world.dice
    for port, ways in _OUTAGES:
        if dice.random() < 0.03:
            name = f"calendar {dice.choice(sorted(world.diaries))}" if port == "calendar" else port
            world.weather.strike(name, dice.choice(ways), dice.choice((0.01, 0.5, 1, 3)))
    for diary in world.diaries.values():
        if dice.random() < 0.05:
            _calendar_changes(world, diary)
    if dice.random() < 0.08:
        dice.choice((_edit_person, _edit_dates, _edit_pairs))(world)
        world.write()
    if not world.left and world.now.date() > FIRST and dice.random() < 0.3:
        # In every world somebody leaves to whom mail is on its way.
        waiting = {reader.partition("@")[0] for reader in waiting_for(world.engine)}
        if waiting := waiting & world.cohort.people.keys():
            _leaves(world, dice.choice(sorted(waiting)))
            world.write()
    if dice.random() < 0.02:
        _hand_in_the_calendar(world)
    _full_then_empty(world)


def _full_then_empty(world: World) -> None:
    """In every world somebody has no free day for weeks, and then their server tells an empty
    calendar for one look: who believes it books over what is there."""
    dice = world.dice
    if world.swamped is None:
        paired = {user for pair in world.cohort.pairs for user in (pair.mentor, pair.mentee)}
        if world.now.date() > FIRST and (known := sorted(world.diaries.keys() & paired)):
            world.swamped = dice.choice(known)
            for number in range(_FULL_DAYS):
                day = world.now + timedelta(days=number)
                world.diaries[world.swamped].put(f"full {day}", (day, day + timedelta(days=1)))
            world.blinks_from = world.now + timedelta(days=dice.randrange(2, 14))
    elif world.blinks_from and world.now >= world.blinks_from:
        world.weather.strike(f"calendar {world.swamped}", "empty", 0.01)
        world.blinks_from = None


def _calendar_changes(world: World, diary: Diary) -> None:
    dice = world.dice
    day = world.now + timedelta(days=dice.randrange(1, 21))
    start = day.replace(hour=dice.randrange(24), minute=dice.choice((0, 10, 30)), second=0)
    what = dice.randrange(5)
    if what == 0 and diary.items:
        del diary.items[dice.choice(sorted(diary.items))]
        diary.revision += 1
    elif what == 1 and diary.items:
        diary.items[dice.choice(sorted(diary.items))] = (start, start + timedelta(hours=1))
        diary.revision += 1
    elif what == 2:
        person = world.cohort.people.get(diary.user)
        zone = ZoneInfo(person.zone if person else "UTC")
        midnight = datetime.combine(day.date(), datetime.min.time(), zone)
        whole = (midnight.astimezone(UTC), (midnight + timedelta(days=1)).astimezone(UTC))
        diary.put(f"all day {day.date()}", whole)
    elif what == 3 and dice.random() < 0.1:
        diary.items.clear()
        diary.revision += 1
    else:
        diary.put(f"more {start}", (start, start + timedelta(minutes=dice.choice((25, 60, 180)))))


def _edit_person(world: World) -> None:
    user = world.dice.choice(sorted(world.cohort.people))
    if world.dice.random() < 0.5:
        world.cohort.change(user, zone=world.dice.choice(ZONES))
    else:
        world.cohort.change(user, hours=world.dice.choice(HOURS[:4]))


def _edit_dates(world: World) -> None:
    user = world.dice.choice(sorted(world.cohort.people))
    first = world.now.date() + timedelta(days=world.dice.randrange(1, 21))
    last = first + timedelta(days=world.dice.randrange(10))
    kind, value = world.dice.choice(
        (
            ("off", ""),
            ("deadline", "Audit"),
            ("timezone", "Europe/London"),
            ("hours", HOURS[2]),
        )
    )
    clash = any(row.split(",")[0] == f"{user}@example.org" for row in world.cohort.exceptions)
    if not clash:
        world.cohort.exceptions.append(f"{user}@example.org,{first},{last},{kind},{value}")


def _edit_pairs(world: World) -> None:
    """Somebody leaves, a pair parts or ends sooner, or a new one comes."""
    what = world.dice.randrange(4)
    pairs = world.cohort.pairs
    if what == 0 or len(pairs) < 2:
        world.match()
        return
    pair = world.dice.choice(pairs)
    if what == 1:
        _leaves(world, world.dice.choice((pair.mentor, pair.mentee)))
    elif what == 2:
        world.cohort.part(pair.mentor, pair.mentee)
    else:
        end = world.now.date() + timedelta(days=world.dice.randrange(3, 20))
        if FIRST < end < world.cohort.term[1]:
            pairs[pairs.index(pair)] = replace(pair, end=f"{end}")


def _leaves(world: World, user: str) -> None:
    world.cohort.remove(user)
    world.left[f"{user}@example.org"] = world.now


def _hand_in_the_calendar(world: World) -> None:
    """Somebody drags or deletes a meeting in the programme's own calendar."""
    coming = sorted(
        (s for s in world.servers.entries.values() if s.slot.start > world.now),
        key=lambda shown: (shown.slot.start, shown.uid),
    )
    if not coming:
        return
    shown = world.dice.choice(coming)
    world.servers.edits += 1
    if world.dice.random() < 0.5:
        del world.servers.entries[shown.uid]
    else:
        moved = type(shown.slot)(
            shown.slot.start + timedelta(hours=1), shown.slot.end + timedelta(hours=1)
        )
        world.servers.entries[shown.uid] = replace(shown, slot=moved)

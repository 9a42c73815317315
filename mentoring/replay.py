"""A search's inputs as plain JSON: kept with a decision, so that it can be made again.

Instants are whole seconds since the epoch. Busy times and other meetings are kept as the search saw
them, on quarter hours and with the buffer around them; no title, no address, no name.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from mentoring.asked import Seat, Side, Wanted
from mentoring.availability import OFFICE_HOURS
from mentoring.grid import SECONDS, Grid, runs
from mentoring.interval import Interval
from mentoring.roster import DateException, ExceptionKind, Person

Inputs = Mapping[str, Any]

_AROUND = timedelta(days=1)
_KINDS = (ExceptionKind.TIMEZONE, ExceptionKind.DEADLINE)
"""Exceptions that cost something besides hours, which are kept as they came out."""


def packed(mentor: Seat, mentee: Seat, wanted: Wanted) -> dict[str, Any]:
    """The inputs of a search, ready for JSON."""
    return {
        "mentor": _packed(mentor, wanted),
        "mentee": _packed(mentee, wanted),
        "wanted": {
            "window": _pair(wanted.window),
            "due": wanted.due.timestamp(),
            "minutes": wanted.minutes,
            "in_person": wanted.in_person,
            "lunch": wanted.lunch,
            "refused": [_pair(each) for each in wanted.refused],
        },
    }


def _packed(seat: Seat, wanted: Wanted) -> dict[str, Any]:
    """What is busy outside the window decides nothing; hours do, by where their edges are."""
    person, free = seat.person, seat.free
    grid, wide = Grid.over(wanted.window), Grid.over(wanted.window.widened(_AROUND))
    bits = free.on(grid)
    hours = free.work.hours(Interval(wide.at(0), wide.at(wide.size)))
    return {
        "zone": person.timezone,
        "site": person.site,
        "onsite": sorted(person.onsite),
        "exceptions": [
            [str(e.kind), e.first.isoformat(), e.last.isoformat(), _value(e)]
            for e in person.exceptions
            if e.kind in _KINDS
        ],
        "hours": [_pair(stretch) for stretch in hours],
        "busy": _spans(grid, bits.busy),
        "taken": _spans(grid, bits.taken),
        "borne": seat.borne,
    }


def _value(exception: DateException) -> str:
    """A zone; a deadline's label is somebody's words."""
    return exception.value if exception.kind is ExceptionKind.TIMEZONE else ""


def _pair(interval: Interval) -> list[float]:
    return [interval.start.timestamp(), interval.end.timestamp()]


def _spans(grid: Grid, bits: int) -> list[list[int]]:
    """The runs of bits as stretches of time."""
    return [
        [(grid.first + first) * SECONDS, (grid.first + last) * SECONDS]
        for first, last in runs(bits)
    ]


def unpacked(inputs: Inputs) -> tuple[Side, Side, Wanted]:
    """What `find_slot` takes. Raises KeyError or ValueError for what `packed` did not make."""
    wanted = inputs["wanted"]
    return (
        _side("mentor", inputs["mentor"]),
        _side("mentee", inputs["mentee"]),
        Wanted(
            window=_interval(wanted["window"]),
            due=_instant(wanted["due"]),
            minutes=wanted["minutes"],
            in_person=wanted["in_person"],
            lunch=wanted["lunch"],
            refused=tuple(_intervals(wanted["refused"])),
        ),
    )


def _side(role: str, kept: Inputs) -> Side:
    exceptions = tuple(
        DateException(
            ExceptionKind(kind), date.fromisoformat(first), date.fromisoformat(last), value
        )
        for kind, first, last, value in kept["exceptions"]
    )
    person = Person(
        f"{role}@",
        role,
        kept["zone"],
        OFFICE_HOURS,
        site=kept["site"],
        onsite=frozenset(kept["onsite"]),
        exceptions=exceptions,
    )
    return Side(
        role,
        person,
        hours=tuple(_intervals(kept["hours"])),
        busy=tuple(_intervals(kept["busy"])),
        taken=tuple(_intervals(kept["taken"])),
        borne=kept["borne"],
    )


def _intervals(pairs: Iterable[list[float]]) -> Iterator[Interval]:
    return map(_interval, pairs)


def _interval(pair: list[float]) -> Interval:
    return Interval(_instant(pair[0]), _instant(pair[1]))


def instant(stamp: str) -> datetime:
    """ISO 8601, as answers have it."""
    return datetime.fromisoformat(stamp)


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def digest(inputs: Inputs) -> str:
    """The same for the same inputs, and for no others."""
    text = json.dumps(inputs, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


_PARTS = {
    "zone": "zone",
    "site": "site",
    "onsite": "days on site",
    "exceptions": "deadlines or travels",
    "hours": "work hours",
    "busy": "calendar",
    "taken": "other meetings",
    "borne": "inconvenience so far",
}


def differences(then: Inputs, now: Inputs) -> list[str]:
    """What is not as it was, in words."""
    found = [
        f"the {role}'s {words} changed"
        for role in ("mentor", "mentee")
        for part, words in _PARTS.items()
        if then[role][part] != now[role][part]
    ]
    if then["wanted"] != now["wanted"]:
        found.append("what is looked for changed")
    return found

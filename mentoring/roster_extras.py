"""Programme events and places to meet: `events.csv` and `places.csv`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from mentoring import cells
from mentoring.roster import Event, Place
from mentoring.roster_rows import EVENTS, PLACES, RowReader, one_of, rows_of
from mentoring.settings_file import SettingsFile
from mentoring.tables import Fault, quoted

_EVENT_KINDS = ("forum", "midpoint", "celebration", "other")
_PLACE_KINDS = ("lunch", "coffee", "room")


def read_events(
    files: Mapping[str, bytes], settings: SettingsFile | None, faults: list[Fault]
) -> tuple[Event, ...]:
    reader = RowReader(EVENTS, faults)
    events = []
    for reader.row in rows_of(files, EVENTS, faults):
        zone = settings.programme.timezone if settings else "UTC"
        zone = reader.cell("timezone", cells.read_zone, zone)
        read = _local_time(zone)
        start, end = (reader.cell(name, read, None) for name in ("start", "end"))
        title = reader.cell("title", cells.read_name, "")
        kind = reader.cell("kind", lambda t: one_of(t, _EVENT_KINDS), "")
        if start and end and end <= start:
            reader.fault("end", "the event ends before it starts", "swap the two times")
        elif start and end:
            place = reader.cell("place", cells.read_name, "")
            link = reader.cell("link", cells.read_link, "")
            events.append(Event(title, kind, start, end, zone, place, link))
    return tuple(events)


def _local_time(zone: str) -> Callable[[str], datetime]:
    def read(text: str) -> datetime:
        try:
            local = datetime.fromisoformat(text)
        except ValueError as error:
            mend = "write it like 2027-03-18 14:00"
            raise cells.CellError(f"{quoted(text)} is no time", mend) from error
        return local if local.tzinfo else local.replace(tzinfo=ZoneInfo(zone))

    return read


def read_places(files: Mapping[str, bytes], faults: list[Fault]) -> tuple[Place, ...]:
    reader = RowReader(PLACES, faults)
    places = []
    for reader.row in rows_of(files, PLACES, faults):
        kind = reader.cell("kind", lambda t: one_of(t, _PLACE_KINDS), "")
        site, name = (reader.cell(column, cells.read_name, "") for column in ("site", "name"))
        address = reader.cell("address", cells.read_name, "")
        link = reader.cell("link", cells.read_link, "")
        places.append(Place(site, name, kind, address, link))
    return tuple(places)

"""The roster's CSV files by name, and reading their cells row after row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from mentoring import cells
from mentoring.settings_file import FILE as SETTINGS
from mentoring.tables import Fault, Row, nearest, quoted, read_table

T = TypeVar("T")

PEOPLE = "people.csv"
PAIRS = "pairs.csv"
EXCEPTIONS = "exceptions.csv"
EVENTS = "events.csv"
PLACES = "places.csv"
REQUIRED = (SETTINGS, PEOPLE, PAIRS)
FILES = (*REQUIRED, EXCEPTIONS, EVENTS, PLACES)

_PERSON_COLUMNS = (
    *("name", "email", "timezone", "hours", "site", "onsite", "holidays", "calendar"),
    *("tools", "expertise", "links", "supervisor", "language"),
)
COLUMNS = {
    PEOPLE: _PERSON_COLUMNS,
    PAIRS: ("mentor", "mentee", "start", "end", "every", "minutes", "channel", "goal"),
    EXCEPTIONS: ("person", "from", "to", "kind", "value"),
    EVENTS: ("title", "kind", "start", "end", "timezone", "place", "link"),
    PLACES: ("site", "name", "kind", "address", "link"),
}
NEEDED = {
    PEOPLE: ("name", "email", "timezone", "hours"),
    PAIRS: ("mentor", "mentee"),
    EXCEPTIONS: ("person", "from", "to", "kind"),
    EVENTS: ("title", "kind", "start", "end"),
    PLACES: ("site", "name", "kind"),
}


class RowReader:
    """Reads the cells of one row after another and collects what is wrong with them."""

    def __init__(self, file: str, faults: list[Fault]) -> None:
        self.file = file
        self.faults = faults
        self.row = Row(1, {})

    def cell(self, column: str, read: Callable[[str], T], default: T) -> T:
        """A cell's value; an empty cell, or one with a fault, gives the default."""
        text = self.row.cells.get(column, "")
        if not text and column not in NEEDED[self.file]:
            return default
        try:
            return read(text)
        except cells.CellError as error:
            self.fault(column, str(error), error.mend)
            return default

    def fault(self, column: str, message: str, mend: str) -> None:
        self.faults.append(Fault(self.file, self.row.line, message, mend, column))


def rows_of(files: Mapping[str, bytes], file: str, faults: list[Fault]) -> list[Row]:
    if file not in files:
        return []
    rows, found = read_table(file, files[file], COLUMNS[file], NEEDED[file])
    faults += found
    return rows


def one_of(text: str, allowed: tuple[str, ...]) -> str:
    if text.lower() in allowed:
        return text.lower()
    raise cells.CellError(f"{quoted(text)} is not known", nearest(text.lower(), allowed))

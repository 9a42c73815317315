"""Reading a spreadsheet's CSV export: bytes in, rows with their lines out."""

from __future__ import annotations

import codecs
import csv
import difflib
import io
from collections.abc import Sequence
from dataclasses import dataclass

LARGEST_FILE = 50 * 1024 * 1024
LONGEST_CELL = 2000
_SEPARATORS = (",", ";", "\t")


@dataclass(frozen=True)
class Fault:
    """Something wrong in a file; as text it is `FILE:LINE: message; mend`."""

    file: str
    line: int
    message: str
    mend: str
    column: str = ""

    def __str__(self) -> str:
        where = f"column {self.column}: " if self.column else ""
        return f"{self.file}:{self.line}: {where}{self.message}; {self.mend}"


@dataclass(frozen=True)
class Row:
    """One record: its line, and its cells by column name, trimmed."""

    line: int
    cells: dict[str, str]


def decode(raw: bytes) -> str:
    """UTF-8 with or without BOM, UTF-16 with one, else Windows-1252, as spreadsheets write it."""
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return raw.decode("utf-16", "replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def read_table(
    file: str, raw: bytes, known: Sequence[str], required: Sequence[str]
) -> tuple[list[Row], list[Fault]]:
    """The rows of a CSV with a header of `known` columns, and every fault in its form."""
    if len(raw) > LARGEST_FILE:
        return [], [Fault(file, 1, "the file is larger than 50 MB", "split or shorten it")]
    text = decode(raw)
    if "\0" in text:
        return [], [Fault(file, 1, "this is no text file", "save it as CSV (UTF-8)")]
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    skipped = 0
    if lines[:4].lower() == "sep=":
        skipped, lines = 1, lines.partition("\n")[2]
    if not lines.strip():
        return [], [Fault(file, 1, "the file is empty", f"begin with: {','.join(required)}")]
    return _records(file, lines, skipped, known, required)


def _records(
    file: str, text: str, skipped: int, known: Sequence[str], required: Sequence[str]
) -> tuple[list[Row], list[Fault]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text), strict=True)
    header: list[str] | None = None
    rows: list[Row] = []
    faults: list[Fault] = []
    while True:
        line = reader.line_num + skipped + 1
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            break
        except csv.Error as error:
            mend = "check the quotation marks of this record"
            message = f"not a CSV record ({_printable(str(error))})"  # it names the separator
            return rows, [*faults, Fault(file, line, message, mend)]
        if not any(cells):
            continue
        if header is None:
            header, found = _header(file, line, cells, known, required)
            faults += found
            if found:
                return rows, faults
        else:
            row = _row(file, line, header, cells)
            (faults if isinstance(row, Fault) else rows).append(row)  # type: ignore[arg-type]
    if header is None:  # separators alone: nobody means to remove every row like that
        return [], [Fault(file, 1, "the file is empty", f"begin with: {','.join(required)}")]
    return rows, faults


def _separator(text: str) -> str:
    header = next(line for line in text.split("\n") if line.strip())
    return max(_SEPARATORS, key=header.count)


def _header(
    file: str, line: int, cells: list[str], known: Sequence[str], required: Sequence[str]
) -> tuple[list[str], list[Fault]]:
    names = [cell.lower() for cell in cells]
    while names and not names[-1]:
        names.pop()
    faults = []
    for number, name in enumerate(names):
        if name not in known:
            message = f"there is no column {quoted(name)}"
            faults.append(Fault(file, line, message, nearest(name, known)))
        elif name in names[:number]:
            faults.append(Fault(file, line, f'the column "{name}" is there twice', "remove one"))
    for name in required:
        if name not in names:
            faults.append(Fault(file, line, f'the column "{name}" is missing', "add it"))
    return names, faults


def _row(file: str, line: int, header: list[str], cells: list[str]) -> Row | Fault:
    if any(cells[len(header) :]):
        mend = "put a cell that holds the separator in quotation marks"
        return Fault(file, line, "the row has more cells than the header", mend)
    for name, cell in zip(header, cells, strict=False):
        if len(cell) > LONGEST_CELL:
            return Fault(file, line, f"longer than {LONGEST_CELL} characters", "shorten it", name)
    padded = [*cells, *[""] * len(header)]
    return Row(line, dict(zip(header, padded, strict=False)))


def quoted(text: str) -> str:
    """The text as an error may repeat it: short, and without what a terminal would act on."""
    shown = _printable(text)
    return f'"{shown[:80]}…"' if len(shown) > 80 else f'"{shown}"'


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "·" for c in text)


def nearest(name: str, known: Sequence[str]) -> str:
    """What to do about an unknown name."""
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f'did you mean "{close[0]}"?'
    return f"use one of {', '.join(known)}"

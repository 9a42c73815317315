"""A spreadsheet's CSV exports, as bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentoring.tables import Fault, Row, read_table

KNOWN = ("name", "email", "site")
NEEDED = ("name", "email")
ROWS = [{"name": "Zoë Müller", "email": "z@example.org", "site": "Münster"}]


def table(raw: bytes) -> tuple[list[Row], list[Fault]]:
    return read_table("t.csv", raw, KNOWN, NEEDED)


@pytest.mark.parametrize(
    ("separator", "line_end", "encoding", "before"),
    [
        (",", "\n", "utf-8", ""),
        (";", "\r\n", "utf-8-sig", ""),
        (";", "\r\n", "cp1252", ""),
        (";", "\r\n", "utf-8-sig", "sep=;\r\n"),
        ("\t", "\r\n", "utf-16", ""),
        (",", "\r", "utf-8", ""),
        ("\t", "\n", "utf-8", ""),
    ],
)
def test_exports(separator: str, line_end: str, encoding: str, before: str) -> None:
    lines = [" Name ", "EMAIL", "site"], ["Zoë Müller", "z@example.org", " Münster"]
    text = before + line_end.join(separator.join(line) for line in lines) + line_end
    rows, faults = table(text.encode(encoding))
    assert not faults
    assert [row.cells for row in rows] == ROWS
    assert rows[0].line == (3 if before else 2)


def test_a_record_stands_at_its_first_line() -> None:
    raw = b'name,email\r\n"Dana\r\nLee",d@example.org\r\n\r\n,,\r\nLee,l@example.org,,,\r\n'
    rows, faults = table(raw)
    assert not faults
    assert [(row.line, row.cells["name"]) for row in rows] == [(2, "Dana\nLee"), (6, "Lee")]


def test_a_separator_in_a_quoted_cell() -> None:
    rows, _ = table(b'name;email;site\n"Lee; Dana";d@example.org;"a, b, c"\n')
    assert rows[0].cells == {"name": "Lee; Dana", "email": "d@example.org", "site": "a, b, c"}


def test_a_short_row_has_empty_cells() -> None:
    rows, faults = table(b"name,email,site\nDana,d@example.org\n")
    assert not faults
    assert rows[0].cells["site"] == ""


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"", "t.csv:1: the file is empty; begin with: name,email"),
        (b"\xef\xbb\xbf\r\n", "t.csv:1: the file is empty; begin with: name,email"),
        (b"name\0,email\n", "t.csv:1: this is no text file; save it as CSV (UTF-8)"),
        (b"name,email,sit\n", 't.csv:1: there is no column "sit"; did you mean "site"?'),
        (b"\nname,email,name\n", 't.csv:2: the column "name" is there twice; remove one'),
        (b"name,site\n", 't.csv:1: the column "email" is missing; add it'),
        (
            b"name,email\na,b\nDana,d@example.org,more\n",
            "t.csv:3: the row has more cells than the header;"
            " put a cell that holds the separator in quotation marks",
        ),
        (
            b"name,email\na,b\n" + b"x" * 2001 + b",b\n",
            "t.csv:3: column name: longer than 2000 characters; shorten it",
        ),
        (
            b'name,email\na,b\n"Dana,d@example.org\n',
            "t.csv:3: not a CSV record (unexpected end of data);"
            " check the quotation marks of this record",
        ),
        (
            b"name,email,\x1b[2J\n",
            't.csv:1: there is no column "·[2j"; use one of name, email, site',
        ),
    ],
)
def test_faults(raw: bytes, told: str) -> None:
    _, faults = table(raw)
    assert [str(fault) for fault in faults] == [told]


def test_a_file_that_is_too_large() -> None:
    _, faults = table(b"name,email\n" + b"\n" * (50 * 1024 * 1024))
    assert [fault.message for fault in faults] == ["the file is larger than 50 MB"]


@given(st.binary(max_size=300) | st.text(max_size=100).map(str.encode))
def test_any_bytes_give_rows_or_faults_of_one_line(raw: bytes) -> None:
    for start in (b"", b"name,email\n", b"\xff\xfe", b"name;email;site\n"):
        rows, faults = table(start + raw)
        assert all(set(row.cells) >= set(NEEDED) for row in rows)
        assert all(str(fault).isprintable() for fault in faults)

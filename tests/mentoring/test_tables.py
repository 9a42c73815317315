"""A spreadsheet's CSV exports, as bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentoring.tables import Fault, Row, quoted, read_table

KNOWN = ("name", "email", "site")
NEEDED = ("name", "email")
UNENDED = "not a CSV record (unexpected end of data); check the quotation marks of this record"
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
            b"name,email\n" + b"x" * 2000 + b",b\n" + b"a," + b"y" * 2001 + b"\n",
            "t.csv:3: column email: longer than 2000 characters; shorten it",
        ),
        (b",,\n", "t.csv:1: the file is empty; begin with: name,email"),
        (b"SEP=;\n\n", "t.csv:1: the file is empty; begin with: name,email"),
        (b'sep=;\nname;email\n"', "t.csv:3: " + UNENDED),
        (
            b'name,email\n"a"b,c\n',
            "t.csv:2: not a CSV record (',' expected after '\"');"
            " check the quotation marks of this record",
        ),
        (
            b'name\temail\n"a"b\tc\n',
            "t.csv:2: not a CSV record ('·' expected after '\"');"
            " check the quotation marks of this record",
        ),
        (
            b'name,email\na,b\n"Dana,d@example.org\n',
            "t.csv:3: " + UNENDED,
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


def test_every_fault_of_a_header_is_told_and_no_row_read() -> None:
    rows, faults = table(b"nam,site,site,\nDana,Denver,x,\n")
    assert [str(fault) for fault in faults] == [
        't.csv:1: there is no column "nam"; did you mean "name"?',
        't.csv:1: the column "site" is there twice; remove one',
        't.csv:1: the column "name" is missing; add it',
        't.csv:1: the column "email" is missing; add it',
    ]
    assert rows == []


def test_rows_around_a_wrong_one_are_read() -> None:
    rows, faults = table(b"name,email\na,1\nb,2,3\nc,4\n")
    assert [(row.line, row.cells["name"]) for row in rows] == [(2, "a"), (4, "c")]
    assert [fault.line for fault in faults] == [3]


def test_rows_before_a_broken_record_are_kept() -> None:
    rows, faults = table(b'name,email\na,1\nb,2,3\n"c')
    assert [(row.line, row.cells["name"]) for row in rows] == [(2, "a")]
    assert [fault.line for fault in faults] == [3, 4]


def test_a_file_of_fifty_megabytes_and_no_larger() -> None:
    largest = b"name,email\n" + b"\0" * (50 * 1024 * 1024 - 11)
    assert [fault.message for fault in table(largest)[1]] == ["this is no text file"]
    rows, faults = table(largest + b"\n")
    told = "t.csv:1: the file is larger than 50 MB; split or shorten it"
    assert (rows, [str(fault) for fault in faults]) == ([], [told])


@pytest.mark.parametrize("order", ["utf-16-le", "utf-16-be"])
def test_sixteen_bits_in_either_order(order: str) -> None:
    raw = ("\ufeffname\temail\nZoë\tz@example.org\n").encode(order)
    assert table(raw)[0][0].cells == {"name": "Zoë", "email": "z@example.org"}
    assert table(raw + b"x")[0][0].cells["name"] == "Zoë"  # cut in the middle of a letter


def test_what_windows_leaves_undefined_is_read_all_the_same() -> None:
    rows, faults = table(b"name,email\nZo\xeb\x81,z@example.org\n")
    assert not faults
    assert rows[0].cells["name"] == "Zoë\ufffd"


def test_the_separator_is_the_headers_first_of_equals() -> None:
    assert table(b"\n \nname,email\na;b,c\n")[0][0].cells == {"name": "a;b", "email": "c"}
    assert read_table("t.csv", b"name\na;b\n", ("name",), ())[0][0].cells == {"name": "a;b"}


def test_what_an_error_repeats_is_short_and_printable() -> None:
    assert quoted("a\x1b\nb") == '"a··b"'
    assert quoted("x" * 80) == f'"{"x" * 80}"'
    assert quoted("x" * 81) == f'"{"x" * 80}…"'


@given(st.binary(max_size=300) | st.text(max_size=100).map(str.encode))
def test_any_bytes_give_rows_or_faults_of_one_line(raw: bytes) -> None:
    for start in (b"", b"name,email\n", b"\xff\xfe", b"name;email;site\n"):
        rows, faults = table(start + raw)
        assert all(set(row.cells) >= set(NEEDED) for row in rows)
        assert all(str(fault).isprintable() for fault in faults)

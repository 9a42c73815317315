"""Looking for a person everywhere: in each cell of each table, in files' bytes, in encodings."""

from __future__ import annotations

import base64
import quopri
import zlib
from collections.abc import Collection, Iterator
from contextlib import suppress
from email.header import Header
from pathlib import Path
from typing import Any

from sqlalchemy import Boolean, Column, LargeBinary, Table, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError
from sqlalchemy.types import Float, Integer, TypeEngine

from store import owners
from store.letters_about import text_of
from store.schema import metadata

_JSON = {
    ("agreements", "channel"): "either",
    ("pairs", "told"): "",
    ("polls", "options"): "[]",
    ("forecasts", "record"): "[0]",
    ("forecasts", "weeks"): "[]",
}


def spellings(words: Collection[str]) -> set[bytes]:
    """As plain text, in the encodings of mails and links, in UTF-16, in upper and lower case."""
    found: set[bytes] = set()
    for word in {w for each in words for w in (each, each.lower(), each.upper())}:
        raw = word.encode()
        found |= {
            raw,
            word.encode("utf-16-le"),
            quopri.encodestring(raw),
            raw.replace(b"@", b"%40"),
        }
        found.add(Header(word, "utf-8").encode().encode())
        for shift in range(3):  # base64 has three ways to write it
            coded = base64.urlsafe_b64encode(b"\0" * shift + raw)
            first = -(-shift * 4 // 3)
            found |= {
                coded[first : len(coded) - 4],
                coded[first : len(coded) - 4].replace(b"-", b"+"),
            }
        found.add(repr(word.encode("ascii", "backslashreplace"))[2:-1].encode())
    return {each for each in found if len(each) > 5}


def in_bytes(raw: bytes, words: Collection[str]) -> list[bytes]:
    return sorted(each for each in spellings(words) if each in raw)


def in_files(folder: Path, words: Collection[str]) -> list[str]:
    """Files of the store that hold one of the words: the database, its log, whatever is beside."""
    paths = sorted(folder.glob("overlap.db*"))
    assert paths
    return [
        f"{path.name}: {found!r}" for path in paths if (found := in_bytes(path.read_bytes(), words))
    ]


def in_tables(connection: Connection, words: Collection[str]) -> list[str]:
    """Cells that hold one of the words, opened where they are packed."""
    return [
        f"{table.name}.{name}: {text[:60]!r}"
        for table in metadata.sorted_tables
        for row in connection.execute(select(table))
        for name, value in row._mapping.items()
        for text in _texts(value)
        if any(word.lower() in text.lower() for word in words)
    ]


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
        yield value.encode().decode("unicode_escape", "replace") if "\\u" in value else ""
    if isinstance(value, bytes):
        yield value.decode("utf-8", "replace")
        yield text_of(value)
        try:
            yield zlib.decompress(value).decode("unicode_escape", "replace")
        except zlib.error:
            return


def plant(connection: Connection, people: tuple[str, str, str], words: str, raw: bytes) -> None:
    """A row in every table that may hold somebody's: whose, with whom, and who else is named in it.

    So a new table is planted too, and is found again unless `forget` knows of it.
    """
    event = {"id": "event", "sequence": 0, "details": "", "start": 1, "end": 2}
    _put(connection, metadata.tables["events"], event)
    for table in metadata.sorted_tables:
        if table not in owners.NOBODYS and (table.name != "forgetting" or people[0] == people[2]):
            values = {c.name: _value(table, c, people, words, raw) for c in table.columns}
            present = {name: v for name, v in values.items() if v is not None}
            _put(connection, table, present)


def _put(connection: Connection, table: Table, values: dict[str, Any]) -> None:
    """The row, unless there is one with its key."""
    with suppress(IntegrityError), connection.begin_nested():
        connection.execute(table.insert().values(**values))


def _value(
    table: Table, column: Column[Any], people: tuple[str, str, str], words: str, raw: bytes
) -> object:
    owner, partner, named = people
    where = (table.name, column.name)
    special: dict[tuple[str, str], object] = {
        **_JSON,
        ("meetings", "uid"): f"uid-{_digits(owner)}@overlap",
        ("meetings", "state"): "held",
        ("meetings", "kind"): "meeting",
        ("meetings", "refused"): "[]",
        ("codes", "about"): f'["{owner}", "{partner}"]',
        ("codes", "code"): f"code{_digits(owner)}",
        ("attendances", "code"): f"code{_digits(owner)}",
        ("outbox", "state"): "sent",
        ("outbox", "key"): f"welcome:{owner}:programme",
        ("outbox", "uid"): f"uid-{_digits(owner)}@overlap",
        ("outbox", "raw"): raw,
        ("grants", "account"): f"google:{owner}",
        ("decisions", "inputs"): zlib.compress(words.encode()),
        ("polls", "id"): f"poll-{_digits(owner)}",
        ("forgetting", "waiting"): -1,
        ("pseudonyms", "pseudonym"): f"p-{_digits(owner)}",
        ("sign_ins", "address"): "0" * 32,
        ("audit", "action"): "paused a pair",
        ("outbox", "kind"): "welcome",
        ("sessions", "digest"): _digits(owner),
    }
    if where in special:
        return special[where]
    for key in column.foreign_keys:
        parent = key.column
        if parent.table.name == "events":
            return "event"
        return special[parent.table.name, parent.name]
    if column.name == "mentee":
        return partner
    if column in set(owners.NAMED):
        return named
    if column in set(owners.WORDS):
        return words
    return _plain(column, column.type, owner)


def _plain(column: Column[Any], kind: TypeEngine[Any], owner: str) -> object:
    if isinstance(kind, Boolean):
        return False
    if isinstance(kind, Integer):
        return None if column.primary_key and column.name == "id" else 1
    if isinstance(kind, Float):
        return 1.0
    return owner.encode() if isinstance(kind, LargeBinary) else owner


def _digits(text: str) -> str:
    return f"{zlib.crc32(text.encode()):08x}"

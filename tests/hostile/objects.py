"""Hostile JSON of calendars' interfaces, and what browsers and forgers send to the pages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from service.links import sign
from tests.hostile.case import Case, cases
from tests.hostile.parsers import NOW, SECRET
from tests.hostile.seeds import GOOGLE, GOOGLE_SPANS, GRAPH, GRAPH_SPANS

_ODD: tuple[tuple[str, Any], ...] = (
    ("null", None), ("true", True), ("a number", 7), ("a huge number", 10**400), ("a word", "x"),
    ("nothing", ""), ("a list", [1]), ("an object", {"a": 1}), ("a surrogate", "\ud800"),
    ("the year 1", "0001-01-01T00:00:00+14:00"), ("the year 9999", "9999-12-31T23:59:59-12:00"),
    ("a date", "2027-13-45"), ("a long word", "x" * 5000), ("deep", [[[[[[[[]]]]]]]]),
)  # fmt: skip


def _at(value: Any, path: list[str | int], new: Any) -> Any:
    """The same JSON with another value at a path; without it where `new` is ...."""
    first, *rest = path
    if isinstance(value, list):
        assert isinstance(first, int)
        inner = _at(value[first], rest, new) if rest else new
        return [*value[:first], inner, *value[first + 1 :]]
    if not rest and new is ...:
        return {key: kept for key, kept in value.items() if key != first}
    return {**value, first: _at(value[first], rest, new) if rest else new}


_FIELDS: tuple[tuple[str, bytes, tuple[list[str | int], ...]], ...] = (
    (
        "google",
        GOOGLE,
        (["items", 0, "start"], ["items", 0, "end"], ["items", 0, "start", "dateTime"],
         ["items", 0, "end", "dateTime"], ["items", 0]),
    ),
    (
        "google spans",
        GOOGLE_SPANS,
        (["calendars"], ["calendars", "dana@example.org"],
         ["calendars", "dana@example.org", "busy"], ["calendars", "dana@example.org", "busy", 0],
         ["calendars", "dana@example.org", "busy", 0, "start"]),
    ),
    (
        "graph",
        GRAPH,
        (["value", 0, "start"], ["value", 0, "end", "dateTime"], ["value", 0, "isAllDay"],
         ["value", 0, "isCancelled"], ["value", 0, "start", "timeZone"], ["value", 0]),
    ),
    (
        "graph spans",
        GRAPH_SPANS,
        (["value", 0, "scheduleItems"], ["value", 0, "scheduleItems", 0, "start"],
         ["value", 0, "scheduleItems", 0], ["value", 0, "scheduleItems", 0, "status"]),
    ),
)  # fmt: skip


def json_cases() -> Iterator[Case]:
    for parser, seed, paths in _FIELDS:
        for path in paths:
            where = ".".join(map(str, path))
            for name, odd in (*_ODD, ("gone", ...)):
                if odd is ... and isinstance(path[-1], int):
                    continue  # an entry that is not there takes no hour
                if odd is True and path[-1] in ("isAllDay", "isCancelled"):
                    continue  # that is what they are for
                raw = json.dumps(_at(json.loads(seed), path, odd)).encode()
                yield from cases(parser, "refused busy", [(f"{where} is {name}", raw)])


def web_cases() -> Iterator[Case]:
    yield from cases("link", "nothing", _links())
    yield from cases("form", "nothing read", _forms())
    yield from cases("results", "nothing", _results())


def _links() -> Iterator[tuple[str, bytes]]:
    good = sign(SECRET, "agenda", NOW, "dana@example.org", "uid")
    body, _, seal = good.rpartition(".")
    for name, text in (
        ("nothing", ""), ("a dot", "."), ("no seal", body), ("no body", f".{seal}"), ("twice", good * 2),
        ("another purpose", sign(SECRET, "met", NOW, "dana@example.org", "uid")),
        ("another secret", sign(bytes(32), "agenda", NOW, "dana@example.org", "uid")),
        ("an upper case seal", f"{body}.{seal.upper()}"), ("a longer seal", f"{good}A"),
        ("a shorter seal", good[:-1]), ("a compressed body", f".{good}"), ("spaces", f" {good} "),
        ("NUL", f"{good}\0"), ("a megabyte", "A" * 1_000_000), ("dots", "." * 100_000),
        ("a compressed bomb", ".eJ" + "A" * 50_000 + f".{seal}"), ("unicode", "\xff\xfe.\xff"),
        ("algorithm none", "eyJhbGciOiJub25lIn0.eyJmb3IiOiJkYW5hIn0."),
    ):  # fmt: skip
        yield name, text.encode("latin-1")
    for at in range(0, len(good), 5):
        changed = "A" if good[at] != "A" else "B"
        yield f"a letter changed at {at}", (good[:at] + changed + good[at + 1 :]).encode()


def _forms() -> Iterator[tuple[str, bytes]]:
    yield "nothing", b""
    yield "bytes", b"\xff\xfe=\x00"
    yield "three hundred fields", b"&".join(b"a=1" for _ in range(300))
    yield "percents", b"%" * 49_000
    yield "JSON", b'{"form": "x"}'
    yield "multipart", b'--b\r\nContent-Disposition: form-data; name="form"\r\n\r\nx\r\n--b--'
    yield "overlong percent", b"form=%c0%ae%ed%a0%80"


def _results() -> Iterator[tuple[str, bytes]]:
    """Who is not `mx.me`, or says of another domain, is not believed."""
    good = b"dmarc=pass header.from=example.org"
    yield "another server", b"mx.evil; " + good
    yield "a name that begins like ours", b"mx.me.evil; " + good
    yield "our name in a comment", b"(mx.me) mx.evil; " + good
    yield "another domain", b"mx.me; dmarc=pass header.from=evil.example"
    yield "a domain that ends like it", b"mx.me; dmarc=pass header.from=notexample.org"
    yield "a failing and a passing one", b"mx.me; dmarc=fail header.from=example.org; " + good
    yield "a comment without end", b"mx.me; dmarc=fail (" + good
    yield "quotes without end", b'mx.me; dmarc=none reason="' + good
    yield "comments in comments", b"mx.me " + b"(" * 20_000 + good
    yield "semicolons", b";" * 50_000 + good
    yield "NUL", b"mx.me\0; " + good
    yield "a line break", b"mx.evil\r\n mx.me; " + good

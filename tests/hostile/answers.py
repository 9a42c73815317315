"""Answers of providers that are none: whole ones of another kind, and Exchange's with an odd part.

In the conversations about busy times one hour is taken: it may be refused, and never read as free.
"""

from __future__ import annotations

import copy
import gzip
import json
import re
from collections.abc import Iterator
from xml.etree import ElementTree

from tests.hostile.calendars import LAUGHS
from tests.hostile.case import Case, cases
from tests.hostile.conversations import ACTS, kept, read_twice

_ENTITY = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'
_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_BODIES: tuple[tuple[str, bytes], ...] = (
    *(("nothing", b""), ("a list", b"[]"), ("HTML", b"<!doctype html><title>Log in</title><form>")),
    *(("a million laughs", LAUGHS.encode()), ("deep JSON", b'{"value": ' + b"[" * 100_000)),
    *(("spaces", b" \r\n" * 100), ("null", b"null"), ("a word", b'"x"'), ("a number", b"7")),
    *(("NULs", bytes(1000)), ("broken UTF-8", b'{"value": ["\xff\xfe"]}'), ("other XML", b"<a/>")),
    *(("an outside entity", _ENTITY), ("deep XML", b"<a>" * 50_000), ("an empty object", b"{}")),
    ("a number of 5,000 digits", b'{"value": ' + b"9" * 5000 + b"}"),
    ("an object of null", b'{"value": null, "items": null, "calendars": null}'),
    ("an envelope of nothing", f'<s:Envelope xmlns:s="{_SOAP}"><s:Body/></s:Envelope>'.encode()),
    ("an envelope without a body", f'<s:Envelope xmlns:s="{_SOAP}"/>'.encode()),
)
_LINKS = (
    *("https://[x", "https://provider.example/\x00", "https://provider.example/\ud800", "x"),
    *("https://provider.example/" + "a" * 70_000, "//", "https://provider.example:x/", " "),
)
"""Where the next page or the changes since then are said to be."""
_FEW = 3
"""So many of these where no time can be taken for free by them."""
_ODD = ("", "x", "true", "-1", "9" * 5000, "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "NaN")
_HELD = frozenset({"CalendarItem"})
"""Without it an hour is not taken."""
_FREEING = frozenset({("IsCancelled", "true"), ("AppointmentState", "-1")})
"""What says that an entry is off: all flags are set in -1."""
_LISTS = {"exchange busy": 2, "exchange glimpse": 2}
_OBJECTS = {
    "google busy": 1,
    "google glimpse": 3,
    "microsoft365 busy": 3,
    "microsoft365 glimpse": 3,
}
"""Where the hour stands, in XML and in JSON."""


def answer_cases() -> Iterator[Case]:
    for name, answers in kept().items():
        busy = ACTS[name.split()[1]] is read_twice
        may = "refused busy" if busy else "refused read"
        for at, answer in enumerate(answers):
            if not answer.body:
                continue
            cut = tuple(_cut(answer.body))
            for what, body in (*_BODIES, *cut) if busy else (*_BODIES[:_FEW], *cut[:_FEW]):
                yield from cases(name, may, [(f"answer {at} is {what}", b"%d %s" % (at, body))])
            for what, body in _linked(answer.body) if name.startswith("microsoft365") else ():
                yield from cases(name, may, [(f"answer {at}: {what}", b"%d %s" % (at, body))])
    for name, at in _LISTS.items():
        for what, body in _parts(kept()[name][at].body):
            yield from cases(name, "refused busy", [(what, b"%d %s" % (at, body))])
    for name, at in _OBJECTS.items():
        for what, body in _renamed(kept()[name][at].body):
            yield from cases(name, "refused busy", [(what, b"%d %s" % (at, body))])


def _renamed(body: bytes) -> Iterator[tuple[str, bytes]]:
    """The answer with each name of its objects changed, wherever it stands."""
    for found in re.finditer(rb'"([^"\\]+)": ', body):
        at = found.end(1)
        yield f"{found[1].decode()} at {at} is renamed", body[:at] + b"s" + body[at:]


def _linked(body: bytes) -> Iterator[tuple[str, bytes]]:
    """A list that goes on, or says what changed, at an odd place."""
    answer = json.loads(body) if b'"value": [' in body else {}
    for kind in ("next", "delta") if answer else ():
        for number, link in enumerate(_LINKS):
            odd = {**answer, f"@odata.{kind}Link": link}
            yield f"its {kind} link is odd {number}", json.dumps(odd).encode()


def _cut(body: bytes) -> Iterator[tuple[str, bytes]]:
    for part in (3, 6, 9):
        yield f"cut at {part} tenths", body[: len(body) * part // 10]
    yield "compressed", gzip.compress(body)
    yield "in UTF-16", body.decode().encode("utf-16")


def _parts(body: bytes) -> Iterator[tuple[str, bytes]]:
    """The answer with each element gone, doubled or renamed, and odd texts and attributes."""
    whole = ElementTree.fromstring(body)
    for number, element in enumerate(whole.iter()):
        name = element.tag.rpartition("}")[2]
        for odd in _ODD if not len(element) else ():
            if (name, odd) not in _FREEING:
                yield f"{name} {number} is {odd[:20]!r}", _changed(whole, number, odd)
        for attribute in element.attrib:
            yield (
                f"{name} {number} has no {attribute}",
                _changed(whole, number, attribute=attribute),
            )
        if number:
            yield f"{name} {number} is renamed", _changed(whole, number, name=f"{element.tag}s")
        if number and name not in _HELD:
            yield f"{name} {number} is gone", _changed(whole, number, None)
            yield f"{name} {number} is doubled", _changed(whole, number, ...)


def _changed(
    whole: ElementTree.Element,
    number: int,
    text: object = "",
    attribute: str = "",
    name: str = "",
) -> bytes:
    root = copy.deepcopy(whole)
    element = list(root.iter())[number]
    if attribute:
        del element.attrib[attribute]
    elif name:
        element.tag = name
    elif isinstance(text, str):
        element.text = text
    else:
        parent = next(each for each in root.iter() if element in list(each))
        if text is None:
            parent.remove(element)
        else:
            parent.insert(list(parent).index(element), copy.deepcopy(element))
    raw: bytes = ElementTree.tostring(root, encoding="utf-8")
    return raw

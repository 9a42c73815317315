"""Broken inputs made of good ones: bytes flipped, cut, doubled, swapped, and known troublemakers
put in. The same seed gives the same inputs."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Sequence
from random import Random
from typing import Any
from xml.etree import ElementTree

LARGEST = 4000
_TROUBLE = (
    b"\x00", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\r\n ", b"\n", b"\r", b"\t", b" ", b"",
    b"\xe2\x80\xa8", b"\xc2\x85", b"\x1c", b"\x0b", b"\xed\xa0\x80", b"\xf4\x90\x80\x80",
    b"\xe2\x80\xae", b"\xd9\xa1", b"\xef\xbc\x91", b"%00", b"%", b"\\", b'"', b"'", b";", b",",
    b":", b"=", b"<", b">", b"@", b"-", b"-1", b"0", b"99999999999999999999", b"1e999", b"NaN",
    b"null", b"{}", b"[]", b"true", b'""', b"\\ud800", b"[" * 50, b"(" * 50, b"=?utf-8?B?", b"?=",
    b"0000", b"9999", b"00010101T000000Z", b"99991231T235959Z", b"0001-01-01T00:00:00+14:00",
    b"9999-12-31T23:59:59-12:00", b"20270231", b"P99999999W", b"-P1D", b"PT0S", b"UNTIL=19700101",
    b"INTERVAL=0", b"COUNT=-1", b"FREQ=SECONDLY", b"BYDAY=99MO", b"TZID=../../etc/passwd",
    b"TZID=", b"BEGIN:VEVENT", b"END:VEVENT", b"BEGIN:VCALENDAR", b"END:VCALENDAR", b"\r\n\r\n",
    b"Content-Type: message/rfc822\r\n", b"charset=utf-7", b"charset=\xff", b"boundary=",
    b"24:00-24:00", b"Mon-Mon", b"''' '''", b"a" * 300, b"\xc3\xa9" * 100,
)  # fmt: skip


def mutant(random: Random, seeds: Sequence[bytes]) -> bytes:
    """A seed after one to six mutations, 4,000 bytes at the most.

    What stands before stays: the number of an answer in its conversation, a template's name.
    """
    head, raw = _head(random.choice(seeds))
    if raw.startswith(b'{"') and random.random() < 0.8:
        return head + json.dumps(_odd(random, json.loads(raw))).encode()[:LARGEST]
    if raw.startswith(b"<?xml") and random.random() < 0.8:
        return head + _odd_xml(random, raw)[:LARGEST]
    for _ in range(random.choice((1, 1, 1, 2, 3, 6))):
        random.choice(_WAYS)(random, raw, seeds)
    return head + bytes(raw[:LARGEST])


def _head(seed: bytes) -> tuple[bytes, bytearray]:
    found = re.match(rb"\d+ (?=[{<])|mail/.*\n", seed)
    head = found[0] if found else b""
    return head, bytearray(seed[len(head) :])


_ODD: tuple[object, ...] = (
    None, True, False, 0, -1, 1e308, 10**30, "", "x", [], {}, [[]], [None], {"": ""}, "\ud800",
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2027-01-12", "2027-01-12T10:00:00",
    "20270112T100000Z", "2027-02-30T10:00:00Z", "UTC", "../../etc/passwd", "a" * 3000, "America",
)  # fmt: skip


def _odd(random: Random, value: Any) -> Any:
    """The same JSON with one member gone, doubled, or something odd."""
    if isinstance(value, dict) and value and random.random() < 0.85:
        key = random.choice(list(value))
        if random.random() < 0.1:
            return {k: v for k, v in value.items() if k != key}
        return {**value, key: _odd(random, value[key])}
    if isinstance(value, list) and value and random.random() < 0.85:
        at = random.randrange(len(value))
        return [*value[:at], _odd(random, value[at]), *value[at + random.randint(0, 1) :]]
    return random.choice(_ODD)


def _odd_xml(random: Random, raw: bytes | bytearray) -> bytes:
    """The same XML with one element gone, doubled, renamed, moved, or odd in text or attribute."""
    root = ElementTree.fromstring(bytes(raw))
    parents = [each for each in root.iter() if len(each)]
    parent = random.choice(parents)
    at = random.randrange(len(parent))
    element, odd = parent[at], str(random.choice((*_ODD, *_ODD_WORDS)))
    match random.randrange(6):
        case 0:
            parent.remove(element)
        case 1:
            parent.insert(at, copy.deepcopy(element))
        case 2:
            element.tag = random.choice([each.tag for each in root.iter()])
        case 3:
            random.choice(parents).append(copy.deepcopy(element))
        case 4 if element.attrib:
            element.set(random.choice(list(element.attrib)), odd)
        case _:
            element.text = odd
    text: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return text


_ODD_WORDS = (
    *("true", "false", "Busy", "Free", "NoError", "Error", "ErrorServerBusy", "ErrorItemNotFound"),
    *("ErrorTooManyObjectsOpened", "ErrorNameResolutionNoResults", "Decline", "Exchange2007"),
)


def _span(random: Random, raw: bytearray) -> slice:
    start = random.randint(0, len(raw))
    return slice(start, min(len(raw), start + random.randint(0, 1 + len(raw) // 3)))


def _flip(random: Random, raw: bytearray, _: Sequence[bytes]) -> None:
    if raw:
        raw[random.randrange(len(raw))] ^= 1 << random.randrange(8)


def _put(random: Random, raw: bytearray, _: Sequence[bytes]) -> None:
    at = random.randint(0, len(raw))
    raw[at:at] = random.choice(_TROUBLE)


def _replace(random: Random, raw: bytearray, _: Sequence[bytes]) -> None:
    start = random.randint(0, len(raw))
    raw[start : start + random.randint(1, 12)] = random.choice(_TROUBLE)


def _cut(random: Random, raw: bytearray, _: Sequence[bytes]) -> None:
    del raw[_span(random, raw)]


def _double(random: Random, raw: bytearray, _: Sequence[bytes]) -> None:
    at, piece = random.randint(0, len(raw)), bytes(raw[_span(random, raw)])
    raw[at:at] = piece * random.choice((1, 1, 2, 20))


def _graft(random: Random, raw: bytearray, seeds: Sequence[bytes]) -> None:
    other = bytearray(random.choice(seeds))
    raw[_span(random, raw)] = other[_span(random, other)]


def _lines(random: Random, raw: bytearray, _: Sequence[bytes]) -> None:
    lines = bytes(raw).split(b"\n")
    random.shuffle(lines)
    raw[:] = b"\n".join(lines)


_WAYS = (_flip, _put, _put, _replace, _replace, _cut, _double, _graft, _lines)

"""What supervisors read in a year, searched for everything that is not theirs.

Words to look for come from the files themselves: who there is, where they meet, what events are
called. Titles, agendas, next steps, known conflicts and labels of deadlines carry a canary.
"""

from __future__ import annotations

import base64
import binascii
import csv
import re
import zlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from html import unescape
from pathlib import Path
from typing import Any

import httpx

from service.links import sign
from tests.programme.cohort import BASE_URL, CANARY, COORDINATOR
from tests.programme.sent import Sent
from web.app import PAGES

ORGANISER = "mentoring@example.org"
PURPOSES = frozenset({"approve", "deadline"}) & {page.purpose for page in PAGES}
"""Pages for supervisors: each summary is followed by a look at all of them."""
SECRET = bytes(32)
"""The play's, which signs its links."""
_LINK = re.compile(rf"{re.escape(BASE_URL)}(/([a-z]+)/[\w.~-]+)")
_TOKEN = re.compile(r"[\w-]{16,}", re.ASCII)
_ADDRESS = re.compile(r"(?<![\w.+-])(?![0-9a-f]{32}@)[\w.+-]+@example\.org")
"""Message-IDs are none."""
ELSEWHERE = re.compile(
    r"\b(?:[PMC][SD]T|GMT|BST|IST|CES?T|WES?T|EES?T|TRT|(?:Pacific|Mountain|Central) Time)\b"
    r"|\b(?:America|Europe|Asia)/\w+|UTC(?:\+|−0[0-36-9]|−1)"
)
"""Clocks that are not New York's, on which every supervisor of the year lives."""
_FATE = re.compile(r"\b(?:missed|no-show|didn't come|declined by|poorly)\b", re.IGNORECASE)


@dataclass
class Grep:
    """`look` is given what each pass delivered, with the files as they are then."""

    directory: Path
    faults: list[str] = field(default_factory=list)
    mails: Counter[str] = field(default_factory=Counter)
    pages: Counter[str] = field(default_factory=Counter)
    planted: set[str] = field(default_factory=set)
    """Canaries that somebody who may read them has read."""
    _people: dict[str, str] = field(default_factory=dict)
    _places: set[str] = field(default_factory=set)

    def look(self, fresh: Sequence[Sent], pages: httpx.Client) -> None:
        people = list(rows_in(self.directory, "people"))
        self._people |= {row["email"]: row["name"] for row in people}
        self._places |= set(_places_in(self.directory))
        supervised = supervised_in(people)
        for sent in fresh:
            if sent.reader in supervised:
                self._supervisor(sent, supervised[sent.reader], pages)
            elif sent.kind == "summary":
                self._one(sent, {sent.reader}, zone=None)
            else:
                self.planted |= set(re.findall(rf"{CANARY}-[A-Z]+", whole(sent.message)))

    def _supervisor(self, sent: Sent, own: Collection[str], pages: httpx.Client) -> None:
        self._one(sent, {*own, sent.reader}, zone=ELSEWHERE)
        links = set(_LINK.findall(whole(sent.message)))
        if links and sent.kind == "summary":
            tokens = (sign(SECRET, "approve", sent.at, sent.reader, email) for email in own)
            links |= {(f"/approve/{token}", "approve") for token in tokens}
        for path, purpose in sorted(links):
            page = pages.get(path)
            self.pages[purpose] += page.is_success
            told = f"{sent.at:%Y-%m-%d} page {purpose} of {sent.reader}"
            text = unescape(page.text)
            self.faults += [f"{told}: {f}" for f in self.found(text, {*own, sent.reader})]

    def _one(self, sent: Sent, own: Collection[str], *, zone: re.Pattern[str] | None) -> None:
        self.mails[sent.kind] += 1
        told = f"{sent.at:%Y-%m-%d} {sent.kind} to {sent.reader}"
        self.faults += [f"{told}: {f}" for f in self.found(whole(sent.message), own, zone)]

    def found(
        self, text: str, own: Collection[str], zone: re.Pattern[str] | None = ELSEWHERE
    ) -> Iterator[str]:
        """What a text holds that is not for a reader whose own people these are."""
        text = f"{text}\n{opened(text)}"
        if CANARY in text:
            yield re.findall(rf"{CANARY}[\w-]*", text)[0]
        yield from sorted(set(_ADDRESS.findall(text)) - {ORGANISER, COORDINATOR, *own})
        mine = {self._people.get(email, "") for email in own}
        for name in sorted({*self._people.values()} - mine):
            if name in text:
                yield name
        yield from (p for p in sorted(self._places) if re.search(rf"\b{re.escape(p)}\b", text))
        for pattern in (zone, _FATE):
            yield from sorted(set(pattern.findall(text))) if pattern else ()


def rows_in(directory: Path, name: str) -> Iterator[dict[str, str]]:
    return iter(csv.DictReader((directory / f"{name}.csv").read_text().splitlines()))


def supervised_in(people: Sequence[Mapping[str, str]]) -> dict[str, set[str]]:
    """Each supervisor's address with those of their people."""
    found: dict[str, set[str]] = {}
    for row in people:
        if row["supervisor"]:
            boss = row["supervisor"].partition("<")[2].rstrip(">")
            found.setdefault(boss, set()).add(row["email"])
    return found


def _places_in(directory: Path) -> Iterator[str]:
    """What meetings and events are called, where they are held, and with what."""
    for row in rows_in(directory, "places"):
        yield from filter(None, (row["site"], row["name"], row["address"], row["link"]))
    for row in rows_in(directory, "events"):
        # A title that is its kind's own word is no more than the kind, which may be told.
        title = "" if row["title"].casefold() == row["kind"] else row["title"]
        yield from filter(None, (title, row["place"], row["link"]))
    for row in rows_in(directory, "people"):
        yield from filter(
            None, (row["site"], *row["tools"].split("; "), *row["expertise"].split("; "))
        )
    for row in rows_in(directory, "exceptions"):
        if row["kind"] in ("deadline", "off"):
            yield row["value"]


def whole(message: EmailMessage) -> str:
    """Headers and every part of a mail, pictures too, as text to search."""
    heads = "\n".join(f"{name}: {value}" for name, value in message.items())
    return "\n".join([heads, *(_content(part) for part in message.walk())])


def _content(part: Any) -> str:
    if part.is_multipart():
        return ""
    heads = "\n".join(f"{name}: {value}" for name, value in part.items())
    payload = part.get_payload(decode=True)
    text = payload.decode(part.get_content_charset("latin-1"), "replace")
    # Lines of calendars are folded, and HTML escapes.
    return f"{heads}\n{unescape(text).replace(chr(13) + chr(10) + ' ', '')}"


def opened(text: str) -> str:
    """What signed links say inside: anybody can read that."""
    return "\n".join(filter(None, map(_opened, _TOKEN.findall(text))))


def _opened(token: str) -> str:
    try:
        inside = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except binascii.Error:
        return ""
    with suppress(zlib.error):  # long ones are compressed
        inside = zlib.decompress(inside)
    return inside.decode("ascii", "ignore")

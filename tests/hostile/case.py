"""One hostile input, and what may come of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """`may` are the outcomes (tests/hostile/parsers.py) that are right."""

    parser: str
    name: str
    raw: bytes
    may: frozenset[str]


def cases(parser: str, may: str, texts: Iterable[tuple[str, str | bytes]]) -> Iterator[Case]:
    """Cases of one parser by name; `may` are words with spaces between."""
    for name, text in texts:
        raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
        yield Case(parser, name, raw, frozenset(may.split()))

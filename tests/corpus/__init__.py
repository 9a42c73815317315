"""Every kind of mail in both languages, byte for byte, kept in `mails/`.

`python -m tests.corpus` writes them anew; the diff shows what readers would see differently.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from mentoring.notices import Notice
from mentoring.roster import Roster
from service.preview import SAMPLES, letter_of
from service.roster_source import load
from service.samples import Sitting
from service.templates import shipped

KEPT = Path(__file__).parent / "mails"
_CONFIG = Path(__file__).parent.parent.parent / "config"
_AT = datetime(2027, 1, 4, 12, tzinfo=UTC)
_NAMES = {"en": "Ben Ortiz", "es": "Inés Núñez Ibáñez"}
"""Who reads each language; one name has letters that headers must encode (RFC 2047)."""


def kept() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(KEPT.glob("*.eml"))}


def written() -> dict[str, bytes]:
    """The mails by their file names."""
    return {f"{kind}.{language}.eml": raw for language in _NAMES for kind, raw in _mails(language)}


def _mails(language: str) -> Iterator[tuple[str, bytes]]:
    """Each kind of mail in the language; a coordinator reads English."""
    roster = _roster(language)
    pair = roster.pairs[0]
    sitting = Sitting(roster, pair, roster.mentee_of(pair), _AT)
    for kind, sample in SAMPLES.items():
        notice = sample(sitting)
        if language == "en" or f"mail/{kind}/body.{language}.txt" in shipped().sources:
            reader = replace(notice.reader, language=language)
            read: Notice = replace(notice, reader=reader)  # type: ignore[type-var]
            yield kind, letter_of(roster, read, _AT).raw


def _roster(language: str) -> Roster:
    """The sample programme with pages, and a mentee who reads the language."""
    roster = load(_CONFIG)
    mentee = roster.mentee_of(roster.pairs[0])
    reads = replace(mentee, name=_NAMES[language], language=language)
    web = {**roster.settings.web, "base_url": "https://mentoring.example.org"}
    return replace(
        roster,
        people={**roster.people, mentee.email: reads},
        settings=replace(roster.settings, web=web),
    )

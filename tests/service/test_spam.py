"""Every kind of mail, in both languages, as SpamAssassin scores it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from mentoring import itip
from mentoring.notices import MeetingNotice
from service.compose import Calendar, compose
from service.preview import SAMPLES
from service.roster_source import load
from service.samples import Sitting
from tests.world import DANA, World, at

MOST = 1.0
_NOW = at("2027-01-11 12:00")
_SCORE = re.compile(r"^X-Spam-Status: \w+, score=(-?[0-9.]+)", re.M)
_RULES = re.compile(r"^X-Spam-Status:.*?tests=(.*?)(?: autolearn|\n\S)", re.M | re.S)

pytestmark = pytest.mark.skipif(
    "OVERLAP_FORGED" not in os.environ or not shutil.which("spamassassin"),
    reason="a minute, and Debian's spamassassin; `make fuzz` has it",
)


def mails(world: World) -> dict[str, bytes]:
    """A mail of each kind and language, as it leaves us: with what the relay adds."""
    roster = load(world.directory)
    roster = replace(
        roster, programme=replace(roster.programme, end=roster.programme.end + timedelta(days=60))
    )
    made = {}
    for language in ("en", "es"):
        person = replace(roster.people[DANA], language=language)
        spoken = replace(roster, people={**roster.people, DANA: person})
        sitting = Sitting(spoken, spoken.pairs[0], person, _NOW)
        for kind, sample in SAMPLES.items():
            notice = sample(sitting)
            calendar = None
            if isinstance(notice, MeetingNotice) and kind in ("invite", "moved"):
                ics = itip.request(notice.meeting, spoken.programme, {}, _NOW, language=language)
                calendar = Calendar("REQUEST", ics)
            letter = compose(notice, spoken.programme, calendar=calendar, at=_NOW, secret=b"k" * 32)
            made[f"{kind}.{language}"] = letter.raw
    return made


def test_no_kind_of_mail_scores_one(world: World, tmp_path: Path) -> None:
    every = mails(world)
    box = tmp_path / "box"
    with box.open("wb") as file:
        for raw in every.values():
            file.write(b"From o@example.org Mon Jan 11 12:00:00 2027\n")
            file.write(
                re.sub(rb"^From ", b">From ", raw.replace(b"\r\n", b"\n"), flags=re.M) + b"\n"
            )
    said = subprocess.run(
        ["spamassassin", "-L", "-t", "--mbox", str(box)],
        capture_output=True,
        text=True,
        timeout=900,
        check=True,
        env={**os.environ, "HOME": str(tmp_path)},
    ).stdout
    scores = [float(score) for score in _SCORE.findall(said)]
    assert len(scores) == len(every)
    rules = [" ".join(found.split()) for found in _RULES.findall(said)]
    high = [(n, s, r) for n, s, r in zip(every, scores, rules, strict=False) if s >= MOST]
    assert high == []

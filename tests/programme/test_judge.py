"""The judge of the year sees what it is there for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.programme.cohort import CANARY, forty_pairs
from tests.programme.judge import YearJudge
from tests.programme.sent import Sent

NOON = datetime(2027, 1, 12, 17, tzinfo=UTC)
"""Noon in New York, on a Tuesday."""
NIGHT = NOON + timedelta(hours=12)
ADA, CELIA, RITA, STRANGER = (f"{n}@example.org" for n in ("ada", "celia", "rita", "nemo"))


@pytest.fixture
def judge(tmp_path: Path) -> YearJudge:
    forty_pairs().write(tmp_path)
    return YearJudge(tmp_path)


def mail(
    reader: str, text: str = "", kind: str = "nudge", key: str = "a", subject: str = "Hi"
) -> Sent:
    message = EmailMessage()
    message["To"], message["Subject"] = reader, subject
    message.set_content(f"{text or key}\n")
    message.add_alternative("<p>Hi</p>", subtype="html")
    return Sent(NOON, reader, kind, key, message.as_bytes())


def judged(judge: YearJudge, *sent: Sent, now: datetime = NOON) -> list[str]:
    judge.look(now, sent, left={}, away=[])
    return judge.faults


def test_a_good_mail_has_no_fault(judge: YearJudge) -> None:
    assert judged(judge, mail(ADA), mail(RITA, "Dana Partner", "summary", "b")) == []


@pytest.mark.parametrize(
    ("sent", "fault"),
    [
        (mail(RITA, f"{CANARY}-AGENDA-DANA", "summary"), "is not for them"),
        (mail(ADA, f"{CANARY}-TITLE-DANA", "remind"), "is not for them"),
        (mail(ADA, f"{CANARY}-CONFLICT-DANA", "agree"), "is not for them"),
        (mail(RITA, "with Lena Partner", "summary"), "names Lena Partner"),
        (mail(STRANGER), "they left"),
        (mail(ADA, subject="x" * 61), "61 characters"),
        (mail(CELIA, "Hello Celia"), "English to a Spanish reader"),
    ],
)
def test_a_bad_mail_has_one(judge: YearJudge, sent: Sent, fault: str) -> None:
    now = NOON if sent.reader != CELIA else NOON - timedelta(hours=4)
    assert [f for f in judged(judge, sent, now=now) if fault in f]


def test_a_mail_at_night_is_one(judge: YearJudge) -> None:
    assert "outside their hours" in judged(judge, mail(ADA), now=NIGHT)[0]


def test_a_mail_to_somebody_who_is_away_is_one(judge: YearJudge) -> None:
    judge.look(NOON, [mail(ADA)], left={}, away=[("ada", NOON - timedelta(days=1), 3)])
    assert "outside their hours" in judge.faults[0]


def test_the_same_notice_or_the_same_words_twice_are_one(judge: YearJudge) -> None:
    assert "twice" in judged(judge, mail(ADA), mail(ADA, "other words"))[0]
    assert "same words" in judged(judge, mail(ADA, "Hi", key="c"), mail(ADA, "Hi", key="d"))[-1]


def test_six_mails_a_day_are_a_flood(judge: YearJudge) -> None:
    judged(judge, *(mail(ADA, key=str(n)) for n in range(5)))
    assert judge.floods() == []
    judged(judge, mail(ADA, key="6"))
    assert judge.floods() == ["6 mails to ada@example.org on 2027-01-12"]

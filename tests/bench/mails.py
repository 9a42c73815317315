"""Mails from notice to bytes: text, HTML with its styles inlined, and the invitation."""

from __future__ import annotations

import time
from collections.abc import Iterator

from mentoring import itip
from mentoring.notices import MeetingNotice
from service.compose import Calendar, compose
from service.samples import MEETINGS, Sitting
from tests.bench.programme import NOW, roster
from tests.bench.row import Row, Scale

SECRET = b"bench"


def letters(count: int) -> list[bytes]:
    """So many invitations, each to somebody else."""
    whole = roster(count)
    found = []
    for pair in whole.pairs:
        notice = MEETINGS["invite"](Sitting(whole, pair, whole.people[pair.mentee], NOW))
        assert isinstance(notice, MeetingNotice)
        ics = itip.request(notice.meeting, whole.programme, {}, NOW, language="en")
        calendar = Calendar("REQUEST", ics)
        found.append(compose(notice, whole.programme, calendar=calendar, at=NOW, secret=SECRET).raw)
    return found


def rows(scale: Scale) -> Iterator[Row]:
    letters(2)  # templates are compiled once
    rates = []
    for _ in range(3):
        begun = time.process_time()
        made = len(letters(scale.mails))
        rates.append(made / (time.process_time() - begun))
    yield Row(
        "invitations written",
        max(rates),
        "/s",
        f"{scale.mails} mails with text, HTML and ics; processor time of one core, best of three",
        limit=300,
        at_least=True,
    )

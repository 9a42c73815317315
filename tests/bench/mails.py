"""Mails from notice to bytes: text, HTML with its styles inlined, and the invitation."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mentoring import itip
from mentoring.notices import MeetingNotice
from mentoring.roster import Pair, Roster
from service.compose import Calendar, compose
from service.samples import MEETINGS, Sitting
from tests.bench.programme import NOW, roster
from tests.bench.row import Row, Scale, typical

SECRET = b"bench"


def letter(whole: Roster, pair: Pair) -> bytes:
    """The mentee's invitation to the pair's next meeting, as it goes out."""
    notice = MEETINGS["invite"](Sitting(whole, pair, whole.people[pair.mentee], NOW))
    assert isinstance(notice, MeetingNotice)
    ics = itip.request(notice.meeting, whole.programme, {}, NOW, language="en")
    calendar = Calendar("REQUEST", ics)
    return compose(notice, whole.programme, calendar=calendar, at=NOW, secret=SECRET).raw


def rows(scale: Scale) -> Iterator[Row]:
    whole = roster(scale.mails)
    taken = typical([_letter_of(whole, pair) for pair in whole.pairs], scale.repeats // 4 + 1)
    yield Row(
        "invitations written",
        1e6 / taken,
        "/s",
        f"text, HTML with inlined styles and ics: {taken / 1000:.1f} ms each on one core",
        limit=300,
        at_least=True,
    )


def _letter_of(whole: Roster, pair: Pair) -> Callable[[], object]:
    return lambda: letter(whole, pair)

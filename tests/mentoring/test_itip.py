"""Every invite reads the same in two parsers that know nothing of each other."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import available_timezones

import icalendar
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from mentoring import itip
from mentoring.interval import Interval
from mentoring.notices import MeetingFacts, Party
from mentoring.roster import Mailbox, Programme
from tests.second import read_calendars

PROGRAMME = Programme(
    "Leadership Mentoring 2027",
    Mailbox("Mentoring Office", "mentoring@example.org"),
    "America/New_York",
    date(2027, 1, 11),
    date(2027, 7, 30),
    "coordinator@example.org",
)
AT = datetime(2027, 1, 11, 12, tzinfo=UTC)
ZONES = sorted(available_timezones() - {"Factory", "localtime"})
HOSTILE = [
    "Dana Lee",
    'Dr. "Dana"; Lee, PhD',
    "Eve\r\nBCC:x@example.org",
    "Eve\x1cBcc:x",
    "Zoë\u2028Müller\x0b\x00\u0085",
    "\u202eDana",
    "名前 " * 12,
    "=?utf-8?q?x?=",
]

meetings = st.builds(
    lambda start, minutes, mentor, mentee, names, sequence: MeetingFacts(
        uid="0123456789abcdef@overlap",
        sequence=sequence,
        slot=Interval(
            datetime(2027, 1, 1, tzinfo=UTC) + timedelta(minutes=15 * start),
            datetime(2027, 1, 1, tzinfo=UTC) + timedelta(minutes=15 * start + minutes),
        ),
        mentor=Party(names[0], "lee@example.org", mentor),
        mentee=Party(names[1], "dana@example.org", mentee),
        tool=names[0],
    ),
    st.integers(0, 365 * 96),
    st.sampled_from([15, 50, 60]),
    st.sampled_from(ZONES),
    st.sampled_from(ZONES),
    st.tuples(st.sampled_from(HOSTILE), st.sampled_from(HOSTILE)),
    st.integers(0, 5),
)


def written(meeting: MeetingFacts) -> list[bytes]:
    return [
        itip.request(meeting, PROGRAMME, {"dana@example.org": "ACCEPTED"}, AT),
        itip.cancel(meeting, PROGRAMME, AT),
        itip.decline_counter(meeting, PROGRAMME, meeting.mentee, "busy", AT),
    ]


@pytest.mark.slow
@settings(max_examples=25, deadline=None, phases=[Phase.generate, Phase.reuse])
@given(st.lists(meetings, min_size=8, max_size=20))
def test_two_parsers_agree(drawn: list[MeetingFacts]) -> None:
    texts = [(m, text) for m in drawn for text in written(m)]
    for (meeting, text), second in zip(texts, read_calendars([t for _, t in texts]), strict=True):
        first = icalendar.Calendar.from_ical(text)
        event = first.walk("VEVENT")[0]
        assert "error" not in second, second
        assert second["method"] == first["method"]
        assert second["uid"] == event["uid"] == meeting.uid
        assert second["sequence"] == event["sequence"] == meeting.sequence
        for name, edge in (("start", meeting.slot.start), ("end", meeting.slot.end)):
            assert event.decoded(f"dt{name}").astimezone(UTC) == edge
            assert datetime.fromisoformat(second[name]) == edge, (meeting.mentee.zone, text)
        assert second["roundTrip"]
        assert icalendar.Calendar.from_ical(first.to_ical()).to_ical() == first.to_ical()


@given(meetings)
def test_lines_are_short_and_nobody_adds_one(meeting: MeetingFacts) -> None:
    for text in written(meeting):
        lines = text.split(b"\r\n")
        assert all(len(line) <= 75 for line in lines)
        names = [line.partition(b":")[0].partition(b";")[0] for line in lines]
        assert b"BCC" not in [name.upper() for name in names]
        assert names.count(b"UID") == names.count(b"SEQUENCE") == 1
        text.decode("utf-8")


@given(meetings)
def test_the_same_inputs_give_the_same_bytes(meeting: MeetingFacts) -> None:
    assert written(meeting) == written(meeting)


def test_what_an_invite_says_and_does_not_say() -> None:
    meeting = MeetingFacts(
        "u@overlap",
        2,
        Interval(AT, AT + timedelta(hours=1)),
        Party("Lee Park", "lee@example.org", "America/Los_Angeles"),
        Party("Dana Lee", "dana@example.org", "America/New_York"),
        unseen=("Lee Park",),
    )
    calendar = icalendar.Calendar.from_ical(
        itip.request(meeting, PROGRAMME, {"dana@example.org": "ACCEPTED"}, AT)
    )
    event = calendar.walk("VEVENT")[0]
    assert event["summary"] == "Mentoring meeting"
    assert str(event["organizer"]) == "mailto:mentoring@example.org"
    partstats = {str(a): a.params["PARTSTAT"] for a in event["attendee"]}  # type: ignore[union-attr]
    assert partstats == {
        "mailto:lee@example.org": "NEEDS-ACTION",
        "mailto:dana@example.org": "ACCEPTED",
    }
    assert "No calendar is connected for Lee Park" in str(event["description"])
    assert calendar.walk("VTIMEZONE")

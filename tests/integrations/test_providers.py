"""What every provider's adapter must do, against its simulator and by its own client library."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from integrations.ports import (
    OPAQUE,
    Attendee,
    Entry,
    item_key,
)
from mentoring.interval import Interval, merged
from tests.demo.programme import busy_event
from tests.integrations.golden import CASES
from tests.integrations.golden_item import Golden, instant
from tests.integrations.providers import DANA, OFFICE, PROVIDERS, Provider
from tests.servers.entries import CannotExpress

WINDOW = Interval(datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 4, 1, tzinfo=UTC))
NINE, TEN = datetime(2027, 1, 12, 9, tzinfo=UTC), datetime(2027, 1, 12, 10, tzinfo=UTC)
ELEVEN = TEN.replace(hour=11)
UID = "0123456789abcdef0123456789abcdef@overlap"


ODD = frozenset(
    {
        "all day of nothing",
        "a zone nobody knows, in a feed that says its own",
        "a zone nobody knows",
        "one added with a length of its own",
        "one and all that follow moved",
        "hours over the change of clocks, again and again",
        "ends before it starts",
        "a negative duration",
        "two entries under one UID",
        "free/busy only",
    }
)
"""Items that only a feed can hold: no service lets anybody enter them."""
CANNOT = {
    "google": ODD | {"until a date includes that day", "a to-do is not busy"},
    "microsoft365": ODD
    | {"one added", "every leap day is not in this year", "longer than its interval"},
    "exchange": ODD
    | {
        "one added",
        "until a date includes that day",
        "longer than its interval",
        "a to-do is not busy",
    },
}


def test_every_service_can_express_sixty_awkward_items_or_more() -> None:
    for cannot in CANNOT.values():
        assert cannot < {case.name for case in CASES}
        assert len(CASES) - len(cannot) >= 60


@pytest.fixture(params=PROVIDERS)
def provider(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Provider]:
    with PROVIDERS[request.param](tmp_path) as running:
        yield running


@pytest.fixture(params=[name for name in PROVIDERS if "only" not in name])
def whole(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Provider]:
    """A provider with all its rights."""
    with PROVIDERS[request.param](tmp_path) as running:
        yield running


def entry(provider: Provider, slot: Interval = Interval(NINE, TEN)) -> Entry:  # noqa: B008
    uid = UID.replace("@overlap", "@google.com") if provider.scheme == "google" else UID
    attendees = (
        Attendee("dana@example.org", "Dana Lee", "NEEDS-ACTION"),
        Attendee("lee@example.org", "Lee Park", "NEEDS-ACTION"),
    )
    return Entry(
        uid,
        0,
        slot,
        "America/New_York",
        "Mentoring meeting",
        "Two\nlines",
        "",
        attendees,
        True,
        b"",
    )


# Busy times


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_awkward_item_is_busy_when_a_person_would_say_so(
    provider: Provider, case: Golden
) -> None:
    if case.name in CANNOT[provider.scheme]:
        with pytest.raises(CannotExpress):
            provider.server.fill(DANA.email, case.text())
        return
    provider.server.fill(DANA.email, case.text())
    reading = provider.source().read(WINDOW, None)
    found = merged(span for spans in reading.items.values() for span in spans)
    assert found == merged(Interval(instant(a), instant(b)) for a, b in case.busy)


def test_changes_and_removals_are_noticed(provider: Provider) -> None:
    server, source = provider.server, provider.source()
    server.fill(DANA.email, busy_event("a@example.org", NINE, TEN))
    server.fill(DANA.email, busy_event("b@example.org", ELEVEN, ELEVEN + timedelta(hours=1)))
    first = source.read(WINDOW, None)
    assert first.complete
    if provider.details:
        assert set(first.items) == {item_key("a@example.org"), item_key("b@example.org")}
    else:
        assert set(first.items) == {OPAQUE}
    server.remove(DANA.email, "b@example.org")
    server.remove(DANA.email, "a@example.org")
    server.fill(DANA.email, busy_event("a@example.org", TEN, ELEVEN))
    second = source.read(WINDOW, first.cursor)
    assert second.complete
    assert [s for spans in second.items.values() for s in spans] == [Interval(TEN, ELEVEN)]
    server.remove(DANA.email, "a@example.org")
    third = source.read(WINDOW, second.cursor)
    assert third.complete
    assert not any(third.items.values())


def test_an_unchanged_calendar_costs_one_request(provider: Provider) -> None:
    provider.server.fill(DANA.email, busy_event("a@example.org", NINE, TEN))
    usual = Interval(WINDOW.start, WINDOW.start + timedelta(days=41))
    cursor = provider.source().read(usual, None).cursor
    for quarter in range(1, 5):
        provider.server.requests.clear()
        later = Interval(usual.start + timedelta(minutes=15 * quarter), usual.end)
        reading = provider.source().read(later, cursor)
        assert (reading.items, reading.complete, reading.cursor) == ({}, False, cursor)
        assert len(provider.server.requests) == 1


def test_a_cursor_that_expired_means_a_full_read(provider: Provider) -> None:
    server, source = provider.server, provider.source()
    server.fill(DANA.email, busy_event("a@example.org", NINE, TEN))
    cursor = source.read(WINDOW, None).cursor
    server.remove(DANA.email, "a@example.org")
    server.expire_tokens()
    again = source.read(WINDOW, cursor)
    assert again.complete
    assert not any(again.items.values())


def test_a_longer_window_means_a_full_read(provider: Provider) -> None:
    late = datetime(2027, 4, 10, 9, tzinfo=UTC)
    provider.server.fill(DANA.email, busy_event("a@example.org", late, late.replace(hour=10)))
    source = provider.source()
    cursor = source.read(WINDOW, None).cursor
    longer = source.read(Interval(WINDOW.start, WINDOW.end + timedelta(weeks=4)), cursor)
    assert [s for spans in longer.items.values() for s in spans] == [
        Interval(late, late.replace(hour=10))
    ]


# The organiser's calendar


def test_a_meeting_is_made_once_moved_and_taken_out(whole: Provider) -> None:
    organiser, first = whole.organiser(), entry(whole)
    link = organiser.publish(first)
    assert link.startswith(whole.join)
    assert organiser.publish(first) == link
    assert len(whole.server.events(OFFICE)) == 1
    shown = organiser.find(first.uid)
    assert shown is not None
    assert shown.slot == first.slot
    moved = replace(first, sequence=1, slot=Interval(TEN, ELEVEN))
    assert organiser.publish(moved) == link
    shown = organiser.find(first.uid)
    assert shown is not None
    assert shown.slot == moved.slot
    organiser.withdraw(first.uid)
    organiser.withdraw(first.uid)
    assert organiser.find(first.uid) is None
    assert whole.server.events(OFFICE) == []
    assert whole.server.sent(OFFICE) == []  # the invites are ours


def test_publishing_what_is_there_already_changes_nothing(whole: Provider) -> None:
    organiser = whole.organiser()
    organiser.publish(entry(whole))
    whole.server.requests.clear()
    organiser.publish(entry(whole))
    assert all(request.method in ("GET", "FIND") for request in whole.server.requests)


def test_what_people_do_by_hand_is_read_back(whole: Provider) -> None:
    organiser, meeting = whole.organiser(), entry(whole)
    organiser.publish(meeting)
    first = organiser.showing(WINDOW, None)
    assert [shown.slot for shown in first.entries or ()] == [meeting.slot]
    unchanged = organiser.showing(WINDOW, first.cursor)
    assert unchanged.entries is None
    if whole.answers:
        whole.server.answer(OFFICE, meeting.uid, "dana@example.org", "ACCEPTED")
        answered = organiser.showing(WINDOW, unchanged.cursor)
        assert answered.entries is not None
        assert answered.entries[0].answers["dana@example.org"] == "ACCEPTED"
        assert answered.entries[0].answers["lee@example.org"] == "NEEDS-ACTION"
    whole.server.move(OFFICE, meeting.uid, TEN, ELEVEN)
    moved = organiser.showing(WINDOW, unchanged.cursor)
    assert [shown.slot for shown in moved.entries or ()] == [Interval(TEN, ELEVEN)]
    whole.server.remove(OFFICE, meeting.uid)
    assert organiser.showing(WINDOW, moved.cursor).entries == ()
    assert organiser.find(meeting.uid) is None

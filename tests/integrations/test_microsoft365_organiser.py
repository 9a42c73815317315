"""The organiser's calendar in Microsoft 365: once, with its link, whatever goes wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from integrations.ports import Attendee, Entry, Shown
from mentoring.interval import Interval
from tests.demo.programme import busy_event
from tests.integrations.microsoft365_setting import ORGANISER, WINDOW, Asking
from tests.integrations.microsoft365_setting import service as service
from tests.servers.faults import Request

NINE, TEN = datetime(2027, 1, 12, 9, tzinfo=UTC), datetime(2027, 1, 12, 10, tzinfo=UTC)
ENTRY = Entry(
    uid="o'meeting@overlap",
    sequence=0,
    slot=Interval(NINE, TEN),
    zone="America/New_York",
    summary="Dana and Kim",
    description="Bring a question.",
    location="Café",
    attendees=(Attendee("dana@example.org", "Dana", "NEEDS-ACTION"),),
    online=True,
    ics=b"",
)
LATER = Interval(TEN.replace(hour=14), TEN.replace(hour=15))


def wrote(service: Asking) -> list[str]:
    return [r.method for r in service.server.asked() if r.method != "GET"]


def test_a_meeting_is_made_once_with_its_link(service: Asking) -> None:
    link = service.organiser().publish(ENTRY)
    assert link.startswith("https://teams.microsoft.com/")
    assert service.organiser().publish(ENTRY) == link
    assert wrote(service) == ["POST"]
    (event,) = service.server.events(ORGANISER)
    assert (event["uid"], event["start"], event["end"]) == (ENTRY.uid, NINE, TEN)
    assert event["subject"] == ENTRY.summary
    assert event["body"]["content"] == ENTRY.description
    assert event["location"]["displayName"] == ENTRY.location


def test_nobody_is_mailed(service: Asking) -> None:
    service.organiser().publish(ENTRY)
    service.organiser().publish(replace(ENTRY, slot=LATER))
    service.organiser().withdraw(ENTRY.uid)
    assert service.server.calendars.invitations == []
    assert service.server.post.outbound == []
    assert all(b"attendees" not in request.body for request in service.server.asked())


def test_without_a_link(service: Asking) -> None:
    assert service.organiser().publish(replace(ENTRY, online=False)) == ""
    link = service.organiser().publish(ENTRY)
    assert link.startswith("https://teams.microsoft.com/")
    assert service.organiser().publish(ENTRY) == link
    assert wrote(service) == ["POST", "PATCH"]


def test_only_what_changed_is_written_and_the_link_stays(service: Asking) -> None:
    link = service.organiser().publish(ENTRY)
    moved = replace(ENTRY, slot=LATER, summary="Dana & Kim", description="Another text.")
    assert service.organiser().publish(moved) == link
    (patch,) = [request for request in service.server.asked() if request.method == "PATCH"]
    assert set(patch.json()) == {"start", "end", "subject"}
    assert service.organiser().publish(replace(moved, location="")) == link
    assert service.organiser().find(ENTRY.uid) == Shown(ENTRY.uid, LATER)


def test_the_text_is_changed_where_no_link_is_in_it(service: Asking) -> None:
    plain = replace(ENTRY, online=False)
    service.organiser().publish(plain)
    service.organiser().publish(replace(plain, description="Another text."))
    service.organiser().publish(replace(plain, description="Another text."))
    assert wrote(service) == ["POST", "PATCH"]
    (event,) = service.server.events(ORGANISER)
    assert event["body"]["content"] == "Another text."


def test_found_moved_by_hand_and_gone(service: Asking) -> None:
    organiser = service.organiser()
    assert organiser.find(ENTRY.uid) is None
    organiser.publish(ENTRY)
    assert organiser.find(ENTRY.uid) == Shown(ENTRY.uid, ENTRY.slot)
    service.server.move(ORGANISER, ENTRY.uid, LATER.start, LATER.end)
    assert organiser.find(ENTRY.uid) == Shown(ENTRY.uid, LATER)
    service.server.remove(ORGANISER, ENTRY.uid)
    assert organiser.find(ENTRY.uid) is None


def test_withdrawn_and_published_again(service: Asking) -> None:
    organiser = service.organiser()
    organiser.publish(ENTRY)
    organiser.withdraw(ENTRY.uid)
    organiser.withdraw(ENTRY.uid)
    assert service.server.events(ORGANISER) == []
    organiser.publish(ENTRY)  # the service remembers the transaction of the first
    assert len(service.server.events(ORGANISER)) == 1


def test_a_double_is_taken_out(service: Asking) -> None:
    organiser = service.organiser()
    organiser.publish(ENTRY)
    shelf = service.server.calendars.shelves[ORGANISER]
    (first,) = shelf.events.values()
    shelf.add(first.item).extended = dict(first.extended)
    organiser.publish(ENTRY)
    assert len(service.server.events(ORGANISER)) == 1


def test_what_is_shown_is_ours_alone_and_read_after_a_change(service: Asking) -> None:
    organiser = service.organiser()
    service.server.fill(ORGANISER, busy_event("other@example.org", NINE, TEN))
    organiser.publish(ENTRY)
    elsewhere = Interval(NINE.replace(month=5), TEN.replace(month=5))
    organiser.publish(replace(ENTRY, uid="far@overlap", slot=elsewhere))
    first = organiser.showing(WINDOW, None)
    assert first.entries == (Shown(ENTRY.uid, ENTRY.slot),)
    service.server.forget_requests()
    again = organiser.showing(WINDOW, first.cursor)
    assert (again.entries, again.cursor) == (None, first.cursor)
    assert [request.operation for request in service.server.requests] == ["delta"]
    service.server.move(ORGANISER, ENTRY.uid, LATER.start, LATER.end)
    moved = organiser.showing(WINDOW, again.cursor)
    assert moved.entries == (Shown(ENTRY.uid, LATER),)
    service.server.remove(ORGANISER, ENTRY.uid)
    assert organiser.showing(WINDOW, moved.cursor).entries == ()


def test_an_expired_cursor_shows_all(service: Asking) -> None:
    organiser = service.organiser()
    organiser.publish(ENTRY)
    cursor = organiser.showing(WINDOW, None).cursor
    service.server.expire_tokens()
    assert organiser.showing(WINDOW, cursor).entries == (Shown(ENTRY.uid, ENTRY.slot),)
    assert organiser.showing(WINDOW, "{}").entries == (Shown(ENTRY.uid, ENTRY.slot),)


def test_two_hundred_meetings(service: Asking) -> None:
    organiser = service.organiser()
    for number in range(130):
        organiser.publish(replace(ENTRY, uid=f"{number}@overlap", online=False))
    assert len(organiser.showing(WINDOW, None).entries or ()) == 130


def is_create(request: Request) -> bool:
    return request.method == "POST" and request.operation == "events"

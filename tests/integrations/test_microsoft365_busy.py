"""Busy times out of Microsoft 365: entries and free/busy, by delta, in every awkward case."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pytest

from integrations.microsoft365_busy import Microsoft365Source, busy_source, series_uid
from integrations.ports import OPAQUE, Owner, ProviderError, item_key
from mentoring.interval import Interval, merged
from tests.demo.programme import busy_event
from tests.integrations.golden_item import instant
from tests.integrations.microsoft365_setting import (
    DANA,
    WINDOW,
    Asking,
)
from tests.integrations.microsoft365_setting import (
    service as service,
)

NINE, TEN = datetime(2027, 1, 12, 9, tzinfo=UTC), datetime(2027, 1, 12, 10, tzinfo=UTC)
SHORT = Interval(WINDOW.start, WINDOW.start + timedelta(days=40))


def stretches(items: object) -> list[Interval]:
    assert isinstance(items, dict)
    return merged(i for stretch in items.values() for i in stretch)


@pytest.fixture
def calendar(service: Asking) -> Asking:
    service.server.fill(DANA.email, busy_event("a@example.org", NINE, TEN))
    service.server.fill(DANA.email, busy_event("b@example.org", TEN, later(11)))
    return service


def later(hour: int) -> datetime:
    return TEN.replace(hour=hour)


def test_nothing_changed_is_one_request(calendar: Asking) -> None:
    first = calendar.busy().read(WINDOW, None)
    assert first.items == {
        item_key("a@example.org"): (Interval(NINE, TEN),),
        item_key("b@example.org"): (Interval(TEN, later(11)),),
    }
    calendar.server.forget_requests()
    again = calendar.busy().read(WINDOW, first.cursor)
    assert (again.items, again.complete, again.cursor) == ({}, False, first.cursor)
    assert [request.operation for request in calendar.server.requests] == ["delta"]


def test_a_change_and_a_removal_are_noticed(calendar: Asking) -> None:
    cursor = calendar.busy().read(WINDOW, None).cursor
    calendar.server.move(DANA.email, "a@example.org", later(14), later(15))
    calendar.server.remove(DANA.email, "b@example.org")
    reading = calendar.busy().read(WINDOW, cursor)
    assert reading.complete
    assert reading.items == {item_key("a@example.org"): (Interval(later(14), later(15)),)}
    calendar.server.forget_requests()
    assert not calendar.busy().read(WINDOW, reading.cursor).complete
    assert len(calendar.server.requests) == 1


def test_an_expired_link_means_a_full_read(calendar: Asking) -> None:
    cursor = calendar.busy().read(WINDOW, None).cursor
    calendar.server.remove(DANA.email, "b@example.org")
    calendar.server.expire_tokens()
    reading = calendar.busy().read(WINDOW, cursor)
    assert reading.complete
    assert set(reading.items) == {item_key("a@example.org")}
    assert not calendar.busy().read(WINDOW, reading.cursor).complete


def test_a_later_window_is_read_anew_and_a_shorter_one_is_not(calendar: Asking) -> None:
    cursor = calendar.busy().read(SHORT, None).cursor
    inside = Interval(SHORT.start + timedelta(days=2), SHORT.end)
    assert not calendar.busy().read(inside, cursor).complete
    calendar.server.fill(
        DANA.email, busy_event("c@example.org", NINE.replace(month=3), TEN.replace(month=3))
    )
    beyond = calendar.busy().read(WINDOW, cursor)
    assert item_key("c@example.org") in beyond.items


@pytest.mark.parametrize("cursor", ["", "[]", "{}", '{"link": 1}', "2027", "null"])
def test_a_cursor_of_another_make_means_a_full_read(calendar: Asking, cursor: str) -> None:
    assert len(calendar.busy().read(WINDOW, cursor).items) == 2


def test_many_entries_come_page_by_page(service: Asking) -> None:
    for number in range(520):
        start = WINDOW.start + timedelta(hours=number)
        event = busy_event(f"{number}@example.org", start, start + timedelta(minutes=30))
        service.server.fill(DANA.email, event)
    reading = service.busy().read(WINDOW, None)
    assert len(reading.items) == 520
    assert len(service.server.asked("calendarView")) == 2
    assert len(service.server.asked("delta")) == 3


def test_titles_are_not_asked_for_where_the_service_lets_one_choose(calendar: Asking) -> None:
    calendar.busy().read(WINDOW, None)
    (view,) = calendar.server.asked("calendarView")
    assert not {"subject", "body", "location", "attendees"} & set(view.query["$select"].split(","))


def test_a_token_is_fetched_once(calendar: Asking) -> None:
    cursor = calendar.busy().read(WINDOW, None).cursor
    calendar.busy().read(WINDOW, cursor)
    calendar.organiser().find("nobody")
    tokens = [request for request in calendar.server.requests if request.operation == "token"]
    assert len(tokens) == 1


def test_a_series_is_one_item(service: Asking) -> None:
    weekly = busy_event("w@example.org", NINE, TEN).replace(
        "SUMMARY", "RRULE:FREQ=WEEKLY;COUNT=3\r\nSUMMARY"
    )
    service.server.fill(DANA.email, weekly)
    reading = service.busy().read(WINDOW, None)
    (stretch,) = reading.items.values()
    assert len(stretch) == 3
    assert set(reading.items) == {item_key("w@example.org")}


def test_an_entry_without_a_uid_has_the_name_of_its_series(service: Asking) -> None:
    weekly = busy_event("w@example.org", NINE, TEN).replace(
        "SUMMARY", "RRULE:FREQ=WEEKLY;COUNT=3\r\nSUMMARY"
    )
    service.server.fill(DANA.email, weekly)
    service.server.fill(DANA.email, busy_event("a@example.org", TEN, later(11)))
    service.server.calendars.nameless = True
    reading = service.busy().read(WINDOW, None)
    assert sorted(len(stretch) for stretch in reading.items.values()) == [1, 3]


def test_the_uid_of_a_series_is_told_from_its_occurrences() -> None:
    occurrence = "040000008200E00074C5B7101A82E00807EB010CA0B1C2D3" + "0" * 24 + "10000000AB"
    assert series_uid(occurrence)[32:40] == "00000000"
    assert series_uid("x@example.org") == "x@example.org"
    assert series_uid("040000008200E00074C5B7101A82E008 no hex").endswith("no hex")


def test_free_busy_alone(calendar: Asking) -> None:
    calendar.app.mailboxes = {"organiser@example.org"}
    source = calendar.busy(lookup="organiser@example.org")
    first = source.read(SHORT, None)
    assert first.items == {OPAQUE: (Interval(NINE, later(11)),)}
    calendar.server.forget_requests()
    again = source.read(SHORT, first.cursor)
    assert (again.items, again.complete, again.cursor) == ({}, False, first.cursor)
    assert [request.operation for request in calendar.server.requests] == ["getSchedule"]
    calendar.server.remove(DANA.email, "b@example.org")
    changed = source.read(SHORT, again.cursor)
    assert (changed.items, changed.complete) == ({OPAQUE: (Interval(NINE, TEN),)}, True)


def test_more_than_two_months_of_free_busy_are_asked_in_parts(calendar: Asking) -> None:
    calendar.app.mailboxes = {"organiser@example.org"}
    calendar.busy(lookup="organiser@example.org").read(WINDOW, None)
    assert len(calendar.server.asked("getSchedule")) == 2


def test_entries_are_read_again_once_they_may_be(calendar: Asking) -> None:
    calendar.app.mailboxes = {"organiser@example.org"}
    cursor = calendar.busy(lookup="organiser@example.org").read(SHORT, None).cursor
    calendar.app.mailboxes = {DANA.email}
    assert (
        item_key("a@example.org")
        in calendar.busy(lookup="organiser@example.org").read(SHORT, cursor).items
    )


def test_entries_that_may_no_longer_be_read_become_free_busy(calendar: Asking) -> None:
    source = calendar.busy(lookup="organiser@example.org")
    cursor = source.read(SHORT, None).cursor
    calendar.app.mailboxes = {"organiser@example.org"}
    assert source.read(SHORT, cursor).items == {OPAQUE: (Interval(NINE, later(11)),)}


def test_an_address_without_a_mailbox_is_said(service: Asking) -> None:
    del service.server.calendars.shelves[DANA.email]
    with pytest.raises(ProviderError, match=r"dana@example.org is not there") as error:
        service.busy().read(WINDOW, None)
    assert error.value.permanent


def test_a_schedule_that_nobody_has_is_no_free_time(service: Asking) -> None:
    service.app.mailboxes = {"organiser@example.org"}
    source = service.busy(lookup="organiser@example.org")
    cursor = source.read(SHORT, None).cursor
    del service.server.calendars.shelves[DANA.email]
    with pytest.raises(ProviderError, match="ErrorMailRecipientNotFound"):
        source.read(SHORT, cursor)


def test_an_entry_that_ends_before_it_starts_takes_its_day(service: Asking) -> None:
    source = service.busy()
    assert isinstance(source, Microsoft365Source)
    event = {
        "id": "x",
        "seriesMasterId": None,
        "iCalUId": "a@example.org",
        "isAllDay": False,
        "isCancelled": False,
        "showAs": "busy",
        "responseStatus": None,
        "start": {"dateTime": "2027-01-12T15:00:00.0000000", "timeZone": "UTC"},
        "end": {"dateTime": "2027-01-12T14:00:00.0000000", "timeZone": "UTC"},
    }
    found: dict[str, list[Interval]] = defaultdict(list)
    warnings: list[str] = []
    source._collect(event, WINDOW, found, warnings)
    assert found[item_key("a@example.org")] == [Interval(instant("12 05:00"), instant("13 05:00"))]
    assert len(warnings) == 1


@pytest.mark.parametrize(
    ("part", "other"),
    [
        ("127.0.0.1", "127.0.0.2"),
        ("127.0.0.1", "127.0.0.1.example.org"),
        ("//", "//somebody@"),
        ("//", "//evil.example@"),
        ("https:", "http:"),
        ("/v1.0", "0/v1.0"),
    ],
)
def test_a_link_to_another_server_is_not_followed(calendar: Asking, part: str, other: str) -> None:
    cursor = json.loads(calendar.busy().read(WINDOW, None).cursor)
    cursor["link"] = cursor["link"].replace(part, other, 1)
    with pytest.raises(ProviderError, match="leads to another server"):
        calendar.busy().read(WINDOW, json.dumps(cursor))


def test_an_all_day_entry_at_the_edge_is_found_wherever_it_is_filed(service: Asking) -> None:
    """The service files it under the mailbox's midnight, which is after the window's end."""
    service.server.user(DANA.email, "Pacific/Pago_Pago")
    whole = (
        "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:d\nDTSTAMP:20270101T000000Z\n"
        "DTSTART;VALUE=DATE:20270331\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    service.server.fill(DANA.email, whole.replace("\n", "\r\n"))
    window = Interval(WINDOW.start, datetime(2027, 3, 31, 10, tzinfo=UTC))
    reading = service.busy().read(window, None)
    assert stretches(reading.items) == [Interval(datetime(2027, 3, 31, 4, tzinfo=UTC), window.end)]


def test_the_owner_may_live_anywhere(service: Asking) -> None:
    service.server.user("kiri@example.org", "Pacific/Kiritimati")
    day = "BEGIN:VEVENT\nUID:d\nDTSTAMP:20270101T000000Z\nDTSTART;VALUE=DATE:{}\nEND:VEVENT\n"
    whole = f"BEGIN:VCALENDAR\nVERSION:2.0\n{day.format('20270101')}END:VCALENDAR\n"
    service.server.fill("kiri@example.org", whole.replace("\n", "\r\n"))
    kiri = Owner("kiri@example.org", "Pacific/Kiritimati")
    source = busy_source(f"microsoft365:{kiri.email}", kiri, service.access())
    ten = WINDOW.start.replace(hour=10)
    assert stretches(source.read(WINDOW, None).items) == [Interval(WINDOW.start, ten)]

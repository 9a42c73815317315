"""Events made, changed and deleted in the simulator, as Graph allows it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.servers.faults import Answer
from tests.servers.microsoft365_ask import Refusal, Request, check_body, parameters
from tests.servers.microsoft365_calendar import Event, Shelf
from tests.servers.microsoft365_events import EVENT, Calendars, find, given, property_name
from tests.servers.microsoft365_ics import Item

_SETTABLE = frozenset(
    [
        "subject",
        "body",
        "start",
        "end",
        "location",
        "isAllDay",
        "isOnlineMeeting",
        "onlineMeetingProvider",
        "singleValueExtendedProperties",
        "showAs",
        "categories",
        "sensitivity",
        "importance",
        "isReminderOn",
        "reminderMinutesBeforeStart",
        "responseRequested",
        "hideAttendees",
    ]
)


def create(calendars: Calendars, shelf: Shelf, request: Request) -> Answer:
    parameters(request)
    body = check_body(EVENT, request.json())
    if beyond := set(body) - _SETTABLE - {"transactionId", "attendees", "recurrence"}:
        raise Refusal(400, "ErrorPropertyValidationFailure", f"read-only: {sorted(beyond)}")
    if not {"start", "end"} <= set(body):
        raise Refusal(400, "ErrorPropertyValidationFailure", "start and end are required")
    if (name := body.get("transactionId")) is not None:
        if name in shelf.transactions:
            raise Refusal(409, "ErrorDuplicateTransactionId", "the transaction was done")
        shelf.transactions.add(name)
    number = shelf.changes + 1
    uid = f"040000008200E00074C5B7101A82E00800000000{number:032X}10000000{number:032X}"
    empty = {"attendees": [], "isCancelled": False, "showAs": "busy", "sensitivity": "normal"}
    organizer = {"response": "organizer", "time": "0001-01-01T00:00:00Z"}
    when = datetime(1, 1, 1)  # noqa: DTZ001 - set at once from the body
    item = Item(uid, when, when, "UTC", properties={**empty, "responseStatus": organizer})
    _set(item, {}, body, calendars)
    calendars.invitations += [a["emailAddress"]["address"] for a in body.get("attendees", [])]
    event = shelf.add(item)
    _extend(event, body)
    shown = calendars.entry(shelf, event, request)
    if calendars.links_late:
        shown = {**shown, "onlineMeeting": None}
    return Answer(201, shown)


def change(calendars: Calendars, shelf: Shelf, key: str, request: Request) -> Answer:
    parameters(request)
    event = find(shelf, key)
    body = check_body(EVENT, request.json())
    if beyond := set(body) - _SETTABLE:
        raise Refusal(400, "ErrorPropertyValidationFailure", f"read-only: {sorted(beyond)}")
    _set(event.item, event.item.properties, body, calendars)
    _extend(event, body)
    shelf.touch(event)
    return Answer(200, calendars.entry(shelf, event, request))


def delete(calendars: Calendars, shelf: Shelf, key: str, request: Request) -> Answer:
    parameters(request)
    shelf.drop(find(shelf, key))
    return Answer(204)


def _extend(event: Event, body: dict[str, Any]) -> None:
    for pair in body.get("singleValueExtendedProperties", []):
        event.extended[property_name(pair["id"])] = pair["value"]


def _set(item: Item, before: dict[str, Any], body: dict[str, Any], calendars: Calendars) -> None:
    if "start" in body:
        item.start = given(body["start"]).replace(tzinfo=None)
    if "end" in body:
        item.end = given(body["end"]).replace(tzinfo=None)
    if item.end < item.start:
        raise Refusal(400, "ErrorPropertyValidationFailure", "it ends before it starts")
    plain = {
        name: value
        for name, value in body.items()
        if name not in ("start", "end", "singleValueExtendedProperties", "isAllDay")
    }
    if "body" in plain:  # whoever replaces the body loses the meeting's blob in it
        plain["body"] = {"contentType": "html", "content": plain["body"]["content"]}
        if before.get("isOnlineMeeting"):
            plain |= {"isOnlineMeeting": False, "onlineMeeting": None}
    if body.get("isOnlineMeeting") and not before.get("isOnlineMeeting"):
        calendars.meetings += 1
        url = f"https://teams.microsoft.com/l/meetup-join/{calendars.meetings}"
        plain["onlineMeeting"] = {"joinUrl": url}
    item.properties = {**item.properties, **plain}

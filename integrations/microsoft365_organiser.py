"""The organiser's own calendar in Microsoft 365: a copy of each meeting, with a Teams link.

The copy has no attendees: Graph would mail them at once, at any hour, and invites are our own
mails. So it shows no answers. Ours are told from others by extended properties
(https://learn.microsoft.com/graph/api/resources/extended-properties-overview).
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from integrations import microsoft365_changes as changes
from integrations.microsoft365 import (
    LATER,
    READ_EVENTS,
    WRITE_EVENTS,
    GraphError,
    Mailbox,
    address_of,
    understood,
)
from integrations.ports import Access, Entry, Organiser, ProviderError, Showing, Shown
from mentoring.interval import Interval

_SET = "String {6f1d0f0e-6f5b-4c8e-9b57-3c9d0a7f2b61} Name"
UID = f"{_SET} overlap-uid"
MARK = f"{_SET} overlap"
TEXT = f"{_SET} overlap-text"
"""A digest of the description as we wrote it: the service rewrites bodies."""
_MEETING = "meeting"
_FIELDS = "id,subject,start,end,location,isOnlineMeeting,onlineMeeting"
_TEAMS = {"isOnlineMeeting": True, "onlineMeetingProvider": "teamsForBusiness"}


@dataclass(frozen=True)
class _Cursor:
    link: str
    since: float
    until: float


@dataclass(frozen=True)
class Microsoft365Organiser:
    mailbox: Mailbox

    @property
    def makes(self) -> frozenset[str]:
        return frozenset({"teams", "microsoft teams", "ms teams"})

    @understood
    def publish(self, entry: Entry) -> str:
        found = self._ours(UID, entry.uid)
        if not found:
            return self._link(entry, self._create(entry))
        event, *doubles = found
        for double in doubles:
            self._remove(double)
        if changed := _changed(entry, event):
            event = self.mailbox.patch(self._at(event), WRITE_EVENTS, changed)
        return self._link(entry, event)

    @understood
    def withdraw(self, uid: str) -> None:
        there = [self._remove(event) for event in self._ours(UID, uid)]
        if not all(there) and self._ours(UID, uid):  # said to be gone, and still listed
            raise ProviderError(f"{self.mailbox.name}: a meeting can't be deleted", mend=LATER)

    @understood
    def find(self, uid: str) -> Shown | None:
        for event in self._ours(UID, uid):
            return self._shown(event)
        return None

    @understood
    def showing(self, window: Interval, cursor: str | None) -> Showing:
        link = self._moved_on(window, cursor)
        if link == "":
            return Showing(None, cursor or "")
        known = _parse(cursor)
        if link is None or known is None:
            link = changes.seed(self.mailbox, window)
            known = _Cursor(link, window.start.timestamp(), window.end.timestamp())
        entries = tuple(
            shown
            for event in self._ours(MARK, _MEETING)
            if (shown := self._shown(event)).slot.overlaps(window)
        )
        return Showing(entries, json.dumps(_Cursor(link, known.since, known.until).__dict__))

    @understood
    def check(self) -> None:
        self._ours(UID, "nobody")
        self.mailbox.require("PATCH", "/events/nothing", WRITE_EVENTS)

    def _moved_on(self, window: Interval, cursor: str | None) -> str | None:
        """The next link after a change; empty where there was none, None without a cursor."""
        known = _parse(cursor)
        if known is None:
            return None
        if known.since > window.start.timestamp() or known.until < window.end.timestamp():
            return None
        answer = changes.since(self.mailbox, known.link)
        if answer is None:
            return None
        changed, link = answer
        return link if changed else ""

    def _create(self, entry: Entry) -> dict[str, Any]:
        url = self.mailbox.url("/events")
        what = f"{entry.uid} {entry.sequence} {entry.slot.start.isoformat()}"
        transaction = hashlib.sha256(what.encode()).hexdigest()[:36]
        try:
            return self.mailbox.post(url, WRITE_EVENTS, _body(entry, transaction))
        except GraphError as error:
            if error.status != 409:
                raise
        # Made meanwhile by another pass, else once and deleted since: the name is used up.
        for event in self._ours(UID, entry.uid):
            return event
        return self.mailbox.post(url, WRITE_EVENTS, _body(entry, str(uuid.uuid4())))

    def _link(self, entry: Entry, event: dict[str, Any]) -> str:
        if not entry.online:
            return ""
        if not _join_url(event):  # the service may need a moment to make one
            url = f"{self._at(event)}?$select={_FIELDS}"
            event = self.mailbox.get(url, READ_EVENTS)
        return _join_url(event)

    def _ours(self, name: str, value: str) -> list[dict[str, Any]]:
        text = value.replace("'", "''")
        props = f"id eq '{UID}' or id eq '{TEXT}'"
        params = {
            "$filter": "singleValueExtendedProperties/any("
            f"ep: ep/id eq '{name}' and ep/value eq '{text}')",
            "$select": _FIELDS,
            "$expand": f"singleValueExtendedProperties($filter={props})",
            "$top": "100",
        }
        pages = self.mailbox.pages(self.mailbox.url("/events", params), READ_EVENTS)
        events = [event for page in pages for event in page["value"]]
        return list({self._id(event): event for event in events}.values())

    def _remove(self, event: dict[str, Any]) -> bool:
        """Whether it was there to be deleted."""
        try:
            self.mailbox.delete(self._at(event), WRITE_EVENTS)
        except GraphError as error:
            if error.status != 404:
                raise
            return False
        return True

    def _at(self, event: dict[str, Any]) -> str:
        return self.mailbox.url(f"/events/{quote(self._id(event), safe='')}")

    def _id(self, event: Any) -> str:
        if not isinstance(event, dict) or not isinstance(event.get("id"), str):
            raise self._unreadable("no id")
        return str(event["id"])

    def _shown(self, event: dict[str, Any]) -> Shown:
        try:
            return Shown(dict(_properties(event))[UID], _slot(event))
        except (KeyError, TypeError, ValueError) as error:
            raise self._unreadable(type(error).__name__) from error

    def _unreadable(self, why: str) -> ProviderError:
        return ProviderError(f"{self.mailbox.name}: a meeting can't be read ({why})", mend=LATER)


def _body(entry: Entry, transaction: str) -> dict[str, Any]:
    properties = {UID: entry.uid, MARK: _MEETING, TEXT: _digest(entry)}
    return {
        "subject": entry.summary,
        "body": {"contentType": "text", "content": entry.description},
        "location": {"displayName": entry.location},
        "start": _time(entry.slot.start),
        "end": _time(entry.slot.end),
        "transactionId": transaction,
        "singleValueExtendedProperties": [
            {"id": name, "value": value} for name, value in properties.items()
        ],
        **(_TEAMS if entry.online else {}),
    }


def _changed(entry: Entry, event: dict[str, Any]) -> dict[str, Any]:
    """What a PATCH must say. The body holds the Teams blob once there is one: it stays."""
    changed: dict[str, Any] = {}
    if _slot_or_none(event) != entry.slot:
        changed |= {"start": _time(entry.slot.start), "end": _time(entry.slot.end)}
    if event.get("subject") != entry.summary:
        changed["subject"] = entry.summary
    if (event.get("location") or {}).get("displayName", "") != entry.location:
        changed["location"] = {"displayName": entry.location}
    online = bool(event.get("isOnlineMeeting"))
    if not online and dict(_properties(event)).get(TEXT) != _digest(entry):
        changed["body"] = {"contentType": "text", "content": entry.description}
        changed["singleValueExtendedProperties"] = [{"id": TEXT, "value": _digest(entry)}]
    return changed | (_TEAMS if entry.online and not online else {})


def _properties(event: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for pair in event.get("singleValueExtendedProperties") or []:
        name = str(pair["id"])
        for known in (UID, TEXT):  # the service writes the GUID in its own case
            if name.lower() == known.lower():
                yield known, str(pair["value"])


def _join_url(event: dict[str, Any]) -> str:
    meeting = event.get("onlineMeeting")
    return str(meeting.get("joinUrl") or "") if isinstance(meeting, dict) else ""


def _slot_or_none(event: dict[str, Any]) -> Interval | None:
    try:
        return _slot(event)
    except (KeyError, TypeError, ValueError):
        return None


def _slot(event: dict[str, Any]) -> Interval:
    return Interval(_instant(event["start"]), _instant(event["end"]))


def _instant(value: dict[str, Any]) -> datetime:
    if value["timeZone"] != "UTC":
        raise ValueError("not in UTC")
    return datetime.fromisoformat(value["dateTime"]).replace(tzinfo=UTC)


def _time(instant: datetime) -> dict[str, str]:
    """In UTC: the service knows Windows' zones and only some of IANA's."""
    return {"dateTime": instant.strftime("%Y-%m-%dT%H:%M:%S"), "timeZone": "UTC"}


def _digest(entry: Entry) -> str:
    return hashlib.sha256(entry.description.encode()).hexdigest()


def _parse(cursor: str | None) -> _Cursor | None:
    try:
        return _Cursor(**json.loads(cursor)) if cursor else None
    except (ValueError, TypeError):
        return None


def organiser(url: str, access: Access) -> Organiser:
    return Microsoft365Organiser(Mailbox(address_of(url), access))

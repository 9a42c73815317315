"""The organiser's own Google calendar, with a Meet link where a meeting is online.

The event's id comes from the meeting's UID, so that a second insert is refused and not doubled; a
server that gives ids of its own is survived by our private extended property. `sendUpdates` is
always none: invites are our own mails, in their readers' hours.
https://developers.google.com/workspace/calendar/api/v3/reference/events
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from integrations.google import ORGANISE, Account, Refused
from integrations.google_answers import LATER, pages, understood
from integrations.ports import Access, Entry, Organiser, ProviderError, Showing, Shown
from mentoring.interval import Interval

_MARK = "overlapUid"
_OURS = "overlap"
_ABSENT = frozenset({404, 410})
_EXISTS = frozenset({409})
_FIELDS = (
    "id,iCalUID,status,start,end,summary,description,location,hangoutLink,sequence,"
    "attendees(email,displayName,responseStatus),extendedProperties"
)
_PARTSTATS = {
    "needsAction": "NEEDS-ACTION",
    "accepted": "ACCEPTED",
    "declined": "DECLINED",
    "tentative": "TENTATIVE",
}
_RESPONSES = {partstat: response for response, partstat in _PARTSTATS.items()}


@dataclass(frozen=True)
class GoogleOrganiser:
    account: Account

    @property
    def makes(self) -> frozenset[str]:
        return frozenset({"meet", "google meet", "google"})

    @understood
    def publish(self, entry: Entry) -> str:
        event = self._event(entry.uid, deleted=True) or self._insert(entry)
        if changes := _changes(event, entry):
            event = self._patch(event, changes)
        if not entry.online:
            return ""
        if "hangoutLink" not in event:  # Meet may need a moment more than the answer took
            event = self._event(entry.uid) or event
        return str(event.get("hangoutLink", ""))

    @understood
    def withdraw(self, uid: str) -> None:
        event = self._event(uid)
        if event is None:
            return
        request = self._events().delete(
            calendarId=self.account.address, eventId=event["id"], sendUpdates="none"
        )
        try:
            self.account.call(ORGANISE, request, expected=_ABSENT, empty=True)
        except Refused as error:  # somebody was faster, or so it says
            if self._event(uid):
                raise ProviderError(
                    f"{self.account.name}: Google keeps a meeting that it says is gone", mend=LATER
                ) from error

    @understood
    def find(self, uid: str) -> Shown | None:
        event = self._event(uid)
        return _shown(event) if event else None

    @understood
    def showing(self, window: Interval, cursor: str | None) -> Showing:
        known = json.loads(cursor) if cursor else {}
        valid = known.get("until", 0) >= window.end.timestamp()
        if valid and known.get("token") and not self._changed(known["token"]):
            return Showing(None, cursor or "")
        token = self._token(window)
        found = [shown for event in self._ours(window) if (shown := _shown(event))]
        after = {"token": token, "until": window.end.timestamp()} if token else {}
        return Showing(tuple(found), json.dumps(after))

    @understood
    def check(self) -> None:
        request = self._events().list(
            calendarId=self.account.address, maxResults=1, fields="nextPageToken"
        )
        self.account.call(ORGANISE, request)

    def _events(self) -> Any:
        return self.account.service("calendar").events()

    def _event(self, uid: str, *, deleted: bool = False) -> dict[str, Any] | None:
        """The event of a meeting, by its id or by our mark. `deleted` ones keep their id for ever:
        to put the meeting back means to change that event."""
        request = self._events().get(
            calendarId=self.account.address, eventId=_id(uid), fields=_FIELDS
        )
        try:
            event: dict[str, Any] = self.account.call(ORGANISE, request, expected=_ABSENT)
        except Refused:
            return self._marked(uid)
        if event.get("status") == "cancelled" and not deleted:
            return None
        return event

    def _marked(self, uid: str) -> dict[str, Any] | None:
        request = self._events().list(
            calendarId=self.account.address,
            privateExtendedProperty=f"{_MARK}={uid}",
            fields=f"items({_FIELDS})",
        )
        found = self.account.call(ORGANISE, request).get("items", [])
        return next((event for event in found if event.get("status") != "cancelled"), None)

    def _insert(self, entry: Entry) -> dict[str, Any]:
        body = {
            **_described(entry),
            "id": _id(entry.uid),
            "attendees": _attendees(entry),
            "extendedProperties": {"private": {_MARK: entry.uid, _OURS: "1"}},
            **(_conference(entry) if entry.online else {}),
        }
        request = self._events().insert(
            calendarId=self.account.address,
            body=body,
            sendUpdates="none",
            conferenceDataVersion=1,
            fields=_FIELDS,
        )
        try:
            event: dict[str, Any] = self.account.call(ORGANISE, request, expected=_EXISTS)
        except Refused as error:  # an insert before this one had its effect, but no answer
            found = self._event(entry.uid, deleted=True)
            if found is None:
                raise ProviderError(
                    f"{self.account.name}: Google says that a meeting exists, and doesn't show it",
                    mend=LATER,
                ) from error
            return found
        return event

    def _patch(self, event: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
        request = self._events().patch(
            calendarId=self.account.address,
            eventId=event["id"],
            body=dict(changes),
            sendUpdates="none",
            conferenceDataVersion=1,  # with version 0 the link would be dropped from the answer
            fields=_FIELDS,
        )
        patched: dict[str, Any] = self.account.call(ORGANISE, request)
        return patched

    def _changed(self, token: str) -> bool:
        request = self._events().list(
            calendarId=self.account.address, syncToken=token, fields=_CHANGES, maxResults=2500
        )
        try:
            answer = self.account.call(ORGANISE, request, expected=frozenset({400, 410}))
        except Refused:
            return True
        return bool(answer.get("items")) or "nextPageToken" in answer

    def _token(self, window: Interval) -> str:
        """The state of the calendar from here on; taken before our events are listed."""
        events = self._events()

        def ask(page: str | None) -> Any:
            request = events.list(
                calendarId=self.account.address,
                timeMin=window.start.isoformat(),
                fields=_CHANGES,
                maxResults=2500,
                **({"pageToken": page} if page else {}),
            )
            return self.account.call(ORGANISE, request)

        return str(pages(ask, self.account.name)[-1].get("nextSyncToken", ""))

    def _ours(self, window: Interval) -> list[dict[str, Any]]:
        events = self._events()

        def ask(page: str | None) -> Any:
            request = events.list(
                calendarId=self.account.address,
                privateExtendedProperty=f"{_OURS}=1",
                timeMin=window.start.isoformat(),
                timeMax=window.end.isoformat(),
                fields=f"nextPageToken,items({_FIELDS})",
                maxResults=2500,
                **({"pageToken": page} if page else {}),
            )
            return self.account.call(ORGANISE, request)

        answers = pages(ask, self.account.name)
        return [event for answer in answers for event in answer.get("items", [])]


_CHANGES = "nextPageToken,nextSyncToken,items(id)"


def _id(uid: str) -> str:
    """The event's id: lower-case base32hex, as the hexadecimal digits of our UIDs are."""
    return uid.partition("@")[0]


def _described(entry: Entry) -> dict[str, Any]:
    return {
        "summary": entry.summary,
        "description": entry.description,
        "location": entry.location,
        "start": _edge(entry.slot.start, entry.zone),
        "end": _edge(entry.slot.end, entry.zone),
    }


def _edge(moment: datetime, zone: str) -> dict[str, str]:
    return {"dateTime": moment.astimezone(ZoneInfo(zone)).isoformat(), "timeZone": zone}


def _conference(entry: Entry) -> dict[str, Any]:
    """A new Meet; the request id makes asking twice as asking once."""
    key = {"type": "hangoutsMeet"}
    asked = {"requestId": _id(entry.uid), "conferenceSolutionKey": key}
    return {"conferenceData": {"createRequest": asked}}


def _attendees(entry: Entry) -> list[dict[str, str]]:
    return [
        {
            "email": a.email,
            "displayName": a.name,
            "responseStatus": _RESPONSES.get(a.partstat, "needsAction"),
        }
        for a in entry.attendees
    ]


def _changes(event: Mapping[str, Any], entry: Entry) -> dict[str, Any]:
    """What the event must be told to be as the entry says; nothing where it is already."""
    wanted = _described(entry)
    changes = {
        name: wanted[name]
        for name in ("summary", "description", "location")
        if event.get(name, "") != wanted[name]
    }
    moved = _slot(event) != entry.slot
    if moved or event.get("status") == "cancelled":
        changes |= {"start": wanted["start"], "end": wanted["end"], "status": "confirmed"}
    invited = {a["email"].lower() for a in event.get("attendees", [])}
    if moved or invited != {a.email for a in entry.attendees}:  # else the answers stay
        changes["attendees"] = _attendees(entry)
    if entry.online and not event.get("hangoutLink"):
        changes |= _conference(entry)
    return changes


def _slot(event: Mapping[str, Any]) -> Interval | None:
    """The event's time; None where somebody made it last whole days or end before it starts."""
    try:
        start, end = (datetime.fromisoformat(event[e]["dateTime"]) for e in ("start", "end"))
        return Interval(start, end)
    except (KeyError, ValueError):
        return None


def _shown(event: Mapping[str, Any]) -> Shown | None:
    uid = event.get("extendedProperties", {}).get("private", {}).get(_MARK)
    slot = _slot(event)
    if not uid or slot is None:
        return None
    answers = {
        a["email"].lower(): _PARTSTATS.get(a.get("responseStatus", ""), "NEEDS-ACTION")
        for a in event.get("attendees", [])
    }
    return Shown(str(uid), slot, answers)


def organiser(url: str, access: Access) -> Organiser:
    return GoogleOrganiser(Account(url.partition(":")[2], access))

"""The calendar half of the Google simulator: events, sync tokens, free/busy."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from mentoring.interval import Interval, merged
from tests.servers import entries
from tests.servers.entries import Occurrence, Series
from tests.servers.google_schema import Call, Refusal, offset_of

_ID = re.compile(r"[a-v0-9]{5,1024}")
_LONGEST = timedelta(days=92)
_WITH_TOKEN = {"iCalUID", "orderBy", "privateExtendedProperty", "q", "timeMin", "timeMax"}
_SAME = ("singleEvents", "showDeleted", "eventTypes", "maxAttendees")
_RESPONSES = {
    "ACCEPTED": "accepted",
    "DECLINED": "declined",
    "TENTATIVE": "tentative",
    "NEEDS-ACTION": "needsAction",
}
_KINDS = {"oof": "outOfOffice", "elsewhere": "workingLocation"}


@dataclass
class Calendars:
    """Every user's primary calendar. `mailed` lists what Google itself would have mailed."""

    zones: dict[str, str] = field(default_factory=dict)
    events: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    series: dict[str, dict[str, Series]] = field(default_factory=dict)
    changes: dict[str, list[str]] = field(default_factory=dict)
    mailed: list[str] = field(default_factory=list)
    sync_tokens: bool = True
    own_ids: bool = False
    keeps_answers: bool = False
    page: int = 2500
    oldest: int = 0

    def user(self, address: str, zone: str) -> None:
        self.zones[address] = zone
        self.events[address], self.series[address], self.changes[address] = {}, {}, []

    def fill(self, address: str, ics: str) -> None:
        for series in entries.read(ics, address, self.zones[address]):
            key = _event_id(series.uid)
            self.series[address][key] = series
            self._touch(address, key)

    def remove(self, address: str, uid: str) -> None:
        for key, event in list(self.events[address].items()):
            if event["iCalUID"] == uid:
                event["status"] = "cancelled"
                self._touch_all(address, key)
        if self.series[address].pop(_event_id(uid), None):
            self._touch(address, _event_id(uid))

    def answer(self, address: str, uid: str, attendee: str, partstat: str) -> None:
        key, event = self._by_uid(address, uid)
        for side in event["attendees"]:
            if side["email"] == attendee:
                side["responseStatus"] = _RESPONSES[partstat]
        self._touch_all(address, key)

    def move(self, address: str, uid: str, start: datetime, end: datetime) -> None:
        key, event = self._by_uid(address, uid)
        event["start"] = {"dateTime": start.isoformat()}
        event["end"] = {"dateTime": end.isoformat()}
        self._touch_all(address, key)

    def _by_uid(self, address: str, uid: str) -> tuple[str, dict[str, Any]]:
        live = self.events[address].items()
        return next(item for item in live if item[1]["iCalUID"] == uid)

    def _touch(self, address: str, key: str) -> None:
        self.changes[address].append(key)

    def _touch_all(self, address: str, key: str) -> None:
        """A change shows in the calendars of those attendees who are at home here, too."""
        self._touch(address, key)
        for attendee in self.events[address][key].get("attendees", []):
            if attendee["email"] in self.changes:
                self._touch(attendee["email"], key)

    def perform(self, call: Call, user: str) -> Any:
        act: Callable[[str, Call], Any] = {
            "calendar.events.list": self._list,
            "calendar.events.get": self._get,
            "calendar.events.insert": self._insert,
            "calendar.events.patch": self._patch,
            "calendar.events.delete": self._delete,
            "calendar.freebusy.query": self._free_busy,
        }[call.id]
        return act(user, call)

    def _calendar(self, user: str, call: Call) -> str:
        name = call.parameters["calendarId"]
        address: str = user if name == "primary" else name
        if address != user:  # nobody shared anything
            raise Refusal(404, "notFound")
        return address

    def _list(self, user: str, call: Call) -> Any:
        address, asked = self._calendar(user, call), call.parameters
        if "syncToken" in asked:
            items = self._since(address, asked)
        else:
            items = list(self._matching(address, asked))
        offset = offset_of(asked.get("pageToken", "0"))
        size = min(asked.get("maxResults", 250), self.page)
        answer = {
            "kind": "calendar#events",
            "timeZone": self.zones[address],
            "items": items[offset : offset + size],
        }
        if offset + size < len(items):
            answer["nextPageToken"] = f"page.{offset + size}"
        elif self.sync_tokens and "privateExtendedProperty" not in asked:
            answer["nextSyncToken"] = self._token(address, asked)
        return answer

    def _token(self, address: str, asked: dict[str, Any]) -> str:
        state = [len(self.changes[address]), [asked.get(name) for name in _SAME]]
        return base64.urlsafe_b64encode(json.dumps(state).encode()).decode()

    def _since(self, address: str, asked: dict[str, Any]) -> list[dict[str, Any]]:
        if wrong := _WITH_TOKEN & set(asked):
            raise Refusal(400, f"syncTokenWithRequestDefaultParameters {sorted(wrong)}")
        try:
            number, same = json.loads(base64.urlsafe_b64decode(asked["syncToken"]))
        except ValueError as error:
            raise Refusal(410, "fullSyncRequired") from error
        if same != [asked.get(name) for name in _SAME]:
            raise Refusal(400, "invalid")
        if number < self.oldest or number > len(self.changes[address]):
            raise Refusal(410, "fullSyncRequired")
        keys = dict.fromkeys(self.changes[address][number:])
        return [{"id": key, "status": "confirmed"} for key in keys]

    def _matching(self, address: str, asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
        low = _moment(asked.get("timeMin", "1970-01-01T00:00:00+00:00"))
        high = _moment(asked.get("timeMax", "2100-01-01T00:00:00+00:00"))
        wanted = [p.partition("=")[::2] for p in asked.get("privateExtendedProperty", [])]
        for event in self._visible(address, Interval(low, high), asked):
            private = event.get("extendedProperties", {}).get("private", {})
            if any(private.get(name) != value for name, value in wanted):
                continue
            stretch = _stretch(event, self.zones[address])
            if stretch.end > low and stretch.start < high:
                yield event

    def _visible(
        self, address: str, window: Interval, asked: dict[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """Own events, those this user is invited to, and what recurs, expanded or not."""
        for owner, events in self.events.items():
            for event in events.values():
                guests = {a["email"] for a in event.get("attendees", [])}
                if event["status"] != "cancelled" and (owner == address or address in guests):
                    yield _seen_by(event, address, asked.get("maxAttendees", 0))
        for key, series in self.series[address].items():
            if not series.recurs or asked.get("singleEvents"):
                for occurrence in series.occurrences(window):
                    if not occurrence.cancelled:
                        yield _event(key, occurrence, address)
            else:
                yield _event(key, series.occurrences(window)[0], address)

    def _get(self, user: str, call: Call) -> Any:
        address, key = self._calendar(user, call), call.parameters["eventId"]
        if key not in self.events[address]:
            raise Refusal(404, "notFound")
        return self.events[address][key]

    def _insert(self, user: str, call: Call) -> Any:
        address, body = self._calendar(user, call), dict(call.body)
        key = body.pop("id", None) or f"made{len(self.changes[address]):028d}"
        if not _ID.fullmatch(key):
            raise Refusal(400, "invalid")
        if self.own_ids:
            key = f"made{len(self.changes[address]):028d}"
        if key in self.events[address]:
            raise Refusal(409, "duplicate")
        event = {"id": key, "iCalUID": f"{key}@google.com", "status": "confirmed", "sequence": 0}
        self.events[address][key] = self._with(event, body, call)
        self._touch_all(address, key)
        self._note(call, "insert", event)
        return event

    def _patch(self, user: str, call: Call) -> Any:
        address = self._calendar(user, call)
        event = self._get(user, call)
        moved, body = "start" in call.body, dict(call.body)
        if self.keeps_answers:
            answers = {a["email"]: a["responseStatus"] for a in event.get("attendees", [])}
            body["attendees"] = [
                {**a, "responseStatus": answers.get(a["email"], a["responseStatus"])}
                for a in body.get("attendees", event.get("attendees", []))
            ]
        self._with(event, body, call)
        event["sequence"] += moved
        self._touch_all(address, event["id"])
        self._note(call, "patch", event)
        return event

    def _with(self, event: dict[str, Any], body: dict[str, Any], call: Call) -> dict[str, Any]:
        conference = body.pop("conferenceData", None)
        changed = {**event, **body}
        if "start" not in changed or "end" not in changed:
            raise Refusal(400, "required")
        stretch = _stretch(changed, "UTC")
        if stretch.end < stretch.start:
            raise Refusal(400, "timeRangeEmpty")
        event.update(body)
        if conference and call.parameters.get("conferenceDataVersion") == 1:
            asked = conference["createRequest"]
            if asked["conferenceSolutionKey"]["type"] != "hangoutsMeet":
                raise Refusal(400, "invalidConferenceTypeValue")
            event.setdefault("hangoutLink", f"https://meet.google.com/{asked['requestId'][:10]}")
        return event

    def _delete(self, user: str, call: Call) -> Any:
        address, event = self._calendar(user, call), self._get(user, call)
        if event["status"] == "cancelled":
            raise Refusal(410, "deleted")
        event["status"] = "cancelled"
        self._touch_all(address, event["id"])
        self._note(call, "delete", event)
        return None

    def _note(self, call: Call, what: str, event: dict[str, Any]) -> None:
        # Without the parameter Google mails nobody on these calls; `all` and `externalOnly` do.
        if call.parameters.get("sendUpdates", "none") != "none":
            self.mailed.append(f"{what} {event['id']}")

    def _free_busy(self, user: str, call: Call) -> Any:
        window = Interval(_moment(call.body["timeMin"]), _moment(call.body["timeMax"]))
        if window.length > _LONGEST:
            raise Refusal(400, "timeRangeTooLong")
        answer: dict[str, Any] = {}
        for item in call.body["items"]:
            address = item["id"]
            if address != user:
                answer[address] = {"errors": [{"domain": "global", "reason": "notFound"}]}
                continue
            busy = merged(self._busy(address, window))
            answer[address] = {"busy": [{"start": _z(b.start), "end": _z(b.end)} for b in busy]}
        return {"kind": "calendar#freeBusy", "calendars": answer}

    def _busy(self, address: str, window: Interval) -> Iterator[Interval]:
        for event in self._visible(address, window, {"singleEvents": True}):
            own: Any = next((a for a in event.get("attendees", []) if a.get("self")), {})
            free = event.get("transparency") == "transparent" or event.get("endTimeUnspecified")
            kind = event.get("eventType", "default")
            if own.get("responseStatus") == "declined" or kind == "workingLocation":
                continue
            if free and kind != "outOfOffice":
                continue
            stretch = _stretch(event, self.zones[address])
            low, high = max(stretch.start, window.start), min(stretch.end, window.end)
            if low < high:
                yield Interval(low, high)


def _event_id(uid: str) -> str:
    return base64.b32hexencode(uid.encode()).decode().lower().rstrip("=").ljust(5, "0")


def _seen_by(event: dict[str, Any], address: str, most: int) -> dict[str, Any]:
    """With `maxAttendees` exceeded Google names only the one who asks."""
    marked = [
        {**a, "self": True} if a["email"] == address else a for a in event.get("attendees", [])
    ]
    if most and len(marked) > most:
        marked = [a for a in marked if a.get("self")]
    return {**event, "attendees": marked}


def _event(key: str, occurrence: Occurrence, owner: str) -> dict[str, Any]:
    start, end = occurrence.start, occurrence.end
    mark = start.strftime("%Y%m%dT%H%M%SZ" if isinstance(start, datetime) else "%Y%m%d")
    event: dict[str, Any] = {
        "id": f"{key}_{mark}" if occurrence.original else key,
        "iCalUID": occurrence.uid,
        "status": "tentative" if occurrence.show == "tentative" else "confirmed",
        "summary": occurrence.title or "A title that nobody asked for",
        "location": occurrence.place,
        "eventType": _KINDS.get(occurrence.show, "default"),
        "start": _edge(start),
        "end": _edge(end),
    }
    if occurrence.show == "free":
        event["transparency"] = "transparent"
    if occurrence.private:
        event["visibility"] = "private"
    if occurrence.no_end:
        event["endTimeUnspecified"] = True
    if occurrence.response:
        answer = _RESPONSES[occurrence.response]
        event["attendees"] = [{"email": owner, "self": True, "responseStatus": answer}]
    return event


def _edge(moment: Any) -> dict[str, str]:
    if not isinstance(moment, datetime):
        return {"date": moment.isoformat()}
    zone = getattr(moment.tzinfo, "key", "UTC")
    return {"dateTime": moment.isoformat(), "timeZone": zone}


def _stretch(event: dict[str, Any], zone: str) -> Interval:
    start, end = (_placed(event[name], zone) for name in ("start", "end"))
    if end < start:
        raise Refusal(400, "timeRangeEmpty")
    return Interval(start, end)


def _placed(edge: dict[str, str], zone: str) -> datetime:
    if "date" in edge:
        return datetime.fromisoformat(edge["date"]).replace(tzinfo=ZoneInfo(zone))
    return _moment(edge["dateTime"])


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Refusal(400, "invalid") from error
    if moment.tzinfo is None:
        raise Refusal(400, "required")
    return moment


def _z(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

"""Busy times from Google Calendar: `google:ADDRESS`.

With the scope calendar.events.readonly by events.list and its syncToken, which then only says
whether anything changed; with calendar.freebusy alone by freebusy.query.
https://developers.google.com/workspace/calendar/api/guides/sync
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from integrations.google import DETAILS, FREEBUSY, Account, MissingScope, Refused
from integrations.google_answers import LATER, pages, understood
from integrations.ports import OPAQUE, Access, BusySource, Owner, ProviderError, Reading, item_key
from mentoring.interval import Interval, clipped, merged

_PAGE = 2500
_ASKED = ("nextPageToken", "nextSyncToken", "timeZone", "items")
_FIELDS = (
    f"{','.join(_ASKED)}(id,iCalUID,status,transparency,eventType,"
    "start,end,endTimeUnspecified,attendees(self,responseStatus))"
)
_GONE = frozenset({400, 410})
_SHORTEST = timedelta(days=7)


@dataclass(frozen=True)
class _Cursor:
    """What was read from `since` to `until`, in seconds since the epoch.

    `token` is empty where the server gives none, and `digest` tells one answer from the next
    instead; `details` is False where only free/busy may be read.
    """

    details: bool = True
    token: str = ""
    digest: str = ""
    since: float = 0.0
    until: float = 0.0


@dataclass(frozen=True)
class GoogleSource:
    account: Account
    owner: Owner

    @understood
    def read(self, window: Interval, cursor: str | None) -> Reading:
        known = _Cursor(**json.loads(cursor)) if cursor else _Cursor()
        if known.until < window.end.timestamp():
            known = _Cursor()
        if known.since:  # the same question gets the same answer, and so the same digest
            window = Interval(datetime.fromtimestamp(known.since, UTC), window.end)
        if not known.details:
            return self._free_busy(window, known)
        if known.token and not self._changed(known.token):
            return Reading({}, False, _text(known))
        try:
            return self._whole(window, known)
        except MissingScope:
            return self._free_busy(window, known)

    def _changed(self, token: str) -> bool:
        """Whether anything happened since the token; one that is too old says nothing."""
        try:
            answer = self._list(syncToken=token)
        except Refused:
            return True
        return bool(answer.get("items")) or "nextPageToken" in answer

    def _whole(self, window: Interval, known: _Cursor) -> Reading:
        bounds = {"timeMin": window.start.isoformat(), "timeMax": window.end.isoformat()}
        answers = pages(
            lambda page: self._list(**bounds, **({"pageToken": page} if page else {})),
            self.account.name,
        )
        items = self._busy(answers, window)
        token = str(answers[-1].get("nextSyncToken", ""))
        return _reading(items, known, _Cursor(True, token, _digest(items), *_bounds(window)))

    def _list(self, **how: Any) -> Any:
        # Google wants the same parameters with a sync token as in the read that gave it.
        events = self.account.service("calendar").events()
        request = events.list(
            calendarId=self.account.address,
            singleEvents=True,
            maxAttendees=1,  # the owner's own answer, and nobody else's
            maxResults=_PAGE,
            fields=_FIELDS,
            **how,
        )
        expected = _GONE if "syncToken" in how else frozenset()
        answer = self.account.call(DETAILS, request, expected=expected)
        # Google says the zone of every calendar, and nothing that was not asked for: what does
        # otherwise is no calendar without entries.
        whole = "timeZone" in answer and not answer.keys() - _ASKED
        if not whole or not isinstance(answer.get("items", []), list):
            raise self.account.garbled()
        return answer

    def _busy(self, answers: list[Any], window: Interval) -> dict[str, tuple[Interval, ...]]:
        zone = ZoneInfo(self.owner.timezone)
        found: dict[str, list[Interval]] = defaultdict(list)
        for event in (event for answer in answers for event in answer.get("items", [])):
            if _is_free(event):
                continue
            span = _span(event["start"], event["end"], zone)
            found[item_key(event.get("iCalUID") or event["id"])] += clipped([span], window)
        return {key: tuple(merged(spans)) for key, spans in found.items() if spans}

    def _free_busy(self, window: Interval, known: _Cursor) -> Reading:
        spans = tuple(merged(self._ask(window)))
        items = {OPAQUE: spans} if spans else {}
        return _reading(items, known, _Cursor(False, "", _digest(items), *_bounds(window)))

    def _ask(self, window: Interval) -> list[Interval]:
        """Busy spans; a window that Google finds too long is asked for in halves."""
        body = {
            "timeMin": window.start.isoformat(),
            "timeMax": window.end.isoformat(),
            "items": [{"id": self.account.address}],
        }
        request = self.account.service("calendar").freebusy().query(body=body)
        half = window.start + window.length / 2
        try:
            answer = self.account.call(FREEBUSY, request, expected=frozenset({400}))
        except Refused as error:
            if window.length < _SHORTEST:
                raise ProviderError(
                    f"{self.account.name}: Google refuses the free/busy request ({error.status})",
                    mend=LATER,
                ) from error
            first, second = Interval(window.start, half), Interval(half, window.end)
            return [*self._ask(first), *self._ask(second)]
        return self._spans(answer, window)

    def _spans(self, answer: Any, window: Interval) -> list[Interval]:
        own: Any = answer["calendars"][self.account.address]
        if faults := own.get("errors"):
            raise ProviderError(
                f"{self.account.name}: Google can't say when it is busy ({faults[0]['reason']})",
                mend="check the address in people.csv, and that the calendar is there",
                permanent=faults[0]["reason"] == "notFound",
            )
        if not isinstance(own["busy"], list):
            raise TypeError("no list of busy times")
        zone = ZoneInfo("UTC")
        spans = (
            _span({"dateTime": span["start"]}, {"dateTime": span["end"]}, zone)
            for span in own["busy"]
        )
        return clipped(spans, window)


def _is_free(event: Mapping[str, Any]) -> bool:
    """Free is what is off, declined, or marked so; out of office is busy however it is marked."""
    if event.get("status") == "cancelled" or event.get("endTimeUnspecified") is True:
        return True
    own: Any = next((a for a in event.get("attendees", []) if a.get("self")), {})
    if own.get("responseStatus") == "declined":
        return True
    kind = event.get("eventType", "default")
    if kind == "outOfOffice":
        return False
    return kind == "workingLocation" or event.get("transparency") == "transparent"


def _span(first: Mapping[str, str], last: Mapping[str, str], zone: ZoneInfo) -> Interval:
    start, end = _instant(first, zone), _instant(last, zone)
    if end < start:
        raise ValueError("a busy time ends before it starts")
    return Interval(start, end)


def _instant(edge: Mapping[str, str], zone: ZoneInfo) -> datetime:
    """A start or end: an instant, or a date that floats in the owner's zone."""
    if "dateTime" not in edge:
        return datetime.combine(date.fromisoformat(edge["date"]), time(), zone).astimezone(UTC)
    moment = datetime.fromisoformat(edge["dateTime"])
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=_zone(edge["timeZone"]))
    return moment.astimezone(UTC)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except OSError as error:  # a name that no file may have
        raise ValueError("no time zone") from error


def _reading(items: Mapping[str, tuple[Interval, ...]], known: _Cursor, cursor: _Cursor) -> Reading:
    """Without a token an equal answer says that nothing changed."""
    unchanged = cursor.digest == known.digest and known.details == cursor.details
    if unchanged and not cursor.token:
        return Reading({}, False, _text(known))
    return Reading(items, True, _text(cursor))


def _digest(items: Mapping[str, tuple[Interval, ...]]) -> str:
    lines = sorted(
        f"{key} {span.start} {span.end}" for key, spans in items.items() for span in spans
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _bounds(window: Interval) -> tuple[float, float]:
    return window.start.timestamp(), window.end.timestamp()


def _text(cursor: _Cursor) -> str:
    return json.dumps(asdict(cursor))


def busy_source(url: str, owner: Owner, access: Access) -> BusySource:
    return GoogleSource(Account(url.partition(":")[2], access), owner)

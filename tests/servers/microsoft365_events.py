"""The simulator's calendar operations: views, their delta, free/busy, events made and changed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.servers.faults import Answer
from tests.servers.microsoft365_ask import (
    Links,
    Refusal,
    Request,
    check_body,
    page_size,
    paged,
    parameters,
    selected,
)
from tests.servers.microsoft365_calendar import Event, Occurrence, Shelf, ical_uid
from tests.servers.microsoft365_schema import schema

EVENT = "graph.event"
_OURS = re.compile(
    r"singleValueExtendedProperties/any\(\s*(\w+)\s*:\s*\1/id eq '((?:[^']|'')*)' and "
    r"\1/value eq '((?:[^']|'')*)'\)",
    re.IGNORECASE,
)
_EXPAND = re.compile(
    r"singleValueExtendedProperties\(\$filter=(id eq '[^']*'(?: or id eq '[^']*')*)\)"
)
_PROPERTY = re.compile(
    r"(String|Integer|Boolean) \{[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\} Name \S.*"
)
_LONGEST = timedelta(days=62)


@dataclass
class Calendars:
    links: Links
    shelves: dict[str, Shelf] = field(default_factory=dict)
    oldest: int = 0
    meetings: int = 0
    links_late: bool = False
    invitations: list[str] = field(default_factory=list)
    nameless: bool = False

    def view(self, shelf: Shelf, request: Request) -> Answer:
        if followed := self.links.follow(request):
            return followed
        parameters(request, "startDateTime", "endDateTime", "$select", "$top")
        size = page_size(request, 10)
        names = selected(request, EVENT)
        rows = [
            _only(self.shown(shelf, o, request), names)
            for o in sorted(shelf.view(*_reach(request)), key=lambda o: (o.start, o.event.key))
        ]
        return paged(rows, size, self.links, request.path, dict)

    def delta(self, shelf: Shelf, request: Request) -> Answer:
        if followed := self.links.follow(request):
            return followed
        parameters(request, "startDateTime", "endDateTime")
        return self._round(shelf, request, _reach(request), None)

    def _round(
        self, shelf: Shelf, request: Request, reach: tuple[datetime, datetime], since: int | None
    ) -> Answer:
        """What changed since a count of changes (None: all), and a link bound to the same view."""
        if since is not None and since < self.oldest:
            raise Refusal(410, "SyncStateNotFound", "The sync state generation is not found")
        now = shelf.changes
        rows = [
            row
            for event in shelf.events.values()
            for row in self._news(shelf, event, request, reach, since)
        ]
        if since is not None:
            rows += [_removed(key) for key, at in shelf.gone if at > since]

        def last() -> dict[str, str]:
            link = self.links.make(
                request.path, "$deltatoken", lambda later: self._round(shelf, later, reach, now)
            )
            return {"@odata.deltaLink": link}

        return paged(rows, page_size(request, 10), self.links, request.path, last)

    def _news(
        self,
        shelf: Shelf,
        event: Event,
        request: Request,
        reach: tuple[datetime, datetime],
        since: int | None,
    ) -> Iterator[dict[str, Any]]:
        """Occurrences come bare: microsoft-graph-docs issue 7632."""
        if since is not None and event.changed <= since:
            return
        shown = list(shelf.within(event, *reach))
        if not shown and since is not None:
            yield _removed(event.key)
        if shown and event.item.recurrence:
            yield self.entry(shelf, event, request)
        for occurrence in shown:
            whole = self.shown(shelf, occurrence, request)
            bare = {"@odata.etag", "id", "seriesMasterId", "type", "start", "end"}
            yield _only(whole, bare if occurrence.kind == "occurrence" else None)

    def schedule(self, request: Request) -> Answer:
        parameters(request)
        body = request.json()
        known = {"schedules", "startTime", "endTime", "availabilityViewInterval"}
        if set(body) - known or not {"schedules", "startTime", "endTime"} <= set(body):
            raise Refusal(400, "BadRequest", "getSchedule takes other parameters")
        for name in ("startTime", "endTime"):
            check_body("graph.dateTimeTimeZone", body[name])
        start, end = (given(body[name]) for name in ("startTime", "endTime"))
        if end - start > _LONGEST:
            raise Refusal(400, "ErrorTimeIntervalTooBig", "The allowed limit = 62 days")
        if not 5 <= body.get("availabilityViewInterval", 30) <= 1440 or end <= start:
            raise Refusal(400, "ErrorInvalidMergedFreeBusyInterval", "5 to 1440 minutes")
        rows = [self._availability(name, start, end) for name in body["schedules"]]
        for row in rows:
            _sound("graph.scheduleInformation", row)
        return Answer(200, {"value": rows})

    def _availability(self, name: str, start: datetime, end: datetime) -> dict[str, Any]:
        shelf = self.shelves.get(name)
        if shelf is None:
            error = {"message": "Unable to resolve", "responseCode": "ErrorMailRecipientNotFound"}
            return {"scheduleId": name, "availabilityView": "", "error": error}
        shown = [
            {
                "status": o.item.properties["showAs"],
                "start": _time(_at(o, shelf, o.start)),
                "end": _time(_at(o, shelf, o.end)),
            }
            for o in shelf.view(start, end)
            if not o.item.properties["isCancelled"]
            and o.item.properties["responseStatus"]["response"] != "declined"
            and o.start < o.end
        ]
        return {"scheduleId": name, "availabilityView": "0", "scheduleItems": shown}

    def listing(self, shelf: Shelf, request: Request) -> Answer:
        if followed := self.links.follow(request):
            return followed
        parameters(request, "$filter", "$select", "$expand", "$top")
        names, rows = selected(request, EVENT), list(shelf.events.values())
        if "$filter" in request.query:
            found = _OURS.fullmatch(request.query["$filter"])
            if not found:
                raise Refusal(400, "ErrorInvalidUrlQueryFilter", "The filter is not supported")
            name, value = property_name(found[2]), found[3].replace("''", "'")
            rows = [event for event in rows if event.extended.get(name) == value]
        expanded = _expanded(request)
        shown = [self.entry(shelf, event, request, names, expanded) for event in rows]
        return paged(shown, page_size(request, 10), self.links, request.path, dict)

    def one(self, shelf: Shelf, key: str, request: Request) -> Answer:
        parameters(request, "$select", "$expand")
        event = find(shelf, key)
        names = selected(request, EVENT)
        return Answer(200, self.entry(shelf, event, request, names, _expanded(request)))

    def entry(
        self,
        shelf: Shelf,
        event: Event,
        request: Request,
        names: set[str] | None = None,
        expanded: set[str] | None = None,
    ) -> dict[str, Any]:
        """An event by itself; a series is its master."""
        item = event.item
        start, end = (item.instant(t, shelf.zone) for t in (item.start, item.end))
        if item.all_day:
            start, end = (t.replace(tzinfo=UTC) for t in (item.start, item.end))
        whole = self.shown(shelf, Occurrence(event, item, start, end, None), request)
        if item.recurrence:
            whole |= {"type": "seriesMaster", "recurrence": item.recurrence}
        whole = _only(whole, names)
        if expanded:
            whole["singleValueExtendedProperties"] = [
                {"id": name, "value": value}
                for name, value in event.extended.items()
                if name in expanded
            ]
        _sound(EVENT, whole)
        return whole

    def shown(self, shelf: Shelf, occurrence: Occurrence, request: Request) -> dict[str, Any]:
        event, item = occurrence.event, occurrence.item
        mutable = "" if "ImmutableId" in request.prefer else f"v{event.changed}"
        suffix = f"@{occurrence.original:%Y%m%d}" if occurrence.original else ""
        series = occurrence.original is not None
        row = {
            **item.properties,
            "@odata.etag": f'W/"{event.changed}"',
            "id": f"{event.key}{mutable}{suffix}",
            "changeKey": f"k{event.changed}",
            "iCalUId": None if self.nameless else ical_uid(occurrence),
            "type": occurrence.kind,
            "seriesMasterId": f"{event.key}{mutable}" if series else None,
            "isAllDay": item.all_day,
            "start": _time(occurrence.start),
            "end": _time(occurrence.end),
            "originalStartTimeZone": item.zone,
        }
        if 'outlook.timezone="UTC"' not in request.prefer:
            raise Refusal(400, "SimulatorWantsUTC", "no zone was asked for")
        _sound(EVENT, row)
        return row


def _sound(kind: str, row: dict[str, Any]) -> None:
    if found := schema().faults(kind, row):
        raise AssertionError(f"the simulator's own answer: {found}")


def _only(row: dict[str, Any], names: set[str] | None) -> dict[str, Any]:
    if names is None:
        return row
    return {n: v for n, v in row.items() if n in names or n in ("id", "@odata.etag")}


def _removed(key: str) -> dict[str, Any]:
    return {"id": key, "@removed": {"reason": "deleted"}}


def _reach(request: Request) -> tuple[datetime, datetime]:
    try:
        found = [datetime.fromisoformat(request.query[f"{n}DateTime"]) for n in ("start", "end")]
    except (KeyError, ValueError) as error:
        raise Refusal(400, "ErrorInvalidParameter", "startDateTime and endDateTime") from error
    start, end = (t if t.tzinfo else t.replace(tzinfo=UTC) for t in found)
    if end <= start or end - start > timedelta(days=1825):
        raise Refusal(400, "ErrorCalendarViewRangeTooBig", "at most 1825 days")
    return start, end


def find(shelf: Shelf, key: str) -> Event:
    for event in shelf.events.values():
        if key in (event.key, f"{event.key}v{event.changed}"):
            return event
    raise Refusal(404, "ErrorItemNotFound", "The specified object was not found in the store.")


def _at(occurrence: Occurrence, shelf: Shelf, when: datetime) -> datetime:
    if not occurrence.item.all_day:
        return when
    return occurrence.item.instant(when.replace(tzinfo=None), shelf.zone)


def _time(instant: datetime) -> dict[str, str]:
    text = instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
    return {"dateTime": f"{text}0", "timeZone": "UTC"}


def given(value: dict[str, str]) -> datetime:
    if value.get("timeZone") != "UTC":
        raise Refusal(400, "TimeZoneNotSupportedException", "the simulator takes UTC alone")
    return datetime.fromisoformat(value["dateTime"]).replace(tzinfo=UTC)


def property_name(name: str) -> str:
    if not _PROPERTY.fullmatch(name):
        raise Refusal(400, "ErrorInvalidProperty", "no name of an extended property")
    return re.sub(r"\{.*?\}", lambda found: found[0].lower(), name)


def _expanded(request: Request) -> set[str]:
    if "$expand" not in request.query:
        return set()
    found = _EXPAND.fullmatch(request.query["$expand"])
    if not found:
        raise Refusal(400, "ErrorInvalidUrlQuery", "The expansion is not supported")
    return {property_name(name) for name in re.findall(r"id eq '([^']*)'", found[1])}

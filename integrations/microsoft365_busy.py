"""Busy times out of Microsoft 365: entries where they may be read, else free/busy alone."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from integrations import microsoft365_changes as changes
from integrations.microsoft365 import (
    FREE_BUSY,
    LATER,
    READ_EVENTS,
    GraphError,
    Mailbox,
    address_of,
    understood,
)
from integrations.ports import (
    OPAQUE,
    Access,
    BusySource,
    ConsentNeeded,
    Owner,
    ProviderError,
    Reading,
    item_key,
)
from mentoring.interval import Interval, clipped, merged

_FIELDS = "id,iCalUId,seriesMasterId,start,end,isAllDay,isCancelled,showAs,responseStatus"
_PAGE = "500"
_FREE = frozenset({"free", "workingElsewhere"})
_LONGEST_SCHEDULE = timedelta(days=60)  # the service allows 62
_GOID = "040000008200E00074C5B7101A82E008"
_FOREIGN = b"vCal-Uid\x01\x00\x00\x00"
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class _Cursor:
    """`link` tells of changes between `since` and `until`; `digest` stands for free/busy alone."""

    link: str
    digest: str
    since: float
    until: float

    def covers(self, window: Interval) -> bool:
        return self.since <= window.start.timestamp() and self.until >= window.end.timestamp()


@dataclass(frozen=True)
class Microsoft365Source:
    mailbox: Mailbox
    owner: Owner

    @understood
    def read(self, window: Interval, cursor: str | None) -> Reading:
        known = _parse(cursor)
        if cursor and known and known.covers(window):
            try:
                if known.digest:
                    return self._free_busy(window, cursor, known)
                return self._changes(window, cursor, known)
            except GraphError as error:  # what the app may do has changed
                if not error.denied:
                    raise
        return self._whole(window)

    @understood
    def check(self) -> None:
        now = datetime.now(UTC)
        self._whole(Interval(now, now + _DAY))

    def _changes(self, window: Interval, cursor: str, known: _Cursor) -> Reading:
        answer = changes.since(self.mailbox, known.link)
        if answer is None:
            return self._seeded(window)
        changed, link = answer
        if not changed:
            return Reading({}, False, cursor)
        after = _Cursor(link, "", known.since, known.until)
        return self._entries(window, after)

    def _whole(self, window: Interval) -> Reading:
        try:
            return self._seeded(window)
        except GraphError as error:
            if not error.denied:
                raise
            return self._fallback(window, error)

    def _seeded(self, window: Interval) -> Reading:
        link = changes.seed(self.mailbox, window)
        return self._entries(window, _new(window, link=link))

    def _entries(self, window: Interval, after: _Cursor) -> Reading:
        params = {**changes.bounds(window), "$select": _FIELDS, "$top": _PAGE}
        found: dict[str, list[Interval]] = defaultdict(list)
        warnings: list[str] = []
        for page in self.mailbox.pages(self.mailbox.url("/calendarView", params), READ_EVENTS):
            for event in page["value"]:
                self._collect(event, window, found, warnings)
        items = {key: tuple(merged(stretches)) for key, stretches in found.items()}
        return Reading(items, True, _text(after), tuple(warnings))

    def _collect(
        self,
        event: Any,
        window: Interval,
        found: dict[str, list[Interval]],
        warnings: list[str],
    ) -> None:
        try:
            key = item_key(_uid(event))
            span = None if _is_free(event) else self._span(event)
            if span and span[1] < span[0]:
                warnings.append("an entry ends before it starts: its day is taken as busy")
                span = self._midnight(span[0]), self._midnight(span[0] + _DAY)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise ProviderError(
                f"{self.mailbox.name}: an entry can't be read ({type(error).__name__})", mend=LATER
            ) from error
        stretches = found[key]
        if span is None:
            return
        start, end = span
        if end > window.start and start < window.end:
            stretches.append(Interval(max(start, window.start), min(end, window.end)))

    def _span(self, event: dict[str, Any]) -> tuple[datetime, datetime]:
        start, end = _instant(event["start"]), _instant(event["end"])
        if not _flag(event, "isAllDay"):
            return start, end
        # Midnights in no zone: https://github.com/microsoftgraph/microsoft-graph-docs/issues/16798
        return self._local(start.date()), self._local(end.date())

    def _midnight(self, instant: datetime) -> datetime:
        return self._local(instant.astimezone(ZoneInfo(self.owner.timezone)).date())

    def _local(self, day: date) -> datetime:
        return datetime.combine(day, time(), ZoneInfo(self.owner.timezone)).astimezone(UTC)

    def _fallback(self, window: Interval, refusal: GraphError) -> Reading:
        """Free/busy alone; where that is refused too, the first refusal says more."""
        try:
            return self._free_busy(window, "", None)
        except ConsentNeeded:
            raise
        except GraphError as error:
            raise (self._kept_out(refusal) if error.denied else error) from error

    def _kept_out(self, refusal: GraphError) -> ProviderError:
        """Where partners can consent themselves, that mends it too."""
        if self.mailbox.access.grants is None:
            return refusal
        mend = f"have its owner connect it (`connect PERSON` makes the link), or {refusal.mend}"
        return ConsentNeeded(refusal.message, mend=mend)

    def _free_busy(self, window: Interval, cursor: str, known: _Cursor | None) -> Reading:
        from_midnight = datetime.combine(window.start.date(), time(), UTC)
        busy = merged(self._schedule(Interval(from_midnight, window.end)))
        text = ";".join(f"{i.start.timestamp()}-{i.end.timestamp()}" for i in busy)
        digest = hashlib.sha256(text.encode()).hexdigest()
        if known and known.digest == digest:
            return Reading({}, False, cursor)
        after = _new(window, digest=digest)
        return Reading({OPAQUE: tuple(clipped(busy, window))}, True, _text(after))

    def _schedule(self, reach: Interval) -> Iterator[Interval]:
        """Busy stretches by getSchedule, which takes 62 days at a time."""
        edges = [reach.start]
        while edges[-1] < reach.end:
            edges.append(min(edges[-1] + _LONGEST_SCHEDULE, reach.end))
        asked = self._asked()
        for start, end in pairwise(edges):
            body = {
                "schedules": [self.mailbox.address],
                "startTime": _written(start),
                "endTime": _written(end),
                "availabilityViewInterval": 1440,
            }
            url = asked.url("/calendar/getSchedule")
            yield from self._stretches(asked.post(url, FREE_BUSY, body))

    def _asked(self) -> Mailbox:
        """In whose name: the mailbox that the administrator set, else the owner's own."""
        name = self.mailbox.access.options.get("lookup")
        if self.mailbox.delegated or not (isinstance(name, str) and name):
            return self.mailbox
        return Mailbox(name.lower(), self.mailbox.access)

    def _stretches(self, answer: dict[str, Any]) -> Iterator[Interval]:
        try:
            (schedule,) = answer["value"]
            if error := schedule.get("error"):
                raise ProviderError(
                    f"free/busy of {self.mailbox.address} is refused "
                    f"({error.get('responseCode', 'no reason')})",
                    mend="check the address, and that the calendar shows free/busy to colleagues",
                )
            if not isinstance(schedule["scheduleItems"], list):
                raise TypeError("no list of busy times")
            for item in schedule["scheduleItems"]:
                start, end = _instant(item["start"]), _instant(item["end"])
                if item["status"] not in _FREE:
                    yield Interval(start, end)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise ProviderError(
                f"free/busy of {self.mailbox.address} can't be read ({type(error).__name__})",
                mend=LATER,
            ) from error


def series_uid(ical_uid: str) -> str:
    """The UID that all occurrences of a series share: Graph writes each one's date into its own.

    MS-OXOCAL section 2.2.1.27 (PidLidGlobalObjectId); a UID from elsewhere is wrapped in one.
    """
    if not ical_uid.upper().startswith(_GOID):
        return ical_uid
    try:
        data = bytes.fromhex(ical_uid)[40:]
    except ValueError:
        return ical_uid
    if data.startswith(_FOREIGN):
        return data[len(_FOREIGN) :].rstrip(b"\x00").decode("utf-8", "replace")
    return f"{ical_uid[:32]}00000000{ical_uid[40:]}"


def _uid(event: dict[str, Any]) -> str:
    """The UID, else what the service calls the series or the entry: some entries have none."""
    if uid := event["iCalUId"]:
        return series_uid(uid)
    return str(event["seriesMasterId"] or event["id"])


def _is_free(event: dict[str, Any]) -> bool:
    answer = event.get("responseStatus") or {}
    if _flag(event, "isCancelled") or answer.get("response") == "declined":
        return True
    return event["showAs"] in _FREE


def _flag(event: dict[str, Any], name: str) -> bool:
    """Whatever else stands there says nothing, and so frees nobody. Raises TypeError."""
    value = event[name]
    if not isinstance(value, bool):
        raise TypeError(f"{name} is neither true nor false")
    return value


def _instant(value: dict[str, Any]) -> datetime:
    """A time as Graph writes it. Raises ValueError for one that is not in UTC, as asked for."""
    if value["timeZone"] != "UTC":
        raise ValueError("not in UTC")
    wall = datetime.fromisoformat(value["dateTime"])
    if wall.utcoffset():
        raise ValueError("not in UTC")
    return wall.replace(tzinfo=UTC)


def _written(instant: datetime) -> dict[str, str]:
    return {"dateTime": instant.strftime("%Y-%m-%dT%H:%M:%S"), "timeZone": "UTC"}


def _new(window: Interval, link: str = "", digest: str = "") -> _Cursor:
    return _Cursor(link, digest, window.start.timestamp(), window.end.timestamp())


def _text(cursor: _Cursor) -> str:
    return json.dumps(asdict(cursor))


def _parse(cursor: str | None) -> _Cursor | None:
    """What an earlier version wrote, or another adapter, means a full read."""
    try:
        return _Cursor(**json.loads(cursor)) if cursor else None
    except (ValueError, TypeError):
        return None


def busy_source(url: str, owner: Owner, access: Access) -> BusySource:
    return Microsoft365Source(Mailbox(address_of(url), access), owner)

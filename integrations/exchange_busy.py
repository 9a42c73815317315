"""Busy times from Exchange Web Services: `exchange:ADDRESS`.

SyncFolderItems says whether anything in the calendar changed, FindItem with a CalendarView expands
it. Where the calendar is not open to us, GetUserAvailability says when its owner is busy.
https://learn.microsoft.com/exchange/client-developer/web-service-reference/calendarview
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from exchangelib import CalendarItem
from exchangelib import errors as ews
from exchangelib.folders import Calendar
from exchangelib.properties import (
    CalendarView,
    DaylightTime,
    FreeBusyViewOptions,
    MailboxData,
    StandardTime,
    TimeWindow,
    TimeZone,
)
from exchangelib.services import GetUserAvailability

from integrations.exchange import EWS_UTC, Mailbox, ews_time, instant, mailbox
from integrations.exchange_faults import DENIED
from integrations.ports import OPAQUE, Access, BusySource, Owner, ProviderError, Reading, item_key
from mentoring.interval import Interval, clipped, merged

_FIELDS = (
    "start",
    "end",
    "uid",
    "legacy_free_busy_status",
    "my_response_type",
    "is_cancelled",
    "appointment_state",
)
_FREE = frozenset({"Free", "WorkingElsewhere"})
_MOST = 1000  # the server's own limit for one view, EWSFindCountLimit
_LONGEST = (62, 42, 31, 14)  # days that Exchange may answer for in one go, as it is configured
_SHORTEST = timedelta(hours=1)
_TOO_LONG = (ews.ErrorTimeIntervalTooBig,)
_CLOSED = (*DENIED, ews.ErrorNonExistentMailbox)
_VIEWS = frozenset({"FreeBusyMerged", "DetailedMerged"})  # what such a request can come to
_RANKS = {"Tentative": 1, "Busy": 2, "OOF": 3, "NoData": 5}
"""The digit of each kind that is not free in a merged view, where the highest one counts."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ELSEWHERE = 4
_SLOT = timedelta(minutes=15)  # of the merged view; 6 minutes is the least that Exchange 2010 takes
_SECRETIVE = (
    ews.ErrorNoFreeBusyAccess,
    ews.ErrorFreeBusyGenerationFailed,
    ews.ErrorMailRecipientNotFound,
    ews.ErrorProxyRequestProcessingFailed,
)


@dataclass(frozen=True)
class _Cursor:
    """What was read from `since` to `until`, in seconds since the epoch.

    `state` is the folder's sync state. `details` is False where only free/busy may be read:
    `digest` then tells one answer from the next.
    """

    details: bool = True
    state: str = ""
    digest: str = ""
    since: float = 0.0
    until: float = 0.0


class _Reach:
    """How long a stretch the server answers for in one go, once it is known."""

    def __init__(self) -> None:
        self._days = _LONGEST[0]

    def parts(
        self, window: Interval, ask: Callable[[Interval], list[Interval]]
    ) -> list[list[Interval]]:
        """The answers for a window, in as few questions as the server takes."""
        for days in (d for d in _LONGEST if d <= self._days):
            try:
                found = [ask(part) for part in _split(window, timedelta(days=days))]
            except _TOO_LONG:
                continue
            self._days = days
            return found
        self._days = 1
        return [ask(part) for part in _split(window, timedelta(days=1))]


@dataclass(frozen=True)
class ExchangeSource:
    mailbox: Mailbox
    owner: Owner

    def read(self, window: Interval, cursor: str | None) -> Reading:
        known = _Cursor(**json.loads(cursor)) if cursor else _Cursor()
        if known.until < window.end.timestamp():
            known = _Cursor()
        if not known.details:
            return self._free_busy(window, known)
        try:
            return self.mailbox.call(lambda a: self._details(a, window, known), expected=_CLOSED)
        except _CLOSED as error:
            closed = error
        return self._instead(closed, window)  # outside: what fails there has no part in `closed`

    def _details(self, account: Any, window: Interval, known: _Cursor) -> Reading:
        found = self.mailbox.sync(account, Calendar, known.state) if known.state else None
        if found and not found[0] and known.since:
            return Reading({}, False, _text(known))
        if found is None:  # the state now is taken first, so that nothing falls between
            found = self.mailbox.sync(account, Calendar, None)
        items = self._busy(self._view(account, window), window)
        state = found[1] if found else ""
        return Reading(items, True, _text(_Cursor(True, state, "", *_bounds(window))))

    def _view(self, account: Any, window: Interval) -> list[Any]:
        """What the window shows, recurrences expanded; a view too full is asked for in halves."""
        view = CalendarView(start=ews_time(window.start), end=ews_time(window.end), max_items=_MOST)
        try:
            found = self.mailbox.find(
                account, Calendar, CalendarItem, _FIELDS, view=view, most=_MOST
            )
        except ews.ErrorExceededFindCountLimit:
            found = None
        if found is not None and len(found) < _MOST:
            return found
        if window.length < _SHORTEST:
            raise ProviderError(
                f"{self.mailbox.name}: more than {_MOST} entries within an hour",
                mend="clear the calendar of them",
                permanent=True,
            )
        half = window.start + window.length / 2
        first = self._view(account, Interval(window.start, half))
        return [*first, *self._view(account, Interval(half, window.end))]

    def _busy(self, entries: Iterable[Any], window: Interval) -> dict[str, tuple[Interval, ...]]:
        found: dict[str, list[Interval]] = defaultdict(list)
        for entry in entries:
            if not isinstance(entry, CalendarItem) or entry.start is None or entry.end is None:
                raise self.mailbox.garbled()
            if not _is_free(entry):
                key = item_key(entry.uid or entry.id)
                found[key] += clipped([_span(entry)], window)
        return {key: tuple(merged(spans)) for key, spans in found.items() if spans}

    def _instead(self, error: Exception, window: Interval) -> Reading:
        """Free/busy where the calendar is closed; where that is closed too, say what is missing."""
        try:
            return self._free_busy(window, _Cursor(False))
        except ProviderError as closed:
            if closed.permanent:
                raise self.mailbox.fault(error) from closed
            raise

    def _free_busy(self, window: Interval, known: _Cursor) -> Reading:
        if known.since:  # the same question gets the same answer, and so the same digest
            window = Interval(datetime.fromtimestamp(known.since, UTC), window.end)
        reach = self.mailbox.access.sessions.get("exchange reach", _Reach)
        found = reach.parts(_in_slots(window), self._opaque)
        spans = tuple(merged(clipped((span for part in found for span in part), window)))
        items = {OPAQUE: spans} if spans else {}
        digest = hashlib.sha256(str([str(span) for span in spans]).encode()).hexdigest()
        if digest == known.digest:
            return Reading({}, False, _text(known))
        return Reading(items, True, _text(_Cursor(False, "", digest, *_bounds(window))))

    def _opaque(self, part: Interval) -> list[Interval]:
        asking = replace(self.mailbox, behalf=True)
        return asking.call(lambda account: self._ask(account, part), expected=_TOO_LONG)

    def _ask(self, account: Any, part: Interval) -> list[Interval]:
        never = {"bias": 0, "time": datetime.min.time(), "occurrence": 1, "iso_month": 1}
        utc = TimeZone(
            bias=0,
            standard_time=StandardTime(**never, weekday="Sunday"),
            daylight_time=DaylightTime(**never, weekday="Sunday"),
        )
        try:
            views = list(
                GetUserAvailability(account.protocol).call(
                    tzinfo=EWS_UTC,
                    mailbox_data=[
                        MailboxData(
                            email=self.mailbox.address,
                            attendee_type="Required",
                            exclude_conflicts=False,
                        )
                    ],
                    timezone=utc,
                    free_busy_view_options=FreeBusyViewOptions(
                        time_window=TimeWindow(start=ews_time(part.start), end=ews_time(part.end)),
                        merged_free_busy_interval=_SLOT // timedelta(minutes=1),
                        requested_view="FreeBusyMerged",
                    ),
                )
            )
            for view in views:
                if isinstance(view, Exception):
                    raise view
        except _SECRETIVE as error:
            raise self._secret(type(error).__name__) from error
        if len(views) != 1:
            raise self.mailbox.garbled()
        if views[0].view_type not in _VIEWS:
            raise self._secret(f"its answer is {views[0].view_type}")
        told = [(_span(event), str(event.busy_type)) for event in views[0].calendar_events or ()]
        slots = (views[0].merged or "")[: part.length // _SLOT]
        if len(slots) < part.length // _SLOT or not (slots.isascii() and slots.isdecimal()):
            raise self.mailbox.garbled()
        busy = [entry for entry, kind in told if kind not in _FREE]
        return [*busy, *_untold(part.start, slots, told)]

    def _secret(self, why: str) -> ProviderError:
        return ProviderError(
            f"{self.mailbox.name}: Exchange does not say when it is free or busy ({why})",
            mend="have its owner share at least free/busy times with the service account",
            permanent=True,
        )


def _is_free(entry: Any) -> bool:
    """Free is what is off, declined or marked so; out of office is busy."""
    state = entry.appointment_state
    cancelled = entry.is_cancelled or "Canceled" in (state or ())
    return bool(
        cancelled or entry.my_response_type == "Decline" or entry.legacy_free_busy_status in _FREE
    )


def _span(entry: Any) -> Interval:
    """Raises ValueError where it ends before it starts: an answer that is garbled."""
    return Interval(instant(entry.start), instant(entry.end))


def _in_slots(window: Interval) -> Interval:
    """The whole slots that a window touches: from there they are counted in the answer."""
    start = window.start - (window.start - _EPOCH) % _SLOT
    return Interval(start, window.end + (_EPOCH - window.end) % _SLOT)


def _untold(first: datetime, slots: str, told: list[tuple[Interval, str]]) -> Iterator[Interval]:
    """The slots whose digit no entry explains: they are busy.

    exchangelib passes over an entry that it does not understand; the merged view, a digit for a
    slot, still tells of it. To older servers 4 is "no data", to some "working elsewhere".
    https://learn.microsoft.com/exchange/client-developer/web-service-reference/mergedfreebusy
    """
    kinds: dict[int, set[str]] = defaultdict(set)
    for entry, kind in told:
        begin, end = (entry.start - first) // _SLOT, -((first - entry.end) // _SLOT)
        for number in range(max(begin, 0), min(end, len(slots))):
            kinds[number].add(kind)
    for number, digit in enumerate(slots):
        if not _explains(kinds[number], int(digit)):
            yield Interval(first + number * _SLOT, first + (number + 1) * _SLOT)


def _explains(kinds: Set[str], digit: int) -> bool:
    if digit == _ELSEWHERE:
        return bool(kinds - {"Free"})
    return max((_RANKS.get(kind, 0) for kind in kinds), default=0) >= digit


def _split(window: Interval, length: timedelta) -> list[Interval]:
    count = -(-window.length // length)
    starts = [window.start + length * number for number in range(count)]
    return [Interval(start, min(start + length, window.end)) for start in starts]


def _bounds(window: Interval) -> tuple[float, float]:
    return window.start.timestamp(), window.end.timestamp()


def _text(cursor: Any) -> str:
    return json.dumps(asdict(cursor))


def busy_source(url: str, owner: Owner, access: Access) -> BusySource:
    return ExchangeSource(mailbox(url, access), owner)

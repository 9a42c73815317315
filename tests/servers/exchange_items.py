"""The properties of the Exchange simulator's items: what a request sets and an answer shows."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from mentoring.interval import Interval
from tests.servers.entries import CannotExpress, Occurrence, Series
from tests.servers.exchange_soap import NAMES, Refusal, order, t
from tests.servers.exchange_store import Item, Store, local, path_of, stamp

_OF_ITEMS = frozenset({"Subject", "Body", "Sensitivity", "Categories", "Importance", "Culture"})
_FIXED = frozenset({"calendar:UID", "calendar:IsCancelled", "calendar:MyResponseType"})
_RECURS = frozenset({"DAILY", "WEEKLY", "MONTHLY", "YEARLY"})
_SHOWS = {
    "busy": "Busy",
    "free": "Free",
    "tentative": "Tentative",
    "oof": "OOF",
    "elsewhere": "WorkingElsewhere",
}
_DIGITS = {"Free": 0, "WorkingElsewhere": 0, "Tentative": 1, "Busy": 2, "OOF": 3, "NoData": 5}
RESPONSES = {
    "ACCEPTED": "Accept",
    "DECLINED": "Decline",
    "TENTATIVE": "Tentative",
    "NEEDS-ACTION": "NoResponseReceived",
    "": "Unknown",
}


@dataclass(frozen=True)
class Shown:
    """One line of a calendar: an item, or one occurrence of it."""

    item: Item
    start: datetime
    end: datetime
    occurrence: Occurrence | None = None

    @property
    def busy_type(self) -> str:
        one = self.occurrence
        if one is None:
            return self.item.text("calendar:LegacyFreeBusyStatus") or "Busy"
        return "Free" if one.cancelled or one.response == "DECLINED" else _SHOWS[one.show]


def can_hold(series: Series) -> None:
    """Raises CannotExpress for what Exchange has no recurrence pattern for."""
    for part in series.components:
        if "RDATE" in part:
            raise CannotExpress("occurrences beside the pattern")
        rule: Any = part.get("RRULE")
        if rule is None:
            continue
        if rule["FREQ"][0] not in _RECURS:
            raise CannotExpress("a series by the hour")
        start = part.decoded("dtstart")
        length = part.decoded("duration") if "duration" in part else part.decoded("dtend") - start
        if rule["FREQ"][0] == "DAILY" and length.days >= int(rule.get("INTERVAL", [1])[0]):
            raise CannotExpress("occurrences that overlap")


def properties(item: Any) -> dict[str, Any]:
    """The properties in an item of a CreateItem or UpdateItem request, by path."""
    found: dict[str, Any] = {}
    for child in item:
        tag = local(child)
        if tag == "ExtendedProperty":
            found[path_of(child[0])] = deepcopy(child)
        else:
            found[f"{'item' if tag in _OF_ITEMS else 'calendar'}:{tag}"] = deepcopy(child)
    return found


def change(item: Item, call_item: Any) -> None:
    """One ItemChange of an UpdateItem request."""
    fresh = dict(item.parts)
    for step in call_item.find("t:Updates", NAMES):
        path = path_of(step[0])
        if path in _FIXED:
            raise Refusal("ErrorInvalidPropertySet")
        if local(step) == "DeleteItemField":
            fresh.pop(path, None)
            continue
        fresh |= properties(step[1])
    check(fresh)
    item.parts = fresh


def check(parts: dict[str, Any]) -> None:
    if "calendar:Start" not in parts or "calendar:End" not in parts:
        raise Refusal("ErrorRequiredPropertyMissing")
    if _moment(parts["calendar:End"].text) < _moment(parts["calendar:Start"].text):
        raise Refusal("ErrorCalendarEndDateIsEarlierThanStartDate")


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def shown(store: Store, owner: str, window: Interval) -> Iterator[Shown]:
    """What a calendar shows between two instants, recurrences expanded."""
    zone = ZoneInfo(store.zones[owner])
    for item in store.within(owner, "calendar"):
        lines = _lines(item, window, zone)
        yield from (line for line in lines if line.start < window.end and line.end > window.start)


def merged(lines: list[Shown], window: Interval, slot: timedelta) -> str:
    """A digit for each slot of the window: the highest of what touches it ([MS-OXWAVLS])."""
    digits = [0] * -(-window.length // slot)
    for one in lines:
        begin, end = (one.start - window.start) // slot, -((window.start - one.end) // slot)
        for number in range(max(begin, 0), min(end, len(digits))):
            digits[number] = max(digits[number], _DIGITS[one.busy_type])
    return "".join(map(str, digits))


def _lines(item: Item, window: Interval, zone: ZoneInfo) -> Iterator[Shown]:
    if item.series is None:
        start, end = (_moment(item.text(f"calendar:{edge}")) for edge in ("Start", "End"))
        yield Shown(item, start, end)
        return
    for occurrence in item.series.occurrences(window):
        start, end = (
            edge if isinstance(edge, datetime) else datetime.combine(edge, time(), zone)
            for edge in (occurrence.start, occurrence.end)
        )
        yield Shown(item, start.astimezone(UTC), end.astimezone(UTC), occurrence)


def line(one: Shown, paths: list[str]) -> Any:
    """A line of a calendar as an answer shows it, with the properties asked for."""
    item = one.item
    if one.occurrence is not None and item.series is not None and item.series.recurs:
        key = t("ItemId", Id=f"{item.id}.{one.start:%Y%m%d%H%M}", ChangeKey="CQ1")
    else:
        key = item.item_id
    found = [element for path in paths if (element := _of_line(one, path)) is not None]
    return _ordered("CalendarItem", [key, *found])


def _of_line(one: Shown, path: str) -> Any:
    occurrence = one.occurrence
    known = {
        "calendar:Start": stamp(one.start),
        "calendar:End": stamp(one.end),
        "calendar:LegacyFreeBusyStatus": one.item.text(path) or "Busy",
        "calendar:IsCancelled": "false",
        "calendar:MyResponseType": "Organizer",
        "calendar:AppointmentState": "1",
        "calendar:UID": one.item.text("calendar:UID"),
    }
    if occurrence is not None:
        known |= {
            "calendar:LegacyFreeBusyStatus": _SHOWS[occurrence.show],
            "calendar:IsCancelled": str(occurrence.cancelled).lower(),
            "calendar:MyResponseType": RESPONSES[occurrence.response],
            "calendar:AppointmentState": "5" if occurrence.cancelled else "0",
            "calendar:Location": occurrence.place,
            "item:Subject": occurrence.title or "A title that nobody asked for",
        }
    if path in known:
        return t(path.partition(":")[2], known[path])
    return whole_property(one.item, path)


def whole(item: Item, paths: list[str]) -> Any:
    """An item of any folder as an answer shows it."""
    found = [element for path in paths if (element := whole_property(item, path)) is not None]
    return _ordered(item.kind, [item.item_id, *found])


def whole_property(item: Item, path: str) -> Any:
    tag = path.partition(":")[2]
    if item.kind != "CalendarItem":
        return _mail_property(item, path, tag)
    if path == "item:TextBody":
        body = item.parts.get("item:Body")
        return None if body is None else t("TextBody", f"{body.text or ''}\r\n", BodyType="Text")
    if path in ("calendar:Start", "calendar:End") and path in item.parts:
        return t(tag, stamp(_moment(item.text(path))))
    if path == "calendar:IsCancelled":
        return t(tag, "false")
    return deepcopy(item.parts.get(path))


def _mail_property(item: Item, path: str, tag: str) -> Any:
    match path:
        case "item:MimeContent":
            content = base64.b64encode(item.raw).decode()
            return t(tag, content, CharacterSet="UTF-8")
        case "item:Size":
            return t(tag, str(len(item.raw)))
        case "item:DateTimeReceived" | "message:InternetMessageId":
            return t(tag, item.text(path))
    return None


def _ordered(kind: str, elements: list[Any]) -> Any:
    places = order(f"{kind}Message" if kind.startswith("Meeting") else kind)
    elements.sort(key=lambda e: places.get(local(e), 0))
    return t(kind, *elements)


def asked(call: Any) -> list[str]:
    """The paths of the properties that a request wants besides the id."""
    shape = call.find("m:ItemShape")
    if shape.findtext("t:BaseShape", "", NAMES) != "IdOnly":
        raise Refusal("ErrorInvalidPropertyRequest")  # nobody needs all
    return [path_of(e) for e in shape.iterfind("t:AdditionalProperties/*", NAMES)]


def fits(item: Item, restriction: Any) -> bool:
    """Whether an item is what a FindItem's restriction describes."""
    tag = local(restriction)
    match tag:
        case "Restriction":
            return fits(item, restriction[0])
        case "And":
            return all(fits(item, part) for part in restriction)
        case "Or":
            return any(fits(item, part) for part in restriction)
        case "Exists":
            return bool(item.text(path_of(restriction[0])))
    value, wanted = item.text(path_of(restriction[0])), restriction[1][0].get("Value")
    if tag == "IsEqualTo":
        return bool(value == wanted)
    if not value:
        return False
    left, right = _moment(value), _moment(wanted)
    match tag:
        case "IsLessThan":
            return left < right
        case "IsGreaterThan":
            return left > right
        case "IsGreaterThanOrEqualTo":
            return left >= right
    raise Refusal("ErrorUnsupportedPathForQuery")

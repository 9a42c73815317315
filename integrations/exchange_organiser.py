"""The organiser's own Exchange calendar. Exchange itself mails nobody: every call is SendToNone.

EWS has no key to create an item once: a named property of ours holds the UID and is searched for
before anything is created.
https://learn.microsoft.com/exchange/client-developer/web-service-reference/extendedfielduri
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from exchangelib import CalendarItem, EWSTimeZone, ExtendedProperty, Q
from exchangelib import errors as ews
from exchangelib.errors import UnknownTimeZone
from exchangelib.folders import Calendar
from exchangelib.items import NEVER_OVERWRITE, SAVE_ONLY, SEND_TO_NONE
from exchangelib.properties import Attendee as EwsAttendee
from exchangelib.properties import Body, ItemId
from exchangelib.properties import Mailbox as Address
from exchangelib.services import CreateItem, GetFolder, GetItem, UpdateItem

from integrations.exchange import EWS_UTC, Mailbox, ews_time, fields, instant, mailbox, remove
from integrations.exchange_login import LATER
from integrations.ports import Access, Entry, Organiser, ProviderError, Showing, Shown
from mentoring.interval import Interval


class _OurUid(ExtendedProperty):  # type: ignore[misc]
    property_set_id = "b5cb1f0e-6d0f-4c3e-9a3b-0f1e6c1d7a52"
    property_name = "OverlapUid"
    property_type = "String"


CalendarItem.register("overlap_uid", _OurUid)

_MARK = "overlap_uid"
_LISTED = ("start", "end", _MARK, "is_cancelled")
_WHOLE = (
    *_LISTED,
    "subject",
    "text_body",
    "location",
    "required_attendees",
    "optional_attendees",
)
_GONE = (ews.ErrorItemNotFound,)
_CONFLICT = (ews.ErrorIrresolvableConflict, ews.ErrorChangeKeyRequired, ews.ErrorStaleObject)
_PARTSTATS = {
    "Unknown": "NEEDS-ACTION",
    "NoResponseReceived": "NEEDS-ACTION",
    "Organizer": "ACCEPTED",
    "Accept": "ACCEPTED",
    "Decline": "DECLINED",
    "Tentative": "TENTATIVE",
}


@dataclass(frozen=True)
class ExchangeOrganiser:
    mailbox: Mailbox

    @property
    def makes(self) -> frozenset[str]:
        return frozenset()

    def publish(self, entry: Entry) -> str:
        """Exchange Web Services make no join link."""
        self.mailbox.call(lambda account: self._publish(account, entry))
        return ""

    def withdraw(self, uid: str) -> None:
        def act(account: Any) -> None:
            for item in self._marked(account, uid):
                remove(account, _id(item))

        self.mailbox.call(act)

    def find(self, uid: str) -> Shown | None:
        def act(account: Any) -> Shown | None:
            found = self._whole(account, self._marked(account, uid))
            return next((shown for item in found if (shown := _shown(item))), None)

        return self.mailbox.call(act)

    def showing(self, window: Interval, cursor: str | None) -> Showing:
        known = json.loads(cursor) if cursor else {}
        valid = known.get("until", 0) >= window.end.timestamp()
        state = known.get("state", "") if valid else ""

        def act(account: Any) -> Showing:
            found = self.mailbox.sync(account, Calendar, state) if state else None
            if found and not found[0]:
                return Showing(None, cursor or "")
            if found is None:  # taken before our meetings are listed, so that nothing falls between
                found = self.mailbox.sync(account, Calendar, None)
            entries = tuple(filter(None, map(_shown, self._ours(account, window))))
            token = found[1] if found else ""
            after = {"state": token, "until": window.end.timestamp()} if token else {}
            return Showing(entries, json.dumps(after))

        return self.mailbox.call(act)

    def check(self) -> None:
        """Whether entries may be made in the calendar, by the rights that it states."""

        def act(account: Any) -> Any:
            return GetFolder(account=account).get(
                folders=[self.mailbox.folder(account, Calendar)],
                additional_fields=set(fields(Calendar, ("effective_rights",))),
                shape="IdOnly",
            )

        rights = self.mailbox.call(act).effective_rights
        if rights is not None and not (rights.create_contents and rights.read):
            raise ProviderError(
                f"{self.mailbox.name}: its calendar may be read, not written",
                mend="give the service account the permission level Editor on it",
                permanent=True,
            )

    def _publish(self, account: Any, entry: Entry) -> None:
        for _ in range(2):
            found = self._whole(account, self._marked(account, entry.uid))
            if not found:
                self._create(account, entry)
                return
            if not (changes := _changes(found[0], entry)):
                return
            try:
                self._update(account, found[0], changes)
                return
            except _CONFLICT:
                continue  # somebody changed it in between: look again, once
        raise ProviderError(
            f"{self.mailbox.name}: a meeting could not be changed while somebody else changes it",
            mend=LATER,
        )

    def _create(self, account: Any, entry: Entry) -> None:
        item = CalendarItem(
            account=account,
            uid=entry.uid,
            overlap_uid=entry.uid,
            legacy_free_busy_status="Busy",
            is_all_day=False,
            **_described(entry),
            **_attendees(entry, ()),
        )
        CreateItem(account=account).get(
            items=[item],
            folder=self.mailbox.folder(account, Calendar),
            message_disposition=SAVE_ONLY,
            send_meeting_invitations=SEND_TO_NONE,
        )

    def _update(self, account: Any, item: Any, changes: dict[str, Any]) -> None:
        changed = CalendarItem(account=account, _id=_id(item), **changes)
        UpdateItem(account=account).get(
            items=[(changed, list(changes))],
            conflict_resolution=NEVER_OVERWRITE,
            message_disposition=SAVE_ONLY,
            send_meeting_invitations_or_cancellations=SEND_TO_NONE,
            suppress_read_receipts=True,
        )

    def _marked(self, account: Any, uid: str) -> list[Any]:
        return self.mailbox.find(account, Calendar, CalendarItem, _LISTED, where=Q(**{_MARK: uid}))

    def _ours(self, account: Any, window: Interval) -> list[Any]:
        where = Q(
            **{
                f"{_MARK}__exists": True,
                "start__lt": ews_time(window.end),
                "end__gt": ews_time(window.start),
            }
        )
        listed = self.mailbox.find(account, Calendar, CalendarItem, _LISTED, where=where)
        return self._whole(account, listed)

    def _whole(self, account: Any, listed: Sequence[Any]) -> list[Any]:
        """The items with their attendees, which a search leaves out; those gone by now drop out."""
        if not listed:
            return []
        whole: list[Any] = []
        ids = [ItemId(item.id, item.changekey) for item in listed if not item.is_cancelled]
        for item in GetItem(account=account).call(
            items=ids, additional_fields=fields(CalendarItem, _WHOLE), shape="IdOnly"
        ):
            if isinstance(item, _GONE):
                continue
            if isinstance(item, Exception):
                raise item
            whole.append(item)
        return whole


def _id(item: Any) -> Any:
    return ItemId(item.id, item.changekey)


def _described(entry: Entry) -> dict[str, Any]:
    zone = _zone(entry.zone)
    return {
        "start": ews_time(entry.slot.start, zone),
        "end": ews_time(entry.slot.end, zone),
        "subject": entry.summary,
        "body": Body(entry.description),
        "location": entry.location,
    }


def _attendees(entry: Entry, standing: Sequence[Any]) -> dict[str, Any]:
    """The attendees; those who stand there already keep what they answered."""
    there = {_address(a): a for a in standing}
    return {
        "required_attendees": [
            there.get(a.email)
            or EwsAttendee(
                mailbox=Address(email_address=a.email, name=a.name), response_type="Unknown"
            )
            for a in entry.attendees
        ]
    }


def _changes(item: Any, entry: Entry) -> dict[str, Any]:
    """What the item must be told to be as the entry says; nothing where it is already."""
    wanted = _described(entry)
    changes: dict[str, Any] = {}
    if _slot(item) != entry.slot:
        changes |= {"start": wanted["start"], "end": wanted["end"]}
    for name in ("subject", "location"):
        if (getattr(item, name) or "") != wanted[name]:
            changes[name] = wanted[name]
    if _lines(item.text_body) != _lines(entry.description):
        changes["body"] = wanted["body"]
    standing = item.required_attendees or []
    if _addresses(standing) != {a.email for a in entry.attendees}:
        changes |= _attendees(entry, standing)
    return changes


def _lines(text: str | None) -> list[str]:
    """Exchange keeps bodies with line ends and trailing space of its own."""
    return [line.rstrip() for line in (text or "").strip().splitlines()]


def _addresses(attendees: Sequence[Any]) -> set[str]:
    return {_address(a) for a in attendees}


def _address(attendee: Any) -> str:
    """In small letters; empty where Exchange gives none."""
    mailbox = attendee.mailbox
    return str((mailbox and mailbox.email_address) or "").lower()


def _slot(item: Any) -> Interval | None:
    """The item's time; None where somebody made it end before it starts."""
    try:
        return Interval(instant(item.start), instant(item.end))
    except (AttributeError, TypeError, ValueError):
        return None


def _shown(item: Any) -> Shown | None:
    slot = _slot(item)
    if not item.overlap_uid or slot is None or item.is_cancelled:
        return None
    attendees = [*(item.required_attendees or ()), *(item.optional_attendees or ())]
    answers = {_address(a): _PARTSTATS.get(a.response_type, "NEEDS-ACTION") for a in attendees}
    return Shown(str(item.overlap_uid), slot, answers)


def _zone(name: str) -> Any:
    """The zone as Exchange knows it; UTC for one that Windows has no name for."""
    try:
        return EWSTimeZone.from_zoneinfo(ZoneInfo(name))
    except UnknownTimeZone:
        return EWS_UTC


def organiser(url: str, access: Access) -> Organiser:
    return ExchangeOrganiser(mailbox(url, access))

"""The operations of the Exchange simulator, for one who was let in."""

from __future__ import annotations

import base64
import email
import email.policy
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from mentoring.interval import Interval
from tests.servers import exchange_items as items
from tests.servers.exchange_soap import NAMES, Call, Refusal, failure, m, response, success, t
from tests.servers.exchange_store import Item, Store, local, received

_LEVELS = {"editor": 3, "reviewer": 2, "freebusy": 1, "none": 0}
_READ, _WRITE = 2, 3


@dataclass
class Exchange:
    """What the server does. `shares` is what each mailbox lets the service account do.

    `rewrites` gives sent mails a Message-ID of Exchange's own, `terse` leaves refusals bare.
    `longest` is how much free/busy it tells at a time.
    """

    store: Store = field(default_factory=Store)
    shares: dict[str, str] = field(default_factory=dict)
    rewrites: bool = False
    terse: bool = False
    longest: timedelta = timedelta(days=62)
    on_mail: Callable[[str, bytes], None] | None = None

    def perform(self, call: Call, user: str) -> Any:
        """The answer's element. `user` is who asks, or whom they impersonate."""
        if call.operation == "GetUserAvailability":
            return self._availability(call)
        act: Callable[[Call, str], list[Any]] | None = {
            "ConvertId": self._convert,
            "GetFolder": self._folder,
            "SyncFolderItems": self._sync,
            "FindItem": self._find,
            "GetItem": self._get,
            "CreateItem": self._create,
            "UpdateItem": self._update,
            "DeleteItem": self._delete,
            "SendItem": self._send,
        }.get(call.operation)
        if act is None:
            raise Refusal("ErrorInvalidRequest", fault=True)
        try:
            messages = act(call, user)
        except Refusal as refusal:
            if refusal.fault:
                raise
            messages = [failure(call.operation, refusal.code, self.terse)]
        return response(call.operation, messages)

    def _allowed(self, owner: str, user: str, level: int) -> None:
        if owner not in self.store.zones:
            raise Refusal("ErrorNonExistentMailbox")
        shared = _LEVELS[self.shares.get(owner, "freebusy")]
        if owner != user and shared < level:
            raise Refusal("ErrorAccessDenied" if shared >= _READ else "ErrorFolderNotFound")

    def _place(self, element: Any, user: str, level: int) -> tuple[str, str]:
        """Whose folder, and which."""
        if element is None or local(element) != "DistinguishedFolderId":
            raise Refusal("ErrorFolderNotFound")
        owner = element.findtext("t:Mailbox/t:EmailAddress", user, NAMES).lower()
        self._allowed(owner, user, level)
        return owner, str(element.get("Id"))

    def _item(self, element: Any, user: str, level: int, *, fresh: bool = False) -> Item:
        item = self.store.items.get(str(element.get("Id")))
        if item is None:
            raise Refusal("ErrorItemNotFound")
        self._allowed(self.store.owners[item.id], user, level)
        if fresh and not element.get("ChangeKey"):
            raise Refusal("ErrorChangeKeyRequired")
        return item

    def _convert(self, call: Call, user: str) -> list[Any]:
        raise Refusal("ErrorInvalidIdMalformed")

    def _folder(self, call: Call, user: str) -> list[Any]:
        owner, name = self._place(call.find("m:FolderIds")[0], user, _READ)
        may = owner == user or self.shares.get(owner) == "editor"
        write = str(may).lower()
        names = ("CreateAssociated", "CreateContents", "CreateHierarchy", "Delete", "Modify")
        rights = t("EffectiveRights", *(t(n, write) for n in names), t("Read", "true"))
        wanted = call.find("m:FolderShape/t:AdditionalProperties") is not None
        kind = "CalendarFolder" if name == "calendar" else "Folder"
        key = t("FolderId", Id=f"{owner}/{name}", ChangeKey="AQ==")
        folder = t(kind, key, rights if wanted else None)
        return [success("GetFolder", m("Folders", folder))]

    def _sync(self, call: Call, user: str) -> list[Any]:
        owner, folder = self._place(call.find("m:SyncFolderId")[0], user, _READ)
        most = int(call.text("m:MaxChangesReturned"))
        if not 1 <= most <= 512:
            raise Refusal("ErrorInvalidSyncStateData")
        paths = items.asked(call)
        state = call.text("m:SyncState")
        changes, after, last = self.store.since(owner, folder, state, most)
        shown = [_change(change, paths) for change in changes]
        parts = (
            m("SyncState", after),
            m("IncludesLastItemInRange", str(last).lower()),
            m("Changes", *shown),
        )
        return [success("SyncFolderItems", *parts)]

    def _find(self, call: Call, user: str) -> list[Any]:
        owner, folder = self._place(call.find("m:ParentFolderIds")[0], user, _READ)
        paths = items.asked(call)
        view = call.find("m:CalendarView")
        if view is not None:
            return [self._view(view, owner, paths)]
        restriction = call.find("m:Restriction")
        found = [
            item
            for item in self.store.within(owner, folder)
            if restriction is None or items.fits(item, restriction)
        ]
        if call.find("m:SortOrder") is not None:
            found.sort(key=lambda item: item.arrived)
        page = call.find("m:IndexedPageItemView")
        offset, most = int(page.get("Offset")), int(page.get("MaxEntriesReturned"))
        end = offset + min(most, self.store.page)
        listed = [items.whole(item, paths) for item in found[offset:end]]
        return [_page(listed, len(found), end, last=end >= len(found))]

    def _view(self, view: Any, owner: str, paths: list[str]) -> Any:
        start, end = (datetime.fromisoformat(view.get(e)) for e in ("StartDate", "EndDate"))
        if end - start > timedelta(days=2 * 365):
            raise Refusal("ErrorCalendarViewRangeTooBig")
        found = sorted(
            items.shown(self.store, owner, Interval(start, end)), key=lambda one: one.start
        )
        most = int(view.get("MaxEntriesReturned") or self.store.view + 1)
        if len(found) > self.store.view and most > self.store.view:
            raise Refusal("ErrorExceededFindCountLimit")
        listed = [items.line(one, paths) for one in found[:most]]
        return _page(listed, len(listed), len(listed), last=len(found) <= most)

    def _get(self, call: Call, user: str) -> list[Any]:
        paths = items.asked(call)
        answers = []
        for key in call.find("m:ItemIds"):
            try:
                item = self._item(key, user, _READ)
                answers.append(success("GetItem", m("Items", items.whole(item, paths))))
            except Refusal as refusal:
                answers.append(failure("GetItem", refusal.code, self.terse))
        return answers

    def _create(self, call: Call, user: str) -> list[Any]:
        owner, folder = self._place(call.find("m:SavedItemFolderId")[0], user, _WRITE)
        if call.body.get("MessageDisposition") != "SaveOnly":
            raise Refusal("ErrorInvalidOperation")
        asked = call.find("m:Items")[0]
        if local(asked) == "Message":
            raw = base64.b64decode(asked.findtext("t:MimeContent", "", NAMES))
            if not raw:
                raise Refusal("ErrorMimeContentInvalid")
            item = Item("", folder, "Message", raw=raw)
        else:
            self._note(call, "SendMeetingInvitations", "create")
            parts = items.properties(asked)
            items.check(parts)
            parts.setdefault("calendar:UID", t("UID", f"0400000{len(self.store.items)}"))
            item = Item("", folder, "CalendarItem", parts=parts)
        kept = self.store.add(owner, item)
        return [success("CreateItem", m("Items", t(kept.kind, kept.item_id)))]

    def _update(self, call: Call, user: str) -> list[Any]:
        step = call.find("m:ItemChanges")[0]
        item = self._item(step[0], user, _WRITE, fresh=True)
        if call.body.get("ConflictResolution") == "NeverOverwrite":
            _check_key(step[0], item)
        items.change(item, step)
        self._note(call, "SendMeetingInvitationsOrCancellations", "update")
        self.store.touch(item)
        kept = m("Items", t("CalendarItem", item.item_id))
        conflicts = m("ConflictResults", t("Count", "0"))
        return [success("UpdateItem", kept, conflicts)]

    def _delete(self, call: Call, user: str) -> list[Any]:
        item = self._item(call.find("m:ItemIds")[0], user, _WRITE)
        self._note(call, "SendMeetingCancellations", "delete")
        self.store.drop(item)
        return [success("DeleteItem")]

    def _note(self, call: Call, attribute: str, what: str) -> None:
        sending = call.body.get(attribute)
        if sending is None:
            raise Refusal(f"Error{attribute}Required")
        if sending != "SendToNone":
            self.store.mailed.append(what)

    def _send(self, call: Call, user: str) -> list[Any]:
        key = call.find("m:ItemIds")[0]
        item = self._item(key, user, _WRITE, fresh=True)
        _check_key(key, item)
        owner = self.store.owners[item.id]
        message = email.message_from_bytes(item.raw, policy=email.policy.default)
        addresses = [a.addr_spec for a in message["To"].addresses] if message["To"] else []
        if not addresses or any("@" not in address for address in addresses):
            raise Refusal("ErrorInvalidRecipients")
        _, sent = self._place(call.find("m:SavedItemFolderId")[0], user, _WRITE)
        raw = item.raw
        if self.rewrites:
            raw = re.sub(rb"(?m)^Message-ID: <[^>]*>", b"Message-ID: <x@exchange.example>", raw)
        self.store.drop(item)
        self.store.add(owner, Item("", sent, "Message", raw=raw))
        for address in addresses:
            if address in self.store.zones:
                self.store.add(address, received(raw))
            if self.on_mail:
                self.on_mail(address, raw)
        return [success("SendItem")]

    def _availability(self, call: Call) -> Any:
        window = call.find("t:FreeBusyViewOptions/t:TimeWindow")
        start, end = (
            datetime.fromisoformat(window.findtext(f"t:{e}", "", NAMES)).replace(tzinfo=UTC)
            for e in ("StartTime", "EndTime")
        )
        slot = int(call.text("t:FreeBusyViewOptions/t:MergedFreeBusyIntervalInMinutes") or 30)
        if not 6 <= slot <= 1440 or end - start < timedelta(minutes=slot):
            raise Refusal("ErrorInvalidMergedFreeBusyInterval", fault=True)
        merged = call.text("t:FreeBusyViewOptions/t:RequestedView").endswith("Merged")
        slots = timedelta(minutes=slot) if merged else None
        answers = []
        for address in call.all("m:MailboxDataArray/t:MailboxData/t:Email/t:Address"):
            code = "NoError"
            if end - start > self.longest:
                code = "ErrorTimeIntervalTooBig"
            elif address.text not in self.store.zones:
                code = "ErrorMailRecipientNotFound"
            elif self.shares.get(address.text) == "none":
                code = "ErrorNoFreeBusyAccess"
            answers.append(self._free_busy(address.text, Interval(start, end), code, slots))
        return m("GetUserAvailabilityResponse", m("FreeBusyResponseArray", *answers))

    def _free_busy(self, address: str, window: Interval, code: str, slot: timedelta | None) -> Any:
        answered = "Success" if code == "NoError" else "Error"
        message = m("ResponseMessage", m("ResponseCode", code), ResponseClass=answered)
        if code != "NoError":
            return m("FreeBusyResponse", message)
        shown = list(items.shown(self.store, address, window))
        events = [
            t(
                "CalendarEvent",
                t("StartTime", f"{one.start:%Y-%m-%dT%H:%M:%S}"),
                t("EndTime", f"{one.end:%Y-%m-%dT%H:%M:%S}"),
                t("BusyType", one.busy_type),
            )
            for one in shown
        ]
        array = t("CalendarEventArray", *events) if events else None
        kind = t("FreeBusyViewType", "FreeBusyMerged" if slot else "FreeBusy")
        stream = t("MergedFreeBusy", items.merged(shown, window, slot)) if slot else None
        return m("FreeBusyResponse", message, m("FreeBusyView", kind, stream, array))


def _change(change: tuple[str, Any], paths: list[str]) -> Any:
    what, changed = change
    return t(what, items.whole(changed, paths) if isinstance(changed, Item) else changed)


def _page(listed: list[Any], total: int, end: int, *, last: bool) -> Any:
    root = m(
        "RootFolder",
        t("Items", *listed),
        IndexedPagingOffset=str(end),
        TotalItemsInView=str(total),
        IncludesLastItemInRange=str(last).lower(),
    )
    return success("FindItem", root)


def _check_key(key: Any, item: Item) -> None:
    if key.get("ChangeKey") != item.item_id.get("ChangeKey"):
        raise Refusal("ErrorIrresolvableConflict")

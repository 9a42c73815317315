"""An Exchange mailbox by exchangelib: whose it is, as whom it is opened, and what faults mean."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from exchangelib import DELEGATE, IMPERSONATION, Account, Configuration, EWSDateTime, EWSTimeZone
from exchangelib import errors as ews
from exchangelib.errors import EWSError, TransportError
from exchangelib.fields import FieldPath
from exchangelib.folders import Root
from exchangelib.items import HARD_DELETE, ID_ONLY, SEND_TO_NONE
from exchangelib.properties import DistinguishedFolderId
from exchangelib.properties import Mailbox as Address
from exchangelib.protocol import Protocol
from exchangelib.restriction import Restriction
from exchangelib.services import DeleteItem, FindItem, SyncFolderItems
from exchangelib.transport import NOAUTH, OAUTH2
from spnego.exceptions import SpnegoError

from integrations import exchange_faults as faults
from integrations import exchange_login as login
from integrations.exchange_discovery import Discovery
from integrations.exchange_login import LATER
from integrations.ports import GARBLED, Access, ProviderError

T = TypeVar("T")
EWS_UTC = EWSTimeZone.from_zoneinfo(ZoneInfo("UTC"))
PAGE = 500
PAGES = 1000
_IN_FLIGHT = 4
_IDLE = 100  # empty pages in a row: more must come some time


@dataclass
class _Opened:
    """One mailbox as one account of the library, until a fault makes it doubtful."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    slots: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(_IN_FLIGHT)
    )
    account: Any = None
    secret: str = ""


@dataclass(frozen=True)
class Mailbox:
    """One mailbox. `behalf` opens the service account's own view: only free/busy asks that way."""

    address: str
    access: Access
    behalf: bool = False

    @property
    def name(self) -> str:
        return f"exchange:{self.address}"

    def call(self, act: Callable[[Any], T], expected: tuple[type[Exception], ...] = ()) -> T:
        """Run an action on the account of the library; `expected` errors pass through as they are.

        Raises ProviderError for all others, with the library's error as its cause.
        """
        opened = self.access.sessions.get(("exchange", self.address, self.behalf), _Opened)
        with opened.slots:
            login.allow()
            try:
                return act(self._account(opened))
            except ProviderError:
                raise
            except (EWSError, SpnegoError, PermissionError) as error:
                told = faults.told(error)
                if not isinstance(error, ews.ResponseMessageError):
                    self._drop(opened)
                if isinstance(told, expected):
                    raise told from error
                raise self.fault(told) from told
            except GARBLED as error:
                raise self.garbled() from error

    def folder(self, account: Any, kind: type[Any]) -> Any:
        """A well-known folder, without asking the server for it."""
        owner = Address(email_address=self.address)
        root_id = DistinguishedFolderId(id=Root.DISTINGUISHED_FOLDER_ID, mailbox=owner)
        folder_id = DistinguishedFolderId(id=kind.DISTINGUISHED_FOLDER_ID, mailbox=owner)
        return kind(
            root=Root(account=account, _distinguished_id=root_id), _distinguished_id=folder_id
        )

    def find(
        self,
        account: Any,
        kind: type[Any],
        item: type[Any],
        names: Iterable[str],
        *,
        where: Any = None,
        view: Any = None,
        order: Any = None,
        most: int | None = None,
    ) -> list[Any]:
        """What a folder holds, with the fields named and no others."""
        folder = self.folder(account, kind)
        found: list[Any] = []
        seen: set[str] = set()
        for one in FindItem(account=account, page_size=PAGE).call(
            folders=[folder],
            additional_fields=fields(item, names),
            restriction=Restriction(where, [folder], Restriction.ITEMS) if where else None,
            order_fields=order,
            shape=ID_ONLY,
            query_string=None,
            depth="Shallow",
            calendar_view=view,
            max_items=most,
            offset=0,
        ):
            if isinstance(one, Exception):
                raise one
            if one.id in seen or len(seen) > PAGE * PAGES:
                raise self.circles()
            seen.add(one.id)
            found.append(one)
        return found

    def sync(
        self, account: Any, kind: type[Any], state: str | None, item: Any = None, names: Any = ()
    ) -> tuple[list[tuple[str, Any]], str] | None:
        """What happened in a folder since a state, and the state now; None for a state too old."""
        changes: list[tuple[str, Any]] = []
        states = {state}
        seen: set[tuple[str, ...]] = set()
        idle = 0
        for _ in range(PAGES):
            service = SyncFolderItems(account=account)
            try:
                page = list(
                    service.call(
                        folder=self.folder(account, kind),
                        shape=ID_ONLY,
                        additional_fields=fields(item, names) if item else None,
                        sync_state=state,
                        ignore=None,
                        max_changes_returned=PAGE,
                        sync_scope=None,
                    )
                )
            except (ews.ErrorInvalidSyncStateData, ews.ErrorSyncFolderNotFound, AttributeError):
                return None  # a refusal without a state confuses the library: a search hears it
            if not service.sync_state:
                raise self.garbled()
            marks = {(what, one.id, one.changekey) for what, one in page if hasattr(one, "id")}
            idle = 0 if page else idle + 1
            if marks & seen or idle > _IDLE:
                break
            seen |= marks
            changes += page
            if service.includes_last_item_in_range:
                return changes, service.sync_state
            if service.sync_state in states:
                break
            state = service.sync_state
            states.add(state)
        raise self.circles()

    def garbled(self) -> ProviderError:
        return faults.garbled(self.name)

    def circles(self) -> ProviderError:
        return ProviderError(f"{self.name}: Exchange's list goes in circles", mend=LATER)

    def fault(self, error: Exception) -> ProviderError:
        """An error of the library in our words."""
        return faults.explain(error, self.name, self.access)

    def _account(self, opened: _Opened) -> Any:
        with opened.lock:
            secret = login.secret(self.access)
            if opened.account is None or opened.secret != secret:
                self._drop(opened)
                opened.account, opened.secret = self._open(secret), secret
            return opened.account

    def _open(self, secret: str) -> Any:
        credentials = login.credentials(self.access, secret, self._on_behalf)
        url = login.endpoint(self.access) or self._discovered(secret)
        # One connection: with more, the library's way of shedding them can wait for itself.
        config = Configuration(
            service_endpoint=url,
            credentials=credentials,
            auth_type=login.auth_type(self.access),
            retry_policy=login.Patience(),
            max_connections=1,
        )
        account = Account(
            primary_smtp_address=self.address,
            access_type=self._access_type,
            config=config,
            locale="en_US",
            default_timezone=EWS_UTC,
        )
        self._check_auth(account)
        return account

    def _discovered(self, secret: str) -> str:
        found = self.access.sessions.get("exchange discovery", Discovery)
        named = str(self.access.options.get("username", ""))
        url = found.url(
            named,
            lambda: login.credentials(self.access, secret, named),
            lambda error: faults.explain(error, f"autodiscover for {named}", self.access),
        )
        login.trust(self.access, url)
        return url

    def _check_auth(self, account: Any) -> None:
        try:
            found = account.protocol.auth_type
        except TransportError as error:
            if error.__context__ is not None:
                raise
            raise ProviderError(
                f"{self.name}: the server does not say how to log in",
                mend="check [exchange] endpoint, or set auth",
            ) from error
        if found == NOAUTH:
            _forget(account)
            raise ProviderError(
                f"{self.name}: what answers at [exchange] endpoint asks for no login",
                mend="check [exchange] endpoint",
            )
        if found == OAUTH2 and login.auth_type(self.access) != OAUTH2:
            _forget(account)
            raise ProviderError(
                f"{self.name}: Exchange takes OAuth only",
                mend="set [exchange] auth, tenant, client_id and client_secret",
                permanent=True,
            )

    @property
    def _on_behalf(self) -> str:
        named = str(self.access.options.get("username", ""))
        return named if self.behalf and "@" in named else self.address

    @property
    def _access_type(self) -> str:
        options = self.access.options
        if login.auth_type(self.access) == OAUTH2:  # an application has no mailbox of its own
            return str(IMPERSONATION)
        own = str(options.get("username", "")).lower() == self.address.lower()
        delegated = self.behalf or own or options.get("access") == "delegate"
        return str(DELEGATE if delegated else IMPERSONATION)

    def _drop(self, opened: _Opened) -> None:
        account, opened.account = opened.account, None
        if account is not None:
            _forget(account)


def _forget(account: Any) -> None:
    """Out of the library's own cache, with what it thought of the server."""
    with suppress(KeyError):
        del Protocol[account.protocol.config]


def instant(moment: Any) -> datetime:
    """A time of the library as one of Python's own: theirs knows its own zones only."""
    return datetime.fromtimestamp(moment.timestamp(), UTC)


def ews_time(moment: datetime, zone: Any = EWS_UTC) -> Any:
    """A time of Python's as one of the library's."""
    return EWSDateTime.from_datetime(moment.astimezone(UTC)).astimezone(zone)


def fields(item: type[Any], names: Iterable[str]) -> list[Any]:
    return [FieldPath(field=item.get_field_by_fieldname(name)) for name in names]


def remove(account: Any, item: Any) -> None:
    """Take an item out for good and tell nobody. Somebody may have been faster.

    https://learn.microsoft.com/exchange/client-developer/web-service-reference/deleteitem-operation
    """
    with suppress(ews.ErrorItemNotFound):
        DeleteItem(account=account).get(
            items=[item],
            delete_type=HARD_DELETE,
            send_meeting_cancellations=SEND_TO_NONE,
            affected_task_occurrences="AllOccurrences",
            suppress_read_receipts=True,
        )


def mailbox(url: str, access: Access) -> Mailbox:
    return Mailbox(url.partition(":")[2].lower(), access)

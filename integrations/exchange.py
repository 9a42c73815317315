"""An Exchange mailbox by exchangelib: whose it is, as whom it is opened, and what faults mean."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from exchangelib import DELEGATE, IMPERSONATION, Account, Configuration, EWSTimeZone
from exchangelib import errors as ews
from exchangelib.errors import EWSError
from exchangelib.fields import FieldPath
from exchangelib.folders import Root
from exchangelib.items import ID_ONLY
from exchangelib.properties import DistinguishedFolderId
from exchangelib.properties import Mailbox as Address
from exchangelib.protocol import Protocol
from exchangelib.restriction import Restriction
from exchangelib.services import FindItem, SyncFolderItems
from exchangelib.transport import NOAUTH, OAUTH2
from requests.exceptions import SSLError
from spnego.exceptions import SpnegoError

from integrations import exchange_login as login
from integrations.exchange_login import LATER as LATER
from integrations.exchange_login import HttpFault as HttpFault
from integrations.ports import Access, ProviderError

T = TypeVar("T")
UTC = EWSTimeZone.from_zoneinfo(ZoneInfo("UTC"))
PAGE = 500
PAGES = 1000
_IN_FLIGHT = 4

DENIED = (
    ews.ErrorAccessDenied,
    ews.ErrorFolderNotFound,
    ews.ErrorItemNotFound,
    ews.ErrorImpersonateUserDenied,
    ews.ErrorImpersonationDenied,
)
"""What Exchange says where a folder is not open to the one who asks."""
_IMPERSONATION = (ews.ErrorImpersonateUserDenied, ews.ErrorImpersonationDenied)
_UNKNOWN = (
    ews.ErrorNonExistentMailbox,
    ews.ErrorMailRecipientNotFound,
    ews.ErrorInvalidUserPrincipalName,
)
_AWAY = (
    ews.ErrorInternalServerError,
    ews.ErrorInternalServerTransientError,
    ews.ErrorMailboxStoreUnavailable,
    ews.ErrorMailboxMoveInProgress,
    ews.ErrorADUnavailable,
    ews.ErrorConnectionFailed,
    ews.ErrorTooManyObjectsOpened,
    ews.ErrorExceededConnectionCount,
)


@dataclass
class _Opened:
    """One mailbox as one account of the library, until a fault makes it doubtful."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    slots: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(_IN_FLIGHT)
    )
    account: Any = None
    secret: Any = None


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
            except expected:
                raise
            except ProviderError:
                raise
            except (EWSError, SpnegoError, PermissionError) as error:
                if not isinstance(error, ews.ResponseMessageError):
                    self._drop(opened)
                raise self.fault(error) from error
            except (AttributeError, KeyError, TypeError, ValueError, AssertionError) as error:
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
        for _ in range(PAGES):
            service = SyncFolderItems(account=account)
            try:
                changes += service.call(
                    folder=self.folder(account, kind),
                    shape=ID_ONLY,
                    additional_fields=fields(item, names) if item else None,
                    sync_state=state,
                    ignore=None,
                    max_changes_returned=PAGE,
                    sync_scope=None,
                )
            except (ews.ErrorInvalidSyncStateData, ews.ErrorSyncFolderNotFound):
                return None
            if not service.sync_state:
                raise self.garbled()
            if service.includes_last_item_in_range:
                return changes, service.sync_state
            if service.sync_state in states:
                break
            state = service.sync_state
            states.add(state)
        raise self.circles()

    def garbled(self) -> ProviderError:
        return ProviderError(f"{self.name}: Exchange's answer is garbled", mend=LATER)

    def circles(self) -> ProviderError:
        return ProviderError(f"{self.name}: Exchange's list goes in circles", mend=LATER)

    def fault(self, error: Exception) -> ProviderError:
        """An error of the library in our words; never its own, which may hold content."""
        if isinstance(error, HttpFault):
            return self._http_fault(error)
        if isinstance(error, ews.ErrorServerBusy):
            return ProviderError(
                f"{self.name}: Exchange is busy", mend=LATER, retry_after=error.back_off
            )
        if isinstance(error, DENIED):
            return self._denied(error)
        if isinstance(error, _UNKNOWN):
            return ProviderError(
                f"{self.name}: Exchange knows no such mailbox",
                mend="check the address in the roster",
                permanent=True,
            )
        if isinstance(error, SpnegoError | PermissionError | ews.UnauthorizedError):
            return self._unauthorised()
        if isinstance(error.__context__, SSLError) or isinstance(error.__cause__, SSLError):
            return ProviderError(
                f"{self.name}: the Exchange server has no valid certificate",
                mend="correct its certificate, or name your own CA in [tls] ca",
            )
        if isinstance(error, ews.AutoDiscoverError):
            return ProviderError(
                f"{self.name}: autodiscover finds no Exchange server",
                mend="set [exchange] endpoint",
            )
        if isinstance(error, (ews.ErrorTimeoutExpired, *_AWAY)):
            return ProviderError(
                f"{self.name}: Exchange can't be reached ({type(error).__name__})", mend=LATER
            )
        if not isinstance(error, ews.ResponseMessageError):
            return self.garbled()
        return ProviderError(
            f"{self.name}: Exchange refuses the request ({type(error).__name__})",
            mend="please report this as a fault of Overlap's",
        )

    def _http_fault(self, error: HttpFault) -> ProviderError:
        if error.status == 401:
            return self._unauthorised()
        if error.status in (403, 404, 410) or 300 <= error.status < 400:
            return ProviderError(
                f"{self.name}: Exchange Web Services is not there, or not open ({error.status})",
                mend="check [exchange] endpoint, and that EWS is switched on for the mailbox",
            )
        return ProviderError(
            f"{self.name}: Exchange is busy ({error.status})",
            mend=LATER,
            retry_after=error.retry_after,
        )

    def _denied(self, error: Exception) -> ProviderError:
        who = self.access.options.get("username") or "the application"
        if isinstance(error, _IMPERSONATION):
            return ProviderError(
                f"{self.name}: {who} lacks the role ApplicationImpersonation for it",
                mend="assign the role as docs/exchange.md shows, or set access to delegate",
                permanent=True,
            )
        return ProviderError(
            f"{self.name}: {who} may not open it ({type(error).__name__})",
            mend="share it with that account, or check the address in the roster",
            permanent=True,
        )

    def _unauthorised(self) -> ProviderError:
        login.renew(self.access)
        return ProviderError(
            f"{self.name}: Exchange refuses {self._who} (401)",
            mend="check [exchange] username, password and auth, or the application's rights",
        )

    @property
    def _who(self) -> str:
        return f"the account {self.access.options.get('username') or 'of client_id'}"

    def _account(self, opened: _Opened) -> Any:
        with opened.lock:
            secret = login.credentials(self.access, self._on_behalf)
            if opened.account is None or opened.secret != secret:
                opened.account, opened.secret = self._open(secret), secret
            return opened.account

    def _open(self, secret: Any) -> Any:
        url = login.endpoint(self.access)
        # One connection: with more, the library's way of shedding them can wait for itself.
        config = Configuration(
            service_endpoint=url or None,
            credentials=secret,
            auth_type=login.auth_type(self.access),
            retry_policy=login.Patience(),
            max_connections=1,
        )
        account = Account(
            primary_smtp_address=self.address,
            access_type=self._access_type,
            autodiscover=not url,
            config=config,
            locale="en_US",
            default_timezone=UTC,
        )
        self._check_auth(account)
        return account

    def _check_auth(self, account: Any) -> None:
        found = account.protocol.auth_type
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


def fields(item: type[Any], names: Iterable[str]) -> list[Any]:
    return [FieldPath(field=item.get_field_by_fieldname(name)) for name in names]


def mailbox(url: str, access: Access) -> Mailbox:
    return Mailbox(url.partition(":")[2].lower(), access)

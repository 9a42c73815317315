"""What the library's errors mean, in our words: never in its own, which may hold content."""

from __future__ import annotations

from exchangelib import errors as ews
from requests.exceptions import SSLError
from spnego.exceptions import SpnegoError

from integrations import exchange_login as login
from integrations.exchange_login import LATER, HttpFault
from integrations.ports import Access, ProviderError

_IMPERSONATION = (ews.ErrorImpersonateUserDenied, ews.ErrorImpersonationDenied)
DENIED = (
    ews.ErrorAccessDenied,
    ews.ErrorFolderNotFound,
    ews.ErrorItemNotFound,
    *_IMPERSONATION,
)
"""What Exchange says where a folder is not open to the one who asks."""
_UNKNOWN = (
    ews.ErrorNonExistentMailbox,
    ews.ErrorMailRecipientNotFound,
    ews.ErrorInvalidUserPrincipalName,
)
_AWAY = (
    ews.ErrorTimeoutExpired,
    ews.ErrorInternalServerError,
    ews.ErrorInternalServerTransientError,
    ews.ErrorMailboxStoreUnavailable,
    ews.ErrorMailboxMoveInProgress,
    ews.ErrorADUnavailable,
    ews.ErrorConnectionFailed,
    ews.ErrorTooManyObjectsOpened,
    ews.ErrorExceededConnectionCount,
)
_CLOSED = (403, 404, 410)


def garbled(name: str) -> ProviderError:
    return ProviderError(f"{name}: Exchange's answer is garbled", mend=LATER)


def told(error: Exception) -> Exception:
    """What the server said, where the library found no more in it than a missing version."""
    inner = error.__context__
    plain = not isinstance(error, ews.ResponseMessageError)
    if plain and isinstance(inner, Exception) and isinstance(inner, ews.ResponseMessageError):
        said: Exception = inner
        return said
    return error


def explain(error: Exception, name: str, access: Access) -> ProviderError:
    """`name` is the mailbox's. A refused token is forgotten, so that the next call fetches one."""
    if isinstance(error, HttpFault):
        return _http_fault(error, name, access)
    if isinstance(error, ews.ErrorServerBusy):
        return ProviderError(f"{name}: Exchange is busy", mend=LATER, retry_after=error.back_off)
    if isinstance(error, DENIED):
        return _denied(error, name, access)
    if isinstance(error, _UNKNOWN):
        return ProviderError(
            f"{name}: Exchange knows no such mailbox",
            mend="check the address in the roster",
            permanent=True,
        )
    if isinstance(error, SpnegoError | PermissionError | ews.UnauthorizedError):
        return _unauthorised(name, access)
    if isinstance(error.__context__, SSLError) or isinstance(error.__cause__, SSLError):
        return ProviderError(
            f"{name}: the Exchange server has no valid certificate",
            mend="correct its certificate, or name your own CA in [tls] ca",
        )
    if isinstance(error, ews.AutoDiscoverError):
        return ProviderError(f"{name} finds no Exchange server", mend="set [exchange] endpoint")
    if isinstance(error, _AWAY) or isinstance(error.__cause__, OSError):
        return ProviderError(
            f"{name}: Exchange can't be reached ({type(error).__name__})", mend=LATER
        )
    if not isinstance(error, ews.ResponseMessageError):
        return garbled(name)
    return ProviderError(
        f"{name}: Exchange refuses the request ({type(error).__name__})",
        mend="please report this as a fault of Overlap's",
    )


def _http_fault(error: HttpFault, name: str, access: Access) -> ProviderError:
    if error.status == 401:
        return _unauthorised(name, access)
    if error.status in _CLOSED or 300 <= error.status < 400:
        return ProviderError(
            f"{name}: Exchange Web Services is not there, or not open ({error.status})",
            mend="check [exchange] endpoint, and that EWS is switched on for the mailbox",
        )
    return ProviderError(
        f"{name}: Exchange is busy ({error.status})", mend=LATER, retry_after=error.retry_after
    )


def _denied(error: Exception, name: str, access: Access) -> ProviderError:
    who = access.options.get("username") or "the application"
    if isinstance(error, _IMPERSONATION):
        return ProviderError(
            f"{name}: {who} lacks the role ApplicationImpersonation for it",
            mend="assign the role as docs/exchange.md shows, or set access to delegate",
            permanent=True,
        )
    return ProviderError(
        f"{name}: {who} may not open it ({type(error).__name__})",
        mend="share it with that account, or check the address in the roster",
        permanent=True,
    )


def _unauthorised(name: str, access: Access) -> ProviderError:
    login.renew(access)
    who = access.options.get("username") or "of client_id"
    return ProviderError(
        f"{name}: Exchange refuses the account {who} (401)",
        mend="check [exchange] username, password and auth, or the application's rights",
    )

"""Telling an outside monitor that we are alive: one request, as healthchecks and its like expect.

The monitor raises its alarm when the requests stop, so a host that is down is noticed as well.
"""

from __future__ import annotations

import httpx

from integrations import secrets, tls
from integrations.ports import Access, ProviderError

_TIMEOUT = httpx.Timeout(5)
_URLS = ("https://", "http://")


def address(setting: str, access: Access) -> str:
    """The monitor's URL, out of its secret where it stands in one. Raises ProviderError."""
    url = setting if setting.startswith(_URLS) else secrets.resolve(setting, access.directory)
    if not (url.startswith("https://") or (url.startswith("http://") and tls.is_loopback(url))):
        raise ProviderError(
            "the secret that [monitor] ping names holds no address that begins with https://",
            mend="put the monitor's ping address there",
            permanent=True,
        )
    return url


def ping(setting: str, access: Access) -> None:
    """Raises ProviderError, which never repeats the address: who knows it may ping for us."""
    url = address(setting, access)
    try:
        with (
            httpx.Client(verify=tls.context(access), timeout=_TIMEOUT) as client,
            client.stream("GET", url) as response,  # what it says to it is of no interest
        ):
            status = response.status_code
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ProviderError(
            f"the monitor can't be reached ({type(error).__name__})", mend="it is told next time"
        ) from error
    if not httpx.codes.is_success(status):
        raise ProviderError(f"the monitor answers {status}", mend="check [monitor] ping")

"""Where the Exchange server is, by autodiscover: asked once, for the service account itself.

Never for a partner's address: the service account's password would go to whoever serves that
domain. https://learn.microsoft.com/exchange/client-developer/web-service-reference/autodiscover-web-service-reference-for-exchange
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from exchangelib.autodiscover import Autodiscovery
from exchangelib.autodiscover import cache as remembered
from exchangelib.protocol import Protocol

from integrations import tls
from integrations.ports import ProviderError

_AGAIN = 300.0  # seconds until a search that failed is made again

# The library remembers endpoints in a pickle under a name that anybody on the machine can take.
_private = tempfile.TemporaryDirectory(prefix="overlap-")
remembered.AUTODISCOVER_PERSISTENT_STORAGE = Path(_private.name) / "endpoints"


class Discovery:
    """The endpoint of one roster's Exchange, once it is found."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._url = ""
        self._failed: ProviderError | None = None
        self._until = 0.0

    def url(self, account: str, make: Callable[[], Any], explain: Callable[..., Any]) -> str:
        """The address of EWS. `make` gives the credentials, `explain` puts errors in our words."""
        if "@" not in account:
            raise ProviderError(
                "[exchange] endpoint is not set",
                mend="set it, or write username as an e-mail address, for autodiscover",
                permanent=True,
            )
        with self._lock:
            if self._failed and time.monotonic() < self._until:
                raise self._failed
            if not self._url:
                try:
                    self._url = _search(account, make(), explain)
                except ProviderError as error:
                    self._failed, self._until = error, time.monotonic() + _AGAIN
                    raise
            return self._url


def _search(account: str, credentials: Any, explain: Callable[..., Any]) -> str:
    try:
        answer, protocol = Autodiscovery(email=account, credentials=credentials).discover()
    except Exception as error:  # whatever the library makes of what strangers answer
        raise explain(error) from error
    with suppress(KeyError):  # it was made without our patience
        del Protocol[protocol.config]
    url = str(answer.ews_url or "")
    if urlsplit(url).scheme != "https" and not tls.is_loopback(url):
        raise ProviderError(
            f"autodiscover for {account} names no encrypted address of Exchange",
            mend="set [exchange] endpoint",
        )
    return url

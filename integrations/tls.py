"""The one TLS context: the system's CAs, and the coordinator's own besides. Always verified."""

from __future__ import annotations

import ssl
from urllib.parse import urlsplit

from integrations.ports import Access, ProviderError

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def context(access: Access) -> ssl.SSLContext:
    """Raises ProviderError where the own CA bundle can't be read."""
    trusted = ssl.create_default_context()
    if access.ca is None:
        return trusted
    try:
        trusted.load_verify_locations(access.ca)
    except (OSError, ssl.SSLError) as error:
        raise ProviderError(
            f"the CA bundle {access.ca} can't be read ({error.strerror or error})",
            mend="correct [tls] ca in overlap.toml",
            permanent=True,
        ) from error
    return trusted


def is_loopback(url: str) -> bool:
    return urlsplit(url).hostname in LOOPBACK

"""Asking the domain name system what a sender's domain says of its mail."""

from __future__ import annotations

from ipaddress import ip_address

import dns.resolver
import dns.reversename
from dns.exception import DNSException

from integrations.ports import ProviderError
from mentoring.sender_domain import Records

_SECONDS = 10.0


def look_up(
    domain: str, selector: str, relay: str, resolver: dns.resolver.Resolver | None = None
) -> Records:
    """The records of a domain; `relay` is the mail server's host, empty where it is none of ours.

    Raises ProviderError where no name server answers: that says nothing of the domain.
    """
    asked = resolver or dns.resolver.Resolver()
    try:
        return Records(
            domain,
            spf=_texts(asked, domain),
            dmarc=_dmarc(asked, domain),
            dkim=_texts(asked, f"{selector}._domainkey.{domain}") if selector else None,
            relay=tuple((a, _names(asked, a)) for a in _addresses(asked, relay)) if relay else (),
        )
    except DNSException as error:
        raise ProviderError(
            f"no name server answers ({type(error).__name__})", mend="check the network, try again"
        ) from error


def _answers(resolver: dns.resolver.Resolver, name: str, kind: str) -> list[str]:
    try:
        found = resolver.resolve(name, kind, lifetime=_SECONDS, search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    return [record.to_text() for record in found]


def _texts(resolver: dns.resolver.Resolver, name: str) -> tuple[str, ...]:
    """TXT records, each of whose strings are one text (RFC 7208 section 3.3)."""
    try:
        found = resolver.resolve(name, "TXT", lifetime=_SECONDS, search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return ()
    return tuple(b"".join(record.strings).decode("ascii", "replace") for record in found)


def _dmarc(resolver: dns.resolver.Resolver, domain: str) -> tuple[str, ...]:
    """The domain's own record, else that of one above it (RFC 7489 section 6.6.3)."""
    labels = domain.split(".")
    for first in range(len(labels) - 1):
        if found := _texts(resolver, ".".join(["_dmarc", *labels[first:]])):
            return found
    return ()


def _addresses(resolver: dns.resolver.Resolver, host: str) -> list[str]:
    found = [text for kind in ("A", "AAAA") for text in _answers(resolver, host, kind)]
    return [text for text in found if ip_address(text).is_global]


def _names(resolver: dns.resolver.Resolver, address: str) -> tuple[str, ...]:
    pointer = dns.reversename.from_address(address).to_text()
    return tuple(_answers(resolver, pointer, "PTR"))

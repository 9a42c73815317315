"""Which addresses a link in the roster may lead to: partners' links must not reach inside.

A name is looked up once, every address it has is judged, and the connection goes to one of those:
a name server that answers otherwise a moment later changes nothing. `ipaddress.is_global` is no
such judge: it takes NAT64 and 6to4 for public, whatever lies inside them.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from integrations import tls
from integrations.ports import ProviderError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str, int], Sequence[str]]

_INSIDE = tuple(
    ipaddress.ip_network(text)
    for text in (
        # IANA's special-purpose registries, multicast, and what clouds answer their machines at.
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32"),
        *("169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24"),
        *("192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3"),
        *("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
    )
)
_GLOBAL_6 = ipaddress.IPv6Network("2000::/3")
_CARRIES_4 = (ipaddress.IPv6Network("::ffff:0:0/96"), ipaddress.IPv6Network("64:ff9b::/96"))
"""IPv4 inside IPv6: mapped (RFC 4291 section 2.5.5.2) and NAT64 (RFC 6052 section 2.1)."""
_MOST = 4
"""So many of a name's addresses are tried."""


@dataclass(frozen=True)
class Reach:
    """Where a link may lead: the public network, `allow` ([calendars] allow), and this machine
    where the roster itself names it (`here`)."""

    allow: tuple[str, ...] = ()
    here: bool = False

    def addresses(self, host: str, port: int, resolve: Resolve | None = None) -> tuple[str, ...]:
        """The addresses of a host, to connect to and to no other.

        Raises ProviderError where the name has none, or one that lies inside.
        """
        found = tuple(dict.fromkeys((resolve or looked_up)(host, port)))
        if not found:
            raise ProviderError(f"{host} has no address", mend="it is tried again at the next sync")
        if not (host.lower().rstrip(".") in self.allow or (self.here and host in tls.LOOPBACK)):
            for text in found:
                self._judge(host, text)
        return found[:_MOST]

    def _judge(self, host: str, text: str) -> None:
        address = ipaddress.ip_address(text.partition("%")[0])
        if any(_within(address, network) for network in self._networks()) or _is_public(address):
            return
        raise ProviderError(
            f"{host} leads to an address inside a network, which links may not reach",
            mend="if it is your own server, add it to [calendars] allow in overlap.toml",
            permanent=True,
        )

    def _networks(self) -> list[Network]:
        return [ipaddress.ip_network(entry) for entry in self.allow if _is_network(entry)]


def looked_up(host: str, port: int) -> Sequence[str]:
    """What the system's resolver says now; it also reads `0x7f.1` and its like, as clients do."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ProviderError(
            f"{host} can't be found", mend="it is tried again at the next sync"
        ) from error
    return [str(address[0]) for *_, address in found]


def _is_network(entry: str) -> bool:
    try:
        ipaddress.ip_network(entry)
    except ValueError:
        return False
    return True


def _within(address: Address, network: Network) -> bool:
    return address.version == network.version and address in network


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        if any(address in network for network in _CARRIES_4):
            return _is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        if address not in _GLOBAL_6:
            return False
    return not any(_within(address, network) for network in _INSIDE)

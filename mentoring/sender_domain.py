"""What the organiser's domain says of its mail, in plain words: SPF, DKIM, DMARC, the relay's name.

Gmail, Yahoo and Microsoft want all of it; a mail without may land among spam, and nobody says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_UNREAL = ("test", "example", "invalid", "localhost", "local", "internal")
"""RFC 2606 section 2, and names that only one network knows."""
_SAMPLES = ("example.com", "example.net", "example.org")


@dataclass(frozen=True)
class Records:
    """What the domain name system says. Texts are TXT records, joined.

    `dkim` is None where no selector is set; `relay` has each public address of the mail server
    with the names it goes by.
    """

    domain: str
    spf: tuple[str, ...] = ()
    dmarc: tuple[str, ...] = ()
    dkim: tuple[str, ...] | None = None
    relay: tuple[tuple[str, tuple[str, ...]], ...] = ()


def is_real(domain: str) -> bool:
    """Whether the world's name servers can know this domain."""
    return (
        "." in domain
        and domain.rpartition(".")[2] not in _UNREAL
        and not any(domain == name or domain.endswith(f".{name}") for name in _SAMPLES)
    )


def doubts(records: Records) -> Iterator[str]:
    """What may keep mail of this domain from arriving, each with what to do."""
    yield from _spf(records)
    yield from _dmarc(records)
    yield from _dkim(records)
    for address, names in records.relay:
        if not names:
            yield f"The mail server {address} has no name (PTR): ask its provider for one."


def _spf(records: Records) -> Iterator[str]:
    found = [text for text in records.spf if text.lower().split(" ")[0] == "v=spf1"]
    if not found:
        yield f"{records.domain} has no SPF record: publish which servers may send for it."
    elif len(found) > 1:
        yield f"{records.domain} has {len(found)} SPF records, and so none counts: join them."
    elif re.search(r"(^|\s)\+?all\s*$", found[0], re.IGNORECASE):
        yield f"{records.domain} lets everybody send for it (SPF): end its record with -all."


def _dmarc(records: Records) -> Iterator[str]:
    found = [text for text in records.dmarc if text.replace(" ", "").startswith("v=DMARC1")]
    if len(found) != 1:
        what = "no DMARC record" if not found else f"{len(found)} DMARC records"
        yield f"{records.domain} has {what}: publish one at _dmarc.{records.domain}."
    elif not re.search(r";\s*p\s*=\s*(none|quarantine|reject)\b", found[0], re.IGNORECASE):
        yield f"{records.domain} has a DMARC record without a policy: write p=none at the least."


def _dkim(records: Records) -> Iterator[str]:
    if records.dkim is None:
        yield "DKIM is not checked: set [mail] dkim to your selector."
    elif not any(re.search(r"(^|;)\s*p\s*=\s*[A-Za-z0-9+/]", text) for text in records.dkim):
        yield f"{records.domain} has no DKIM key under that selector: publish it, or correct it."

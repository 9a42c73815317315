"""Whether a mail is its sender's: what our own receiving server wrote of it (RFC 8601).

Only the topmost field of that server's name counts, and only above the mail's own headers: servers
prepend, so whatever a sender wrote lies below it. RFC 8601 section 5 binds the server to take out
foreign fields that bear its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

RESULTS = "authentication-results"
_LONGEST = 10_000
_OWN = frozenset(
    {"from", "to", "cc", "subject", "date", "message-id", "sender", "reply-to", "mime-version"}
)
"""What the sender's program writes: a server's trace fields lie above it."""
_WORD = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_RESULT = re.compile(rf"({_WORD})(?:/[0-9]+)?=({_WORD})")
_PROPERTY = re.compile(rf"({_WORD}\.[A-Za-z0-9_-]+)=(\S+)")


class Verdict(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Result:
    """One method's result, "dkim=pass header.d=example.org"; all in lower case."""

    method: str
    result: str
    properties: dict[str, str] = field(default_factory=dict)


def verdict(headers: Sequence[tuple[str, str]], sender: str, authserv: str) -> Verdict:
    """What `authserv` said of a mail from the address `sender`; no name, nothing said.

    `headers` are the mail's raw fields from the top. DMARC decides; where it says nothing, a
    signature or an SPF pass of exactly the From domain does.
    """
    results = _trusted(headers, authserv)
    domain = sender.rpartition("@")[2]
    said = [r for r in results if r.method == "dmarc"]
    if any(r.result == "fail" for r in said):
        return Verdict.FAILED
    if said and all(_dmarc_passed(r, domain) for r in said):
        return Verdict.PASSED
    if any(r.result == "pass" for r in said):  # of another domain than the one in From
        return Verdict.UNKNOWN
    return Verdict.PASSED if any(_aligned(r, domain) for r in results) else Verdict.UNKNOWN


def noted(headers: Sequence[tuple[str, str]]) -> tuple[str, list[Result]]:
    """The name and the results of the last server that noted any; its name may be empty.

    For a mail of our own alone, since a stranger may have written the field. What one server notes
    in several fields is one.
    """
    found: list[tuple[str, list[Result]]] = []
    for name, value in headers:
        if name.lower() in _OWN:
            break
        if name.lower() == RESULTS:
            found.append(_parsed(value))
    last = next((server for server, results in found if results), "")
    return last, [result for server, results in found if server == last for result in results]


def _trusted(headers: Sequence[tuple[str, str]], authserv: str) -> list[Result]:
    """The results in our server's own field."""
    for name, value in headers if authserv else ():
        if name.lower() in _OWN:
            break
        if name.lower() == RESULTS:
            server, results = _parsed(value)
            if server == authserv.lower():
                return results
    return []


def _dmarc_passed(result: Result, domain: str) -> bool:
    return result.result == "pass" and result.properties.get("header.from") == domain


def _aligned(result: Result, domain: str) -> bool:
    if result.result != "pass":
        return False
    if result.method == "dkim":
        signed = [result.properties.get(name, "") for name in ("header.d", "header.i")]
        return domain in (each.rpartition("@")[2] for each in signed)
    if result.method == "spf":
        return result.properties.get("smtp.mailfrom", "").rpartition("@")[2] == domain
    return False


def _parsed(value: str) -> tuple[str, list[Result]]:
    """RFC 8601 section 2.2: the authserv-id and the results; nothing of a field that is garbled."""
    if len(value) > _LONGEST:
        return "", []
    parts = list(_parts(value))
    server = (parts[0].split() or [""])[0].lower() if parts else ""
    if parts and _result(parts[0]):  # Microsoft 365 begins with the first result
        server, parts = "", ["", *parts]
    return server, [result for text in parts[1:] if (result := _result(text))]


def _parts(value: str) -> Iterator[str]:
    """The parts between semicolons, without comments. A part that breaks off is left out.

    What stands in quotation marks loses them and its spaces: it is one word, and no separator.
    """
    part, depth, quoted, escaped = "", 0, False, False
    for c in value:
        if escaped:
            escaped = False
            part += _inert(c) if quoted else ""
        elif c == "\\" and (quoted or depth):
            escaped = True
        elif quoted:
            quoted = c != '"'
            part += _inert(c) if quoted else ""
        elif c in "()" and (depth or c == "("):
            depth += 1 if c == "(" else -1
        elif depth:
            continue
        elif c == '"':
            quoted = True
        elif c == ";":
            yield part
            part = ""
        else:
            part += " " if c.isspace() else c
    if not depth and not quoted:
        yield part


def _inert(c: str) -> str:
    return "_" if c.isspace() else c


def _result(text: str) -> Result | None:
    tight = re.sub(r"\s*([=/])\s*", r"\1", text.strip()).lower()
    first, *words = tight.split() or [""]
    match = _RESULT.fullmatch(first)
    if match is None:
        return None
    found = (m for word in words if (m := _PROPERTY.fullmatch(word)))
    properties: dict[str, str] = {}
    for each in found:
        if properties.setdefault(each[1], each[2]) != each[2]:
            return None  # said twice, differently
    return Result(match[1], match[2], properties)

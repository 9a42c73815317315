"""SOAP as Exchange speaks it: requests understood, answers built, both checked by its schema."""

from __future__ import annotations

import functools
import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree  # type: ignore[import-untyped]

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
MESSAGES = "http://schemas.microsoft.com/exchange/services/2006/messages"
TYPES = "http://schemas.microsoft.com/exchange/services/2006/types"
ERRORS = "http://schemas.microsoft.com/exchange/services/2006/errors"
NAMES = {"s": SOAP, "m": MESSAGES, "t": TYPES}
VERSIONS = (
    "Exchange2007_SP1",
    "Exchange2010",
    "Exchange2010_SP1",
    "Exchange2010_SP2",
    "Exchange2013",
    "Exchange2013_SP1",
    "Exchange2015",
    "Exchange2016",
)


class Refusal(Exception):  # noqa: N818 - an answer
    """An EWS response code: in the operation's own message, or with `fault` as a SOAP fault."""

    def __init__(self, code: str, *, fault: bool = False, back_off: int = 0) -> None:
        super().__init__(code)
        self.code = code
        self.fault = fault
        self.back_off = back_off


@dataclass(frozen=True)
class Call:
    """A request: the operation's element, and whom its header impersonates."""

    operation: str
    body: Any
    impersonated: str

    def find(self, path: str) -> Any:
        return self.body.find(path, NAMES)

    def text(self, path: str) -> str:
        return str(self.body.findtext(path, "", NAMES))

    def all(self, path: str) -> list[Any]:
        return list(self.body.iterfind(path, NAMES))


@functools.cache
def schema() -> Any:
    """Microsoft's schema; None, with a warning, where it is not at hand."""
    import xmlschema

    beside = Path(__file__).resolve().parents[2].parent / "shared" / "schemas"
    path = Path(os.environ.get("OVERLAP_SCHEMAS") or beside) / "ews" / "messages.xsd"
    if not path.exists():
        warnings.warn(f"no schema of EWS at {path}: the simulator checks less", stacklevel=2)
        return None
    return xmlschema.XMLSchema(str(path), validation="lax")


@functools.cache
def order(kind: str) -> dict[str, int]:
    """The place of each property in an item of this kind, as the schema has it."""
    known = schema()
    if known is None:
        return {}
    content = known.maps.types[f"{{{TYPES}}}{kind}Type"].content
    names = [e.local_name for e in content.iter_elements() if getattr(e, "local_name", None)]
    return {name: number for number, name in enumerate(names)}


def understand(raw: bytes, newest: str) -> Call:
    """The call in a request; raises Refusal for what the schema or the version doesn't know."""
    try:
        envelope = etree.fromstring(raw, etree.XMLParser(resolve_entities=False))
    except etree.XMLSyntaxError as error:
        raise Refusal("ErrorSchemaValidation", fault=True) from error
    asked = envelope.find("s:Header/t:RequestServerVersion", NAMES)
    version = asked.get("Version") if asked is not None else ""
    if version not in VERSIONS[: VERSIONS.index(newest) + 1]:
        raise Refusal("ErrorInvalidServerVersion", fault=True)
    body = envelope.find("s:Body", NAMES)
    if body is None or len(body) != 1:
        raise Refusal("ErrorSchemaValidation", fault=True)
    if problem := problem_of(body[0]):
        raise Refusal(f"ErrorSchemaValidation: {problem}", fault=True)
    who = envelope.findtext(
        "s:Header/t:ExchangeImpersonation/t:ConnectingSID/t:PrimarySmtpAddress", "", NAMES
    )
    operation = etree.QName(body[0]).localname.removesuffix("Request")
    return Call(operation, body[0], str(who).lower())


def problem_of(element: Any) -> str:
    """What the schema has against a message; empty for nothing."""
    known = schema()
    if known is None:
        return ""
    error = next(known.iter_errors(element), None)
    return f"{error.reason} at {error.path}" if error else ""


def t(tag: str, *content: Any, **attributes: str) -> Any:
    """An element in the namespace of types."""
    return _element(TYPES, tag, content, attributes)


def m(tag: str, *content: Any, **attributes: str) -> Any:
    """An element in the namespace of messages."""
    return _element(MESSAGES, tag, content, attributes)


def _element(space: str, tag: str, content: tuple[Any, ...], attributes: dict[str, str]) -> Any:
    element = etree.Element(f"{{{space}}}{tag}", attributes, nsmap={"t": TYPES, "m": MESSAGES})
    for part in content:
        if isinstance(part, str):
            element.text = part
        elif part is not None:
            element.append(part)
    return element


def success(operation: str, *content: Any) -> Any:
    """One message of success."""
    code = m("ResponseCode", "NoError")
    return m(f"{operation}ResponseMessage", code, *content, ResponseClass="Success")


def failure(operation: str, code: str, terse: bool) -> Any:
    """One message of failure, with the empty elements that Exchange may leave in it."""
    parts = [m("MessageText", "A message."), m("ResponseCode", code), m("DescriptiveLinkKey", "0")]
    if terse:
        return m(f"{operation}ResponseMessage", *parts, ResponseClass="Error")
    if operation == "SyncFolderItems":
        parts += [m("SyncState", ""), m("IncludesLastItemInRange", "true")]
    if operation in ("CreateItem", "GetItem", "UpdateItem"):
        parts.append(m("Items"))
    if operation == "GetFolder":
        parts.append(m("Folders"))
    return m(f"{operation}ResponseMessage", *parts, ResponseClass="Error")


def response(operation: str, messages: list[Any]) -> Any:
    return m(f"{operation}Response", m("ResponseMessages", *messages))


def envelope(body: Any) -> bytes:
    """A whole answer, with the version string that Exchange gives and no request may hold."""
    version = t(
        "ServerVersionInfo",
        MajorVersion="15",
        MinorVersion="1",
        MajorBuildNumber="2507",
        MinorBuildNumber="6",
        Version="V2017_07_11",
    )
    return _wrapped([_element(SOAP, "Header", (version,), {})], body)


def fault(refusal: Refusal) -> bytes:
    """A SOAP fault; Exchange sends it with the status 500."""
    code, _, detail = refusal.code.partition(": ")
    more = []
    if refusal.back_off:
        value = t("Value", str(refusal.back_off), Name="BackOffMilliseconds")
        more = [t("MessageXml", value)]
    parts = etree.Element("detail")
    for tag, text in (("ResponseCode", code), ("Message", detail or "A message.")):
        etree.SubElement(parts, f"{{{ERRORS}}}{tag}").text = text
    parts.extend(more)
    whole = etree.Element(f"{{{SOAP}}}Fault")
    etree.SubElement(whole, "faultcode").text = f"a:{code}"
    etree.SubElement(whole, "faultstring").text = "A message."
    whole.append(parts)
    return _wrapped([], whole)


def _wrapped(parts: list[Any], body: Any) -> bytes:
    whole = _element(SOAP, "Envelope", (*parts, _element(SOAP, "Body", (body,), {})), {})
    return bytes(etree.tostring(whole, xml_declaration=True, encoding="utf-8"))

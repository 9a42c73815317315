"""Checks against the discovery documents that ship with the client library."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import googleapiclient

_DOCUMENTS = Path(googleapiclient.__file__).parent / "discovery_cache" / "documents"
_COMMON = frozenset({"alt", "fields", "key", "prettyPrint", "quotaUser", "userIp", "uploadType"})
_KINDS = {"string": str, "boolean": bool, "integer": int, "array": list, "object": dict}


def offset_of(token: str) -> int:
    """Where a page begins: "page.4" or "4". A token that nobody gave is refused."""
    offset = token.rpartition(".")[2]
    if not offset.isdecimal():
        raise Refusal(400, "badRequest")
    return int(offset)


class Refusal(Exception):  # noqa: N818 - it is an answer
    """What the real service answers to a request that its documents don't allow."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(frozen=True)
class Call:
    """A request that was understood: the method's id, path and query parameters, and body."""

    id: str
    parameters: dict[str, Any]
    body: dict[str, Any]
    scopes: frozenset[str]


@lru_cache
def document(api: str) -> dict[str, Any]:
    name = {"calendar": "calendar.v3.json", "gmail": "gmail.v1.json"}[api]
    loaded: dict[str, Any] = json.loads((_DOCUMENTS / name).read_text())
    return loaded


@lru_cache
def _methods(api: str) -> list[dict[str, Any]]:
    return list(_walk(document(api)))


def _walk(resource: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield from resource.get("methods", {}).values()
    for inner in resource.get("resources", {}).values():
        yield from _walk(inner)


def understand(api: str, verb: str, path: str, query: Mapping[str, list[str]], raw: bytes) -> Call:
    """The call a request makes; raises Refusal where the document knows no such thing."""
    for method in _methods(api):
        values = _match(method, path) if method["httpMethod"] == verb else None
        if values is not None:
            parameters = {**values, **_parameters(method, query)}
            scopes = frozenset(method.get("scopes", ()))
            return Call(method["id"], parameters, _body(api, method, raw), scopes)
    raise Refusal(404, "notFound")


def _match(method: Mapping[str, Any], path: str) -> dict[str, str] | None:
    names = re.findall(r"{\+?(\w+)}", method["path"])
    pattern = re.sub(r"\\{\\?\+?(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(method["path"]))
    found = re.fullmatch(pattern, path)
    return {name: unquote(found[name]) for name in names} if found else None


def _parameters(method: Mapping[str, Any], query: Mapping[str, list[str]]) -> dict[str, Any]:
    known: Mapping[str, Any] = method.get("parameters", {})
    result: dict[str, Any] = {}
    for name, values in query.items():
        if name in _COMMON:
            result[name] = values[0]
            continue
        if name not in known:
            raise Refusal(400, f"unknownParameter {name}")
        result[name] = (
            [_parsed(known[name], v) for v in values]
            if known[name].get("repeated")
            else _parsed(known[name], values[0])
        )
    return result


def _parsed(schema: Mapping[str, Any], text: str) -> Any:
    if "enum" in schema and text not in schema["enum"]:
        raise Refusal(400, "invalidParameter")
    match schema["type"]:
        case "boolean":
            if text not in ("true", "false"):
                raise Refusal(400, "invalidParameter")
            return text == "true"
        case "integer":
            if not text.lstrip("-").isdigit():
                raise Refusal(400, "invalidParameter")
            return int(text)
    return text


def _body(api: str, method: Mapping[str, Any], raw: bytes) -> dict[str, Any]:
    if "request" not in method:
        if raw:
            raise Refusal(400, "unexpectedBody")
        return {}
    try:
        body: dict[str, Any] = json.loads(raw)
    except ValueError as error:
        raise Refusal(400, "parseError") from error
    check(api, method["request"]["$ref"], body)
    return body


def check(api: str, schema_name: str, value: Any) -> None:
    """Raises Refusal where a value holds what its schema doesn't name, or of another kind."""
    _check(api, {"$ref": schema_name}, value, schema_name)


def _check(api: str, schema: Mapping[str, Any], value: Any, where: str) -> None:
    if "$ref" in schema:
        schema = {"type": "object", **document(api)["schemas"][schema["$ref"]]}
    kind = schema.get("type", "any")
    if kind in _KINDS and not isinstance(value, _KINDS[kind]):
        raise Refusal(400, f"invalid {where}")
    if kind == "array":
        for item in value:
            _check(api, schema["items"], item, where)
    if kind == "object":
        properties = schema.get("properties", {})
        free = schema.get("additionalProperties")
        for name, inner in value.items():
            if name not in properties and free is None:
                raise Refusal(400, f"unknown field {where}.{name}")
            _check(api, properties.get(name, free or {}), inner, f"{where}.{name}")


def partial(document: Any, fields: str) -> Any:
    """A partial response, as the `fields` parameter asks for it."""
    return document if not fields else _pick(document, _parse_fields(fields))


def _parse_fields(text: str) -> dict[str, Any]:
    tokens = re.findall(r"[\w*]+|[(),/]", text)
    tree, rest = _group(tokens)
    if rest:
        raise Refusal(400, "invalidParameter")
    return tree


def _group(tokens: list[str]) -> tuple[dict[str, Any], list[str]]:
    tree: dict[str, Any] = {}
    while tokens:
        name, tokens = tokens[0], tokens[1:]
        tree[name], tokens = _below(tokens)
        if not tokens or tokens[0] == ")":
            return tree, tokens
        tokens = tokens[1:]  # the comma
    return tree, tokens


def _below(tokens: list[str]) -> tuple[dict[str, Any], list[str]]:
    if tokens and tokens[0] == "(":
        inner, tokens = _group(tokens[1:])
        return inner, tokens[1:]
    if tokens and tokens[0] == "/":
        name, tokens = tokens[1], tokens[2:]
        inner, tokens = _below(tokens)
        return {name: inner}, tokens
    return {}, tokens


def _pick(value: Any, tree: Mapping[str, Any]) -> Any:
    if not tree:
        return value
    if isinstance(value, list):
        return [_pick(item, tree) for item in value]
    return {name: _pick(value[name], inner) for name, inner in tree.items() if name in value}

"""Microsoft Graph's own metadata (CSDL), against which the simulator checks what is said.

Stands outside the project; where it is missing, the simulator checks less and says so.
"""

from __future__ import annotations

import os
import re
import warnings
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from xml.etree import ElementTree

_EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
_PRIMITIVES: dict[str, type | tuple[type, ...]] = {
    "Edm.String": str,
    "Edm.Boolean": bool,
    "Edm.Int32": int,
    "Edm.Int64": int,
    "Edm.Double": (int, float),
}
_SHAPES = {
    "Edm.DateTimeOffset": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?(Z|[+-]\d\d:\d\d)",
    "Edm.Date": r"\d{4}-\d\d-\d\d",
    "Edm.TimeOfDay": r"\d\d:\d\d:\d\d(\.\d{1,7})?",
    "Edm.Binary": r"[A-Za-z0-9+/_-]*=*",
}


@dataclass
class Schema:
    """`types` maps a type to its properties and base, `enums` to members."""

    types: dict[str, dict[str, str]] = field(default_factory=dict)
    bases: dict[str, str] = field(default_factory=dict)
    enums: dict[str, frozenset[str]] = field(default_factory=dict)
    actions: dict[str, dict[str, str]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.types)

    def properties(self, kind: str) -> dict[str, str]:
        """A type's properties with their types, inherited ones included."""
        own = dict(self.types.get(kind, {}))
        base = self.bases.get(kind)
        return {**self.properties(base), **own} if base else own

    def faults(self, kind: str, value: object, where: str = "") -> list[str]:
        """What in a value does not fit its type."""
        if not self:
            return []
        if kind.startswith("Collection("):
            if not isinstance(value, list):
                return [f"{where} is no collection"]
            inner = kind[len("Collection(") : -1]
            return [
                f for n, one in enumerate(value) for f in self.faults(inner, one, f"{where}[{n}]")
            ]
        if value is None:
            return []
        if kind in self.enums:
            return [] if value in self.enums[kind] else [f"{where}: {value!r} is no {kind}"]
        if kind in self.types:
            return self._object(kind, value, where)
        return [] if _is_primitive(kind, value) else [f"{where}: {value!r} is no {kind}"]

    def _object(self, kind: str, value: object, where: str) -> list[str]:
        if not isinstance(value, dict):
            return [f"{where} is no {kind}"]
        known = self.properties(kind)
        found = []
        for name, inner in value.items():
            if "@" in name:
                continue
            if name not in known:
                found.append(f"{where}/{name}: no such property of {kind}")
            else:
                found += self.faults(known[name], inner, f"{where}/{name}")
        return found


def _is_primitive(kind: str, value: object) -> bool:
    if kind in _SHAPES:
        return isinstance(value, str) and re.fullmatch(_SHAPES[kind], value) is not None
    wanted = _PRIMITIVES.get(kind)
    if wanted is None:
        return True
    return isinstance(value, wanted) and (kind == "Edm.Boolean" or not isinstance(value, bool))


def _path() -> Path:
    root = os.environ.get("OVERLAP_SCHEMAS")
    default = Path(__file__).resolve().parents[2].parent / "shared" / "schemas"
    return (Path(root) if root else default) / "graph" / "v1.0.csdl"


@lru_cache(maxsize=1)
def schema() -> Schema:
    """Read once. Empty, with a warning, where the metadata is missing."""
    path = _path()
    if not path.is_file():
        warnings.warn(f"no Graph metadata at {path}: the simulator checks less", stacklevel=2)
        return Schema()
    found = Schema()
    for node in ElementTree.parse(path).getroot().iter(f"{_EDM}Schema"):
        _collect(node, found)
    return found


def _collect(node: ElementTree.Element, found: Schema) -> None:
    space = str(node.get("Namespace", "")).replace("microsoft.graph", "graph")
    for child in node:
        name = f"{space}.{child.get('Name')}"
        if child.tag in (f"{_EDM}EntityType", f"{_EDM}ComplexType"):
            found.types[name] = {
                str(p.get("Name")): str(p.get("Type"))
                for p in child
                if p.tag in (f"{_EDM}Property", f"{_EDM}NavigationProperty")
            }
            if child.get("BaseType"):
                found.bases[name] = str(child.get("BaseType"))
        elif child.tag == f"{_EDM}EnumType":
            found.enums[name] = frozenset(str(m.get("Name")) for m in child)
        elif child.tag == f"{_EDM}Action":
            found.actions[str(child.get("Name"))] = {
                str(p.get("Name")): str(p.get("Type")) for p in child if p.tag == f"{_EDM}Parameter"
            }

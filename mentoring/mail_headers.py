"""How mail headers are read and written: as the library does, but each short one only once."""

from __future__ import annotations

import email.policy
from email.headerregistry import BaseHeader, HeaderRegistry
from email.policy import Policy
from functools import lru_cache
from typing import Any

_SHORT = 256
"""Characters. Strangers write longer ones: they are not kept."""


class _Folded(BaseHeader):
    """A header that is folded once for the policy by which mails are written."""

    _parse_tree: object
    _folded: tuple[Policy, str] | None = None

    def fold(self, *, policy: Policy) -> str:
        if self._folded is None or self._folded[0] is not policy:
            self._folded = policy, self._whole(policy) or super().fold(policy=policy)
        return self._folded[1]

    def _whole(self, policy: Policy) -> str:
        """The header where it needs no folding and no encoding: what the library comes to too."""
        words = str(self._parse_tree)
        line = f"{self.name}: {words}"
        fits = words and len(line) <= (policy.max_line_length or 0) and line.isascii()
        return f"{line}{policy.linesep}" if fits and line.isprintable() else ""


class Headers(HeaderRegistry):
    """Keeps each header's class, which the library makes anew for every header of every mail.

    Short headers that were read are kept too: it reads a part's again at each look at it.
    """

    def __init__(self) -> None:
        super().__init__(base_class=_Folded)
        self._made: dict[str, type[BaseHeader]] = {}
        self._read = lru_cache(maxsize=512)(super().__call__)

    def __call__(self, name: str, value: Any) -> BaseHeader:
        if type(value) is str and len(name) + len(value) <= _SHORT:
            return self._read(name, value)
        return super().__call__(name, value)

    def __getitem__(self, name: str) -> type[BaseHeader]:
        known = name.lower()
        if known not in self.registry:  # whatever else strangers call theirs is unstructured
            known = ""
        if known not in self._made:
            self._made[known] = super().__getitem__(known)
        return self._made[known]


class _Known(str):
    """A header's value that the library takes for a header, since it has a name and can be folded
    (email.policy.EmailPolicy.header_store_parse)."""

    __slots__ = ("name",)
    name: str

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"


def known(name: str, value: str) -> str:
    """A value of our own for a header: short and in ASCII, nobody parses it again.

    It is written on one line, so the policy's lines must be longer than that.
    """
    if not value or len(value) > _SHORT or not (value.isascii() and value.isprintable()):
        return value
    header = _Known(value)
    header.name = name
    return header


READING = email.policy.default.clone(header_factory=Headers())
"""What mails that come in are read by."""

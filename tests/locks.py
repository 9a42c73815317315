"""The lock files: what is pinned, by which hashes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
LOCKS = ("requirements", "requirements-dev")


@dataclass(frozen=True)
class Pin:
    """One line of a lock."""

    requirement: Requirement
    hashes: frozenset[str]

    @property
    def name(self) -> str:
        return canonicalize_name(self.requirement.name)

    @property
    def version(self) -> str:
        return str(self.requirement.specifier).removeprefix("==")

    @property
    def here(self) -> bool:
        """Whether it is for this platform and Python."""
        return self.requirement.marker is None or self.requirement.marker.evaluate()


def pins(lock: str) -> list[Pin]:
    """The lines of a lock; every one must be a pin with hashes."""
    text = (ROOT / f"{lock}.lock").read_text().replace("\\\n", " ")
    found = []
    for line in text.splitlines():
        what, *hashes = line.split(" --hash=")
        pin = Pin(Requirement(what), frozenset(each.strip() for each in hashes))
        assert re.fullmatch(r"==[\w.+]+", str(pin.requirement.specifier)), line
        assert pin.hashes, line
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in pin.hashes), line
        found.append(pin)
    return found

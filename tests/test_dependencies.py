"""What we depend on, as far as that can be told without a network: locks, environment, licences.

Known vulnerabilities are a service's knowledge: tests/audit.py asks it, where there is a network.
"""

from __future__ import annotations

import re
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.locks import LOCKS, ROOT, pins

BUILT_IN = frozenset({"pip", "setuptools"})
"""What `python -m venv` brings."""
FREE = re.compile(r"MIT|BSD|Apache|ISC|MPL|Mozilla|PSF|Python Software|LGPL|Lesser|HPND|CC0")
UNSAID = {"imapclient": "BSD, in its COPYING"}
"""Packages whose metadata are silent, and where their licence is."""


def wanted(name: str) -> list[Requirement]:
    """The requirements that people wrote."""
    text = (ROOT / f"{name}.in").read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    nested = [wanted(line[3:].removesuffix(".in")) for line in lines if line.startswith("-r ")]
    own = [Requirement(line) for line in lines if not line.startswith("-r ")]
    return [*own, *(each for several in nested for each in several)]


def needed(roots: list[Requirement]) -> set[str]:
    """All that these need, by what the installed packages say of themselves."""
    found: set[tuple[str, frozenset[str]]] = set()
    waiting = list(roots)
    while waiting:
        requirement = waiting.pop()
        key = (canonicalize_name(requirement.name), frozenset(requirement.extras))
        if key in found:
            continue
        found.add(key)
        for line in metadata.requires(key[0]) or ():
            inner = Requirement(line)
            extras = [{"extra": extra} for extra in ("", *requirement.extras)]
            if inner.marker is None or any(inner.marker.evaluate(extra) for extra in extras):
                waiting.append(inner)
    return {name for name, _ in found}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_what_is_wanted_and_nothing_else(lock: str) -> None:
    assert needed(wanted(lock)) == {pin.name for pin in pins(lock) if pin.here}


def test_what_is_tested_is_what_runs() -> None:
    tested = pins("requirements-dev")
    assert [pin for pin in pins("requirements") if pin not in tested] == []


def test_nothing_is_installed_that_no_lock_names() -> None:
    locked = {pin.name: pin for pin in pins("requirements-dev") if pin.here}
    installed = {str(canonicalize_name(d.name)): d.version for d in metadata.distributions()}
    assert installed.keys() - locked.keys() <= BUILT_IN
    for name, pin in locked.items():
        assert pin.requirement.specifier.contains(installed[name], prereleases=True), name


def test_every_package_that_runs_is_free_to_use() -> None:
    for pin in pins("requirements"):
        if not pin.here or pin.name in UNSAID:
            continue
        known = metadata.metadata(pin.name).json
        classifiers = [c for c in known.get("classifier", ()) if c.startswith("License")]
        said = f"{classifiers} {known.get('license_expression', '')} {known.get('license', '')}"
        assert FREE.search(said), f"{pin.name}: {said[:80]}"
        assert not re.search(r"\bA?GPL", said) or " OR " in said, f"{pin.name}: {said[:80]}"

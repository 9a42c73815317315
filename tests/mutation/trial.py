"""Trying a module's mutants on its own tests: each in a fork of one process that is warm."""

from __future__ import annotations

import ast
import importlib
import json
import os
import resource
import signal
import sys
import types
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import Phase, settings

from tests.mutation.mutate import Mutant, mutants
from tests.mutation.subjects import Module

ROOT = Path(__file__).parent.parent.parent
_ROOMS = ("mentoring", "integrations", "store", "service", "web", "verbs")
_MEMORY = 4 << 30
_WALL = 600
"""Seconds after which a mutant that only waits is ended. It counts as not found: a busy machine may
have kept it waiting."""


@dataclass(frozen=True)
class Score:
    """What came of a module's mutants. `lived` and `same` are those that no test found, the second
    named beforehand; `stale` are names that fit none."""

    path: str
    tried: int
    lived: tuple[str, ...]
    same: tuple[str, ...]
    stale: tuple[str, ...]

    @property
    def found(self) -> int:
        return self.tried - len(self.lived) - len(self.same)


class TestsFailError(Exception):
    """The module's own tests fail without any mutant."""


def try_module(module: Module) -> Score:
    """Raises TestsFailError."""
    with TemporaryDirectory() as compiled:  # tests are compiled once, not for each mutant
        sys.pycache_prefix, sys.dont_write_bytecode = compiled, False
        return _try(module)


def _try(module: Module) -> Score:
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    settings.register_profile(
        "mutation",
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.explicit, Phase.generate),
    )
    settings.load_profile("mutation")
    seconds = _warm_up(module)
    source = (ROOT / module.path).read_text()
    if not _lives(module, Mutant("", 0, "nothing", source), seconds):
        raise TestsFailError(f"{module.path}: its own tests fail where it is put in unchanged")
    every = list(mutants(source))
    lived = [mutant for mutant in every if _lives(module, mutant, seconds)]
    same = [mutant for mutant in lived if _key(mutant) in module.same]
    return Score(
        module.path,
        len(every),
        tuple(f"{module.path}:{mutant}" for mutant in lived if mutant not in same),
        tuple(f"{module.path}:{mutant}" for mutant in same),
        tuple(sorted(set(module.same) - {_key(mutant) for mutant in same})),
    )


def _key(mutant: Mutant) -> str:
    return f"{mutant.scope}: {mutant.slip}"


def _warm_up(module: Module) -> int:
    """Load what tests need and no mutant changes; how many seconds a mutant may work."""
    reading, writing = os.pipe()

    def run() -> None:
        if _run_tests(module):
            os._exit(1)
        used = os.times()
        with os.fdopen(writing, "w") as answer:
            json.dump([used.user + used.system, sorted(sys.modules)], answer)

    pid = _fork(run)
    os.close(writing)
    with os.fdopen(reading) as answer:
        told = answer.read()
    if _ended(pid) or not told:
        raise TestsFailError(f"{module.path}: its own tests fail; run pytest {module.tests[0]}")
    used, names = json.loads(told)
    for name in names:
        if not _reaches(name, module.name):
            with suppress(ImportError):  # some names are made at run time
                importlib.import_module(name)
    return int(1.5 * used) + 3


def _reaches(name: str, target: str) -> bool:
    """Whether a module of ours imports the target, or what imports it; tests are taken to."""
    reached, ahead = set[str](), {name}
    while ahead:
        reached |= ahead
        ahead = {other for one in ahead for other in _imports(one)} - reached
    return target in reached or name.startswith("test")


@cache
def _imports(name: str) -> frozenset[str]:
    """What a module of ours imports; nothing for others."""
    path = ROOT / (name.replace(".", "/") + ".py")
    if name.partition(".")[0] not in _ROOMS or not path.exists():
        return frozenset()
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(found)


def _lives(module: Module, mutant: Mutant, seconds: int) -> bool:
    def run() -> None:
        for kind, most in ((resource.RLIMIT_CPU, seconds), (resource.RLIMIT_AS, _MEMORY)):
            # A program that a test starts may have limits of its own below the hard one.
            resource.setrlimit(kind, (most, resource.getrlimit(kind)[1]))
        signal.alarm(_WALL)
        _install(module, mutant)
        if _run_tests(module):
            os._exit(1)

    return os.waitstatus_to_exitcode(_ended(_fork(run))) in (0, -signal.SIGALRM)


def _install(module: Module, mutant: Mutant) -> None:
    """Put the mutant where the module would be."""
    made = types.ModuleType(module.name)
    made.__file__ = str(ROOT / module.path)
    package, _, tail = module.name.rpartition(".")
    made.__package__ = package
    sys.modules[module.name] = made
    exec(compile(mutant.source, module.path, "exec"), made.__dict__)  # noqa: S102
    setattr(importlib.import_module(package), tail, made)


def _run_tests(module: Module) -> int:
    how = ["-x", "-m", "not slow", "--noconftest", "--tb=no", "-p", "no:cacheprovider"]
    return int(pytest.main([*how, *module.tests]))


def _fork(run: Callable[[], None]) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:  # nothing of the parent's may go on in the child
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        run()
    except BaseException:
        os._exit(1)
    os._exit(0)


def _ended(pid: int) -> int:
    return os.waitpid(pid, 0)[1]

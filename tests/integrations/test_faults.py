"""Every fault at every call of the providers' adapters: what is asked for comes out right.

In a run of the suite each fault meets each call once; OVERLAP_ALL_FAULTS=1 plays all cases.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path
from types import FrameType, SimpleNamespace
from typing import Any

import pytest

from integrations import exchange, google, microsoft365
from tests.integrations.faults_matrix import Matrix, sampled
from tests.integrations.providers import PROVIDERS

SEED = 20270111
PLACES = {
    "google": (google.Account, ("call",), "account"),
    "microsoft365": (
        microsoft365.Mailbox,
        ("get", "post", "patch", "delete", "pages", "send", "require"),
        "mailbox",
    ),
    "exchange": (exchange.Mailbox, ("call",), "mailbox"),
}
"""Through which class an adapter makes its calls, by which methods, and what it calls that."""
_MET_WITH_DETAILS = frozenset(
    {
        "token",
        "openid-configuration",
        "delta",
        "calendar.events.list",
        "SyncFolderItems",
        "ConvertId",
    }
)
"""Calls that a reader of free/busy alone shares with one who sees details."""
_FREE_BUSY = {("google_busy.py", "_ask")}
"""Call sites that only a reader of free/busy alone comes to."""
_ROOM = Path(exchange.__file__).parent


@pytest.fixture(params=PROVIDERS)
def matrix(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Matrix]:
    with PROVIDERS[request.param](tmp_path) as provider:
        _awkward(provider.server)
        yield Matrix(provider)


def _awkward(server: Any) -> None:
    """Five of anything are three pages, and whatever may need a call of its own does."""
    if type(server).__name__ == "Google":
        server.mail.rewrites = True
    if type(server).__name__ == "Microsoft365":
        server.post.rename = server.calendars.links_late = True
    paging = {
        "Google": ("calendars", "mail"),
        "Microsoft365": ("links",),
        "Server": ("exchange.store",),
    }
    for path in paging[type(server).__name__]:
        attrgetter(path)(server).page = 2


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Google's library waits a second and more before it asks for a token again."""
    at_once = SimpleNamespace(sleep=lambda seconds: None)
    monkeypatch.setattr("google.auth._exponential_backoff.time", at_once)


@pytest.mark.slow
@pytest.mark.usefixtures("impatient")
def test_every_fault_at_every_call_is_got_over(
    matrix: Matrix, monkeypatch: pytest.MonkeyPatch
) -> None:
    callers = _watched(matrix, monkeypatch)
    besides = frozenset() if matrix.provider.details else _MET_WITH_DETAILS
    played = sampled(matrix.cases(), SEED, besides)
    wrong = [trouble for case in played if (trouble := matrix.play(case))]
    assert wrong == []
    wanted = _call_sites(matrix.provider.scheme)
    left = (wanted - _FREE_BUSY if matrix.provider.details else wanted & _FREE_BUSY) - callers
    assert not left, f"no errand of tests/integrations/errands.py makes these calls: {left}"


def _watched(matrix: Matrix, monkeypatch: pytest.MonkeyPatch) -> set[tuple[str, str]]:
    """The file and function of whoever makes a call, as they come."""
    holder, names, _ = PLACES[matrix.provider.scheme]
    callers: set[tuple[str, str]] = set()

    def watch(name: str) -> None:
        real = getattr(holder, name)

        def call(*args: Any, **how: Any) -> Any:
            frame: FrameType | None = sys._getframe(1)
            assert frame is not None
            callers.add((Path(frame.f_code.co_filename).name, frame.f_code.co_name))
            return real(*args, **how)

        monkeypatch.setattr(holder, name, call)

    for name in names:
        watch(name)
    return callers


def _call_sites(scheme: str) -> set[tuple[str, str]]:
    """Every function of an adapter that makes a call, read from its source."""
    _, names, held = PLACES[scheme]
    found = set()
    for path in _ROOM.glob(f"{scheme}_*.py"):
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef) and any(
                _is_call(node, names, held) for node in _own_nodes(function)
            ):
                found.add((path.name, function.name))
    return found


def _own_nodes(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """What stands in a function itself, and not in one inside it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if not isinstance(node, ast.FunctionDef):
            yield node
            waiting += ast.iter_child_nodes(node)


def _is_call(node: ast.AST, names: tuple[str, ...], held: str) -> bool:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    receiver = node.func.value
    name = receiver.attr if isinstance(receiver, ast.Attribute) else getattr(receiver, "id", "")
    return node.func.attr in names and name.strip("_") == held

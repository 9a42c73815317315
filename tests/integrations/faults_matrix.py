"""Every fault at every call of every errand of every provider: the cases, and how one is played."""

from __future__ import annotations

import os
import random
import socket
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from typing import Any

from integrations import exchange_login, http_client
from integrations.google import Account
from integrations.ports import Owner, ProviderError, Sessions
from tests.integrations.errands import BUSY, ERRANDS, Errand, Stage
from tests.integrations.providers import Provider
from tests.servers.faults import KINDS, PAGED, Request

NO_NAME = "no name"
"""The provider's host can't be resolved: no server's fault, and so no kind of a server's."""
FAULTS = (*KINDS, NO_NAME)
PASSING = frozenset(
    {
        *("429", "429 date", "429 bare", "500", "502", "503", "504", "504 after effect", NO_NAME),
        *("reset before", "reset inside", "reset after effect", "truncated", "a byte at a time"),
    }
)
"""What nobody may call lasting: its owner or the coordinator would be told to mend it."""
SLOW = 0.02
_POLLS = 2
ALL = bool(os.environ.get("OVERLAP_ALL_FAULTS"))


@dataclass(frozen=True)
class Case:
    """`at` is the number of the call, from 0, and `call` the vendor's name of it."""

    errand: Errand
    at: int
    call: str
    kind: str

    def __str__(self) -> str:
        return f"{self.errand.name}: {self.kind} at call {self.at + 1} ({self.call})"


@dataclass
class Matrix:
    """The cases of one running provider."""

    provider: Provider
    only: tuple[Errand, ...] = ()
    kinds: tuple[str, ...] = FAULTS
    numbers: Iterator[int] = field(default_factory=lambda: count(16, 16))
    outcomes: dict[str, str] = field(default_factory=dict)
    clients: Sessions = field(default_factory=Sessions)
    """Google's clients and key, which take long to read and hold nothing of a stage's."""

    @property
    def errands(self) -> tuple[Errand, ...]:
        return self.only or (ERRANDS if self.provider.details else BUSY)

    def cases(self) -> list[Case]:
        """All of them, found by running each errand without a fault."""
        return [
            Case(errand, at, call, kind)
            for errand in self.errands
            for at, call in enumerate(self.calls(errand))
            for kind in self.kinds
            if kind != NO_NAME or at == 0
            if kind not in PAGED or _lists(call)
        ]

    def calls(self, errand: Errand) -> list[str]:
        stage = self._stage()
        errand.prepare(stage)
        heard: list[str] = []

        def hear(request: Request) -> bool:
            heard.append(request.operation)
            return False

        self._arm(stage, hear, "500")
        errand.act(stage)
        self._heal(stage)
        return heard

    def play(self, case: Case) -> str:
        """What is wrong with how a case went; empty where nothing is."""
        expected = self.expected(case.errand)
        stage = self._stage(fresh=case.kind == NO_NAME)
        case.errand.prepare(stage)
        if case.kind == NO_NAME:
            stage.provider = self._stage_provider(stage.office)
        numbers = count()
        self._arm(stage, lambda request: next(numbers) == case.at, case.kind)
        try:
            for attempt in range(1 + _POLLS):
                done = _attempt(case, stage, first=not attempt)
                self._heal(stage)
                if isinstance(done, str):
                    return done
                if not case.errand.fair(stage):
                    return f"{case}: something that is busy was taken for free"
                if done and self._outcome(case, stage) == expected:
                    return ""
            found = self._outcome(case, stage)
        finally:
            self._heal(stage)
        if case.errand.gone and case.kind in ("404", "410") and found == "gone":
            return ""  # what the provider itself says of one that is gone
        return f"{case}: {found!r} instead of {expected!r}"

    def _outcome(self, case: Case, stage: Stage) -> str:
        """What the errand came to; to look may meet what is left of the fault, a dead connection
        that was kept open, and is then a part of the attempt."""
        try:
            return _anonymous(case.errand.outcome(stage), stage)
        except ProviderError as error:
            return f"not seen: {error}"

    def expected(self, errand: Errand) -> str:
        """What an errand comes to without a fault."""
        if errand.name not in self.outcomes:
            stage = self._stage()
            errand.prepare(stage)
            errand.act(stage)
            self.outcomes[errand.name] = _anonymous(errand.outcome(stage), stage)
        return self.outcomes[errand.name]

    def _stage(self, *, fresh: bool = False) -> Stage:
        number = next(self.numbers)
        owner = Owner(f"dana{number}@example.org", "America/New_York")
        office = f"office{number}@example.org"
        for address in (owner.email, office):
            self.provider.server.user(address)
        return Stage(self._stage_provider(office), owner, office, number)

    def _stage_provider(self, office: str) -> Provider:
        sessions = Sessions()
        if self.provider.scheme == "google":
            made = Account(office, replace(self.provider.access, sessions=self.clients))
            for api in ("calendar", "gmail"):
                sessions.get(("google service", api), partial(made.service, api))
            sessions.get(
                "google key", partial(self.clients.get, "google key", made._service_account)
            )
        access = replace(self.provider.access, sessions=sessions)
        return replace(self.provider, office=office, access=access)

    def _arm(self, stage: Stage, match: Any, kind: str) -> None:
        if kind == NO_NAME:
            return
        stage.server.slow = SLOW
        for faults in _faults(stage.server):
            faults.add(match, kind)

    def _heal(self, stage: Stage) -> None:
        for faults in _faults(stage.server):
            faults.waiting.clear()


def _attempt(case: Case, stage: Stage, *, first: bool) -> bool | str:
    """Whether it came through; what is wrong where it failed as nothing may fail."""
    try:
        with _around(case.kind if first else ""):
            case.errand.act(stage)
    except ProviderError as error:
        hears = case.errand.polled and stage.provider.scheme != "caldav"  # its library does not
        if hears and first and case.kind == "429 date" and error.retry_after is None:
            return f"{case}: Retry-After was not heard"
        if first and case.kind in PASSING and error.permanent:
            return f"{case}: called lasting: {error}"
        return False
    except Exception as error:  # whatever else comes is the defect that is looked for
        return f"{case}: {type(error).__name__} instead of a ProviderError: {error}"
    return True


def _faults(server: Any) -> list[Any]:
    own = [server.faults, getattr(server, "sign_in_faults", None)]
    return [faults for faults in own if faults is not None]


def _lists(call: str) -> bool:
    return any(
        word in call.lower() for word in ("list", "find", "sync", "view", "events", "messag")
    )


def _anonymous(outcome: Any, stage: Stage) -> str:
    """The outcome without what tells one stage from another."""
    text = repr(outcome)
    for own, everybody in (
        (f"{stage.number // 16:031x}", "UID"),
        (stage.office, "OFFICE"),
        (stage.owner.email, "OWNER"),
        (f"Hello {stage.number}", "Hello N"),
        (f"<{stage.number}@", "<N@"),
    ):
        text = text.replace(own, everybody)
    return text


@contextmanager
def no_names() -> Iterator[None]:
    """No host name can be resolved, as when the resolver is down."""
    real = socket.getaddrinfo

    def refuse(*_: object, **__: object) -> Any:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    socket.getaddrinfo = refuse
    try:
        yield
    finally:
        socket.getaddrinfo = real


@contextmanager
def _impatient() -> Iterator[None]:
    """What takes minutes takes a moment."""
    usual = http_client.LONGEST, exchange_login.LONGEST
    http_client.LONGEST = exchange_login.LONGEST = 0.3
    try:
        yield
    finally:
        http_client.LONGEST, exchange_login.LONGEST = usual


def _around(kind: str) -> AbstractContextManager[None]:
    """What a kind of fault needs of us beside the server's part."""
    return {NO_NAME: no_names, "a byte at a time": _impatient}.get(kind, nullcontext)()


def sampled(
    cases: Iterable[Case], seed: int, besides: frozenset[str] = frozenset(), every: int = 1
) -> list[Case]:
    """Each kind of fault at each call once, in one of the errands and places where it is made.

    `besides` are calls that are met elsewhere; one in `every` is kept where they take long.
    """
    if ALL:
        return list(cases)
    cases = (case for case in cases if case.call not in besides)
    choices: dict[tuple[str, str], list[Case]] = defaultdict(list)
    for case in cases:
        choices[case.call, case.kind].append(case)
    chosen = random.Random(seed)
    return [chosen.choice(choices[key]) for key in sorted(choices)][::every]

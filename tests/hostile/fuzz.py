"""Many mutants through every parser, each within limits; what breaks one is a finding."""

from __future__ import annotations

import base64
import resource
import signal
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.hostile.conversations import NAMES
from tests.hostile.mutate import mutant
from tests.hostile.parsers import PARSERS
from tests.hostile.seeds import SEEDS

SECONDS = 5
MEMORY = 256 << 20
WEIGHTS: Mapping[str, int] = {
    "calendar": 30,
    "mail": 30,
    "settings": 10,
    "people": 10,
    "link": 60,
    **dict.fromkeys((*NAMES, "template"), 2),
}
"""Of a thousand cases or so; the others share what is left."""
_USUALLY = 30
NEVER = frozenset({"freed"})
FORGED: Mapping[str, frozenset[str]] = {"link": frozenset({"read"})}
"""What no mutant may come to: an hour set free that stands there, and a forgery that passes."""


class TooLong(BaseException):
    """A parser took more processor time than it may. No parser's own handler may swallow it."""


@dataclass
class Run:
    """What came of one parser's cases. `findings` are cases that broke it, ready to be replayed."""

    parser: str
    outcomes: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    findings: list[str] = field(default_factory=list)


@contextmanager
def limited(seconds: float = SECONDS) -> Iterator[None]:
    """Processor time is bounded inside, however loaded the machine is."""

    def stop(_signal: int, _frame: object) -> None:
        raise TooLong

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def bound_memory() -> None:
    """From here on this process may take so much more memory and no more."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def share(cases: int) -> dict[str, int]:
    """How many of so many cases each parser gets."""
    weights = {name: WEIGHTS.get(name, _USUALLY) for name in PARSERS}
    whole = sum(weights.values())
    return {name: -(-cases * weight // whole) for name, weight in weights.items()}


def fuzz(name: str, cases: int, seed: int) -> Run:
    """So many mutants through one parser."""
    random, run = Random(f"{seed} {name}"), Run(name)
    for number in range(cases):
        raw = mutant(random, SEEDS[name])
        began = time.process_time()
        try:
            with limited():
                outcome = PARSERS[name](raw)
        except (Exception, TooLong) as error:
            if len(run.findings) < 20:
                what = f"{type(error).__name__}: {str(error)[:200]!r}"
                case = base64.b64encode(raw).decode()
                run.findings.append(f"{name} case {number} of seed {seed}: {what}\n  {case}")
            continue
        run.slowest = max(run.slowest, time.process_time() - began)
        run.outcomes[outcome] += 1
        if outcome in NEVER | FORGED.get(name, frozenset()):
            run.findings.append(f"{name} case {number} of seed {seed} passes: {raw!r}")
    return run

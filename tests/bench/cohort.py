"""One assignment for a whole cohort, each in a process of its own: time, memory, gap, the rest."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

from mentoring.assignment import SOLVER, assign, in_turn
from mentoring.assignment_greedy import one_after_another
from mentoring.assignment_model import Problem, Request, value_of
from mentoring.assignment_parts import _part, limits_of, possible
from tests.bench.many import ROOT, resident
from tests.bench.row import Row, Scale
from tests.mentoring.cohorts import coupled, natural

_SECONDS = {500: 0.3, 5_000: 3.0, 50_000: 30.0}
_COMPARED = 5_000
"""Up to so many pairs the solver gets the whole, too."""
_KINDS: dict[str, Callable[[int], list[Request]]] = {
    "scarce": lambda pairs: coupled(pairs, seed=1),
    "scarce, 2 rooms in 100 pairs": lambda pairs: coupled(pairs, seed=1, rooms=max(1, pairs // 50)),
    "natural": lambda pairs: natural(pairs, seed=1),
}


def rows(scale: Scale) -> Iterator[Row]:
    """What is promised of cohorts with shared mentors and few times, and the usual ones beside."""
    for pairs in scale.cohorts:
        yield from _rows("scarce", pairs)
    for kind in ("scarce, 2 rooms in 100 pairs", "natural"):
        yield from _rows(kind, scale.cohorts[min(1, len(scale.cohorts) - 1)])


def _rows(kind: str, pairs: int) -> Iterator[Row]:
    found = _apart("ours", kind, pairs)
    name = f"{pairs:,} pairs at once, {kind}"
    whole = _apart("whole", kind, pairs) if pairs <= _COMPARED and kind != "natural" else None
    yield Row(
        name,
        found["seconds"],
        "s",
        f"{found['options']:,} times, {found['median']:g} a pair in the middle; {found['how']}; "
        f"{found['cpu']:.2f} s of processor",
        limit=_SECONDS.get(pairs),
        peer=f"HiGHS on the whole, {whole['cpu']:.2f} s of processor" if whole else "",
        ratio=whole["seconds"] / found["seconds"] if whole else None,
    )
    yield Row(
        f"{name}: proven gap",
        100 * found["gap"],
        "%",
        "of burden and cost; none in how many are served",
        limit=0.01,
    )
    yield Row(
        f"{name}: left without a time",
        found["unscheduled"],
        "pairs",
        f"proven: {found['fewest']} at the least",
        limit=found["fewest"],
        peer=f"one after another: {found['in turn']}, in {found['in turn seconds']:.2f} s",
    )
    yield Row(f"{name}: memory", found["megabytes"], "MB", "at its peak, of the process", limit=150)


def _apart(way: str, kind: str, pairs: int) -> dict[str, Any]:
    """A measure from a fresh process: what it has loaded and kept is its own."""
    code = f"from tests.bench.cohort import {way}; {way}({kind!r}, {pairs})"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    answer: dict[str, Any] = json.loads(run.stdout)
    return answer


def ours(kind: str, pairs: int) -> None:
    """Prints what `assign` takes and gives, as JSON."""
    cohort = _KINDS[kind](pairs)
    before, begun, cpu = resident(), time.perf_counter(), time.process_time()
    got = assign(cohort, seconds=60.0)
    seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    begun = time.perf_counter()
    plain = value_of(cohort, in_turn(cohort, (), {}))
    solver = got.solved.get(SOLVER, 0)
    json.dump(
        {
            "options": sum(len(request.options) for request in cohort),
            "median": median(len(request.options) for request in cohort),
            "how": f"{got.largest:,} hang together, {solver:,} went to HiGHS",
            "seconds": seconds,
            "cpu": cpu,
            "gap": got.gap,
            "unscheduled": got.value.unscheduled,
            "fewest": got.bound.unscheduled,
            "megabytes": peak - before,
            "in turn": plain.unscheduled,
            "in turn seconds": time.perf_counter() - begun,
        },
        sys.stdout,
    )


def whole(kind: str, pairs: int) -> None:
    """Prints what the solver takes for all at once: nothing split off, nothing left out."""
    cohort = _KINDS[kind](pairs)
    begun, cpu = time.perf_counter(), time.process_time()
    problem = Problem(tuple(cohort))
    kept = possible(problem)
    limits = [limit for found in limits_of(problem, kept).values() for limit in found]
    part = _part(problem, kept, list(range(len(cohort))), limits)
    from mentoring.assignment_solver import solve

    solve(part, one_after_another(part), 120.0)
    json.dump(
        {"seconds": time.perf_counter() - begun, "cpu": time.process_time() - cpu}, sys.stdout
    )

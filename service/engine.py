"""Running jobs on threads: at once where they differ, one after another where they share a key."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import structlog

log = structlog.get_logger()

_WORKERS = 8


@dataclass(frozen=True)
class Job:
    """Something to do; jobs with one `key` (a person, a pair) never run at the same time."""

    key: str
    run: Callable[[], None]


def run_all(jobs: Iterable[Job], stop: threading.Event | None = None) -> None:
    """Run all jobs and wait. One that fails is logged and fails alone; `stop` skips the rest.

    Raises the first failure after all others are done: an error must not pass for a quiet pass.
    """
    queues: dict[str, list[Job]] = defaultdict(list)
    for job in jobs:
        queues[job.key].append(job)
    if not queues:
        return
    with ThreadPoolExecutor(min(_WORKERS, len(queues)), thread_name_prefix="job") as pool:
        outcomes = [pool.submit(_run_queue, queue, stop) for queue in queues.values()]
    failures = [f for outcome in outcomes for f in outcome.result()]
    if failures:
        raise failures[0]


def _run_queue(queue: list[Job], stop: threading.Event | None) -> list[Exception]:
    failures: list[Exception] = []
    for job in queue:
        if stop and stop.is_set():
            break
        try:
            job.run()
        except Exception as error:  # any fault is this job's own; the others go on
            log.exception("job_failed", key=job.key)
            failures.append(error)
    return failures

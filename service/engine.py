"""Running jobs on threads: at once where they differ, one after another where they share a key."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import structlog

from store.database import StoreDamagedError

log = structlog.get_logger()

_WORKERS = 8


@dataclass(frozen=True)
class Job:
    """Something to do; jobs with one `key` (a person, a pair) never run at the same time."""

    key: str
    run: Callable[[], None]


def run_all(jobs: Iterable[Job], stop: threading.Event | None = None) -> int:
    """Run all jobs and wait; `stop` skips those not begun. Returns how many failed."""
    queues: dict[str, list[Job]] = defaultdict(list)
    for job in jobs:
        queues[job.key].append(job)
    if min(_WORKERS, len(queues)) <= 1:  # then no thread is worth its start
        return sum(_run_queue(queue, stop) for queue in queues.values())
    with ThreadPoolExecutor(min(_WORKERS, len(queues)), thread_name_prefix="job") as pool:
        outcomes = [pool.submit(_run_queue, queue, stop) for queue in queues.values()]
    return sum(outcome.result() for outcome in outcomes)


def _run_queue(queue: list[Job], stop: threading.Event | None) -> int:
    return sum(not run_alone(job) for job in queue if not (stop and stop.is_set()))


def run_alone(job: Job) -> bool:
    """Run one job; False where it failed. What one job can't foresee must not stop the others.

    Raises StoreDamagedError: on a damaged store no job may go on.
    """
    try:
        job.run()
    except StoreDamagedError:
        raise
    except Exception:
        log.exception("job_failed", key=job.key)
        return False
    return True

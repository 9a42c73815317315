"""What Prometheus may know: counts, ages and durations; never a name, an address or an id.

Labels take their values from sets that the code fixes: states, kinds of mail, providers, pages.
"""

from __future__ import annotations

import platform
from collections import Counter as Counts
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TypeVar

import structlog
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from mentoring.attention import Trouble
from mentoring.meeting import State
from service.in_force import in_force
from service.overview import Overview, overview
from service.roster_source import RosterSource
from service.work import Tally, reading
from store.calendars import OK
from store.database import newest_revision
from store.figures import Figures, figures
from store.outbox import STATES

log = structlog.get_logger()

_PASS_SECONDS = (0.1, 0.5, 1, 5, 15, 30, 60, 120, 300, 600, 1800)
_CALL_SECONDS = (0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
_PAGE_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 5)
_CHANGES = ("synced", "unreadable", "proposed", "reproposed", "confirmed", "sent", "failed")
"""What of a pass's counts adds up; the others are how things stand, anew in each pass."""

Clock = Callable[[], datetime]
K = TypeVar("K", bound=tuple[str, ...])


class Metrics:
    """Counters of this process, and figures of the store as it is at each scrape."""

    def __init__(self, engine: Engine, source: RosterSource, clock: Clock) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # nobody asks when each began
        self._clock = clock
        registry = self._registry = CollectorRegistry()
        self._passes = Histogram(
            "overlap_pass_seconds",
            "How long passes took.",
            buckets=_PASS_SECONDS,
            registry=registry,
        )
        self._failures = Counter(
            "overlap_pass_failures", "Passes that broke off with an error.", registry=registry
        )
        self._changes = Counter(
            "overlap_pass_changes",
            "What passes did, as `once` counts it.",
            ["change"],
            registry=registry,
        )
        self._held_back = Gauge(
            "overlap_mails_held_back",
            "Mails that wait for their reader's hours, as of the last pass.",
            registry=registry,
        )
        self._calls = Histogram(
            "overlap_provider_seconds",
            "How long calls to providers took.",
            ["provider", "operation"],
            buckets=_CALL_SECONDS,
            registry=registry,
        )
        self._outcomes = Counter(
            "overlap_provider_calls",
            "Calls to providers, by how they ended.",
            ["provider", "operation", "outcome"],
            registry=registry,
        )
        self._pages = Counter(
            "overlap_page_requests",
            "Requests of pages, by the page's name and the answer's status.",
            ["page", "method", "status"],
            registry=registry,
        )
        self._page_seconds = Histogram(
            "overlap_page_seconds",
            "How long pages took.",
            ["page"],
            buckets=_PAGE_SECONDS,
            registry=registry,
        )
        started = Gauge(
            "overlap_start_timestamp_seconds", "When this process began.", registry=registry
        )
        started.set(clock().timestamp())
        for change in _CHANGES:
            self._changes.labels(change)  # from 0 on, so that the first one shows as a rise
        registry.register(_AsItStands(engine, source, clock))
        self._last: datetime | None = None
        registry.register(_LastPass(lambda: self._last))

    def passed(self, counts: Tally, seconds: float) -> None:
        """A pass came to its end."""
        self._passes.observe(seconds)
        self._last = self._clock()
        self._held_back.set(counts["held_back"])
        for change in _CHANGES:
            self._changes.labels(change).inc(counts[change])

    def broke_off(self, seconds: float) -> None:
        """A pass ended in an error."""
        self._passes.observe(seconds)
        self._failures.inc()

    def called(self, provider: str, operation: str, outcome: str, seconds: float) -> None:
        """A provider was asked for something."""
        self._calls.labels(provider, operation).observe(seconds)
        self._outcomes.labels(provider, operation, outcome).inc()

    def answered(self, page: str, method: str, status: int, seconds: float) -> None:
        """A page was asked for."""
        self._pages.labels(page, method, str(status)).inc()
        self._page_seconds.labels(page).observe(seconds)

    def text(self) -> bytes:
        """Everything, in Prometheus' text format 0.0.4."""
        return generate_latest(self._registry)


class _LastPass(Collector):
    """No value until a pass came to its end: 0 would read as one in 1970."""

    def __init__(self, last: Callable[[], datetime | None]) -> None:
        self._last = last

    def collect(self) -> Iterator[GaugeMetricFamily]:
        if last := self._last():
            yield _gauge(
                "overlap_last_pass_timestamp_seconds",
                "When the last pass that worked came to its end.",
                {(): last.timestamp()},
            )


class _AsItStands(Collector):
    """The store's own figures; without the store only that it is away."""

    def __init__(self, engine: Engine, source: RosterSource, clock: Clock) -> None:
        self._engine = engine
        self._source = source
        self._clock = clock

    def collect(self) -> Iterator[GaugeMetricFamily]:
        now, roster = self._clock(), self._source.roster
        yield _build()
        faults = len(self._source.faults)
        yield _gauge("overlap_roster_faults", "Faults in the files as they are.", {(): faults})
        people, pairs = len(roster.people), len(roster.pairs)
        yield _gauge("overlap_people", "People in the roster in force.", {(): people})
        yield _gauge("overlap_roster_pairs", "Pairs in the roster in force.", {(): pairs})
        try:
            with reading(self._engine) as connection:
                found = figures(connection)
                standing = overview(connection, in_force(connection, roster), now)
        except SQLAlchemyError as error:
            log.warning("store_not_counted", reason=str(getattr(error, "orig", error)))
            yield _gauge("overlap_store_up", "Whether the store answers.", {(): 0})
            return
        yield _gauge("overlap_store_up", "Whether the store answers.", {(): 1})
        yield from _mails(found, now)
        yield from _calendars(standing)
        yield from _pairs(standing)
        states = {(str(state),): found.meetings.get(state, 0) for state in State}
        yield _gauge("overlap_meetings", "Meetings on record by state.", states, "state")


def _mails(found: Figures, now: datetime) -> Iterator[GaugeMetricFamily]:
    states = Counts({(state,): 0 for state in STATES})
    for (_kind, state), number in found.mails.items():
        states[(state,)] += number
    yield _gauge("overlap_mails", "Mails on record by state.", states, "state")
    what = "Mails on record by kind and state."
    yield _gauge("overlap_mails_by_kind", what, found.mails, "kind", "state")
    what = "Queued mails that were tried before."
    yield _gauge("overlap_mails_retrying", what, {(): found.retrying})
    what = "Age of the oldest mail that is not out yet."
    ages = {(state,): (now - at).total_seconds() for state, at in found.oldest.items()}
    yield _gauge("overlap_mail_oldest_seconds", what, ages, "state")


def _calendars(standing: Overview) -> Iterator[GaugeMetricFamily]:
    """Those of everyone who is in a pair, as `status` lists them."""
    states = Counts((row.state,) for row in standing.calendars)
    yield _gauge("overlap_calendars", "Partners' calendars by state.", states, "state")
    read = [row.synced_at for row in standing.calendars if row.state == OK and row.synced_at]
    oldest = {(): (standing.now - min(read)).total_seconds()} if read else {}
    what = "Age of the oldest reading on record among calendars that can be read."
    yield _gauge("overlap_calendar_oldest_reading_seconds", what, oldest)


def _pairs(standing: Overview) -> Iterator[GaugeMetricFamily]:
    """As `status` has them, and why some need a human."""
    states = Counts((row.state,) for row in standing.pairs)
    yield _gauge("overlap_pairs", "Pairs by state.", states, "state")
    whys = Counts({(trouble.name.lower(),): 0 for trouble in Trouble})
    for row in standing.pairs:
        whys.update({(need.why.name.lower(),) for need in row.needs})
    yield _gauge("overlap_pairs_in_need", "Pairs that need a human, by why.", whys, "why")


def _gauge(name: str, what: str, values: Mapping[K, float], *labels: str) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, what, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family


@cache
def _build() -> GaugeMetricFamily:
    known = (version(), newest_revision(), platform.python_version())
    return _gauge("overlap_build_info", "What runs.", {known: 1}, "version", "schema", "python")


def version() -> str:
    """The newest heading of CHANGELOG.md: a release's number, else `unreleased`."""
    try:
        lines = (Path(__file__).parent.parent / "CHANGELOG.md").read_text().splitlines()
    except OSError:
        return "unknown"
    newest = next((line for line in lines if line.startswith("## ")), "## unknown")
    return newest.removeprefix("## ").split()[0].strip("[]").lower()

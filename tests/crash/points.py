"""Every point of every workflow over every channel: killed there, restarted, compared."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.crash.channels import CHANNELS
from tests.crash.tracing import Outcome, Point, Runner, runner
from tests.crash.verdict import Traces, Verdict, judge, traces
from tests.crash.workflows import SETTLE, Stage, Start, once, tell


@dataclass(frozen=True)
class Result:
    """One point's outcome; `again` is where the recovery was killed as well."""

    channel: str
    workflow: str
    point: Point
    verdict: Verdict
    again: Point | None = None
    reached: bool = True

    def __str__(self) -> str:
        again = f", then {self.again}" if self.again else ""
        return f"{self.channel}, {self.workflow}: killed at {self.point}{again}: {self.verdict}"


@dataclass
class Case:
    """A workflow over a channel: its points, and what an undisturbed run comes to."""

    stage: Stage
    start: Start
    points: tuple[Point, ...] = ()
    wanted: list[Traces] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.start.name

    def survey(self) -> None:
        """Run it undisturbed: list its calls, and keep the end and that of each pass after."""
        self.stage.put_back(self.start)
        calls: list[Point] = []
        for words in self.start.commands:
            outcome = self.stage.runner.run(self.stage.argv(words), watch=True)
            if outcome.status:
                raise RuntimeError(f"{self.name}: status {outcome.status}: {outcome.errors}")
            calls += outcome.calls
        self.points = tuple(calls)
        self.wanted = list(self._ends())

    def _ends(self) -> Iterator[Traces]:
        yield traces(self.stage)
        for wait in SETTLE:
            self.stage.run(once(self.start.now + wait))
            yield traces(self.stage)

    def kill(
        self, point: Point, again: Point | None = None, *, one_thread: bool = True
    ) -> Result:
        """Kill it at a point, and the recovery at another; then let it run, and compare."""
        self.stage.put_back(self.start)
        first = self._killed(point, one_thread)
        second = self._killed(again, one_thread) if again else None
        for words in self.start.commands:
            self.stage.run(words)
        reached = first.killed and (second is None or second.killed)
        return Result(
            self.stage.channel.name, self.name, point, self._compared(), again, reached
        )

    def _killed(self, point: Point, one_thread: bool) -> Outcome:
        (words,) = self.start.commands
        argv = self.stage.argv(words)
        return self.stage.runner.run(argv, kill=point, one_thread=one_thread)

    def _compared(self) -> Verdict:
        """Passes go on while a letter waits for its channel's lag."""
        for number, wanted in enumerate(self.wanted):
            if number:
                self.stage.run(once(self.start.now + SETTLE[number - 1]))
            found = traces(self.stage)
            verdict = judge(wanted, found)
            if verdict.good and not (found.unfinished and not wanted.unfinished):
                return verdict
        return verdict


@contextmanager
def cases(name: str, folder: Path) -> Iterator[list[Case]]:
    """Every workflow over one channel, surveyed."""
    directory = folder / name / "programme"
    directory.mkdir(parents=True)
    with CHANNELS[name](directory) as channel, runner(folder / name / "runs") as started:
        stage = Stage(channel, started, directory)
        tell(stage)
        found = [Case(stage, start) for start in stage.starts.values()]
        for case in found:
            case.survey()
        yield found

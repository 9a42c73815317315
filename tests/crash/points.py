"""Every point of every workflow over every channel: killed there, restarted, compared."""

from __future__ import annotations

import random
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.crash.channels import CHANNELS
from tests.crash.tracing import Outcome, Point, Runner
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

    def survey(self, *, far: bool = False) -> Case:
        """Run it undisturbed once: list its calls, and keep what it comes to.

        `far` keeps what the passes after it come to as well; only what has to wait needs that.
        """
        if not self.wanted:
            self.stage.put_back(self.start)
            outcome = self.stage.runner.run(self.stage.argv(self.start.command), watch=True)
            if outcome.status not in (0, 1):
                raise RuntimeError(f"{self.name}: status {outcome.status}: {outcome.errors}")
            self.points = outcome.calls
            self._run_what_follows()
            self.wanted = [traces(self.stage)]
        if far and len(self.wanted) == 1:
            self.stage.put_back(self.start)
            self.stage.run(self.start.command)
            self._run_what_follows()
            for wait in SETTLE:
                self.stage.run(once(self.start.now + wait))
                self.wanted.append(traces(self.stage))
        return self

    def kill(
        self,
        point: Point,
        again: Point | None = None,
        *,
        one_thread: bool = True,
        plant: str = "",
    ) -> Result:
        """Kill it at a point, and the recovery at another; then let it run, and compare."""
        self.stage.put_back(self.start)
        reached = self._killed(point, one_thread, plant).killed
        if again:
            reached = self._killed(again, one_thread).killed and reached
        self.stage.run(self.start.command, plant)
        self._run_what_follows()
        verdict = self.compared()
        if verdict is None:
            self.survey(far=True)
            return self.kill(point, again, one_thread=one_thread, plant=plant)
        return Result(self.stage.channel.name, self.name, point, verdict, again, reached)

    def _run_what_follows(self) -> None:
        for words in self.start.after:
            self.stage.run(words)

    def _killed(self, point: Point, one_thread: bool, plant: str = "") -> Outcome:
        argv = self.stage.argv(self.start.command)
        return self.stage.runner.run(argv, kill=point, one_thread=one_thread, plant=plant)

    def compared(self) -> Verdict | None:
        """Passes go on while a letter waits for its channel's lag; None where that needs `far`."""
        for number, wanted in enumerate(self.wanted):
            if number:
                self.stage.run(once(self.start.now + SETTLE[number - 1]))
            found = traces(self.stage)
            verdict = judge(wanted, found)
            if verdict.good and not (found.unfinished and not wanted.unfinished):
                return verdict
        return verdict if len(self.wanted) > 1 else None

    def fair(self, count: int, dice: random.Random) -> list[Point]:
        """Some points, half of them among the calls that are not plain writes to the store."""
        plain = [p for p in self.points if p.call == "pwrite64"]
        rest = [p for p in self.points if p.call != "pwrite64"]
        chosen = dice.sample(rest, min(len(rest), -(-count // 2)))
        return chosen + dice.sample(plain, min(len(plain), count - len(chosen)))


@contextmanager
def cases(
    name: str, folder: Path, runner: Runner, workflows: Collection[str] = ()
) -> Iterator[list[Case]]:
    """Workflows over one channel, all of them unless some are named; not surveyed yet."""
    directory = folder / name / "programme"
    directory.mkdir(parents=True)
    with CHANNELS[name](directory) as channel:
        stage = Stage(channel, runner, directory)
        tell(stage, workflows)
        starts = stage.starts.values()
        yield [Case(stage, s) for s in starts if not workflows or s.name in workflows]


@dataclass(frozen=True)
class Plan:
    """How much of a channel is run: `points` kills and `doubles` double kills; None is all.

    `until` is when to stop, in seconds of `time.monotonic`; what was not run is not counted.
    """

    points: int | None = None
    doubles: int = 0
    seed: int = 0
    until: float = float("inf")


def play(found: list[Case], plan: Plan) -> Iterator[Result]:
    """Kill each workflow where the plan says, the workflows in turns."""
    dice = random.Random(plan.seed)
    orders: list[tuple[Case, Point, Point | None]] = []
    for number, case in enumerate(found):
        case.survey()
        count = len(case.points)
        if plan.points is not None:
            count = plan.points * (number + 1) // len(found) - plan.points * number // len(found)
        orders += [(case, point, None) for point in case.fair(count, dice)]
        pairs = plan.doubles * (number + 1) // len(found) - plan.doubles * number // len(found)
        orders += [(case, dice.choice(case.points), dice.choice(case.points)) for _ in range(pairs)]
    dice.shuffle(orders)
    for case, point, again in orders:
        if time.monotonic() > plan.until:
            return
        yield case.kill(point, again, one_thread=again is None)

"""The workflows, each with the state it begins from: one pair's story, told once a channel."""

from __future__ import annotations

import email
import email.policy
import shutil
import sqlite3
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from service.passes import begin
from service.prepare import remind_at
from service.roster_source import load
from store.database import migrate, open_engine, resolve_url
from tests.crash.channels import Channel, Frozen
from tests.crash.tracing import Outcome, Runner
from tests.demo.partners import answer_mail, calendar_in
from tests.world import DANA, LEE, PROGRAMME, at, kick_off

MONDAY = at("2027-01-11 12:00")
HOUR = timedelta(hours=1)
SETTLE = (timedelta(minutes=45), timedelta(minutes=90))
"""Passes after a recovery, for what may be looked up only after its channel's lag."""

_SETTINGS = f"""{PROGRAMME}
[web]
base_url = "https://mentoring.example.org"

{{sections}}"""
_PEOPLE = """name,email,timezone,hours,calendar,supervisor
Dana Lee,dana@example.org,America/New_York,Mon-Fri 09:00-17:00,{dana},Boss <boss@example.org>
Lee Park,lee@example.org,America/Los_Angeles,Mon-Fri 08:00-16:00,{lee},
"""
_PAIRS = f"mentor,mentee,end\n{LEE},{DANA},\n"


@dataclass(frozen=True)
class Start:
    """What a workflow begins with: the programme's files, the servers' memory, its command.

    `after` is what runs once the command is over, undisturbed, before the end is looked at.
    """

    name: str
    files: dict[str, bytes]
    servers: Frozen
    command: tuple[str, ...]
    now: datetime
    after: tuple[tuple[str, ...], ...] = ()


@dataclass
class Stage:
    """One channel's programme, played by a runner in `directory`."""

    channel: Channel
    runner: Runner
    directory: Path
    starts: dict[str, Start] = field(default_factory=dict)

    def run(self, words: tuple[str, ...], plant: str = "") -> Outcome:
        """One undisturbed command. What can't be done now is no fault of ours: a status of 1."""
        outcome = self.runner.run(self.argv(words), plant=plant)
        if outcome.status not in (0, 1):
            raise RuntimeError(f"{' '.join(words)}: status {outcome.status}: {outcome.errors}")
        return outcome

    def argv(self, words: tuple[str, ...]) -> list[str]:
        return ["--config", str(self.directory), *words]

    def put_back(self, start: Start) -> None:
        """Files and servers as they were when the workflow began."""
        shutil.rmtree(self.directory)
        for name, content in start.files.items():
            path = self.directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        self.channel.thaw(start.servers)

    def store(self) -> sqlite3.Connection:
        return sqlite3.connect(self.directory / "overlap.db")


def once(now: datetime) -> tuple[str, ...]:
    return ("once", "--now", now.astimezone(UTC).isoformat())


def tell(stage: Stage, wanted: Collection[str] = ()) -> None:
    """Play the story and keep where each workflow begins; only as far as some of them want it."""
    _begin(stage)
    stage.runner.warm(stage.directory)
    begun = _moment(stage)
    _with_calendar(stage, stage.channel.gone)
    _keep(stage, "consent", MONDAY)
    stage.put_back(begun)
    _keep(stage, "propose", MONDAY)
    if wanted and not set(wanted) - {"consent", "propose"}:
        return
    stage.run(once(MONDAY))
    proposed = _moment(stage)

    _answer(stage, {DANA: "DECLINED"})
    _keep(stage, "move", MONDAY + HOUR)
    stage.put_back(proposed)

    _answer(stage, {DANA: "ACCEPTED", LEE: "ACCEPTED"})
    _keep(stage, "confirm", MONDAY + HOUR)
    if wanted and not set(wanted) - {"consent", "propose", "move", "confirm"}:
        return
    stage.run(once(MONDAY + HOUR))
    confirmed = _moment(stage)
    meeting = _first_meeting(stage)

    (stage.directory / "pairs.csv").write_text(_PAIRS.replace(",\n", ",2027-01-11\n"))
    _keep(stage, "cancel", MONDAY + 2 * HOUR)
    stage.put_back(confirmed)

    day_before = max(remind_at(person, meeting) for person in load(stage.directory).people.values())
    _keep(stage, "remind", day_before)
    _keep(stage, "summarise", at("2027-02-01 12:00"))
    _keep_forgetting(stage)


def _keep_forgetting(stage: Stage) -> None:
    """Dana has left the files; what was ahead is called off, and the rest of her goes."""
    people = stage.directory / "people.csv"
    people.write_text("".join(r for r in people.read_text().splitlines(True) if DANA not in r))
    (stage.directory / "pairs.csv").write_text(_PAIRS.splitlines()[0] + "\n")
    now = MONDAY + 2 * HOUR
    files, servers = _files(stage), stage.channel.freeze()
    start = Start("forget", files, servers, ("forget", DANA), now, (once(now),))
    stage.starts["forget"] = start


def _moment(stage: Stage) -> Start:
    return Start("", _files(stage), stage.channel.freeze(), (), MONDAY)


def _begin(stage: Stage) -> None:
    """The pair was introduced and has signed; nothing is proposed yet."""
    calendars = stage.channel.calendars
    people = _PEOPLE.format(dana=calendars.get(DANA, ""), lee=calendars.get(LEE, ""))
    directory = stage.directory
    (directory / "overlap.toml").write_text(_SETTINGS.format(sections=stage.channel.sections))
    (directory / "people.csv").write_text(people)
    (directory / "pairs.csv").write_text(_PAIRS)
    (directory / "inbox" / "new").mkdir(parents=True)
    roster = load(directory)
    engine = open_engine(resolve_url(roster.settings.store, directory))
    migrate(engine, now=MONDAY)
    kick_off(begin(roster, engine, None, MONDAY - HOUR))  # type: ignore[arg-type]
    engine.dispose()


def _with_calendar(stage: Stage, calendar: str) -> None:
    """Dana's calendar is another one."""
    people = _PEOPLE.format(dana=calendar, lee=stage.channel.calendars.get(LEE, ""))
    (stage.directory / "people.csv").write_text(people)


def _keep(stage: Stage, name: str, now: datetime) -> None:
    stage.starts[name] = Start(name, _files(stage), stage.channel.freeze(), once(now), now)


def _files(stage: Stage) -> dict[str, bytes]:
    found = (path for path in stage.directory.rglob("*") if path.is_file())
    return {str(path.relative_to(stage.directory)): path.read_bytes() for path in found}


def _answer(stage: Stage, answers: dict[str, str]) -> None:
    """Partners answer the newest invitation that each of them got."""
    for who, raw in _invitations(stage):
        if who in answers:
            calendar = calendar_in(raw)
            assert calendar is not None
            event = calendar.walk("VEVENT")[0]
            reply = answer_mail(who, event, "REPLY", answers[who], MONDAY)
            stage.channel.reply(stage.directory, reply)


def _invitations(stage: Stage) -> Iterator[tuple[str, bytes]]:
    for raw in stage.channel.letters(stage.directory):
        if calendar_in(raw) is not None:
            message = email.message_from_bytes(raw, policy=email.policy.default)
            yield message["To"].addresses[0].addr_spec, raw


def _first_meeting(stage: Stage) -> datetime:
    with stage.store() as store:
        (start,) = store.execute("SELECT min(start) FROM meetings").fetchone()
    return datetime.fromtimestamp(start, UTC)

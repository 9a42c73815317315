"""Figures for Prometheus: true, nobody's, and as cheap for many pairs as for one."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, event

from integrations.ports import ConsentNeeded, LetterRefused, Mailer, OutcomeUnknown, ProviderError
from integrations.registry import Ports
from mentoring.interval import Interval
from mentoring.letter import Letter
from mentoring.roster import Roster
from service.health import RECENT, Health
from service.metrics import Metrics, version
from service.passes import begin, full_pass, present
from service.roster_source import RosterSource, load
from service.status import status
from service.work import Work, reading
from store.database import migrate
from tests.service.exposed import Exposed, exposed
from tests.world import DANA, ON_FILE, PAIRS, PEOPLE, World, at

MONDAY = at("2027-01-11 12:00")
CANARIES = ("Canaria", "canary", "example.org", "Dana", "Lee", "Zeppelin", "@", "overlap-")


def metrics_of(world: World, now: datetime) -> Metrics:
    return Metrics(world.engine, RosterSource(world.directory), lambda: now)


def figures(world: World, now: datetime) -> Exposed:
    return exposed(metrics_of(world, now).text().decode())


def assert_as_status_says(world: World, now: datetime) -> Exposed:
    said = figures(world, now)
    with reading(world.engine) as connection:
        document = status(connection, load(world.directory), now)
    for metric, rows in (("overlap_pairs", "pairs"), ("overlap_calendars", "calendars")):
        assert said.by(metric, "state") == Counter(row["state"] for row in document[rows])
    return said


def test_figures_agree_with_status_in_each_state(world: World) -> None:
    fresh = assert_as_status_says(world, MONDAY)
    assert fresh.by("overlap_pairs", "state") == {"waiting": 1}
    assert fresh.by("overlap_calendars", "state") == {"new": 2}
    world.step(MONDAY)
    assert assert_as_status_says(world, MONDAY).by("overlap_pairs", "state") == {"proposed": 1}
    for message in world.sent():
        if message.get_content_type() == "multipart/mixed":
            world.reply(message["To"].addresses[0].addr_spec, message, "ACCEPTED", MONDAY)
    now = MONDAY + timedelta(hours=1)
    world.step(now)
    said = assert_as_status_says(world, now)
    assert said.by("overlap_pairs", "state") == {"confirmed": 1}
    assert said.by("overlap_meetings", "state")["confirmed"] == 1
    world.calendar("lee", (now, now + timedelta(days=60)))
    now += timedelta(hours=1)
    world.step(now)
    said = assert_as_status_says(world, now)
    assert said.by("overlap_pairs", "state") == {"unschedulable": 1}
    assert {why for why, pairs in said.by("overlap_pairs_in_need", "why").items() if pairs} == {
        "unschedulable"
    }


def test_calendars_are_counted_and_their_oldest_reading(world: World) -> None:
    (world.directory / "lee.ics").write_text("<html>")
    world.step(MONDAY)
    said = assert_as_status_says(world, MONDAY)
    assert said.by("overlap_calendars", "state") == {"ok": 1, "unreadable": 1}
    assert said["overlap_calendar_oldest_reading_seconds"] == 0
    later = figures(world, MONDAY + timedelta(minutes=5))
    assert later["overlap_calendar_oldest_reading_seconds"] == 300
    world.write(people=PEOPLE.replace("file:lee.ics", ""))
    assert assert_as_status_says(world, MONDAY).by("overlap_calendars", "state")["none"] == 1


def test_mails_are_counted_by_kind_and_state_and_age(world: World) -> None:
    evening = at("2027-01-11 22:00")
    world.step(evening)
    said = figures(world, evening + timedelta(hours=1))
    waiting = said.by("overlap_mails", "state")["queued"]
    assert waiting == sum(
        value
        for (name, labels), value in said.samples.items()
        if name == "overlap_mails_by_kind" and ("state", "queued") in labels
    )
    assert said.of("overlap_mails_by_kind", kind="invite", state="queued") == 2
    assert said.of("overlap_mail_oldest_seconds", state="queued") == 3600
    assert said["overlap_mails_retrying"] == 0
    assert (
        said.by("overlap_mails", "state")["failed"] == 0
    )  # there from the start, so that it rises


def test_a_letter_that_is_tried_again_counts_as_such(world: World) -> None:
    (world.directory / "outbox").write_text("a file where the folder should be")
    world.step(MONDAY)
    assert figures(world, MONDAY)["overlap_mails_retrying"] > 0


def test_no_name_address_title_or_uid_gets_out(world: World) -> None:
    people = PEOPLE.replace("Dana Lee", "Canaria Dana").replace("Boss <boss@", "Zeppelin <canary@")
    world.write(people=people, pairs=PAIRS)
    world.calendar("dana", (MONDAY, MONDAY + timedelta(hours=1)))
    world.step(MONDAY)
    (world.directory / "lee.ics").write_text("<html>canary")
    world.step(MONDAY + timedelta(hours=3))
    metrics = metrics_of(world, MONDAY)
    health = Health(world.engine, RosterSource(world.directory))
    health.metrics.called("ics", "read", "failed", 1.0)
    text = metrics.text().decode() + health.metrics.text().decode()
    assert "overlap_mails_by_kind" in text
    for word in CANARIES:
        values = [line for line in text.splitlines() if not line.startswith("#")]
        assert not [line for line in values if word in line], word


def queries(engine: Engine, act: Callable[[], object]) -> int:
    seen: list[str] = []

    def note(*call: object) -> None:
        seen.append(str(call[2]))

    event.listen(engine, "before_cursor_execute", note)
    try:
        act()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return len(seen)


def test_many_pairs_take_no_more_queries_than_one(world: World) -> None:
    world.step(MONDAY)
    few = queries(world.engine, lambda: figures(world, MONDAY))
    names = [f"m{number}" for number in range(16)]
    people = PEOPLE + "".join(
        f"{n},{n}@example.org,America/New_York,Mon-Fri 09:00-17:00,,\n" for n in names
    )
    rows = zip(names[::2], names[1::2], strict=True)
    pairs = PAIRS + "".join(f"{a}@example.org,{b}@example.org\n" for a, b in rows)
    world.write(people=people, pairs=pairs)
    world.step(MONDAY)
    assert figures(world, MONDAY)["overlap_roster_pairs"] == 9
    assert queries(world.engine, lambda: figures(world, MONDAY)) == few


@ON_FILE
def test_counting_mails_reads_an_index_and_not_their_bytes(world: World) -> None:
    plan = "EXPLAIN QUERY PLAN SELECT kind, state, count(*) FROM outbox GROUP BY state, kind"
    with reading(world.engine) as connection:
        steps = [row[-1] for row in connection.exec_driver_sql(plan)]
    assert any("COVERING INDEX outbox_figures" in step for step in steps), steps


def nowhere(tmp_path: Path) -> Engine:
    return create_engine(f"sqlite:///{tmp_path}/no-such-folder/overlap.db")


def test_without_the_store_it_says_so_and_nothing_stale(world: World, tmp_path: Path) -> None:
    source = RosterSource(world.directory)
    said = exposed(Metrics(nowhere(tmp_path), source, lambda: MONDAY).text().decode())
    assert said["overlap_store_up"] == 0
    assert "overlap_pairs" not in said.names
    assert said["overlap_people"] == 2


class Watch:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def outside(world: World) -> tuple[Health, Watch]:
    watch = Watch()
    source = RosterSource(world.directory)
    return Health(world.engine, source, lambda: MONDAY, watch), watch


def test_passes_are_counted_and_timed(world: World) -> None:
    health, watch = outside(world)
    roster = load(world.directory)

    def one() -> Work:
        world_outside = health.measured(Ports(roster, world.directory), roster)
        work = begin(roster, world.engine, world_outside, MONDAY)
        full_pass(work)
        watch.seconds += 7
        return work

    before = exposed(health.metrics.text().decode())
    assert "overlap_last_pass_timestamp_seconds" not in before.names
    assert before.of("overlap_pass_changes_total", change="proposed") == 0
    health.timed(one)
    said = exposed(health.metrics.text().decode())
    assert said["overlap_last_pass_timestamp_seconds"] == MONDAY.timestamp()
    assert said["overlap_pass_seconds_sum"] == 7
    assert said.of("overlap_pass_changes_total", change="proposed") == 1
    done = {"provider": "maildir", "operation": "deliver", "outcome": "ok"}
    sent = said.of("overlap_pass_changes_total", change="sent")
    assert said.of("overlap_provider_calls_total", **done) == sent > 0
    with pytest.raises(ZeroDivisionError):
        health.timed(lambda: 1 // 0)  # type: ignore[arg-type, return-value]
    said = exposed(health.metrics.text().decode())
    assert said["overlap_pass_failures_total"] == 1
    assert said["overlap_pass_seconds_count"] == 2


def test_ready_only_while_the_store_answers_and_passes_work(world: World) -> None:
    health, watch = outside(world)
    work = present(
        load(world.directory), world.engine, Ports(load(world.directory), world.directory), MONDAY
    )
    stop = threading.Event()
    worker = threading.Thread(target=stop.wait, daemon=True)
    assert health.trouble() == "passes have stopped; start the service again"
    worker.start()
    health.watch(worker)
    assert health.trouble() == "the first pass since the start is not over yet"
    health.timed(lambda: work)
    assert health.trouble() == ""
    watch.seconds += RECENT.total_seconds()
    assert health.trouble() == ""
    watch.seconds += 60
    assert health.trouble() == "no pass has worked for 16 minutes; see the log"
    health.timed(lambda: work)
    stop.set()
    worker.join()
    assert health.trouble() == "passes have stopped; start the service again"


def test_not_ready_without_a_store_or_with_another_schema(world: World, tmp_path: Path) -> None:
    source = RosterSource(world.directory)
    away = Health(nowhere(tmp_path), source).trouble()
    assert away == "the store does not answer; see the log"
    with world.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    other = Health(world.engine, source).trouble()
    assert other == "the store's schema is not this version's; start the service again"
    with world.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM alembic_version")
    empty = create_engine("sqlite://")
    assert Health(empty, source).trouble() == other
    migrate(empty, now=datetime.now(UTC))
    assert Health(empty, source).trouble() == "passes have stopped; start the service again"
    empty.dispose()


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (None, "ok"),
        (ProviderError("x", mend="y"), "failed"),
        (ConsentNeeded("x", mend="y"), "consent"),
        (LetterRefused("x", mend="y"), "refused"),
        (OutcomeUnknown("x", mend="y"), "unknown"),
        (RuntimeError("x"), "crashed"),
    ],
)
def test_every_end_of_a_call_is_told_and_passed_on(
    world: World, error: Exception | None, outcome: str
) -> None:
    health, _ = outside(world)
    roster: Roster = load(world.directory)

    class Ending:
        lag = timedelta(0)

        def delivered(self, message_id: str) -> bool | None:
            raise NotImplementedError

        def deliver(self, letter: Letter, point_of_no_return: Callable[[], None]) -> None:
            if error:
                raise error

    class Broken(Ports):
        def mailer(self) -> Mailer:
            return Ending()

    mailer = health.measured(Broken(roster, world.directory), roster).mailer()
    letter = Letter("<1@x>", "a@x", "b@x", b"")
    if error:
        with pytest.raises(type(error)):
            mailer.deliver(letter, lambda: None)
    else:
        mailer.deliver(letter, lambda: None)
    said = exposed(health.metrics.text().decode())
    call = {"provider": "maildir", "operation": "deliver"}
    assert said.of("overlap_provider_calls_total", **call, outcome=outcome) == 1
    assert said.of("overlap_provider_seconds_count", **call) == 1


def test_every_port_is_measured(world: World) -> None:
    health, _ = outside(world)
    roster = load(world.directory)
    ports = health.measured(Ports(roster, world.directory), roster)
    ports.busy_source(roster.people[DANA]).read(Interval(MONDAY, MONDAY + timedelta(days=1)), None)
    inbox = ports.inbox()
    assert inbox is not None
    inbox.fetch(None)
    assert ports.organiser() is None
    ports.mailer().delivered("<nothing@x>")
    said = exposed(health.metrics.text().decode())
    calls = {
        (dict(labels)["provider"], dict(labels)["operation"])
        for name, labels in said.samples
        if name == "overlap_provider_calls_total"
    }
    assert calls == {("ics", "read"), ("maildir", "fetch"), ("maildir", "delivered")}


def test_the_version_is_the_changelogs() -> None:
    newest = Path("CHANGELOG.md").read_text().split("\n## ")[1].split()[0].strip("[]").lower()
    assert version() == newest

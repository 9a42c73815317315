"""A disk that is full, failing or read-only, a store that is locked, taken or damaged.

Nothing is sent that the store has no row for, and what could not be done is done once it heals.
"""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest

from service.engine import Job, run_all
from service.links import sign
from service.post import CHOICES
from store.database import StoreDamagedError, open_engine, resolve_url, sole_writer
from tests.crash.points import Case, cases
from tests.crash.serving import running, tampered
from tests.crash.tracing import Runner, runner
from tests.crash.verdict import traces
from tests.servers.smtpd import free_port
from tests.world import DANA, LEE


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    with runner(tmp_path_factory.mktemp("runs")) as started:
        yield started


@pytest.fixture(scope="module")
def proposing(started: Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    """A proposal that is due, by SMTP: what the server took can't be taken back."""
    folder = tmp_path_factory.mktemp("programme")
    with cases("smtp-archive", folder, started, ["propose"]) as (case,):
        yield case.survey(far=True)


@pytest.fixture
def case(proposing: Case) -> Case:
    proposing.stage.put_back(proposing.start)
    return proposing


def at_an_address(case: Case) -> str:
    """Where its pages are to be."""
    address = f"127.0.0.1:{free_port()}"
    settings = case.stage.directory / "overlap.toml"
    settings.write_text(settings.read_text().replace("[web]", f'[web]\nlisten = "{address}"'))
    return address


def sent_without_a_row(case: Case) -> list[str]:
    """Letters that the server took and the store does not know to be on their way."""
    found = traces(case.stage)
    gone = {message for message, state in found.outbox.values() if state not in ("queued", "")}
    return [message for message in found.letters if message not in gone]


def assert_heals(case: Case) -> None:
    """What is due is done once the disk is well: all of it, and once."""
    case.stage.run(case.start.command)
    verdict = case.compared()
    assert verdict is not None
    assert verdict.good, verdict
    assert not verdict.unknown


FAULTS = (
    *("pwrite64:error=ENOSPC:when=1+", "pwrite64:error=ENOSPC:when=120+"),
    *("fdatasync:error=EIO:when=1+", "fdatasync:error=EIO:when=9+"),
)


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_a_disk_that_is_full_or_fails(case: Case, fault: str) -> None:
    outcome = case.stage.runner.run(case.stage.argv(case.start.command), faults=[fault])
    assert outcome.status == 1
    assert "overlap.db:1: the store fails" in outcome.errors or "job_failed" in outcome.errors
    assert sent_without_a_row(case) == []
    assert_heals(case)


@pytest.mark.slow
def test_one_failing_call_anywhere(case: Case) -> None:
    """Some of the calls on the store's files, each failing once."""
    dice = random.Random(3)
    about = [p for p in case.points if p.call in ("pwrite64", "fdatasync", "ftruncate")]
    for point in dice.sample(about, 3):
        case.stage.put_back(case.start)
        error = "EIO" if point.call == "fdatasync" else "ENOSPC"
        fault = f"{point.call}:error={error}:when={point.number}"
        case.stage.runner.run(case.stage.argv(case.start.command), faults=[fault])
        assert sent_without_a_row(case) == [], fault
        assert_heals(case)


@pytest.mark.slow
def test_a_folder_that_is_read_only(case: Case) -> None:
    store = case.stage.directory / "overlap.db"
    lock = store.with_name("overlap.db.lock")
    outcome = case.stage.runner.run(
        case.stage.argv(case.start.command), faults=["openat:error=EROFS:when=1+"], paths=[lock]
    )
    assert outcome.status == 1
    assert "can't be written (Read-only file system)" in outcome.errors
    assert case.stage.channel.letters(case.stage.directory) == []
    assert_heals(case)


@pytest.mark.slow
def test_a_store_that_another_program_holds(case: Case) -> None:
    other = case.stage.store()
    other.execute("BEGIN EXCLUSIVE")
    outcome = case.stage.runner.run(case.stage.argv(case.start.command), patience=300)
    other.rollback()
    other.close()
    assert outcome.status == 1
    assert "(database is locked); try again when no other program holds it" in outcome.errors
    assert case.stage.channel.letters(case.stage.directory) == []
    assert_heals(case)


def test_a_second_daemon_on_one_store(case: Case) -> None:
    url = resolve_url("sqlite:///overlap.db", case.stage.directory)
    with sole_writer(open_engine(url)):
        outcome = case.stage.runner.run(case.stage.argv(case.start.command))
    assert outcome.status == 1
    assert "another Overlap works on this store" in outcome.errors
    assert case.stage.channel.letters(case.stage.directory) == []


@pytest.mark.parametrize("where", ["the first page", "the middle"])
def test_a_damaged_store_stops_with_the_way_out(case: Case, where: str) -> None:
    path = case.stage.directory / "overlap.db"
    whole = path.read_bytes()
    at = 0 if where == "the first page" else len(whole) // 2
    damaged = whole[:at] + os.urandom(20_000) + whole[at + 20_000 :]
    path.write_bytes(damaged)
    outcome = case.stage.runner.run(case.stage.argv(case.start.command))
    assert outcome.status == 1
    assert "overlap.db:1: the store is damaged" in outcome.errors
    assert "run daemon.py restore FILE with the newest backup" in outcome.errors
    assert len(outcome.errors.splitlines()) == 1
    assert path.read_bytes() == damaged
    assert case.stage.channel.letters(case.stage.directory) == []


def test_no_job_goes_on_when_the_store_is_damaged() -> None:
    def meet_damage() -> None:
        raise StoreDamagedError("overlap.db", "malformed")

    with pytest.raises(StoreDamagedError):
        run_all([Job("one", meet_damage), Job("two", lambda: None)])


@pytest.mark.slow
def test_a_service_whose_store_is_damaged_stops_with_the_way_out(case: Case) -> None:
    path = case.stage.directory / "overlap.db"
    address = at_an_address(case)
    with running(case.stage.directory, address) as process:
        other = case.stage.store()  # what the service has in memory is old after another's write
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        other.execute("UPDATE facts SET value = value")
        other.commit()
        damaged = path.read_bytes()[:4096] + os.urandom(path.stat().st_size - 4096)
        path.write_bytes(damaged)
        process.send_signal(signal.SIGHUP)
        assert process.wait(90) == 1
        assert path.read_bytes() == damaged
        other.close()
    last = (case.stage.directory / "log").read_text().splitlines()[-1]
    assert "overlap.db:1: the store is damaged" in last
    assert "run daemon.py restore FILE with the newest backup" in last


@pytest.mark.slow
def test_pages_say_503_while_the_disk_is_full_and_work_again(case: Case) -> None:
    store = case.stage.store()
    (secret,) = store.execute("SELECT value FROM facts WHERE name = 'secret'").fetchone()
    store.close()
    token = sign(bytes.fromhex(secret), CHOICES, datetime.now(UTC), DANA, LEE, DANA)
    wish = {"what": "away", "first": "2027-03-01", "last": "2027-03-05"}
    address = at_an_address(case)
    with running(case.stage.directory, address) as process:
        link = f"http://{address}/{CHOICES}/{token}"
        page = httpx.get(link, timeout=60)
        assert page.status_code == 200
        wish["form"] = page.text.partition('name="form" value="')[2].partition('"')[0]
        with tampered(process.pid, "pwrite64", "pwrite64:error=ENOSPC:when=1+"):
            refused = httpx.post(link, data=wish, timeout=60)
        assert refused.status_code == 503
        assert "Nothing was changed. Please try again in a few minutes." in refused.text
        assert "Mar 2027" not in httpx.get(link, timeout=60).text
        taken = httpx.post(link, data=wish, timeout=60)
        assert taken.status_code == 303
        assert "Mar 2027" in httpx.get(link, timeout=60).text
    assert "page_without_store" in (case.stage.directory / "log").read_text()

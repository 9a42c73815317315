"""The service as systemd runs it: ready, watchdog, reload, stop; and the verbs around it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from service.preview import KINDS
from tests import canaries
from tests.servers.feeds import feeds
from tests.world import DANA, LEE, PAIRS, PEOPLE, World

ROOT = Path(__file__).parent.parent.parent
NOON = "2027-01-11T12:00:00-05:00"


def overlap(world: World, *words: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "daemon.py", "--config", str(world.directory), *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert canaries.shown(done.stderr) is None
    return done


@contextmanager
def running(
    world: World, watchdog: str = "", how: tuple[str, ...] = ("daemon.py",)
) -> Iterator[tuple[subprocess.Popen[str], socket.socket]]:
    """The service with a socket where systemd would listen."""
    address = str(world.directory.parent / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(address)
        channel.settimeout(60)
        environment = {**os.environ, "NOTIFY_SOCKET": address, "INVOCATION_ID": "test"}
        if watchdog:
            environment["WATCHDOG_USEC"] = watchdog
        with subprocess.Popen(
            [sys.executable, *how, "--config", str(world.directory), "run"],
            cwd=ROOT,
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield process, channel
            finally:
                process.kill()


def heard(channel: socket.socket, word: str) -> None:
    while not channel.recv(4096).decode().startswith(word):
        pass


def logged(process: subprocess.Popen[str], event: str) -> dict[str, object]:
    """The next log line with an event; all others before it must be JSON too."""
    assert process.stderr is not None
    for line in process.stderr:
        assert canaries.shown(line) is None
        entry: dict[str, object] = json.loads(line)
        if entry["event"] == event:
            return entry
    raise AssertionError(f"{event} was never logged")


@pytest.mark.slow
def test_ready_watchdog_reload_and_stop(world: World) -> None:
    with running(world, watchdog="600000") as (process, channel):
        heard(channel, "READY=1")
        heard(channel, "WATCHDOG=1")
        (world.directory / "pairs.csv").write_text(PAIRS + "nobody@example.org,dana@example.org\n")
        process.send_signal(signal.SIGHUP)
        fault = logged(process, "roster_fault")
        assert fault["line"] == 3
        (world.directory / "pairs.csv").write_text("mentor,mentee\n")
        process.send_signal(signal.SIGHUP)
        assert logged(process, "roster_taken_up")["pairs"] == 0
        process.send_signal(signal.SIGTERM)
        heard(channel, "STOPPING=1")
        assert process.wait(10) == 0


@pytest.mark.slow
def test_a_pass_that_hangs_feeds_no_watchdog(world: World) -> None:
    """Without WATCHDOG=1 systemd kills the service and starts it again: systemd.service(5)."""
    with feeds() as server:
        people = world.directory / "people.csv"
        slow = server.put("/dana.ics", b"never", delay=3600)
        people.write_text(people.read_text().replace("file:dana.ics", slow))
        hanging = (
            "import sys, datetime, daemon, service.health\n"
            "service.health.LONGEST = datetime.timedelta(seconds=2)\n"
            "daemon.app()"
        )
        with running(world, watchdog="600000", how=("-c", hanging)) as (process, channel):
            heard(channel, "WATCHDOG=1")
            channel.settimeout(8)  # a beat comes every 0.2 seconds
            with pytest.raises(TimeoutError):
                for _ in range(200):
                    heard(channel, "WATCHDOG=1")
            assert process.poll() is None


@pytest.mark.slow
def test_a_second_one_on_the_same_store_is_refused(world: World) -> None:
    with running(world) as (_, channel):
        heard(channel, "READY=1")
        second = overlap(world, "once", "--now", NOON)
        assert second.returncode == 1
        assert "another Overlap works on this store" in second.stderr
        assert overlap(world, "status", "--json").returncode == 0
        kept = str(world.directory / "kept.db")
        copied = overlap(world, "backup", kept)
        assert (copied.returncode, copied.stderr) == (0, "")
        assert f"{kept}: schema 00" in copied.stdout
        assert overlap(world, "backup", kept).returncode == 2
        held = overlap(world, "restore", kept)
        assert (held.returncode, "stop it first" in held.stderr) == (1, True)
    restored = overlap(world, "restore", kept)
    assert restored.returncode == 0
    assert "nobody is told anything twice" in restored.stdout


def test_once_status_and_explain_speak_as_promised(world: World) -> None:
    first = overlap(world, "once", "--now", NOON, "--json")
    counts = json.loads(first.stdout)
    assert first.returncode == 0
    assert counts == {
        "now": "2027-01-11T17:00:00Z",
        "synced": 2,
        "unreadable": 0,
        "proposed": 1,
        "reproposed": 0,
        "confirmed": 0,
        "sent": 9,  # to each: a welcome, an introduction, the agreement, the invite; an approval
        "held_back": 0,
        "failed": 0,
        "unschedulable": 0,
    }
    assert json.loads(overlap(world, "once", "--now", NOON, "--json").stdout)["sent"] == 0
    standing = json.loads(overlap(world, "status", "--json").stdout)
    assert set(standing) == {"now", "programme", "pairs", "calendars", "mail", "hold", "paused"}
    (pair,) = standing["pairs"]
    assert set(pair) == {
        *("mentor", "mentee", "state", "start", "end"),
        *("timezone_hint", "held", "missed", "goal", "reason", "attention", "forecast"),
    }
    assert pair["state"] == "proposed"
    assert [c["state"] for c in standing["calendars"]] == ["ok", "ok"]
    said = json.loads(overlap(world, "explain", LEE, DANA, "--json").stdout)
    assert json.loads(overlap(world, "explain", DANA, LEE, "--json").stdout) == said
    told = overlap(world, "explain", LEE, DANA).stdout.splitlines()[1]
    clocks = r"(\w{3} \d\d Jan 2027 \d\d:00 (PST|EST)( = )?){2}"
    assert re.fullmatch(f"{clocks}, 60 minutes, cost .*", told)
    keys = {"mentor", "mentee", "chosen", "alternatives", "rejected", "suggestion", "suggestions"}
    assert set(said) == {*keys, "meeting"}
    assert said["chosen"]["start"] == pair["start"]
    assert said["chosen"]["reasons"]
    assert said["rejected"]["outside mentor hours"] > 0
    again = json.loads(overlap(world, "explain", "--replay", said["meeting"], "--json").stdout)
    assert (again["same"], again["chosen"]) == (True, said["chosen"])
    assert overlap(world, "explain", "--replay", "nothing").returncode == 2
    assert "Lee Park" in overlap(world, "status").stdout


def test_a_fault_stops_everything_before_anything_is_sent(world: World) -> None:
    world.write(people=PEOPLE.replace("America/New_York", "Nowhere"))
    for verb in (["once", "--now", NOON], ["check", "--offline"], ["run"], ["status"]):
        refused = overlap(world, *verb)
        assert refused.returncode == 2
        assert f"{world.directory}/people.csv:2: column timezone:" in refused.stderr
    assert not (world.directory / "outbox").exists()
    report = json.loads(overlap(world, "check", "--offline", "--json").stdout)
    assert (report["ok"], report["faults"][0]["line"]) == (False, 2)


def test_check_tries_every_connection(world: World) -> None:
    assert overlap(world, "check").returncode == 0
    (world.directory / "dana.ics").write_text("<html>")
    broken = overlap(world, "check")
    assert broken.returncode == 1
    assert f"{world.directory}/people.csv:2: calendar of dana@example.org:" in broken.stderr
    assert overlap(world, "check", "--offline").returncode == 0


@pytest.mark.parametrize(
    "words",
    [
        ["once", "--now", "noon"],
        ["once", "--now", "2027-01-11T12:00:00"],
        ["explain", LEE, "nobody@example.org"],
        ["preview", "nothing"],
        ["connect", "nobody@example.org"],
    ],
)
def test_a_wrong_call_is_refused(world: World, words: list[str]) -> None:
    refused = overlap(world, *words)
    assert refused.returncode == 2
    assert refused.stderr.strip()
    assert "Traceback" not in refused.stderr


def test_an_unreadable_calendar_is_exit_status_one(world: World) -> None:
    (world.directory / "dana.ics").unlink()
    assert overlap(world, "once", "--now", NOON).returncode == 1


@pytest.mark.slow
def test_simulate_plays_the_same_twice(world: World) -> None:
    first = overlap(world, "simulate", "--weeks", "6", "--seed", "3", "--json")
    assert first.returncode == 0
    document = json.loads(first.stdout)
    assert document["meetings"] >= 2
    again = overlap(world, "simulate", "--weeks", "6", "--seed", "3", "--json")
    assert again.stdout == first.stdout
    assert not (world.directory / "overlap.db").exists()


def test_preview_writes_every_mail_and_sends_none(world: World) -> None:
    out = world.directory.parent / "preview"
    assert overlap(world, "preview", "--out", str(out)).returncode == 0
    assert len(list(out.glob("*.eml"))) == len(KINDS)
    assert not (world.directory / "outbox").exists()

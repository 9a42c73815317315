"""`check`: what it says of files and connections, and its exit status."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from integrations.registry import Ports
from service.check import Report, check
from tests.servers.feeds import feeds
from tests.servers.imapd import imapd
from tests.servers.smtpd import smtpd
from tests.world import PEOPLE, SETTINGS, World, at

ROOT = Path(__file__).parents[2]
NOW = at("2027-01-11 12:00")
LINE = re.compile(r".+:\d+: .+; .+")


def tried(world: World, *, offline: bool = False) -> Report:
    ports = None if offline else lambda roster: Ports(roster, world.directory)
    return check(world.directory, now=NOW, ports=ports)


def failing(report: Report) -> list[str]:
    return [str(c.fault) for c in report.connections if c.fault]


def mailing(world: World, url: str, inbox: str = "") -> None:
    text = SETTINGS.format(agreement="").replace("maildir:outbox", url)
    text = text.replace("maildir:inbox", inbox) + 'password = "env:CHECK_PASSWORD"\n'
    (world.directory / "overlap.toml").write_text(text)


def daemon(directory: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "daemon.py", "--config", str(directory), "check", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_all_in_order(world: World) -> None:
    report = tried(world)
    assert report.exit_status == 0
    assert len(report.connections) == 5
    assert report.as_json()["ok"] is True


def test_faults_in_the_files_are_all_there_is(world: World) -> None:
    world.write(people=PEOPLE.replace("America/New_York", "Nowhere"), pairs="mentor\n")
    report = tried(world)
    assert report.exit_status == 2
    assert report.connections == []
    places = [(Path(fault.file).name, fault.line, fault.column) for fault in report.faults]
    assert places == [("people.csv", 2, "timezone"), ("pairs.csv", 1, "")]


def test_a_dead_calendar_is_named_with_its_line(world: World) -> None:
    (world.directory / "lee.ics").unlink()
    report = tried(world)
    assert report.exit_status == 1
    (told,) = failing(report)
    assert told.startswith(f"{world.directory}/people.csv:3: calendar of lee@example.org: ")
    assert LINE.fullmatch(told)
    assert tried(world, offline=True).exit_status == 0


def test_a_calendar_that_answers_badly_and_one_never_connected(world: World) -> None:
    with feeds() as server:
        gone = server.url("/gone.ics")
        people = PEOPLE.replace("file:dana.ics", gone).replace("file:lee.ics", "google:lee@x.org")
        world.write(people=people)
        told = sorted(failing(tried(world)))
    assert [line.partition("people.csv:")[2][:2] for line in told] == ["2:", "3:"]
    assert "google:lee@x.org was never connected" in told[1]


def test_mail_and_inbox_that_work(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHECK_PASSWORD", "word")
    with smtpd() as mail, imapd("office", "word") as inbox:
        mailing(world, f"smtp://127.0.0.1:{mail.port}", inbox.url)
        report = tried(world)
        assert failing(report) == []
        assert mail.letters == []


def test_mail_and_inbox_that_do_not(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHECK_PASSWORD", "wrong")
    with imapd("office", "word") as inbox:
        mailing(world, "smtp://127.0.0.1:1", inbox.url)
        told = sorted(failing(tried(world)))
    text = (world.directory / "overlap.toml").read_text().splitlines()
    lines = [next(n for n, t in enumerate(text, 1) if t.startswith(k)) for k in ("url", "inbox")]
    assert [line.partition("overlap.toml:")[2].split(":")[0] for line in told] == [
        str(number) for number in lines
    ]
    assert all(LINE.fullmatch(line) and "wrong" not in line for line in told)


def test_a_secret_that_is_not_set(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHECK_PASSWORD", raising=False)
    with smtpd() as mail:
        mailing(world, f"smtp://office@127.0.0.1:{mail.port}")
        (told,) = failing(tried(world))
    assert "the environment variable CHECK_PASSWORD is not set" in told


def test_the_command(world: World) -> None:
    good = daemon(world.directory, "--json")
    assert (good.returncode, good.stderr) == (0, "")
    assert json.loads(good.stdout)["ok"] is True
    (world.directory / "lee.ics").unlink()
    failed = daemon(world.directory)
    assert failed.returncode == 1
    assert [LINE.fullmatch(line) is not None for line in failed.stderr.splitlines()] == [True]
    world.write(people=PEOPLE.replace("America", "Amerika"))
    wrong = daemon(world.directory, "--json")
    assert wrong.returncode == 2
    assert len(json.loads(wrong.stdout)["faults"]) == 2
    assert all(LINE.fullmatch(line) for line in wrong.stderr.splitlines())


def test_the_sample_programme_is_in_order(tmp_path: Path) -> None:
    for path in (ROOT / "config").glob("*.*"):
        if path.suffix in (".toml", ".csv", ".ics"):
            (tmp_path / path.name).write_bytes(path.read_bytes())
    report = check(tmp_path, now=NOW, ports=lambda roster: Ports(roster, tmp_path))
    assert (report.faults, failing(report)) == ((), [])


def test_a_damaged_store_is_one_line(world: World) -> None:
    world.step(at("2027-01-11 12:00"))
    world.close()
    store = world.directory / "overlap.db"
    with store.open("r+b") as file:
        file.write(b"\0" * 4096)
    report = check(world.directory, now=at("2027-01-11 12:00"), ports=None)
    assert [c.fault.mend for c in report.connections if c.fault] == [
        "leave the file as it is, and run daemon.py restore FILE with the newest backup"
    ]


def test_what_is_not_set_is_not_said_to_work(world: World) -> None:
    text = SETTINGS.format(agreement="").replace('inbox = "maildir:inbox"', 'inbox = ""')
    (world.directory / "overlap.toml").write_text(text)
    report = check(
        world.directory,
        now=at("2027-01-11 12:00"),
        ports=lambda roster: Ports(roster, world.directory),
    )
    notes = {c.name: c.note for c in report.connections}
    assert (notes["mail"], notes["inbox"]) == ("", "none is set")
    assert notes["organiser's calendar"] == "none is set"

"""`check --mail`: a letter out to real servers, looked for in real inboxes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from threading import Timer

import pytest

from integrations.registry import Ports
from mentoring.replies import read_answer
from service.check import Connection, Report, check
from service.trial import PATIENCE
from tests.hostile.seeds import BOUNCE
from tests.servers.imapd import Imapd, imapd
from tests.servers.smtpd import SmtpServer, Taken, smtpd
from tests.servers.started import SIMULATORS
from tests.world import SETTINGS, World, at

ROOT = Path(__file__).parents[2]
NOW = at("2027-01-11 12:00")
OFFICE = "mentoring@example.org"
GOOD = b"Authentication-Results: mx.example.org; spf=pass; dkim=pass; dmarc=pass\r\n"
BAD = b"Authentication-Results: mx.example.org; spf=fail; dkim=none; dmarc=fail\r\n"
AT_ONCE = timedelta(0)
REWRITERS = {"google": "mail", "exchange": "exchange"}


def settle(world: World, url: str, inbox: str, sections: str = "") -> None:
    text = SETTINGS.format(agreement="").replace("maildir:outbox", url)
    text = text.replace('inbox = "maildir:inbox"', f'inbox = "{inbox}"\npassword = "file:word"')
    (world.directory / "overlap.toml").write_text(f"{text}{sections}")
    (world.directory / "word").write_text("word")


def tried(world: World, patience: timedelta = AT_ONCE) -> Report:
    def ports(roster: object) -> Ports:
        return Ports(roster, world.directory)  # type: ignore[arg-type]

    return check(world.directory, now=NOW, ports=ports, patience=patience)


def row(report: Report) -> Connection:
    assert [str(c.fault) for c in report.connections if c.fault and "letter" not in c.name] == []
    (found,) = [c for c in report.connections if c.name == "letter to itself"]
    return found


@pytest.fixture
def office(world: World) -> Iterator[tuple[SmtpServer, Imapd]]:
    with smtpd() as relay, imapd("office", "word") as mailbox:
        settle(world, f"smtp://127.0.0.1:{relay.port}", mailbox.url)
        yield relay, mailbox


def noting(mailbox: Imapd, field: bytes) -> Callable[[Taken], None]:
    """What a receiving server does: it adds its field on top."""
    return lambda taken: mailbox.append(field + taken.raw)


def test_what_the_receiving_server_says_is_told(
    world: World, office: tuple[SmtpServer, Imapd]
) -> None:
    relay, mailbox = office
    relay.on_letter = noting(mailbox, GOOD)
    report = tried(world)
    said = "it arrived. mx.example.org says SPF pass, DKIM pass, DMARC pass."
    assert (row(report).fault, row(report).note, report.exit_status) == (None, said, 0)
    (taken,) = relay.letters
    assert (taken.sender, taken.recipient) == (OFFICE, OFFICE)
    assert b"\r\nAuto-Submitted: auto-generated\r\n" in taken.raw
    tried(world)
    assert relay.letters[0].raw != relay.letters[1].raw  # an old one is not taken for the new


def test_a_letter_that_others_may_refuse_is_a_fault_with_its_mend(
    world: World, office: tuple[SmtpServer, Imapd]
) -> None:
    relay, mailbox = office
    relay.on_letter = noting(mailbox, BAD)
    report = tried(world)
    fault = row(report).fault
    assert fault is not None
    assert report.exit_status == 1
    assert fault.message == (
        "letter to itself: it arrived. mx.example.org says SPF fail, DKIM none, DMARC fail"
    )
    assert fault.mend.startswith("name the server that sends in the domain's SPF record, have ")


def test_a_server_that_notes_nothing_says_nothing_of_others(
    world: World, office: tuple[SmtpServer, Imapd]
) -> None:
    relay, mailbox = office
    relay.on_letter = noting(mailbox, b"")
    found = row(tried(world))
    assert found.fault is None
    assert "noted nothing of SPF, DKIM and DMARC" in found.note


def test_one_that_does_not_arrive_is_looked_for_no_longer_than_asked(
    world: World, office: tuple[SmtpServer, Imapd]
) -> None:
    _, mailbox = office
    mailbox.append(b"Subject: another\r\nMessage-ID: <other@example.org>\r\n\r\nText\r\n")
    fault = row(tried(world)).fault
    assert fault is not None
    assert "it was taken, and did not arrive within" in fault.message
    assert OFFICE in fault.mend


def test_one_that_arrives_late_is_waited_for(
    world: World, office: tuple[SmtpServer, Imapd]
) -> None:
    relay, mailbox = office
    relay.on_letter = lambda taken: Timer(1, noting(mailbox, GOOD), [taken]).start()
    assert row(tried(world, PATIENCE)).note.startswith("it arrived.")


def test_one_that_comes_back_says_why(world: World, office: tuple[SmtpServer, Imapd]) -> None:
    relay, mailbox = office

    def bounce(taken: Taken) -> None:
        (number,) = (n for n in taken.raw.split(b"\r\n") if n.startswith(b"Message-ID: "))
        mailbox.append(BOUNCE.replace(b"<a@example.org>", number.partition(b" ")[2]))

    relay.on_letter = bounce
    fault = row(tried(world)).fault
    assert fault is not None
    assert "it came back: no such mailbox (5.1.1)" in fault.message


def test_one_that_is_refused_says_so(world: World, office: tuple[SmtpServer, Imapd]) -> None:
    relay, _ = office
    relay.faults = {"RCPT": ["550 no such user"]}
    fault = row(tried(world)).fault
    assert fault is not None
    assert "550" in fault.message


def test_without_an_inbox_the_reader_is_told_where_to_look(world: World) -> None:
    with smtpd() as relay:
        settle(world, f"smtp://127.0.0.1:{relay.port}", "")
        found = row(tried(world))
    assert found.fault is None
    assert found.note == f"it was taken. No [mail] inbox is set: look for it at {OFFICE}."


def test_no_letter_goes_out_where_mail_fails_anyhow_or_nobody_asked(world: World) -> None:
    with smtpd() as relay:
        settle(world, f"smtp://127.0.0.1:{relay.port}", "imap://office@127.0.0.1:1/INBOX")
        names = [c.name for c in tried(world).connections]
        assert "letter to itself" not in names
        settle(world, f"smtp://127.0.0.1:{relay.port}", "")
        check(world.directory, now=NOW, ports=lambda roster: Ports(roster, world.directory))
        assert relay.letters == []


@pytest.mark.slow
def test_it_is_looked_for_behind_whatever_the_inbox_holds(world: World) -> None:
    for number in range(101):  # more than an inbox hands out at once
        world.drop(b"Subject: x\r\nMessage-ID: <%d@example.org>\r\n\r\nText\r\n" % number)
    with smtpd() as relay:
        settle(world, f"smtp://127.0.0.1:{relay.port}", "maildir:inbox")
        relay.on_letter = lambda taken: world.drop(GOOD + taken.raw)
        assert row(tried(world)).fault is None
        world.step(NOW)
        world.drop(b"Subject: x\r\nMessage-ID: <later@example.org>\r\n\r\nText\r\n")
        assert row(tried(world)).fault is None


def test_the_service_passes_it_by(world: World) -> None:
    with smtpd() as relay:
        settle(world, f"smtp://127.0.0.1:{relay.port}", "maildir:inbox")
        world.step(NOW)
        before = len(relay.letters)
        relay.on_letter = lambda taken: world.drop(GOOD + taken.raw)
        assert row(tried(world)).fault is None
        relay.on_letter = None
        letter = relay.letters[-1]
        assert read_answer(GOOD + letter.raw) is None
        work = world.step(NOW)
        assert len(relay.letters) == before + 1
        assert (work.counts["answers"], work.counts["failed"]) == (0, 0)


@pytest.mark.parametrize("name", SIMULATORS)
def test_every_provider_carries_it(name: str, world: World) -> None:
    with SIMULATORS[name](world.directory) as running:
        server = running.server
        settle(world, f"{name}:", f"{name}:", running.toml())
        server.user(OFFICE)
        if name in REWRITERS:  # mails get a Message-ID of the provider's own
            getattr(server, REWRITERS[name]).rewrites = True
        found = row(tried(world, PATIENCE))
        sent = server.sent(OFFICE)
    assert found.fault is None
    assert found.note.startswith("it arrived.")
    assert [b"overlap check --mail" in raw for raw in sent] == [True]


@pytest.mark.slow
def test_the_command(world: World, office: tuple[SmtpServer, Imapd]) -> None:
    relay, mailbox = office
    relay.on_letter = noting(mailbox, GOOD)

    def daemon(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "daemon.py", "--config", str(world.directory), "check", *words]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    asked = daemon("--mail", "--json")
    assert (asked.returncode, asked.stderr) == (0, "")
    rows = {each["name"]: each for each in json.loads(asked.stdout)["connections"]}
    assert rows["letter to itself"]["note"].endswith("DMARC pass.")
    wrong = daemon("--mail", "--offline")
    assert (wrong.returncode, len(relay.letters)) == (2, 1)
    assert wrong.stderr.startswith("check:1: --offline sends nothing; ")

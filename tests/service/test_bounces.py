"""Letters that come back: believed of our own letters alone, shown, paused, lifted; no loops."""

from __future__ import annotations

import email
import email.policy
from datetime import timedelta
from email.message import EmailMessage, Message
from pathlib import Path

import pytest
from sqlalchemy import select, update

from mentoring.bounces import Bounce, Failed
from mentoring.letter import NOTICE
from mentoring.replies import read_answer
from service.deliver import deliver
from service.listen import listen
from service.roster_source import load
from service.status import status
from service.work import reading
from store import bounces, tables
from store.outbox import FAILED, SENT
from tests.service.test_run import overlap
from tests.web.desk import press, signed_in
from tests.web.office import Office, at_google
from tests.world import DANA, LEE, World, at, body, kinds, to

MONDAY = at("2027-01-11 12:00")
SOON = timedelta(minutes=10)
DAY = timedelta(days=1)
BOSS = "boss@example.org"


def report(
    about: Message | None,
    address: str,
    *,
    action: str = "failed",
    status: str = "5.1.1",
    original: str = "",
    whole: bool = True,
    drop: str = "",
) -> bytes:
    """A delivery report as mail servers write it (RFC 3464)."""
    lines = ["From: MAILER-DAEMON@mx.example.net", "To: mentoring@example.org"]
    lines += ["Subject: Undelivered Mail Returned to Sender", "Auto-Submitted: auto-replied"]
    lines += ["Return-Path: <>", "MIME-Version: 1.0", f"Message-ID: <{status}.{address}@mx>"]
    lines += ['Content-Type: multipart/report; report-type=delivery-status; boundary="b"', ""]
    lines += ["--b", "Content-Type: text/plain", "", "I am sorry to say.", ""]
    lines += ["--b", "Content-Type: message/delivery-status", "", "Reporting-MTA: dns; mx", ""]
    lines += [f"Original-Recipient: rfc822; {original}"] if original else []
    lines += [f"Final-Recipient: rfc822; {address}", f"Action: {action}", f"Status: {status}", ""]
    raw = "\r\n".join(lines).encode() + b"\r\n"
    if about is not None:
        kept = about.as_bytes() if whole else about.as_bytes().partition(b"\n\n")[0] + b"\n\n"
        kept = kept.replace(drop.encode(), b"X-Dropped:") if drop else kept
        kind = b"message/rfc822" if whole else b"text/rfc822-headers"
        raw += b"--b\r\nContent-Type: " + kind + b"\r\n\r\n" + kept + b"\r\n"
    return raw + b"--b--\r\n"


def sent_invites(world: World) -> list[EmailMessage]:
    world.step(MONDAY)
    return [m for m in world.sent() if m.get_content_type() == "multipart/mixed"]


def states(world: World, person: str) -> list[str]:
    with reading(world.engine) as connection:
        query = select(tables.outbox.c.state).where(tables.outbox.c.recipient == person)
        return list(connection.execute(query).scalars())


def paused(world: World) -> list[str]:
    with reading(world.engine) as connection:
        return [one.address for one in bounces.paused(connection)]


def letter() -> EmailMessage:
    mail = EmailMessage()
    mail["To"], mail["Message-ID"], mail[NOTICE] = DANA, "<ours@example.org>", "<ours@example.org>"
    mail.set_content("An invite.")
    return mail


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"whole": False},
        {"address": "dana@inside.example.org", "original": DANA},
        {"address": "Dana@Example.ORG"},
        {"drop": "Message-ID:"},
        {"status": "5.7.1"},
    ],
    ids=["whole", "headers", "forwarded", "capitals", "id-rewritten", "refused"],
)
def test_every_form_of_a_report_is_read(how: dict[str, str]) -> None:
    found = read_answer(report(letter(), **{"address": DANA, **how}))  # type: ignore[arg-type]
    assert isinstance(found, Bounce)
    assert found.about == ("<ours@example.org>",)
    assert Failed(DANA, how.get("status", "5.1.1"), True) in found.failed


@pytest.mark.parametrize(
    ("action", "code"),
    [("failed", "4.2.2"), ("delayed", "4.4.1"), ("delayed", "5.1.1"), ("delivered", "2.0.0"),
     ("relayed", "2.1.9"), ("failed", "9.1.1"), ("failed", "")],
)  # fmt: skip
def test_what_may_still_arrive_is_not_lasting(action: str, code: str) -> None:
    found = read_answer(report(letter(), DANA, action=action, status=code))
    assert isinstance(found, Bounce)
    assert not any(failed.lasting for failed in found.failed)


def test_a_hard_bounce_pauses_the_address_and_says_so(world: World) -> None:
    (hers,) = to(sent_invites(world), DANA)
    world.drop(report(hers, DANA))
    world.step(MONDAY + SOON)
    assert paused(world) == [DANA]
    assert FAILED in states(world, DANA)
    world.step(MONDAY + 2 * SOON)
    (told,) = to(world.sent(), "coordinator@example.org")
    assert DANA in told["Subject"]
    assert "it came back" in body(told)
    with reading(world.engine) as connection:
        document = status(connection, load(world.directory), MONDAY + SOON)
    (row,) = document["paused"]
    assert row["address"] == DANA
    needs = [need["why"] for need in document["pairs"][0]["attention"]]
    assert needs == ["a mail did not arrive"]


def test_what_may_still_arrive_pauses_nobody(world: World) -> None:
    (hers,) = to(sent_invites(world), DANA)
    for action, code in (("failed", "4.2.2"), ("delayed", "5.1.1")):
        world.drop(report(hers, DANA, action=action, status=code))
    world.step(MONDAY + SOON)
    assert paused(world) == []
    assert set(states(world, DANA)) == {SENT}


def test_a_report_on_no_letter_of_ours_is_not_believed(world: World) -> None:
    invites = sent_invites(world)
    (hers,), (his,) = to(invites, DANA), to(invites, LEE)
    forged = EmailMessage()
    forged["Message-ID"] = "<0123456789abcdef0123456789abcdef@example.org>"
    forged["To"] = DANA
    forged.set_content("What you sent.")
    for raw in (
        report(forged, DANA),
        report(None, DANA),
        report(his, DANA),  # his letter says nothing of her address
        report(hers, "boss@example.org"),
        report(hers, "dana@example.org.evil.example"),
    ):
        world.drop(raw)
    world.step(MONDAY + SOON)
    assert paused(world) == []
    assert FAILED not in states(world, DANA) + states(world, LEE)


def test_a_letter_that_was_never_sent_can_not_come_back(world: World) -> None:
    (hers,) = to(sent_invites(world), DANA)
    with world.engine.begin() as connection:
        table = tables.outbox
        connection.execute(
            update(table).where(table.c.message_id == hers["Message-ID"]).values(state="superseded")
        )
    world.drop(report(hers, DANA))
    world.step(MONDAY + SOON)
    assert paused(world) == []


def test_a_paused_address_gets_nothing_until_it_is_lifted(world: World) -> None:
    (hers,) = to(sent_invites(world), DANA)
    world.drop(report(hers, DANA))
    world.step(MONDAY + SOON)
    world.sent()
    for day in range(1, 10, 4):
        world.step(MONDAY + day * DAY)
        assert to(world.sent(), DANA) == []
    assert "queued" in states(world, DANA)
    refused = overlap(world, "lift", LEE)
    assert (refused.returncode, refused.stderr.partition(";")[0]) == (
        2,
        f"lift:1: {LEE} is not paused",
    )
    with world.engine.begin() as connection:
        assert bounces.lift(connection, DANA, MONDAY + 9 * DAY)
    world.step(MONDAY + 10 * DAY)
    assert to(world.sent(), DANA)
    world.drop(report(hers, DANA, status="5.2.1"))  # of the old letter: out of date by now
    world.step(MONDAY + 10 * DAY + SOON)
    assert paused(world) == []


def test_the_coordinator_is_never_cut_off(world: World) -> None:
    (hers,) = to(sent_invites(world), DANA)
    world.drop(report(hers, DANA))
    world.step(MONDAY + SOON)
    world.step(MONDAY + 2 * SOON)
    (told,) = to(world.sent(), "coordinator@example.org")
    world.drop(report(told, "coordinator@example.org"))
    world.step(MONDAY + 3 * SOON)
    assert paused(world) == [DANA]


def test_the_digest_names_the_address(world: World) -> None:
    (hers,) = to(sent_invites(world), DANA)
    world.drop(report(hers, DANA))
    world.step(MONDAY + SOON)
    world.sent()
    world.step(at("2027-01-19 09:30"))
    (digest,) = [m for m in to(world.sent(), "coordinator@example.org") if "need" in m["Subject"]]
    text = body(digest)
    assert f"The address {DANA}" in text
    assert f"daemon.py lift {DANA}" in text


def test_the_page_shows_the_pause_and_lifts_it(tmp_path: Path) -> None:
    with at_google(tmp_path / "office") as office:
        shows_and_lifts(office)


def shows_and_lifts(office: Office) -> None:
    office.calendar = "file:lee.ics"
    office.write()
    (hers,) = to(sent_invites(office.world), DANA)
    office.world.drop(report(hers, DANA))
    office.world.step(MONDAY + SOON)
    office.now = MONDAY + SOON
    with signed_in(office) as browser:
        page = browser.get("/coordinator/mail").text
        assert "Addresses that get no mail" in page
        assert "no such mailbox (5.1.1)" in page
        assert press(browser, "/mail", do="lift", address=LEE).startswith("Nothing was changed")
        assert press(browser, "/mail", do="lift", address=DANA).startswith("Lifted.")
        assert "Addresses that get no mail" not in browser.get("/coordinator/mail").text
    assert paused(office.world) == []


def test_what_a_report_gives_back_is_no_answer(world: World) -> None:
    """Our own invite inside a report, and a REPLY that somebody hid in one."""
    (hers,) = to(sent_invites(world), DANA)
    world.reply(DANA, hers, "DECLINED", MONDAY)
    reply = max((world.directory / "inbox" / "new").iterdir()).read_bytes()
    inside = email.message_from_bytes(reply, policy=email.policy.default)
    assert isinstance(read_answer(report(inside, DANA)), Bounce)


def test_reports_of_many_blocks_and_broken_ones_are_bounded() -> None:
    many = report(None, DANA).replace(
        b"Status: 5.1.1\r\n", b"Status: 5.1.1\r\n" + b"\r\nFinal-Recipient: rfc822; a@b\r\n" * 5000
    )
    found = read_answer(many)
    assert isinstance(found, Bounce)
    assert found.failed == (Failed(DANA, "5.1.1", True),)
    for raw in (b"", b"Content-Type: multipart/report\r\n\r\n", many[: len(many) // 2], many[:700]):
        read_answer(raw)


@pytest.mark.parametrize(
    "header",
    ["Auto-Submitted: auto-replied", "Auto-Submitted: auto-generated", "Precedence: bulk",
     "Precedence: junk", "Precedence: list", "List-Id: <a.example.org>", "Return-Path: <>",
     "Precedence: auto_reply", "AUTO-SUBMITTED: Auto-Replied (vacation)",
     "X-Autoreply: yes", "X-Autorespond: 1"],
)  # fmt: skip
def test_what_a_machine_wrote_is_nobodys_word(header: str) -> None:
    for words in ("DEADLINE nonsense", "AGREE 0123456789abcdef", "ACCEPT abcdefghij"):
        mail = f"From: {BOSS}\r\nSubject: {words}\r\n%s\r\n{words}\r\n"
        assert read_answer((mail % "").encode()) is not None
        assert read_answer((mail % f"{header}\r\n").encode()) is None


def test_two_machines_that_answer_each_other_come_to_an_end(world: World) -> None:
    """A vacation responder that hides what it is, and quotes our subject: one answer a day."""
    world.step(MONDAY)
    world.sent()
    answers = 0
    now = MONDAY
    for number in range(6):
        world.drop(
            f"From: {BOSS}\r\nSubject: DEADLINE nonsense {number}\r\n"
            f"Message-ID: <{number}@example.org>\r\n\r\nI am away.\r\n".encode()
        )
        now += SOON
        work = world.work(now)
        listen(work)
        deliver(work)
        answers += len(to(world.sent(), BOSS))
    assert answers == 1
    assert len(kinds(world, "deadlinemisread")) == 1

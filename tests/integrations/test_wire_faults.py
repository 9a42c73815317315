"""SMTP and IMAP cut, refused and split at every command, against real servers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from integrations import imap, smtp
from integrations.ports import Access, Letter, LetterRefused, OutcomeUnknown, ProviderError
from tests.servers.between import Between, between
from tests.servers.imapd import Imapd, imapd
from tests.servers.smtpd import smtpd

LETTER = Letter(
    "<a@example.org>", "office@example.org", "dana@example.org", b"Subject: x\r\n\r\ny\r\n"
)
MOST = 40
"""No errand takes so many commands."""


def _bye(command: bytes) -> bytes:
    return b"421 4.3.2 going down \r\n"


# Mail out


@pytest.mark.parametrize("fault", ["before", "after", _bye], ids=["before", "after", "421"])
@pytest.mark.parametrize("signed_in", [False, True], ids=["open", "with a login"])
def test_a_letter_is_taken_once_or_in_doubt_wherever_the_line_is_cut(
    fault: str | Callable[[bytes], bytes],
    signed_in: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SMTP_PASSWORD", "word")
    access = Access(tmp_path, {"password": "env:SMTP_PASSWORD"})
    login, user = (("office", "word"), "office@") if signed_in else (None, "")
    met = 0
    with smtpd(login=login) as server:
        for at in range(MOST):
            server.letters.clear()
            with between(server.port, at=at, fault=fault) as standing:
                mailer = smtp.mailer(f"smtp://{user}127.0.0.1:{standing.port}", access)
                taken, begun = _deliver(mailer)
                if taken is None:  # nobody knows: only after the point of no return
                    assert begun
                    assert len(server.letters) <= 1
                else:
                    assert len(server.letters) == taken
                if taken is False:
                    assert _deliver(mailer) == (True, True)
                    assert len(server.letters) == 1
            if not standing.met:
                break
            met += 1
    assert met >= (6 if signed_in else 5)  # EHLO, AUTH, MAIL, RCPT, DATA, content, QUIT
    assert at < MOST - 1


def _deliver(mailer: smtp.SmtpMailer) -> tuple[bool | None, bool]:
    """Whether the letter was taken, None where nobody knows; and whether it was on its way."""
    begun: list[int] = []
    try:
        mailer.deliver(LETTER, lambda: begun.append(1))
    except OutcomeUnknown:
        return None, bool(begun)
    except LetterRefused as error:
        raise AssertionError("no fault of the line's is the letter's") from error
    except ProviderError:
        return False, bool(begun)
    return True, bool(begun)


def test_an_answer_that_takes_minutes_leaves_a_letter_in_doubt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server has taken it, and says so when nobody listens any more."""
    monkeypatch.setattr(smtp, "_ACCEPT_SECONDS", 0.2)
    with smtpd() as server:
        with between(server.port) as standing:
            url = f"smtp://127.0.0.1:{standing.port}"
            _deliver(smtp.mailer(url, Access(tmp_path)))
            content = next(n for n, said in enumerate(standing.commands) if b"Subject" in said)
        server.letters.clear()
        with between(server.port, at=content, fault="mute") as standing:
            url = f"smtp://127.0.0.1:{standing.port}"
            assert _deliver(smtp.mailer(url, Access(tmp_path))) == (None, True)
        assert [taken.raw for taken in server.letters] in ([], [LETTER.raw])


# Mail in

USER, PASSWORD = "office", "word"
MAILS = [b"Subject: %d\r\n\r\ntext %d\r\n" % (n, n) for n in range(3)]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Imapd]:
    monkeypatch.setenv("IMAP_PASSWORD", PASSWORD)
    with imapd(USER, PASSWORD) as running:
        yield running


def _inbox(standing: Between, tmp_path: Path) -> imap.ImapInbox:
    url = f"imap://{USER}@127.0.0.1:{standing.port}/INBOX"
    return imap.inbox(url, Access(tmp_path, {"inbox_password": "env:IMAP_PASSWORD"}))


def _said(word: bytes) -> Callable[[bytes], bytes]:
    return lambda command: command.split(b" ")[0].strip() + b" " + word + b" not now\r\n"


def _goodbye(command: bytes) -> bytes:
    return b"* BYE going down \r\n"


def _garbage(command: bytes) -> bytes:
    return b"<html>\r\n<body>Bad gateway</body>\r\n \r\n"


FAULTS = {
    "before": "before",
    "after": "after",
    "NO": _said(b"NO"),
    "BAD": _said(b"BAD"),
    "BYE": _goodbye,
    "garbage": _garbage,
}


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_the_inbox_gets_over_a_fault_at_every_command(
    fault: str | Callable[[bytes], bytes], server: Imapd, tmp_path: Path
) -> None:
    with between(server.port) as standing:
        before = [m.raw for m in _inbox(standing, tmp_path).fetch(None).messages]
    for raw in MAILS:
        server.append(raw)
    for at in range(MOST):
        with between(server.port, at=at, fault=fault) as standing:
            inbox = _inbox(standing, tmp_path)
            got = _polled(inbox)
            assert got == [*before, *MAILS], f"at command {at}"
        if not standing.met:
            break
    assert at >= 5  # login, examine, search, and a size and a text for each
    assert at < MOST - 1


def _polled(inbox: imap.ImapInbox) -> list[bytes]:
    """What three polls bring, whatever some of them meet."""
    cursor, got = None, []
    for _ in range(3):
        try:
            batch = inbox.fetch(cursor)
        except ProviderError as error:
            assert error.mend
            continue
        cursor = batch.cursor
        got += [message.raw for message in batch.messages]
    return got


def test_lines_may_come_a_byte_at_a_time(server: Imapd, tmp_path: Path) -> None:
    for raw in MAILS:
        server.append(raw)
    with between(server.port, split=True) as standing:
        inbox = _inbox(standing, tmp_path)
        got = inbox.fetch(None)
        assert [m.raw for m in got.messages][-3:] == MAILS
        server.append(MAILS[0])
        assert inbox.wait(60)
        assert [m.raw for m in inbox.fetch(got.cursor).messages] == [MAILS[0]]

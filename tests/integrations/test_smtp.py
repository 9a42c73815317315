"""SMTP against a real server: encryption, login, and a fault at every verb."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from integrations import smtp
from integrations.ports import Access, Letter, LetterRefused, OutcomeUnknown, ProviderError
from tests.servers.certificates import server_context
from tests.servers.imapd import imapd
from tests.servers.smtpd import scripted, smtpd

RAW = b"Subject: x\r\nX-Long: " + b"y" * 900 + b"\r\n\r\n.a line that begins with a dot\r\nend\r\n"
LETTER = Letter("<a@example.org>", "office@example.org", "dana@example.org", RAW)
LETTER_WITH_ID = replace(LETTER, raw=b"Message-ID: <a@example.org>\r\n" + RAW)


def never() -> None:
    raise AssertionError("the letter must not have been on its way")


def test_bytes_arrive_as_they_are(tmp_path: Path) -> None:
    with smtpd() as server:
        steps: list[int] = []
        mailer = smtp.mailer(f"smtp://127.0.0.1:{server.port}", Access(tmp_path))
        mailer.deliver(LETTER, lambda: steps.append(len(server.letters)))
        assert steps == [0]
        assert [(t.sender, t.recipient, t.raw) for t in server.letters] == [
            ("office@example.org", "dana@example.org", RAW)
        ]
        assert mailer.delivered(LETTER.message_id) is None


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_tls_with_our_own_ca_and_a_login(
    scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, ca = server_context(tmp_path)
    monkeypatch.setenv("SMTP_PASSWORD", "word")
    starttls, tls = (context, None) if scheme == "smtp" else (None, context)
    login = ("office", "word") if scheme == "smtp" else None
    with smtpd(starttls=starttls, tls=tls, login=login) as server:
        url = f"{scheme}://{'office@' if login else ''}127.0.0.1:{server.port}"
        mailer = smtp.mailer(url, Access(tmp_path, {"password": "env:SMTP_PASSWORD"}, ca))
        mailer.check()
        mailer.deliver(LETTER, lambda: None)
        assert len(server.letters) == 1
        if login:
            monkeypatch.setenv("SMTP_PASSWORD", "wrong")
            with pytest.raises(ProviderError, match="refuses the account office"):
                mailer.deliver(LETTER, never)
        with pytest.raises(ProviderError, match="no valid certificate"):
            smtp.mailer(url, Access(tmp_path, {"password": "env:SMTP_PASSWORD"})).deliver(
                LETTER, never
            )
        assert len(server.letters) == 1


def test_without_encryption_nothing_leaves_this_machine(tmp_path: Path) -> None:
    with smtpd(host="127.0.0.2") as server:  # an address that the mailer takes for another machine
        mailer = smtp.mailer(f"smtp://127.0.0.2:{server.port}", Access(tmp_path))
        with pytest.raises(ProviderError, match="offers no encryption"):
            mailer.deliver(LETTER, never)
        assert server.letters == []


@pytest.mark.parametrize(
    ("faults", "permanent", "said"),
    [
        ({"MAIL": ["451 later"]}, False, "451 later"),
        ({"MAIL": ["550 no"]}, False, "550 no"),
        ({"MAIL": ["drop"]}, False, "can't be used"),
        ({"RCPT dana@example.org": ["450 greylisted"]}, False, "450 greylisted"),
        ({"RCPT dana@example.org": ["550 no such user"]}, True, "dana@example.org"),
        ({"RCPT": ["drop"]}, False, "can't be used"),
    ],
)
def test_a_fault_before_the_letter_is_on_its_way(
    faults: dict[str, list[str]], permanent: bool, said: str, tmp_path: Path
) -> None:
    with smtpd() as server:
        server.faults = faults
        mailer = smtp.mailer(f"smtp://127.0.0.1:{server.port}", Access(tmp_path))
        with pytest.raises(ProviderError) as error:
            mailer.deliver(LETTER, never)
        assert error.value.permanent == permanent
        assert said in error.value.message
        mailer.deliver(LETTER, lambda: None)
        assert len(server.letters) == 1


@pytest.mark.parametrize(("answer", "permanent"), [("452 full", False), ("554 spam", True)])
def test_an_answer_to_the_letter_is_believed(answer: str, permanent: bool, tmp_path: Path) -> None:
    with smtpd() as server:
        server.faults = {"DATA": [answer]}
        with pytest.raises(ProviderError) as error:
            smtp.mailer(f"smtp://127.0.0.1:{server.port}", Access(tmp_path)).deliver(
                LETTER, lambda: None
            )
        assert error.value.permanent == permanent


@pytest.mark.parametrize("fault", ["drop", "take and drop"])
def test_silence_after_the_letter_is_neither(fault: str, tmp_path: Path) -> None:
    with smtpd() as server:
        server.faults = {"DATA": [fault]}
        with pytest.raises(OutcomeUnknown):
            smtp.mailer(f"smtp://127.0.0.1:{server.port}", Access(tmp_path)).deliver(
                LETTER, lambda: None
            )


def test_a_server_that_is_down(tmp_path: Path) -> None:
    with pytest.raises(ProviderError, match="can't be used") as error:
        smtp.mailer("smtp://127.0.0.1:1", Access(tmp_path)).deliver(LETTER, never)
    assert not error.value.permanent


def test_a_user_without_a_password(tmp_path: Path) -> None:
    with smtpd() as server, pytest.raises(ProviderError, match="has no password"):
        smtp.mailer(f"smtp://office@127.0.0.1:{server.port}", Access(tmp_path)).check()


HELLO = ("220 hi", "250 hello")


@pytest.mark.parametrize(
    "said", [(), HELLO[:1], HELLO, (*HELLO, "250 ok"), (*HELLO, *["250 ok"] * 2)]
)
def test_a_server_that_hangs_up_before_the_letter(said: tuple[str, ...], tmp_path: Path) -> None:
    with scripted(*said) as port, pytest.raises(ProviderError) as error:
        smtp.mailer(f"smtp://127.0.0.1:{port}", Access(tmp_path)).deliver(LETTER, never)
    assert not error.value.permanent


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (("554 closed today",), "127.0.0.1 answers 554 closed today"),
        (("421 busy",), "127.0.0.1 answers 421 busy"),
        (("220 hi", "502 what", "502 what"), "127.0.0.1 answers 502 what"),
        (("220 hi", "250-hello\r\n250 STARTTLS", "501 no"), "127.0.0.1 answers 501 no"),
        ((*HELLO, "530 log in first"), "answers 530 log in first"),
        ((*HELLO, "250 ok", "250 ok", "451 not now"), "dana@example.org: the mail server answers"),
        ((*HELLO, "451 \x1b[2Jlater"), "answers 451 [2Jlater"),
    ],
)
def test_a_server_in_trouble_fails_no_letter_for_good(
    said: tuple[str, ...], told: str, tmp_path: Path
) -> None:
    with scripted(*said) as port, pytest.raises(ProviderError) as error:
        smtp.mailer(f"smtp://127.0.0.1:{port}", Access(tmp_path)).deliver(LETTER, never)
    assert told in error.value.message
    assert not error.value.permanent


def test_killed_at_the_point_of_no_return_nothing_arrives(tmp_path: Path) -> None:
    def killed() -> None:
        raise KeyboardInterrupt

    with smtpd() as server:
        mailer = smtp.mailer(f"smtp://127.0.0.1:{server.port}", Access(tmp_path))
        with pytest.raises(KeyboardInterrupt):
            mailer.deliver(LETTER, killed)
        mailer.deliver(LETTER, lambda: None)
        assert [t.raw for t in server.letters] == [RAW]


def test_a_server_without_login_and_a_password_it_cannot_carry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = Access(tmp_path, {"password": "env:SMTP_PASSWORD"})
    monkeypatch.setenv("SMTP_PASSWORD", "wörd")
    with scripted(*HELLO) as port, pytest.raises(ProviderError, match="offers no login"):
        smtp.mailer(f"smtp://office@127.0.0.1:{port}", access).deliver(LETTER, never)
    offers = ("220 hi", "250-hello\r\n250 AUTH PLAIN")
    with scripted(*offers) as port, pytest.raises(ProviderError, match="beyond ASCII") as error:
        smtp.mailer(f"smtp://office@127.0.0.1:{port}", access).deliver(LETTER, never)
    assert "wörd" not in str(error.value)


def test_a_ca_bundle_that_is_not_there(tmp_path: Path) -> None:
    context, ca = server_context(tmp_path)
    with smtpd(tls=context) as server, pytest.raises(ProviderError, match="CA bundle") as error:
        url = f"smtps://127.0.0.1:{server.port}"
        smtp.mailer(url, Access(tmp_path, ca=ca.with_name("none.pem"))).check()
    assert error.value.permanent


def test_an_archive_gets_a_copy_and_says_what_was_taken(tmp_path: Path) -> None:
    with smtpd() as server, imapd("archive", "word") as archive:
        (tmp_path / "secret").write_text("word")
        options = {
            "archive": archive.url,
            "archive_address": "archive@example.org",
            "archive_password": "file:secret",
        }
        mailer = smtp.mailer(f"smtp://127.0.0.1:{server.port}", Access(tmp_path, options))
        mailer.check()
        assert mailer.delivered("<a@example.org>") is False
        mailer.deliver(LETTER_WITH_ID, lambda: None)
        readers = [taken.recipient for taken in server.letters]
        assert readers == ["dana@example.org", "archive@example.org"]
        archive.append(server.letters[1].raw)
        assert mailer.delivered("<a@example.org>") is True
        assert mailer.delivered("<another@example.org>") is False
        assert archive.flags() == [()]  # looking marks nothing


def test_without_its_copy_a_letter_waits(tmp_path: Path) -> None:
    with smtpd() as server:
        server.faults["RCPT archive@example.org"] = ["550 no such user"]
        options = {"archive_address": "archive@example.org"}
        mailer = smtp.mailer(f"smtp://127.0.0.1:{server.port}", Access(tmp_path, options))
        with pytest.raises(ProviderError, match="archive_address") as error:
            mailer.deliver(LETTER, never)
        assert not isinstance(error.value, LetterRefused)
        assert server.letters == []


def test_an_archive_that_cant_be_asked_decides_nothing(tmp_path: Path) -> None:
    with smtpd() as server:
        (tmp_path / "secret").write_text("word")
        options = {"archive": "imap://archive@127.0.0.1:1/", "archive_password": "file:secret"}
        mailer = smtp.mailer(f"smtp://127.0.0.1:{server.port}", Access(tmp_path, options))
        with pytest.raises(ProviderError, match=r"the archive at 127\.0\.0\.1 can't be read"):
            mailer.delivered("<a@example.org>")
        with pytest.raises(ProviderError, match="the archive at"):
            mailer.check()

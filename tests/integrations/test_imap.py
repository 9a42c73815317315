"""IMAP against a real server with IDLE."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from integrations import imap
from integrations.ports import Access, ProviderError
from tests.servers.certificates import server_context
from tests.servers.imapd import Imapd, imapd


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Imapd]:
    monkeypatch.setenv("IMAP_PASSWORD", "word")
    with imapd("office", "word") as running:
        yield running


def opened(url: str, ca: Path | None = None) -> imap.ImapInbox:
    return imap.inbox(url, Access(Path(), {"inbox_password": "env:IMAP_PASSWORD"}, ca))


def test_each_message_once_and_none_marked(server: Imapd) -> None:
    inbox = opened(server.url)
    server.append(b"Subject: a\r\n\r\n")
    server.append(b"Subject: b\r\n\r\n")
    first = inbox.fetch(None)
    assert [m.raw for m in first.messages] == [b"Subject: a\r\n\r\n", b"Subject: b\r\n\r\n"]
    assert inbox.fetch(first.cursor).messages == ()
    server.append(b"Subject: c\r\n\r\n")
    assert [m.raw for m in inbox.fetch(first.cursor).messages] == [b"Subject: c\r\n\r\n"]
    assert all(b"\\Seen" not in flags for flags in server.flags())


def test_another_uidvalidity_starts_again(server: Imapd) -> None:
    server.append(b"Subject: a\r\n\r\n")
    assert len(opened(server.url).fetch("1:9999").messages) == 1


def test_a_mail_too_large_is_skipped(server: Imapd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap, "LARGEST", 100)
    server.append(b"Subject: a\r\n\r\n" + b"x" * 200)
    server.append(b"Subject: b\r\n\r\n")
    assert [m.raw for m in opened(server.url).fetch(None).messages] == [b"Subject: b\r\n\r\n"]


def test_idle_wakes_on_arrival_and_ends_on_a_stop(server: Imapd) -> None:
    inbox = opened(server.url)
    inbox.check()
    arrival = threading.Timer(0.2, server.append, [b"Subject: a\r\n\r\n"])
    arrival.start()
    assert inbox.wait(30) is True
    arrival.join()
    inbox.stop()
    assert inbox.wait(30) is False


def test_a_connection_that_broke_is_made_anew(server: Imapd) -> None:
    inbox = opened(server.url)
    inbox.check()
    assert inbox._client is not None
    inbox._client.shutdown()
    with pytest.raises(ProviderError) as error:
        inbox.check()
    assert not error.value.permanent
    inbox.check()


def test_a_wrong_password_and_a_folder_that_is_not_there(
    server: Imapd, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ProviderError, match="no folder Nope") as error:
        opened(server.url.replace("INBOX", "Nope")).check()
    assert "INBOX" in error.value.mend
    monkeypatch.setenv("IMAP_PASSWORD", "wrong")
    with pytest.raises(ProviderError, match="refuses the account office") as error:
        opened(server.url).check()
    assert error.value.permanent


def test_over_tls_with_our_own_ca(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAP_PASSWORD", "word")
    context, ca = server_context(tmp_path)
    with imapd("office", "word", tls=context) as server:
        url = server.url.replace("imap://", "imaps://")
        opened(url, ca).check()
        with pytest.raises(ProviderError):
            opened(url).check()


def test_a_server_that_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAP_PASSWORD", "word")
    with pytest.raises(ProviderError) as error:
        opened("imap://office@127.0.0.1:1/INBOX").check()
    assert not error.value.permanent


def test_old_mail_stays_behind_when_nothing_is_new(server: Imapd) -> None:
    with server.client() as client:
        client.append("INBOX", b"Subject: old\r\n\r\n", msg_time=datetime(2020, 1, 1, tzinfo=UTC))
    inbox = opened(server.url)
    first = inbox.fetch(None)
    assert first.messages == ()
    assert inbox.fetch(first.cursor).messages == ()
    server.append(b"Subject: new\r\n\r\n")
    assert [m.raw for m in inbox.fetch(first.cursor).messages] == [b"Subject: new\r\n\r\n"]


def test_no_more_than_a_hundred_at_once(server: Imapd) -> None:
    with server.client() as client:
        for number in range(103):
            client.append("INBOX", b"Subject: %d\r\n\r\n" % number)
    inbox = opened(server.url)
    first = inbox.fetch(None)
    second = inbox.fetch(first.cursor)
    assert (len(first.messages), len(second.messages)) == (100, 3)
    assert second.messages[-1].raw == b"Subject: 102\r\n\r\n"


def test_what_came_while_nobody_was_waiting_wakes_the_next_wait(server: Imapd) -> None:
    inbox = opened(server.url)
    assert inbox.wait(0) is False
    server.append(b"Subject: a\r\n\r\n")
    assert inbox.wait(0) is True
    assert inbox.wait(0) is False


def test_a_line_that_comes_in_two_parts_wakes_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAP_PASSWORD", "word")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=_tears_a_line, args=[listener], daemon=True)
        server.start()
        inbox = opened(f"imap://office@127.0.0.1:{listener.getsockname()[1]}/INBOX")
        assert inbox.wait(30) is True
        inbox.check()


def _tears_a_line(listener: socket.socket) -> None:
    """A server that sends half a line while the reader idles, and the rest after DONE."""
    connection, _ = listener.accept()
    with connection, connection.makefile("rwb") as wire:

        def say(text: str) -> None:
            wire.write(text.encode())
            wire.flush()

        say("* OK [CAPABILITY IMAP4rev1 IDLE] ready\r\n")
        while line := wire.readline().decode():
            tag, verb = line.split()[:2]
            if verb == "IDLE":
                say("+ idling\r\n")
                say("* 1 FET")
                assert wire.readline() == b"DONE\r\n"
                say("CH (FLAGS ())\r\n* 2 EXISTS\r\n")
            elif verb == "EXAMINE":
                say("* 1 EXISTS\r\n* OK [UIDVALIDITY 1] ok\r\n* OK [UIDNEXT 2] ok\r\n")
            elif verb == "CAPABILITY":
                say("* CAPABILITY IMAP4rev1 IDLE\r\n")
            say(f"{tag} OK done\r\n")

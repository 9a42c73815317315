"""Maildir folders: each Message-ID once on the way out, each file once on the way in."""

from __future__ import annotations

import os
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations import maildir
from integrations.ports import Access, Letter, LetterWithdrawn, ProviderError

LETTER = Letter("<a@example.org>", "office@example.org", "dana@example.org", b"Subject: x\r\n\r\n")


def files(folder: Path) -> list[str]:
    return sorted(p.name for part in ("new", "cur") for p in (folder / part).glob("*"))


def test_a_letter_is_delivered_once(tmp_path: Path) -> None:
    mailer = maildir.mailer("maildir:out", Access(tmp_path))
    assert mailer.delivered(LETTER.message_id) is False
    mailer.deliver(LETTER, lambda: None)
    mailer.deliver(LETTER, lambda: None)
    assert len(files(tmp_path / "out")) == 1
    assert mailer.delivered(LETTER.message_id) is True


def test_a_letter_that_was_read_is_known_too(tmp_path: Path) -> None:
    mailer = maildir.mailer("maildir:out", Access(tmp_path))
    mailer.deliver(LETTER, lambda: None)
    (name,) = files(tmp_path / "out")
    (tmp_path / "out/new" / name).rename(tmp_path / "out/cur" / f"{name}:2,S")
    assert mailer.delivered(LETTER.message_id) is True
    mailer.deliver(LETTER, lambda: None)
    assert files(tmp_path / "out") == [f"{name}:2,S"]


def test_killed_before_the_letter_is_there(tmp_path: Path) -> None:
    def killed() -> None:
        raise KeyboardInterrupt

    mailer = maildir.mailer("maildir:out", Access(tmp_path))
    with pytest.raises(KeyboardInterrupt):
        mailer.deliver(LETTER, killed)
    assert mailer.delivered(LETTER.message_id) is False
    mailer.deliver(LETTER, lambda: None)
    assert len(files(tmp_path / "out")) == 1


def test_a_letter_that_was_taken_back_leaves_no_draft(tmp_path: Path) -> None:
    def taken_back() -> None:
        raise LetterWithdrawn

    mailer = maildir.mailer("maildir:out", Access(tmp_path))
    with pytest.raises(LetterWithdrawn):
        mailer.deliver(LETTER, taken_back)
    assert list((tmp_path / "out/tmp").iterdir()) == []
    assert files(tmp_path / "out") == []


def test_an_inbox_that_cannot_be_looked_into_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tests may run as root, whom no permission stops."""
    inbox = maildir.inbox("maildir:in", Access(tmp_path))
    inbox.check()  # nothing has come yet
    (tmp_path / "in").mkdir()
    with pytest.raises(ProviderError, match="no Maildir"):
        inbox.check()
    (tmp_path / "in/new").mkdir()
    inbox.check()

    (tmp_path / "in/new/a").write_bytes(b"x")
    cursor = inbox.fetch(None).cursor

    def refused(_path: Path, **_: bool) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "stat", refused)
    with pytest.raises(ProviderError, match="Permission denied"):
        inbox.check()
    for known in (None, cursor):
        with pytest.raises(ProviderError, match="Permission denied"):
            inbox.fetch(known)
    with pytest.raises(ProviderError, match="Permission denied"):
        inbox.wait(0)


def test_an_inbox_that_is_gone_is_a_fault(tmp_path: Path) -> None:
    inbox = maildir.inbox("maildir:in", Access(tmp_path))
    nothing_yet = inbox.fetch(None).cursor
    assert inbox.fetch(nothing_yet).messages == ()
    (tmp_path / "in/new").mkdir(parents=True)
    (tmp_path / "in/new/a").write_bytes(b"x")
    cursor = inbox.fetch(nothing_yet).cursor
    (tmp_path / "in").rename(tmp_path / "elsewhere")
    with pytest.raises(ProviderError, match="is gone"):
        inbox.fetch(cursor)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file stands in the way")
    mailer = maildir.mailer("maildir:out", Access(tmp_path))
    with pytest.raises(ProviderError, match="can't be written") as error:
        mailer.deliver(LETTER, lambda: None)
    assert not error.value.permanent


@given(st.lists(st.integers(0, 3), max_size=12), st.booleans())
def test_each_message_is_handed_out_once(arrivals: list[int], read: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder) / "in"
        (base / "new").mkdir(parents=True)
        (base / "cur").mkdir()
        inbox = maildir.inbox("maildir:in", Access(Path(folder)))
        cursor, got, put = None, [], 0
        for count in arrivals:
            for _ in range(count):
                path = base / "new" / f"m{put:03d}"
                path.write_bytes(b"x%d" % put)
                os.utime(path, ns=(put // 2, put // 2))  # some arrive in the same instant
                put += 1
            batch = inbox.fetch(cursor)
            got += [message.raw for message in batch.messages]
            cursor = batch.cursor
            if read:
                for path in list((base / "new").iterdir()):
                    path.rename(base / "cur" / f"{path.name}:2,S")
        got += [message.raw for message in inbox.fetch(cursor).messages]
        assert got == [b"x%d" % n for n in range(put)]


def test_reading_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "in/new").mkdir(parents=True)
    (tmp_path / "in/new/a").write_bytes(b"x")
    maildir.inbox("maildir:in", Access(tmp_path)).fetch(None)
    assert files(tmp_path / "in") == ["a"]


def test_a_mail_too_large_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "in/new").mkdir(parents=True)
    with (tmp_path / "in/new/big").open("wb") as file:
        file.truncate(11 << 20)
    batch = maildir.inbox("maildir:in", Access(tmp_path)).fetch(None)
    assert batch.messages == ()
    assert maildir.inbox("maildir:in", Access(tmp_path)).fetch(batch.cursor).messages == ()


def test_waiting_ends_with_mail_or_a_stop(tmp_path: Path) -> None:
    (tmp_path / "in/new").mkdir(parents=True)
    inbox = maildir.inbox("maildir:in", Access(tmp_path))
    arrival = threading.Timer(0.05, (tmp_path / "in/new/a").write_bytes, [b"x"])
    arrival.start()
    assert inbox.wait(30) is True
    arrival.join()
    inbox.stop()
    assert inbox.wait(30) is False


def test_what_came_between_two_calls_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "in/new").mkdir(parents=True)
    inbox = maildir.inbox("maildir:in", Access(tmp_path))
    inbox.fetch(None)
    assert inbox.wait(0) is False
    os.utime(tmp_path / "in/new", ns=(1, 1))  # as an arrival does
    assert inbox.wait(0) is True
    assert inbox.wait(0) is False


def test_a_letter_that_a_reader_moved_without_flags_is_known(tmp_path: Path) -> None:
    mailer = maildir.mailer("maildir:out", Access(tmp_path))
    mailer.deliver(LETTER, lambda: None)
    (name,) = files(tmp_path / "out")
    (tmp_path / "out/new" / name).rename(tmp_path / "out/cur" / name)
    assert mailer.delivered(LETTER.message_id) is True


def test_a_torn_draft_of_a_killed_run_is_no_letter(tmp_path: Path) -> None:
    mailer = maildir.mailer("maildir:out", Access(tmp_path))
    mailer.check()
    torn = maildir._file_name(LETTER.message_id)
    (tmp_path / "out/tmp" / torn).write_bytes(b"Sub")
    assert mailer.delivered(LETTER.message_id) is False
    mailer.deliver(LETTER, lambda: None)
    assert (tmp_path / "out/new" / torn).read_bytes() == LETTER.raw

"""Mail out and in, which every provider's adapter must do alike."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integrations.ports import Letter
from tests.integrations.providers import DANA, OFFICE, PROVIDERS, Provider

MAIL = (
    b"From: office@example.org\r\nTo: dana@example.org\r\nSubject: Hello\r\n"
    b"Message-ID: <one@example.org>\r\nX-Overlap-Notice: <one@example.org>\r\n\r\nText.\r\n"
)
LETTER = Letter("<one@example.org>", OFFICE, DANA.email, MAIL)


@pytest.fixture(params=[name for name in PROVIDERS if "only" not in name])
def whole(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Provider]:
    """A provider with all its rights."""
    with PROVIDERS[request.param](tmp_path) as running:
        yield running


def test_a_letter_goes_out_as_it_is(whole: Provider) -> None:
    steps: list[str] = []
    mailer = whole.mailer()
    assert not mailer.delivered(LETTER.message_id)
    mailer.deliver(LETTER, lambda: steps.append("sending"))
    assert steps == ["sending"]
    assert whole.server.sent(OFFICE) == [MAIL]
    assert mailer.delivered(LETTER.message_id)


def test_the_inbox_hands_out_each_mail_once(whole: Provider) -> None:
    inbox = whole.inbox()
    for number in range(3):
        whole.server.deliver(OFFICE, MAIL.replace(b"Hello", b"Hello %d" % number))
    first = inbox.fetch(None)
    assert sorted(m.raw for m in first.messages) == [  # in one second, in any order
        MAIL.replace(b"Hello", b"Hello %d" % number) for number in range(3)
    ]
    nothing = inbox.fetch(first.cursor)
    assert nothing.messages == ()
    whole.server.deliver(OFFICE, MAIL.replace(b"Hello", b"Later"))
    later = inbox.fetch(nothing.cursor)
    assert [m.raw for m in later.messages] == [MAIL.replace(b"Hello", b"Later")]
    whole.server.expire_tokens()
    everything = inbox.fetch(later.cursor)
    assert len(everything.messages) in (0, 4)  # a lost cursor looks back: none is lost


def test_check_finds_everything_in_order(whole: Provider) -> None:
    ports: list[Any] = [whole.organiser(), whole.mailer(), whole.inbox()]
    for port in ports:
        port.check()

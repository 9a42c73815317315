"""Mail out and in, which every provider's adapter must do alike."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integrations.ports import Letter, OutcomeUnknown, ProviderError
from tests.integrations.providers import DANA, OFFICE, PROVIDERS, Provider
from tests.servers.faults import KINDS

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


@pytest.mark.parametrize("kind", [k for k in KINDS if "page" not in k])
def test_a_letter_is_neither_lost_nor_doubled(whole: Provider, kind: str) -> None:
    mailer = whole.mailer()
    begun: list[int] = []
    whole.server.slow = 0.01
    whole.server.fail(lambda request: bool(begun), kind)
    try:
        mailer.deliver(LETTER, lambda: begun.append(1))
        taken = True
    except ProviderError:
        taken = False
    except OutcomeUnknown:
        taken = bool(mailer.delivered(LETTER.message_id))
    assert len(whole.server.sent(OFFICE)) == taken
    if not taken:
        mailer.deliver(LETTER, lambda: None)
    assert len(whole.server.sent(OFFICE)) == 1


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


@pytest.mark.parametrize("kind", KINDS)
def test_the_inbox_loses_nothing_to_a_fault(whole: Provider, kind: str) -> None:
    inbox = whole.inbox()
    cursor = inbox.fetch(None).cursor
    whole.server.deliver(OFFICE, MAIL)
    whole.server.slow = 0.01
    whole.server.fail(lambda request: True, kind)
    got: list[bytes] = []
    for _ in range(3):
        try:
            batch = inbox.fetch(cursor)
        except ProviderError:
            whole.server.heal()
            continue
        cursor = batch.cursor
        got += [m.raw for m in batch.messages]
    assert got == [MAIL]


def test_check_finds_everything_in_order(whole: Provider) -> None:
    ports: list[Any] = [whole.organiser(), whole.mailer(), whole.inbox()]
    for port in ports:
        port.check()

"""What is read quickly of our own mails is what the library reads of them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.demo.partners import calendar_of
from tests.programme.sent import Sent

MAILS = sorted((Path(__file__).parents[1] / "corpus" / "mails").glob("*.eml"))


@pytest.mark.parametrize("path", MAILS, ids=lambda path: path.stem)
def test_a_quick_look_sees_what_the_library_sees(path: Path) -> None:
    sent = Sent(datetime(2027, 1, 4, tzinfo=UTC), "ben@example.org", "k", "k", path.read_bytes())
    plain = sent.message.get_body(("plain",))
    assert plain is not None
    assert sent.text.split() == plain.get_content().split() != []
    calendar = calendar_of(sent.message)
    assert (sent.ics is None) == (calendar is None)
    if calendar and calendar.walk("VEVENT"):
        assert sent.event == calendar.walk("VEVENT")[0]

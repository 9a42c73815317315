"""The search of what supervisors read finds what it is there for."""

from __future__ import annotations

from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest

from service.links import sign
from tests.programme.cohort import BASE_URL, CANARY, forty_pairs
from tests.programme.privacy import Grep
from tests.programme.sent import Sent

NOON = datetime(2027, 2, 2, 17, tzinfo=UTC)
RITA, DANA = "rita@example.org", "dana@example.org"
PLAIN = "Dana Partner: 3 held, next Tue 9 Feb 2027, 1:00–2:00 PM EST (UTC−05:00), virtual"


@pytest.fixture
def grep(tmp_path: Path) -> Grep:
    forty_pairs().write(tmp_path)
    return Grep(tmp_path)


def mail(text: str, *, html: str = "", subject: str = "Update", picture: bytes = b"") -> Sent:
    message = EmailMessage()
    message["To"], message["Subject"] = RITA, subject
    message.set_content(text)
    message.add_alternative(f"<p>{html}</p>", subtype="html")
    if picture:
        message.get_payload()[1].add_related(picture, "image", "png")  # type: ignore[index,union-attr]
    return Sent(NOON, RITA, "summary", "k", message.as_bytes())


def looked(grep: Grep, sent: Sent, page: str = "") -> list[str]:
    answer = httpx.MockTransport(lambda request: httpx.Response(200, text=page))
    with httpx.Client(transport=answer, base_url="http://pages") as pages:
        grep.look([sent], pages)
    return grep.faults


def link(purpose: str, *about: str) -> str:
    return f"{BASE_URL}/{purpose}/{sign(b's', purpose, NOON, RITA, *about)}"


def test_what_is_theirs_is_no_fault(grep: Grep) -> None:
    assert looked(grep, mail(f"{PLAIN}\n{link('approve', DANA)}"), page=PLAIN) == []
    assert grep.mails["summary"] == 1
    assert grep.pages["approve"] == 1 + 8  # the link, and one for each of her people


@pytest.mark.parametrize(
    "leak",
    [
        f"{CANARY}-TITLE-DANA",
        f"{CANARY}-AGENDA-DANA",
        f"{CANARY}-STEP-DANA",
        f"{CANARY}-CONFLICT-DANA",
        f"{CANARY}-LABEL-FAYE",
        "with Lena Partner",
        "lena@example.org",
        "at Corner Café",
        "in Denver",
        "Spring Forum",
        "by Zoom",
        "data analysis",
        "10:00 AM PST",
        "10:00 PDT (UTC−07:00)",
        "America/Los_Angeles",
        "1 missed",
        link("deadline", "lena@example.org"),
    ],
)
def test_a_leak_is_found_wherever_it_stands(tmp_path: Path, leak: str) -> None:
    forty_pairs().write(tmp_path)
    approve = link("approve", DANA)
    for sent, page in (
        (mail(f"{PLAIN} {leak}"), ""),
        (mail(PLAIN, html=f'<a title="{leak}">x</a>'), ""),
        (mail(f"{PLAIN}\n{approve}"), f"<p>{leak}</p>"),
        (mail(PLAIN, picture=f"PNG tEXt {leak} ".encode("latin-1", "replace")), ""),
    ):
        assert looked(Grep(tmp_path), sent, page), (leak, sent.message.as_string())


def test_an_employees_copy_holds_nobody_else(grep: Grep) -> None:
    sent = mail("Dana Partner, and Beth Partner")
    copy = Sent(NOON, DANA, "summary", "k", sent.raw)
    assert any("Beth Partner" in fault for fault in looked(grep, copy))

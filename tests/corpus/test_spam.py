"""Every kept mail as SpamAssassin scores it, by its local rules alone."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.corpus import kept

MOST = 1.0
SPAM = (
    b"From: o@example.org\r\nTo: d@example.org\r\nSubject: x\r\n\r\n"
    b"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\r\n"
)
"""What every filter takes for spam, by agreement (GTUBE)."""
_SCORED = re.compile(
    r"^X-Spam-Status: \w+, score=(-?[0-9.]+).*?tests=(.*?) autolearn.*?^X-Kept-As: (\S+)",
    re.M | re.S,
)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("spamassassin"), reason="apt-get install spamassassin")
def test_no_kind_of_mail_scores_one(tmp_path: Path) -> None:
    mails = {**kept(), "spam": SPAM}
    box = tmp_path / "box"
    box.write_bytes(b"".join(in_a_box(name, raw) for name, raw in mails.items()))
    said = subprocess.run(
        ["spamassassin", "--local", "--test-mode", "--mbox", str(box)],
        capture_output=True,
        text=True,
        timeout=900,
        check=True,
        env={**os.environ, "HOME": str(tmp_path)},
    ).stdout
    scored = {name: (float(score), rules) for score, rules, name in _SCORED.findall(said)}
    assert scored.keys() == mails.keys()
    assert scored.pop("spam")[0] > MOST
    assert {name: found for name, found in scored.items() if found[0] >= MOST} == {}


def in_a_box(name: str, raw: bytes) -> bytes:
    """A mail as mbox files hold it (RFC 4155)."""
    lines = re.sub(rb"^(>*From )", rb">\1", raw.replace(b"\r\n", b"\n"), flags=re.M)
    head = f"From o@example.org Mon Jan 11 12:00:00 2027\nX-Kept-As: {name}\n"
    return head.encode() + lines + b"\n"

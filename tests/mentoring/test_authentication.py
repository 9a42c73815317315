"""Who vouches for a mail: our own server's topmost word, and nobody else's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentoring.authentication import Verdict, verdict

BOSS, OURS = "boss@example.org", "mx.ours.example"
RESULTS = "Authentication-Results"
PASS = "dmarc=pass (p=reject dis=none) header.from=example.org"
RECEIVED = ("Received", "from a by mx.ours.example with ESMTPS")


def judged(*values: str, below: tuple[str, ...] = (), sender: str = BOSS) -> Verdict:
    """`values` stand above the mail's own headers, `below` after them."""
    headers = [
        RECEIVED,
        *((RESULTS, v) for v in values),
        ("From", sender),
        *((RESULTS, v) for v in below),
    ]
    return verdict(headers, sender, OURS)


@pytest.mark.parametrize(
    "results",
    [
        PASS,
        "dkim=none; spf=fail smtp.mailfrom=else.example; " + PASS,
        "DMARC=Pass Header.From=EXAMPLE.ORG",
        "dmarc = pass (a (nested; dmarc=fail) comment) header.from = example.org",
        "dmarc=none; dkim=pass (2048-bit key) header.d=example.org header.s=s1",
        "dkim=fail header.d=other.example; dkim=pass header.i=@example.org header.s=s1",
        'dkim=pass reason="good; signature" header.d=example.org',
        "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=boss@example.org",
        "spf=pass smtp.mailfrom=example.org; dmarc=bestguesspass action=none",
        "dkim/1=pass header.d=example.org",
    ],
)
def test_our_server_vouches(results: str) -> None:
    assert judged(f"{OURS}; {results}") is Verdict.PASSED
    assert judged(f"MX.ours.example 1;\r\n\t{results}") is Verdict.PASSED


@pytest.mark.parametrize(
    "results",
    [
        "none",
        "dmarc=pass",
        "",
        "dkim=pass header.d=other.example; spf=pass smtp.mailfrom=other.example",
        "dmarc=pass header.from=other.example; dkim=pass header.d=example.org",
        "dkim=pass header.d=example.org.evil.example",
        "dkim=pass header.d=org",
        "dkim=pass header.d=mail.example.org",
        "dkim=neutral header.d=example.org; dmarc=temperror",
        "dkim=pass header.d=evil.example header.d=example.org",
        'spf=pass smtp.mailfrom="x@example.org"@evil.example',
        'spf=pass smtp.mailfrom="; dmarc=pass header.from=example.org"@evil.example',
        'spf=pass smtp.mailfrom="x header.d=y; dkim=pass header.d=example.org',
        "spf=pass (smtp.mailfrom=example.org; dmarc=pass",
        "spf=pass smtp.helo=example.org",
        "xdmarc=pass; dmarc=passed; dmarc=pass-ish",
    ],
)
def test_nothing_is_said_for_the_sender(results: str) -> None:
    assert judged(f"{OURS}; {results}") is Verdict.UNKNOWN


def test_a_failing_result_is_one() -> None:
    assert judged(f"{OURS}; dmarc=fail header.from=example.org") is Verdict.FAILED
    assert judged(f"{OURS}; {PASS}; dmarc=fail header.from=example.org") is Verdict.FAILED


def test_only_our_servers_topmost_word_counts() -> None:
    assert judged(f"{OURS}; dmarc=fail", f"{OURS}; {PASS}") is Verdict.FAILED
    assert judged(f"{OURS}; none", f"{OURS}; {PASS}") is Verdict.UNKNOWN
    assert judged(f"evil.example; {PASS}") is Verdict.UNKNOWN
    assert judged(f"x{OURS}; {PASS}", f"{OURS}.evil.example; {PASS}") is Verdict.UNKNOWN
    assert judged(f"evil.example; {PASS}", f"{OURS}; {PASS}") is Verdict.PASSED
    assert judged(below=(f"{OURS}; {PASS}",)) is Verdict.UNKNOWN
    assert judged(PASS) is Verdict.UNKNOWN  # as Microsoft 365 writes it, without a name


def test_without_a_trusted_name_nobody_vouches() -> None:
    headers = [(RESULTS, f"{OURS}; {PASS}"), (RESULTS, f"; {PASS}"), ("From", BOSS)]
    assert verdict(headers, BOSS, "") is Verdict.UNKNOWN


@given(text=st.text(alphabet='dmarckpsf=;"()\\ \t.@/x', max_size=80) | st.text(max_size=80))
def test_no_field_breaks_it(text: str) -> None:
    assert judged(text) is Verdict.UNKNOWN  # it can't begin with our name
    judged(f"{OURS};{text}")


@given(local=st.text(min_size=1, max_size=60))
def test_no_quoted_address_speaks_for_another_domain(local: str) -> None:
    quoted = local.replace("\\", "\\\\").replace('"', '\\"')
    said = f'{OURS}; spf=pass smtp.mailfrom="{quoted}"@evil.example'
    assert judged(said) is Verdict.UNKNOWN
